// Spiffeclient renews a certificate with go-spiffe: the SPIFFE project's own rules for X509-SVIDs and bundles judge what signet issues.
//
// Usage: spiffeclient -addr HOST:PORT -dir FOLDER, which holds key.pem, cert-chain.pem and root-cert.pem. Prints the SPIFFE ID of each
// certificate: the one it has, then the one that it is given.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	security "istio.io/api/security/v1alpha1"
)

func main() {
	addr := flag.String("addr", "", "HOST:PORT of the CA")
	dir := flag.String("dir", "", "folder with key.pem, cert-chain.pem and root-cert.pem")
	flag.Parse()
	if err := renew(*addr, *dir); err != nil {
		log.Fatal(err)
	}
}

func renew(addr, dir string) error {
	file := func(name string) string { return filepath.Join(dir, name) }
	svid, err := x509svid.Load(file("cert-chain.pem"), file("key.pem"))
	if err != nil {
		return fmt.Errorf("load SVID: %w", err)
	}
	bundle, err := x509bundle.Load(svid.ID.TrustDomain(), file("root-cert.pem"))
	if err != nil {
		return fmt.Errorf("load bundle: %w", err)
	}
	id, _, err := x509svid.Verify(svid.Certificates, bundle)
	if err != nil {
		return fmt.Errorf("verify SVID: %w", err)
	}
	fmt.Println(id)
	roots, err := os.ReadFile(file("root-cert.pem"))
	if err != nil {
		return err
	}
	key, chain, err := request(addr, svid, roots)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	// The last element is the mesh's roots, which are not part of the chain.
	fresh, err := x509svid.Parse([]byte(strings.Join(chain[:len(chain)-1], "")), block)
	if err != nil {
		return fmt.Errorf("parse the new SVID: %w", err)
	}
	id, _, err = x509svid.Verify(fresh.Certificates, bundle)
	if err != nil {
		return fmt.Errorf("verify the new SVID: %w", err)
	}
	if fresh.ID != svid.ID {
		return fmt.Errorf("the new SVID is of %s", fresh.ID)
	}
	fmt.Println(id)
	return nil
}

func request(addr string, svid *x509svid.SVID, roots []byte) (*ecdsa.PrivateKey, []string, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, nil, fmt.Errorf("no roots")
	}
	config := tlsconfig.MTLSWebClientConfig(svid, pool)
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{}}, key)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	answer, err := security.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx,
		&security.IstioCertificateRequest{
			Csr: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})),
		})
	if err != nil {
		return nil, nil, err
	}
	return key, answer.CertChain, nil
}

