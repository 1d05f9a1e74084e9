package main

import (
	"crypto/tls"
	"time"

	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	ca "istio.io/api/security/v1alpha1"
)

// tlsAttempt is one connection: whether an RPC got through, and how the handshake went.
type tlsAttempt struct {
	TLS     string  `json:"tls"`
	Try     int     `json:"try"`
	Served  bool    `json:"served"`
	Health  outcome `json:"health"`
	Issue   outcome `json:"issue"`
	Resumed bool    `json:"resumed"`
}

type hostileResult struct {
	Attempts  []tlsAttempt `json:"attempts"`
	AnyServed bool         `json:"anyServed"`
	AnyResume bool         `json:"anyResumed"`
}

func runHostileTLS(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("hostiletls")
	tries := fs.Int("tries", 3, "connections for each TLS version; they share a session cache")
	wait := fs.Duration("wait", 0, "pause between the connections, for a certificate to expire in")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	versions := []string{"1.2", "1.3"}
	if f.tlsVersion != "" {
		versions = []string{f.tlsVersion}
	}
	result := &hostileResult{}
	for _, version := range versions {
		f.tlsVersion = version
		config, err := f.tlsConfig()
		if err != nil {
			return nil, err
		}
		config.ClientSessionCache = tls.NewLRUClientSessionCache(16)
		for try := range *tries {
			if try > 0 {
				time.Sleep(*wait)
			}
			attempt, err := f.attempt(config)
			if err != nil {
				return nil, err
			}
			attempt.TLS, attempt.Try = version, try+1
			result.Attempts = append(result.Attempts, *attempt)
			result.AnyServed = result.AnyServed || attempt.Served
			result.AnyResume = result.AnyResume || attempt.Resumed
		}
	}
	return result, nil
}

func (f *issueFlags) attempt(config *tls.Config) (*tlsAttempt, error) {
	conn, err := f.dialWith(credentials.NewTLS(config))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	request, _, err := f.build()
	if err != nil {
		return nil, err
	}
	attempt := &tlsAttempt{}
	var from peer.Peer
	ctx, cancel := f.callContext()
	defer cancel()
	_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.Peer(&from))
	attempt.Health = outcomeOf(err)
	if info, isTLS := from.AuthInfo.(credentials.TLSInfo); isTLS {
		attempt.Resumed = info.State.DidResume
	}
	_, err = ca.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request)
	attempt.Issue = outcomeOf(err)
	// Anything but Unavailable is an answer of the server's application: the connection was let in.
	attempt.Served = attempt.Health.Code != "Unavailable" || attempt.Issue.Code != "Unavailable"
	return attempt, nil
}
