package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// target says how to reach the server and who we are: the flags that all subcommands share.
type target struct {
	addr, serverName, roots, cert, key string
	source                             string
	plaintext, skipVerify, gzip        bool
	tlsVersion, bearer, bearerFile     string
	headers                            listFlag
	maxMessageBytes                    int
	deadline                           time.Duration
	readBearers                        sync.Once
	bearers                            []string
	bearerCount                        atomic.Uint64
}

func (t *target) register(fs *flag.FlagSet) {
	fs.StringVar(&t.addr, "addr", "127.0.0.1:15012", "server address")
	fs.StringVar(&t.source, "source", "", "address of this machine to call from; empty leaves it to the system")
	fs.StringVar(&t.serverName, "server-name", "localhost", "name that the server's certificate must carry")
	fs.StringVar(&t.roots, "roots", "", "PEM file of roots for the server's certificate")
	fs.StringVar(&t.cert, "cert", "", "PEM file of the client's chain; empty sends none")
	fs.StringVar(&t.key, "key", "", "PEM file of the client's key")
	fs.BoolVar(&t.plaintext, "plaintext", false, "no TLS")
	fs.BoolVar(&t.skipVerify, "skip-verify", false, "do not verify the server's certificate")
	fs.BoolVar(&t.gzip, "gzip", false, "compress requests with gzip")
	fs.StringVar(&t.tlsVersion, "tls", "", "1.2 or 1.3 alone; empty offers both")
	fs.StringVar(&t.bearer, "bearer", "", "token for the authorization header")
	fs.StringVar(&t.bearerFile, "bearer-file", "", "file with tokens, one a line: each call takes the next")
	fs.Var(&t.headers, "header", "name=value for the request's metadata; repeatable")
	fs.IntVar(&t.maxMessageBytes, "max-message-bytes", 64<<20, "largest message the client sends or takes")
	fs.DurationVar(&t.deadline, "deadline", 30*time.Second, "deadline of each call; 0 sends none")
}

func (t *target) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{ServerName: t.serverName, InsecureSkipVerify: t.skipVerify}
	if t.roots != "" {
		pool, err := readPool(t.roots)
		if err != nil {
			return nil, err
		}
		config.RootCAs = pool
	}
	if t.cert != "" {
		pair, err := tls.LoadX509KeyPair(t.cert, t.key)
		if err != nil {
			return nil, err
		}
		// A callback sends the certificate even when the server's list of acceptable issuers does not name its CA.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	switch t.tlsVersion {
	case "":
	case "1.2":
		config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	case "1.3":
		config.MinVersion, config.MaxVersion = tls.VersionTLS13, tls.VersionTLS13
	default:
		return nil, fmt.Errorf("-tls is %q, should be 1.2 or 1.3", t.tlsVersion)
	}
	return config, nil
}

// dial makes a lazy connection; options come after the target's own and win.
func (t *target) dial(options ...grpc.DialOption) (*grpc.ClientConn, error) {
	if t.plaintext {
		return t.dialWith(insecure.NewCredentials(), options...)
	}
	config, err := t.tlsConfig()
	if err != nil {
		return nil, err
	}
	return t.dialWith(credentials.NewTLS(config), options...)
}

func (t *target) dialWith(creds credentials.TransportCredentials, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	calls := []grpc.CallOption{grpc.MaxCallSendMsgSize(t.maxMessageBytes), grpc.MaxCallRecvMsgSize(t.maxMessageBytes)}
	if t.gzip {
		calls = append(calls, grpc.UseCompressor(gzip.Name))
	}
	all := append([]grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(calls...),
		grpc.WithDisableServiceConfig(),
	}, options...)
	if t.source != "" {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(t.source)}}
		all = append(all, grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", addr)
		}))
	}
	return grpc.NewClient("passthrough:///"+t.addr, all...)
}

// callContext carries the deadline, the bearer token and the extra headers of one call.
func (t *target) callContext() (context.Context, context.CancelFunc) {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if t.deadline > 0 {
		ctx, cancel = context.WithTimeout(ctx, t.deadline)
	}
	if bearer := t.nextBearer(); bearer != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+bearer)
	}
	for _, header := range t.headers {
		name, value, _ := strings.Cut(header, "=")
		ctx = metadata.AppendToOutgoingContext(ctx, name, value)
	}
	return ctx, cancel
}

// nextBearer gives the token of one call: the next line of the file, from the start again after the last, or -bearer.
func (t *target) nextBearer() string {
	if t.bearerFile == "" {
		return t.bearer
	}
	t.readBearers.Do(func() {
		text, err := os.ReadFile(t.bearerFile)
		if err != nil {
			fmt.Fprintf(os.Stderr, "caclient: %v\n", err)
			os.Exit(1)
		}
		t.bearers = strings.Fields(string(text))
	})
	next := t.bearerCount.Add(1) - 1
	return t.bearers[next%uint64(len(t.bearers))]
}

func readPool(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return pool, nil
}

// outcome is how a call ended.
type outcome struct {
	Code    string `json:"code"`
	Number  int    `json:"codeNumber"`
	Message string `json:"message,omitempty"`
	// RetryMs is google.rpc.RetryInfo among the status details; 0 without one.
	RetryMs int64 `json:"retryMs,omitempty"`
}

func outcomeOf(err error) outcome {
	s := status.Convert(err)
	return outcome{
		Code: s.Code().String(), Number: int(s.Code()), Message: s.Message(), RetryMs: retryDelay(err).Milliseconds(),
	}
}

// retryDelay is what the server tells in google.rpc.RetryInfo; 0 when it tells nothing.
func retryDelay(err error) time.Duration {
	for _, detail := range status.Convert(err).Details() {
		if info, isRetry := detail.(*errdetails.RetryInfo); isRetry {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

func isOK(o outcome) bool { return o.Number == int(codes.OK) }

// rawDialer hands each TCP connection it opens to keep, so that the caller can kill it.
func rawDialer(keep func(*net.TCPConn)) grpc.DialOption {
	return grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			keep(conn.(*net.TCPConn))
		}
		return conn, err
	})
}
