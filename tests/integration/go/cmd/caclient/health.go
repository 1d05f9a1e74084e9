package main

import (
	"context"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	ca "istio.io/api/security/v1alpha1"
)

type healthResult struct {
	outcome
	Status string   `json:"status,omitempty"`
	Seen   []string `json:"seen,omitempty"`
}

func runHealth(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("health")
	service := fs.String("service", "", "service to ask for")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	conn, err := f.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := f.callContext()
	defer cancel()
	response, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: *service})
	result := &healthResult{outcome: outcomeOf(err)}
	if err == nil {
		result.Status = response.Status.String()
	}
	return result, nil
}

// runWatch reads a health watch until the deadline or the server ends it.
func runWatch(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("watch")
	service := fs.String("service", "", "service to watch")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	conn, err := f.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := f.callContext()
	defer cancel()
	stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{Service: *service})
	if err != nil {
		return &healthResult{outcome: outcomeOf(err)}, nil
	}
	result := &healthResult{}
	for {
		update, err := stream.Recv()
		if err != nil {
			result.outcome = outcomeOf(err)
			return result, nil
		}
		result.Seen = append(result.Seen, update.Status.String())
	}
}

type cancelResult struct {
	Cancelled map[string]int `json:"cancelled"`
	Watches   map[string]int `json:"watches"`
	After     outcome        `json:"after"`
}

// runCancel cancels calls and watches on one connection, each a little later than the one before, and then asks once
// more: the connection must have survived.
func runCancel(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("cancel")
	rounds := fs.Int("rounds", 100, "calls and watches to cancel")
	step := fs.Duration("step", 50*time.Microsecond, "each round cancels this much later")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	conn, err := f.dial()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	request, _, err := f.build()
	if err != nil {
		return nil, err
	}
	if err := waitReady(conn); err != nil {
		return nil, err
	}
	result := &cancelResult{Cancelled: map[string]int{}, Watches: map[string]int{}}
	client := ca.NewIstioCertificateServiceClient(conn)
	for round := range *rounds {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Duration(round)*(*step), cancel)
		_, err := client.CreateCertificate(ctx, request)
		result.Cancelled[outcomeOf(err).Code]++
		result.Watches[outcomeOf(watchUntil(ctx, conn)).Code]++
		cancel()
	}
	ctx, cancel := f.callContext()
	defer cancel()
	_, err = client.CreateCertificate(ctx, request)
	result.After = outcomeOf(err)
	return result, nil
}

func watchUntil(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{})
	for err == nil {
		_, err = stream.Recv()
	}
	return err
}
