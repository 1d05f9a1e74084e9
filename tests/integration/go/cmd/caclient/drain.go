package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// drainResult counts how calls ended while the server went away. refused calls never reached a server: their new
// connection found no listener. cut calls were lost on the way, which a draining server must not let happen.
type drainResult struct {
	OK       int     `json:"ok"`
	Refused  int     `json:"refused"`
	Cut      int     `json:"cut"`
	Examples listSet `json:"examples"`
	Watch    outcome `json:"watch"`
}

// listSet keeps a few different texts.
type listSet []string

func (l *listSet) add(text string) {
	for _, known := range *l {
		if known == text {
			return
		}
	}
	if len(*l) < 5 {
		*l = append(*l, text)
	}
}

// runDrain calls in a loop until every worker has been refused; it says "ready" on standard error once calls flow.
func runDrain(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("drain")
	workers := fs.Int("concurrency", 16, "calls in flight")
	connections := fs.Int("connections", 4, "connections")
	limit := fs.Duration("limit", time.Minute, "give up after this long")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	call, err := newCaller(&f, "issue")
	if err != nil {
		return nil, err
	}
	open, err := f.dialer()
	if err != nil {
		return nil, err
	}
	kept := make([]*grpc.ClientConn, *connections)
	for i := range kept {
		if kept[i], err = open(); err != nil {
			return nil, err
		}
		defer kept[i].Close()
		if err := call(kept[i]); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	result := &drainResult{}
	watch := watchInBackground(ctx, kept[0])
	fmt.Fprintln(os.Stderr, "ready")
	var mutex sync.Mutex
	var group sync.WaitGroup
	for worker := range *workers {
		group.Go(func() {
			for ctx.Err() == nil {
				err := call(kept[worker%len(kept)])
				mutex.Lock()
				over := result.note(err)
				mutex.Unlock()
				if over {
					return
				}
			}
		})
	}
	group.Wait()
	result.Watch = <-watch
	return result, nil
}

// note counts one call and says whether the server has gone.
func (r *drainResult) note(err error) bool {
	if err == nil {
		r.OK++
		return false
	}
	ended := outcomeOf(err)
	r.Examples.add(ended.Code + ": " + ended.Message)
	if ended.Code == "Unavailable" && strings.Contains(ended.Message, "connection refused") {
		r.Refused++
		return true
	}
	r.Cut++
	return ended.Code == "Unavailable"
}

func watchInBackground(ctx context.Context, conn *grpc.ClientConn) <-chan outcome {
	ended := make(chan outcome, 1)
	go func() {
		stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{})
		for err == nil {
			_, err = stream.Recv()
		}
		ended <- outcomeOf(err)
	}()
	return ended
}
