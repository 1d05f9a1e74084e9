// Command caclient drives a workload CA over gRPC as a foreign client: grpc-go for the wire, Istio's own API module
// for the messages, crypto/x509 for the verdict. Every subcommand prints one JSON object on standard output and exits 0
// when it could do its work, whatever the server answered; the tests read the object.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
)

type command struct {
	summary string
	run     func(args []string) (any, error)
}

func commands() map[string]command {
	return map[string]command{
		"issue":      {"ask for one certificate and verify what comes back", runIssue},
		"load":       {"many calls, a number in flight, over kept or new connections", runLoad},
		"herd":       {"many clients at once, each with a new connection and key, asking until they are served", runHerd},
		"churn":      {"open, use and kill many connections", runChurn},
		"soak":       {"workloads that renew and reconnect until standard input ends", runSoak},
		"hostiletls": {"handshakes with a client certificate, TLS 1.2 and 1.3, with session resumption", runHostileTLS},
		"health":     {"one health check", runHealth},
		"watch":      {"a health watch for a while", runWatch},
		"cancel":     {"calls cancelled on the way, then a good one on the same connection", runCancel},
		"drain":      {"calls in a loop until the server has gone", runDrain},
		"keepalive":  {"an idle connection with client pings, then a call", runKeepalive},
		"silent":     {"a peer that never acknowledges a ping", runSilent},
		"verify":     {"verify a chain in files with crypto/x509", runVerify},
	}
}

func main() {
	known := commands()
	if len(os.Args) < 2 {
		usage(known)
	}
	chosen, found := known[os.Args[1]]
	if !found {
		usage(known)
	}
	result, err := chosen.run(os.Args[2:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "caclient %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		fmt.Fprintf(os.Stderr, "caclient: %v\n", err)
		os.Exit(1)
	}
}

func usage(known map[string]command) {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(os.Stderr, "  caclient %-11s %s\n", name, known[name].summary)
	}
	os.Exit(2)
}

// listFlag collects every use of a repeatable flag.
type listFlag []string

func (l *listFlag) String() string { return strings.Join(*l, ",") }

func (l *listFlag) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// newFlags makes a flag set that reports faults to the caller.
func newFlags(name string) *flag.FlagSet {
	return flag.NewFlagSet("caclient "+name, flag.ContinueOnError)
}
