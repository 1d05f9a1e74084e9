package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

type keepaliveResult struct {
	Before      outcome `json:"before"`
	After       outcome `json:"after"`
	Connections int64   `json:"connections"`
}

// runKeepalive makes a call, leaves the connection idle while both sides ping, and calls again.
func runKeepalive(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("keepalive")
	interval := fs.Duration("interval", 30*time.Second, "client ping interval; grpc-go raises less than 10s to 10s")
	timeout := fs.Duration("timeout", 10*time.Second, "how long the client waits for an acknowledgement")
	idle := fs.Duration("idle", 5*time.Second, "how long the connection is left alone")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	var opened atomic.Int64
	conn, err := f.dial(
		rawDialer(func(*net.TCPConn) { opened.Add(1) }),
		grpc.WithIdleTimeout(0),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: *interval, Timeout: *timeout, PermitWithoutStream: true}),
	)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	call, err := newCaller(&f, "health")
	if err != nil {
		return nil, err
	}
	result := &keepaliveResult{Before: outcomeOf(call(conn))}
	time.Sleep(*idle)
	result.After = outcomeOf(call(conn))
	result.Connections = opened.Load()
	return result, nil
}

type silentResult struct {
	Pings   int    `json:"pings"`
	GoAways int    `json:"goAways"`
	Closed  bool   `json:"closed"`
	End     string `json:"end"`
}

// runSilent shakes hands, sends its settings, and then reads without ever answering: the server must ping and hang up.
func runSilent(args []string) (any, error) {
	var f issueFlags
	fs := f.flags("silent")
	limit := fs.Duration("limit", 30*time.Second, "give up after this long")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	conn, err := f.rawConn()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(*limit)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return nil, err
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		return nil, err
	}
	result := &silentResult{}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			result.Closed = !errors.Is(err, os.ErrDeadlineExceeded)
			result.End = err.Error()
			return result, nil
		}
		switch frame := frame.(type) {
		case *http2.PingFrame:
			if !frame.IsAck() {
				result.Pings++
			}
		case *http2.GoAwayFrame:
			result.GoAways++
		}
	}
}

// rawConn is a TLS or TCP connection on which HTTP/2 has not begun.
func (t *target) rawConn() (net.Conn, error) {
	if t.plaintext {
		return net.Dial("tcp", t.addr)
	}
	config, err := t.tlsConfig()
	if err != nil {
		return nil, err
	}
	config.NextProtos = []string{"h2"}
	return tls.Dial("tcp", t.addr, config)
}
