package main

import (
	"os"
	"path/filepath"
	"testing"
)

func issueWith(t *testing.T, flags []string, more ...string) *issueResult {
	t.Helper()
	result, err := runIssue(append(append([]string{}, flags...), more...))
	if err != nil {
		t.Fatal(err)
	}
	return result.(*issueResult)
}

func TestIssueAcceptsAGoodChainOfEveryKeyKind(t *testing.T) {
	flags := newFakeCA(t).serve(t)
	for _, kind := range []string{"p256", "p384", "p521", "ed25519", "rsa2048"} {
		out := t.TempDir()
		result := issueWith(t, flags, "-key-kind", kind, "-out", out)
		if !isOK(result.outcome) || !result.Verdict.Verified {
			t.Errorf("%s: %+v %+v", kind, result.outcome, result.Verdict)
		}
		if _, err := os.Stat(filepath.Join(out, "key.pem")); err != nil {
			t.Error(err)
		}
	}
}

func TestIssueRefusesBadChains(t *testing.T) {
	other := newFakeCA(t)
	strangerKey, _ := newKey("p256")
	spoils := map[string]func(*fakeCA) func([]string) []string{
		"one element": func(*fakeCA) func([]string) []string { return func(e []string) []string { return e[:1] } },
		"another root": func(*fakeCA) func([]string) []string {
			return func(e []string) []string { return []string{e[0], encodePEM("CERTIFICATE", other.cert.Raw)} }
		},
		"no newline": func(*fakeCA) func([]string) []string {
			return func(e []string) []string { return []string{e[0][:len(e[0])-1], e[1]} }
		},
		"junk": func(*fakeCA) func([]string) []string {
			return func(e []string) []string { return []string{"junk", e[1]} }
		},
		"another's key": func(c *fakeCA) func([]string) []string {
			der, _ := c.leaf(strangerKey.Public())
			return func(e []string) []string { return []string{encodePEM("CERTIFICATE", der), e[1]} }
		},
	}
	for name, spoil := range spoils {
		fake := newFakeCA(t)
		fake.spoil = spoil(fake)
		result := issueWith(t, fake.serve(t))
		if !isOK(result.outcome) || result.Verdict.Verified || result.Verdict.Error == "" {
			t.Errorf("%s: %+v %+v", name, result.outcome, result.Verdict)
		}
	}
}

func TestLoadAndChurnCountWhatTheyDid(t *testing.T) {
	flags := newFakeCA(t).serve(t)
	for _, more := range [][]string{{}, {"-reconnect"}, {"-call", "health"}} {
		result, err := runLoad(append(append([]string{"-count", "40", "-concurrency", "4"}, flags...), more...))
		if err != nil {
			t.Fatal(err)
		}
		if got := result.(*loadResult); got.Count != 40 || got.Errors != 0 {
			t.Errorf("%v: %+v", more, got)
		}
	}
	result, err := runChurn(append([]string{"-count", "40", "-concurrency", "4"}, flags...))
	if err != nil {
		t.Fatal(err)
	}
	if got := result.(*loadResult); got.Count != 40 || got.Errors != 0 {
		t.Errorf("churn: %+v", got)
	}
}

func TestHostileTLSSeesResumption(t *testing.T) {
	result, err := runHostileTLS(newFakeCA(t).serve(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := result.(*hostileResult); !got.AnyServed || !got.AnyResume {
		t.Errorf("%+v", got)
	}
}

func TestHostileTLSReportsARefusedCertificate(t *testing.T) {
	mine, other := newFakeCA(t).serve(t), newFakeCA(t).serve(t)
	flags := append(append([]string{}, mine[:4]...), other[4:]...)
	result, err := runHostileTLS(flags)
	if err != nil {
		t.Fatal(err)
	}
	if got := result.(*hostileResult); got.AnyServed || len(got.Attempts) != 6 {
		t.Errorf("%+v", got)
	}
}

func TestCancelLeavesTheConnectionUsable(t *testing.T) {
	result, err := runCancel(append([]string{"-rounds", "20"}, newFakeCA(t).serve(t)...))
	if err != nil {
		t.Fatal(err)
	}
	if got := result.(*cancelResult); !isOK(got.After) || got.Watches["Canceled"] != 20 {
		t.Errorf("%+v", got)
	}
}
