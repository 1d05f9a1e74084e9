package main

import (
	"crypto"
	"crypto/x509"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/structpb"
	ca "istio.io/api/security/v1alpha1"
)

// issueFlags is what one request asks for.
type issueFlags struct {
	target
	keyKind, csrFile, rawFile string
	csrRequest                csrRequest
	uris, dns, meta           listFlag
	ttl                       time.Duration
	out                       string
}

// flags makes a subcommand's flag set; the subcommand may add its own before it parses.
func (f *issueFlags) flags(name string) *flag.FlagSet {
	fs := newFlags(name)
	f.register(fs)
	fs.StringVar(&f.keyKind, "key-kind", "p256", "p256, p384, p521, ed25519, rsa2048, ...")
	fs.StringVar(&f.csrFile, "csr", "", "send this file as the CSR instead of a new one")
	fs.StringVar(&f.rawFile, "raw", "", "send this file as the request message, byte for byte")
	fs.StringVar(&f.csrRequest.commonName, "cn", "", "common name in the CSR")
	fs.Var(&f.uris, "uri", "URI to ask for in the CSR; repeatable")
	fs.Var(&f.dns, "dns", "DNS name to ask for in the CSR; repeatable")
	fs.Var(&f.meta, "meta", "name=value for the request's metadata field; repeatable")
	fs.DurationVar(&f.ttl, "ttl", 0, "wanted lifetime; whole seconds are sent")
	fs.StringVar(&f.out, "out", "", "folder for key.pem, cert-chain.pem and root-cert.pem")
	return fs
}

// build makes the request; the key is nil when the CSR came from a file.
func (f *issueFlags) build() (*ca.IstioCertificateRequest, crypto.Signer, error) {
	request := &ca.IstioCertificateRequest{ValidityDuration: int64(f.ttl / time.Second)}
	if len(f.meta) > 0 {
		request.Metadata = &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for _, pair := range f.meta {
			name, value, _ := strings.Cut(pair, "=")
			request.Metadata.Fields[name] = structpb.NewStringValue(value)
		}
	}
	if f.csrFile != "" {
		text, err := os.ReadFile(f.csrFile)
		request.Csr = string(text)
		return request, nil, err
	}
	f.csrRequest.uris, f.csrRequest.dns = f.uris, f.dns
	key, err := newKey(f.keyKind)
	if err != nil {
		return nil, nil, err
	}
	request.Csr, err = newCSR(key, f.csrRequest)
	return request, key, err
}

// issueResult is what came back and what crypto/x509 says of it.
type issueResult struct {
	outcome
	Chain    []string            `json:"chain"`
	Verdict  *verdict            `json:"verdict,omitempty"`
	Headers  map[string][]string `json:"headers"`
	Trailers map[string][]string `json:"trailers"`
	Peer     string              `json:"peer,omitempty"`
}

func runIssue(args []string) (any, error) {
	var f issueFlags
	if err := f.flags("issue").Parse(args); err != nil {
		return nil, err
	}
	conn, err := f.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if f.rawFile != "" {
		return callRaw(&f, conn)
	}
	request, key, err := f.build()
	if err != nil {
		return nil, err
	}
	return callIssue(&f, conn, request, key)
}

func callIssue(f *issueFlags, conn *grpc.ClientConn, request *ca.IstioCertificateRequest, key crypto.Signer) (*issueResult, error) {
	ctx, cancel := f.callContext()
	defer cancel()
	var headers, trailers metadata.MD
	var from peer.Peer
	response, err := ca.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request,
		grpc.Header(&headers), grpc.Trailer(&trailers), grpc.Peer(&from))
	result := &issueResult{outcome: outcomeOf(err), Chain: response.GetCertChain(), Headers: headers, Trailers: trailers}
	if from.Addr != nil {
		result.Peer = from.Addr.String()
	}
	if err != nil {
		return result, nil
	}
	judged, err := judgeResponse(result.Chain, key)
	if err != nil {
		judged.Error = err.Error()
	}
	result.Verdict = &judged
	if f.out != "" && err == nil {
		return result, writeFiles(f.out, key, result.Chain)
	}
	return result, nil
}

// judgeResponse holds a response to what agents rely on: leaf first, roots in the last element, for the key that asked.
func judgeResponse(elements []string, key crypto.Signer) (verdict, error) {
	if len(elements) < 2 {
		return verdict{}, errors.New("fewer than two elements")
	}
	roots, err := parseCertificates([]byte(elements[len(elements)-1]))
	if err != nil {
		return verdict{}, err
	}
	var chain []*x509.Certificate
	for _, element := range elements[:len(elements)-1] {
		if !strings.HasPrefix(element, "-----BEGIN ") || !strings.HasSuffix(element, "-----\n") {
			return verdict{}, errors.New("an element that is not exactly PEM with one newline at its end")
		}
		parsed, err := parseCertificates([]byte(element))
		if err != nil {
			return verdict{}, err
		}
		if len(parsed) != 1 {
			return verdict{}, errors.New("an element of the chain with more than one certificate")
		}
		chain = append(chain, parsed[0])
	}
	if key != nil {
		public, comparable := key.Public().(interface{ Equal(crypto.PublicKey) bool })
		if !comparable || !public.Equal(chain[0].PublicKey) {
			return describe(chain[0]), errors.New("a leaf for another key")
		}
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return judge(chain, roots, "", usages), nil
}

func writeFiles(dir string, key crypto.Signer, elements []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	files := map[string]string{
		"cert-chain.pem": strings.Join(elements[:len(elements)-1], ""),
		"root-cert.pem":  elements[len(elements)-1],
	}
	if key != nil {
		text, err := keyPEM(key)
		if err != nil {
			return err
		}
		files["key.pem"] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
