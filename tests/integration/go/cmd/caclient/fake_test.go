package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	ca "istio.io/api/security/v1alpha1"
)

// fakeCA is a CA just good enough to try the client on.
type fakeCA struct {
	ca.UnimplementedIstioCertificateServiceServer
	key   crypto.Signer
	cert  *x509.Certificate
	spoil func(elements []string) []string // changes a response on its way out
}

func newFakeCA(t *testing.T) *fakeCA {
	t.Helper()
	key, err := newKey("p256")
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"fake"}}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeCA{key: key, cert: cert, spoil: func(elements []string) []string { return elements }}
}

func (c *fakeCA) leaf(public crypto.PublicKey) ([]byte, error) {
	uri, _ := url.Parse("spiffe://cluster.local/ns/default/sa/fake")
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), URIs: []*url.URL{uri}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Minute),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, c.cert, public, c.key)
}

func (c *fakeCA) CreateCertificate(_ context.Context, in *ca.IstioCertificateRequest) (*ca.IstioCertificateResponse, error) {
	block, _ := pem.Decode([]byte(in.Csr))
	if block == nil {
		return nil, status.Error(codes.InvalidArgument, "no PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	der, err := c.leaf(request.PublicKey)
	if err != nil {
		return nil, err
	}
	elements := []string{encodePEM("CERTIFICATE", der), encodePEM("CERTIFICATE", c.cert.Raw)}
	return &ca.IstioCertificateResponse{CertChain: c.spoil(elements)}, nil
}

// serve starts the fake over TLS and returns the flags that reach it, client certificate included.
func (c *fakeCA) serve(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, _ := newKey("p256")
	der, err := c.leaf(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	keyText, _ := keyPEM(key)
	pool := x509.NewCertPool()
	pool.AddCert(c.cert)
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientCAs:    pool, ClientAuth: tls.VerifyClientCertIfGiven,
	})))
	ca.RegisterIstioCertificateServiceServer(server, c)
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return []string{
		"-addr", listener.Addr().String(), "-roots", write("root.pem", encodePEM("CERTIFICATE", c.cert.Raw)),
		"-cert", write("cert.pem", encodePEM("CERTIFICATE", der)), "-key", write("key.pem", keyText),
	}
}
