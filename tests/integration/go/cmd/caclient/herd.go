package main

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	ca "istio.io/api/security/v1alpha1"
)

// herdResult is what became of a herd: every time runs from the moment a client wanted its certificate to the moment it
// had it, all attempts included.
type herdResult struct {
	Clients  int            `json:"clients"`
	Served   int            `json:"served"`
	Attempts int            `json:"attempts"`
	Codes    map[string]int `json:"codes"`
	Example  string         `json:"example,omitempty"`
	// Seconds from the first client's wish to the last certificate.
	Seconds float64 `json:"seconds"`
	P50Ms   float64 `json:"p50ms"`
	P99Ms   float64 `json:"p99ms"`
	MaxMs   float64 `json:"maxms"`
}

// herdClient is one agent: a key of its own, a connection of its own for every attempt.
type herdClient struct {
	key     crypto.Signer
	request *ca.IstioCertificateRequest
	startIn time.Duration
}

// agentRetries are the codes on which Istio's agent asks again (100 ms to 1.6 s apart); the herd goes on until -give-up.
var agentRetries = []codes.Code{
	codes.Canceled, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.Unavailable,
}

const (
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 1600 * time.Millisecond
)

func runHerd(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("herd")
	count := fs.Int("count", 1000, "clients")
	within := fs.Duration("within", time.Second, "time in which all of them begin")
	giveUp := fs.Duration("give-up", 2*time.Minute, "time after which a client without a certificate gives up")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	config, err := f.tlsConfig()
	if err != nil {
		return nil, err
	}
	clients, err := newHerd(&f, *count, *within)
	if err != nil {
		return nil, err
	}
	return stampede(&f, config, clients, *giveUp), nil
}

// newHerd makes the keys and requests beforehand: they are not what is measured.
func newHerd(f *issueFlags, count int, within time.Duration) ([]herdClient, error) {
	clients := make([]herdClient, count)
	for i := range clients {
		request, key, err := f.build()
		if err != nil {
			return nil, err
		}
		clients[i] = herdClient{key, request, within * time.Duration(i) / time.Duration(count)}
	}
	return clients, nil
}

func stampede(f *issueFlags, config *tls.Config, clients []herdClient, giveUp time.Duration) *herdResult {
	var mutex sync.Mutex
	var running sync.WaitGroup
	result := &herdResult{Clients: len(clients), Codes: map[string]int{}}
	times := make([]time.Duration, 0, len(clients))
	note := func(err error) {
		ended := outcomeOf(err)
		mutex.Lock()
		defer mutex.Unlock()
		result.Attempts++
		result.Codes[ended.Code]++
		if err != nil {
			result.Example = ended.Message
		}
	}
	start := time.Now()
	for i := range clients {
		running.Go(func() {
			client := &clients[i]
			time.Sleep(client.startIn - time.Since(start))
			began := time.Now()
			if !client.insist(f, config, began.Add(giveUp), note) {
				return
			}
			took := time.Since(began)
			mutex.Lock()
			defer mutex.Unlock()
			times = append(times, took)
		})
	}
	running.Wait()
	result.Seconds = time.Since(start).Seconds()
	result.Served = len(times)
	if len(times) > 0 {
		slices.Sort(times)
		at := func(share int) float64 {
			return float64(times[min(len(times)*share/100, len(times)-1)].Microseconds()) / 1000
		}
		result.P50Ms, result.P99Ms, result.MaxMs = at(50), at(99), at(100)
	}
	return result
}

// insist asks as Istio's agent does until there is a certificate for its key, or time is up.
func (c *herdClient) insist(f *issueFlags, config *tls.Config, until time.Time, note func(error)) bool {
	backoff := firstBackoff
	for time.Now().Before(until) {
		err := c.ask(f, config)
		note(err)
		if err == nil {
			return true
		}
		if !slices.Contains(agentRetries, status.Code(err)) {
			return false
		}
		time.Sleep(max(backoff, retryDelay(err)) + rand.N(firstBackoff))
		backoff = min(2*backoff, lastBackoff)
	}
	return false
}

func (c *herdClient) ask(f *issueFlags, config *tls.Config) error {
	conn, err := f.dialWith(credentials.NewTLS(config), grpc.WithReadBufferSize(4<<10), grpc.WithWriteBufferSize(4<<10))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), f.deadline)
	defer cancel()
	response, err := ca.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, c.request)
	if err != nil {
		return err
	}
	return c.check(response.GetCertChain())
}

// check holds the leaf to the key that asked; a certificate of another client would be a failure that is not retried.
func (c *herdClient) check(elements []string) error {
	if len(elements) < 2 {
		return status.Errorf(codes.DataLoss, "%d elements", len(elements))
	}
	block, _ := pem.Decode([]byte(elements[0]))
	if block == nil {
		return status.Error(codes.DataLoss, "no PEM")
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return status.Error(codes.DataLoss, fmt.Sprint(err))
	}
	public, comparable := c.key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(leaf.PublicKey) {
		return status.Error(codes.DataLoss, "a leaf for another key")
	}
	return nil
}
