// Command otlpsink takes OTLP over HTTP as a collector does, decodes it with OpenTelemetry's own messages and prints each
// request as one line of JSON. Its first line is the address it listens on. A body that does not decode ends it.
package main

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// line is one request.
type line struct {
	Path    string          `json:"path"`
	Token   string          `json:"token"`
	Message json.RawMessage `json:"message"`
}

func main() {
	status := flag.Int("status", http.StatusOK, "HTTP status of every answer")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	fmt.Println(listener.Addr())
	var mutex sync.Mutex
	take := func(message func() proto.Message) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			text, err := decode(r, message())
			if err != nil {
				fail(err)
			}
			mutex.Lock()
			defer mutex.Unlock()
			_ = json.NewEncoder(os.Stdout).Encode(line{r.URL.Path, r.Header.Get("x-token"), text})
			w.Header().Set("content-type", "application/x-protobuf")
			w.WriteHeader(*status)
		}
	}
	http.HandleFunc("/v1/traces", take(func() proto.Message { return &traces.ExportTraceServiceRequest{} }))
	http.HandleFunc("/v1/metrics", take(func() proto.Message { return &metrics.ExportMetricsServiceRequest{} }))
	fail(http.Serve(listener, nil))
}

func decode(r *http.Request, message proto.Message) (json.RawMessage, error) {
	if kind := r.Header.Get("content-type"); kind != "application/x-protobuf" {
		return nil, fmt.Errorf("content-type is %q", kind)
	}
	var body io.Reader = r.Body
	if r.Header.Get("content-encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = unzipped
	}
	bytes, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	if err := proto.Unmarshal(bytes, message); err != nil {
		return nil, err
	}
	return protojson.Marshal(message)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "otlpsink:", err)
	os.Exit(1)
}
