package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// killModes are the ways in which churn ends a connection. mix takes them in turn.
var killModes = []string{"rst", "fin", "close", "midcall"}

// churnConn is one connection on its way to being killed.
type churnConn struct {
	mutex sync.Mutex
	conns []*net.TCPConn
}

func (c *churnConn) keep(conn *net.TCPConn) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.conns = append(c.conns, conn)
}

// cut ends the TCP connection under the client's feet: with a reset, or with a FIN and no close_notify.
func (c *churnConn) cut(reset bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, conn := range c.conns {
		if reset {
			_ = conn.SetLinger(0)
		}
		_ = conn.Close()
	}
}

func runChurn(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("churn")
	count := fs.Int("count", 1000, "connections in all")
	atOnce := fs.Int("concurrency", 16, "connections at once")
	kind := fs.String("call", "health", "issue or health")
	mode := fs.String("mode", "mix", "rst, fin, close, midcall or mix")
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
	var mutex sync.Mutex
	turn := 0
	result := hammer(*count, *atOnce, func(int) error {
		chosen := *mode
		if chosen == "mix" {
			mutex.Lock()
			chosen = killModes[turn%len(killModes)]
			turn++
			mutex.Unlock()
		}
		return churnOnce(open, call, chosen)
	})
	return result, nil
}

func churnOnce(open func(...grpc.DialOption) (*grpc.ClientConn, error), call caller, mode string) error {
	var wire churnConn
	conn, err := open(rawDialer(wire.keep))
	if err != nil {
		return err
	}
	defer conn.Close()
	switch mode {
	case "close":
		return call(conn)
	case "rst", "fin":
		err := call(conn)
		wire.cut(mode == "rst")
		return err
	case "midcall":
		if err := waitReady(conn); err != nil {
			return err
		}
		done := make(chan struct{})
		go func() {
			_ = call(conn) // is meant to be cut
			close(done)
		}()
		time.Sleep(200 * time.Microsecond)
		wire.cut(true)
		conn.Close()
		<-done
		return nil
	}
	return fmt.Errorf("-mode %q is not known", mode)
}

// waitReady connects and waits until the handshake is over.
func waitReady(conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn.Connect()
	for state := conn.GetState(); state.String() != "READY"; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			return ctx.Err()
		}
	}
	return nil
}
