// A signer of CertificateSigningRequests made of Kubernetes' own parts: the controller and the signing authority of its controller manager,
// under a name of its own. None of Kubernetes' signers signs certificates of servers that are no kubelets.
//
// Usage: csrsigner KUBECONFIG CA-CERT CA-KEY SIGNER; it ends with SIGTERM.
package main

import (
	"context"
	"crypto"
	"encoding/pem"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	capi "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/certificate/csr"
	"k8s.io/client-go/util/keyutil"
	capihelper "k8s.io/kubernetes/pkg/apis/certificates"
	"k8s.io/kubernetes/pkg/controller/certificates"
	"k8s.io/kubernetes/pkg/controller/certificates/authority"
)

const maxTTL = 365 * 24 * time.Hour

type signer struct {
	client          kubernetes.Interface
	name            string
	caFile, keyFile string
}

// authority reads the CA anew, so that a test can put another in its place.
func (s *signer) authority() (*authority.CertificateAuthority, error) {
	certs, err := cert.CertsFromFile(s.caFile)
	if err != nil {
		return nil, err
	}
	key, err := keyutil.PrivateKeyFromFile(s.keyFile)
	if err != nil {
		return nil, err
	}
	return &authority.CertificateAuthority{Certificate: certs[0], PrivateKey: key.(crypto.Signer)}, nil
}

func (s *signer) handle(ctx context.Context, request *capi.CertificateSigningRequest) error {
	if !certificates.IsCertificateRequestApproved(request) || request.Spec.SignerName != s.name {
		return nil
	}
	ca, err := s.authority()
	if err != nil {
		return err
	}
	parsed, err := capihelper.ParseCSR(request.Spec.Request)
	if err != nil {
		return err
	}
	ttl := maxTTL
	if seconds := request.Spec.ExpirationSeconds; seconds != nil {
		ttl = min(ttl, csr.ExpirationSecondsToDuration(*seconds))
	}
	policy := authority.PermissiveSigningPolicy{TTL: ttl, Usages: request.Spec.Usages, Backdate: time.Minute, Short: time.Hour}
	der, err := ca.Sign(parsed.Raw, policy)
	if err != nil {
		return err
	}
	request.Status.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	_, err = s.client.CertificatesV1().CertificateSigningRequests().UpdateStatus(ctx, request, metav1.UpdateOptions{})
	return err
}

func run(ctx context.Context, kubeconfig string, s *signer) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 500, 500
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	s.client = client
	factory := informers.NewSharedInformerFactory(client, 0)
	requests := factory.Certificates().V1().CertificateSigningRequests()
	controller := certificates.NewCertificateController(ctx, "csrsigner", client, requests, s.handle)
	factory.Start(ctx.Done())
	controller.Run(ctx, 5)
	return nil
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: csrsigner KUBECONFIG CA-CERT CA-KEY SIGNER")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], &signer{name: os.Args[4], caFile: os.Args[2], keyFile: os.Args[3]}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
