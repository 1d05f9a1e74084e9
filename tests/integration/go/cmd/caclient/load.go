package main

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	ca "istio.io/api/security/v1alpha1"
)

// loadResult is one run; times are of the whole call, a new connection's handshake included.
type loadResult struct {
	Count     int            `json:"count"`
	Errors    int            `json:"errors"`
	Seconds   float64        `json:"seconds"`
	PerSecond float64        `json:"perSecond"`
	P50Us     float64        `json:"p50us"`
	P99Us     float64        `json:"p99us"`
	Codes     map[string]int `json:"codes"`
	Example   string         `json:"example,omitempty"`
}

// caller makes one call over a connection.
type caller func(conn *grpc.ClientConn) error

// newCaller prepares the call that load and churn repeat: one CSR is made once and sent again and again, so that the
// client costs little beside the server.
func newCaller(f *issueFlags, kind string) (caller, error) {
	if kind == "health" {
		return func(conn *grpc.ClientConn) error {
			ctx, cancel := f.callContext()
			defer cancel()
			_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
			return err
		}, nil
	}
	request, _, err := f.build()
	if err != nil {
		return nil, err
	}
	return func(conn *grpc.ClientConn) error {
		ctx, cancel := f.callContext()
		defer cancel()
		_, err := ca.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request)
		return err
	}, nil
}

// dialer makes connections that share one parsed TLS configuration and, never resume a session.
func (t *target) dialer() (func(options ...grpc.DialOption) (*grpc.ClientConn, error), error) {
	if t.plaintext {
		return func(options ...grpc.DialOption) (*grpc.ClientConn, error) {
			return t.dialWith(insecure.NewCredentials(), options...)
		}, nil
	}
	config, err := t.tlsConfig()
	if err != nil {
		return nil, err
	}
	return func(options ...grpc.DialOption) (*grpc.ClientConn, error) {
		return t.dialWith(credentials.NewTLS(config), options...)
	}, nil
}

func runLoad(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("load")
	count := fs.Int("count", 1000, "calls in all")
	inFlight := fs.Int("concurrency", 32, "calls in flight")
	connections := fs.Int("connections", 4, "kept connections")
	reconnect := fs.Bool("reconnect", false, "a new connection for each call")
	kind := fs.String("call", "issue", "issue or health")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	call, err := newCaller(&f, *kind)
	if err != nil {
		return nil, err
	}
	open, err := f.dialer()
	if err != nil {
		return nil, err
	}
	if *reconnect {
		return hammer(*count, *inFlight, func(int) error {
			conn, err := open()
			if err != nil {
				return err
			}
			defer conn.Close()
			return call(conn)
		}), nil
	}
	kept := make([]*grpc.ClientConn, *connections)
	for i := range kept {
		if kept[i], err = open(); err != nil {
			return nil, err
		}
		defer kept[i].Close()
		if err := waitReady(kept[i]); err != nil { // the handshake is not what is measured here
			return nil, err
		}
	}
	return hammer(*count, *inFlight, func(i int) error { return call(kept[i%len(kept)]) }), nil
}

// hammer runs do count times, inFlight at once, and gathers times and outcomes.
func hammer(count, inFlight int, do func(worker int) error) *loadResult {
	var next atomic.Int64
	var mutex sync.Mutex
	var workers sync.WaitGroup
	result := &loadResult{Codes: map[string]int{}}
	times := make([]time.Duration, 0, count)
	start := time.Now()
	for worker := range inFlight {
		workers.Go(func() {
			mine := make([]time.Duration, 0, count/inFlight+1)
			for next.Add(1) <= int64(count) {
				began := time.Now()
				err := do(worker)
				mine = append(mine, time.Since(began))
				if err != nil {
					ended := outcomeOf(err)
					mutex.Lock()
					result.Errors++
					result.Codes[ended.Code]++
					result.Example = ended.Message
					mutex.Unlock()
				}
			}
			mutex.Lock()
			times = append(times, mine...)
			mutex.Unlock()
		})
	}
	workers.Wait()
	result.Seconds = time.Since(start).Seconds()
	result.Count = len(times)
	result.Codes["OK"] = result.Count - result.Errors
	if result.Count > 0 {
		slices.Sort(times)
		result.P50Us = float64(times[result.Count/2].Microseconds())
		result.P99Us = float64(times[result.Count*99/100].Microseconds())
		result.PerSecond = float64(result.Count) / result.Seconds
	}
	return result
}
