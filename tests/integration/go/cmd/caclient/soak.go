package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	ca "istio.io/api/security/v1alpha1"
)

// soakResult counts a run. A failure is a call that did not end with OK and a chain that verifies, after what grpc-go
// itself does: a call that a GOAWAY refused unprocessed goes to the next connection, and a connection is made anew.
// Nothing else is tried twice.
type soakResult struct {
	Issued      int64    `json:"issued"`
	Churned     int64    `json:"churned"`
	Connections int64    `json:"connections"`
	Bundles     int64    `json:"bundles"`
	Failed      int64    `json:"failed"`
	Examples    []string `json:"examples"`
}

// soak is what all workloads of one run share.
type soak struct {
	flags  *issueFlags
	start  time.Time
	mutex  sync.Mutex
	report *json.Encoder
	result soakResult
}

// bundleSeen is one line on standard error: a workload has a certificate that came with these roots, and uses both.
type bundleSeen struct {
	Workload int    `json:"workload"`
	SHA256   string `json:"sha256"`
}

// workload renews its certificate all the time over one kept connection, and takes the roots that come with it.
type workload struct {
	soak     *soak
	number   int
	mutex    sync.Mutex
	identity tls.Certificate
	roots    *x509.CertPool
	bundle   string
}

// runSoak plays workloads until its standard input ends.
func runSoak(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("soak")
	workloads := fs.Int("workloads", 4, "workloads, each with a kept connection")
	every := fs.Duration("every", 300*time.Millisecond, "time between two renewals of a workload")
	churn := fs.Duration("churn", 500*time.Millisecond, "time between two further connections of a workload")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	identity, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, err
	}
	roots, err := readPool(f.roots)
	if err != nil {
		return nil, err
	}
	run := &soak{flags: &f, start: time.Now(), report: json.NewEncoder(os.Stderr), result: soakResult{Examples: []string{}}}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var group sync.WaitGroup
	for number := range *workloads {
		w := &workload{soak: run, number: number, identity: identity, roots: roots}
		group.Go(func() { repeat(ctx, *every, w.renewing()) })
		group.Go(func() { repeat(ctx, *churn, w.churning()) })
	}
	group.Wait()
	return &run.result, nil
}

func repeat(ctx context.Context, every time.Duration, do func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// renewing calls over one connection that stays as long as the server lets it.
func (w *workload) renewing() func() {
	conn, err := w.dial(func(*net.TCPConn) { atomic.AddInt64(&w.soak.result.Connections, 1) })
	if err != nil {
		return func() { w.soak.fail("dial", err) }
	}
	return func() {
		if err := w.renew(conn); err != nil {
			w.soak.fail("kept connection", err)
			return
		}
		atomic.AddInt64(&w.soak.result.Issued, 1)
	}
}

// churning opens a connection, uses it once and ends it: in order, with a reset, or with a FIN and no close_notify.
func (w *workload) churning() func() {
	turn := w.number
	return func() {
		turn++
		var wire churnConn
		conn, err := w.dial(wire.keep)
		if err == nil {
			err = w.renew(conn)
			if how := turn % 3; how > 0 {
				wire.cut(how == 1)
			}
			_ = conn.Close()
		}
		if err != nil {
			w.soak.fail("new connection", err)
			return
		}
		atomic.AddInt64(&w.soak.result.Churned, 1)
	}
}

// dial verifies the server with the roots, and shows the certificate, that the workload has when the handshake comes.
func (w *workload) dial(keep func(*net.TCPConn)) (*grpc.ClientConn, error) {
	config := &tls.Config{
		ServerName:         w.soak.flags.serverName,
		InsecureSkipVerify: true, // VerifyConnection does it, with the roots of now
		VerifyConnection: func(state tls.ConnectionState) error {
			roots := w.now().roots
			options := x509.VerifyOptions{Roots: roots, DNSName: state.ServerName, Intermediates: x509.NewCertPool()}
			for _, issuer := range state.PeerCertificates[1:] {
				options.Intermediates.AddCert(issuer)
			}
			_, err := state.PeerCertificates[0].Verify(options)
			return err
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			identity := w.now().identity
			return &identity, nil
		},
	}
	return w.soak.flags.dialWith(credentials.NewTLS(config), rawDialer(keep))
}

type soakIdentity struct {
	identity tls.Certificate
	roots    *x509.CertPool
}

func (w *workload) now() soakIdentity {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return soakIdentity{w.identity, w.roots}
}

// renew asks with a new key, judges the answer and takes it.
func (w *workload) renew(conn *grpc.ClientConn) error {
	request, key, err := w.soak.flags.build()
	if err != nil {
		return err
	}
	ctx, cancel := w.soak.flags.callContext()
	defer cancel()
	response, err := ca.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request)
	if err != nil {
		return err
	}
	chain := response.GetCertChain()
	judged, err := judgeResponse(chain, key)
	if err != nil {
		return err
	}
	if !judged.Verified {
		return errors.New(judged.Error)
	}
	private, err := keyPEM(key)
	if err != nil {
		return err
	}
	last := len(chain) - 1
	identity, err := tls.X509KeyPair([]byte(strings.Join(chain[:last], "")), []byte(private))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(chain[last]))
	w.take(identity, roots, fmt.Sprintf("%x", sha256.Sum256([]byte(chain[last]))))
	return nil
}

func (w *workload) take(identity tls.Certificate, roots *x509.CertPool, bundle string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.identity, w.roots = identity, roots
	if w.bundle == bundle {
		return
	}
	w.bundle = bundle
	w.soak.mutex.Lock()
	defer w.soak.mutex.Unlock()
	w.soak.result.Bundles++
	_ = w.soak.report.Encode(bundleSeen{w.number, bundle})
}

func (s *soak) fail(where string, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.result.Failed++
	if len(s.result.Examples) < 10 {
		after := time.Since(s.start).Round(time.Millisecond)
		s.result.Examples = append(s.result.Examples, fmt.Sprintf("%s, after %s: %v", where, after, err))
	}
}
