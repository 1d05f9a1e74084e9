// Istioinject is Istio's own injection webhook as a small program: the oracle for signet's.
//
// It reads JSON requests one a line from standard input, hands each to the webhook's handler as a review, applies the patch that comes
// back, and prints one JSON line for each: the pod as it would be stored, or the refusal. A patch that somebody else made for the pod is
// applied, too, so that both pods can be compared.
//
//	istioinject < REQUESTS
//	istioinject -shipped    prints Istio's own templates and the values of its charts
//	istioinject -tables     prints the fields of a pod and of a ProxyConfig
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"istio.io/istio/pilot/pkg/config/memory"
	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/mesh/meshwatcher"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/kube/inject"
	istiolog "istio.io/istio/pkg/log"
	corev1 "k8s.io/api/core/v1"
)

type request struct {
	Pod        json.RawMessage `json:"pod"`
	Namespace  string          `json:"namespace"`
	Path       string          `json:"path"`
	Config     string          `json:"config"`
	Values     string          `json:"values"`
	MeshConfig string          `json:"meshConfig"`
	Revision   string          `json:"revision"`
	Native     bool            `json:"native"`
	// A patch that somebody else made for the pod.
	Patch json.RawMessage `json:"patch"`
}

type answer struct {
	// Why the configuration is refused.
	Config string `json:"config,omitempty"`
	// Why the pod is refused.
	Error string `json:"error,omitempty"`
	// The pod after the patch; absent when there is none.
	Patched json.RawMessage `json:"patched,omitempty"`
	// The patch itself.
	Patch json.RawMessage `json:"patch,omitempty"`
	// The pod after the patch of the request.
	Other json.RawMessage `json:"other,omitempty"`
	// Why that patch does not apply, or leaves no pod.
	OtherError string `json:"otherError,omitempty"`
}

func main() {
	shipped := flag.Bool("shipped", false, "print Istio's own templates and the values of its charts")
	tables := flag.Bool("tables", false, "print the fields of a pod and of a ProxyConfig")
	flag.Parse()
	// Istio's own log goes to standard output unless told otherwise.
	options := istiolog.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel("default", istiolog.FatalLevel)
	if err := istiolog.Configure(options); err != nil {
		log.Fatal(err)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if *shipped || *tables {
		what := printedTables
		if *shipped {
			what = shippedDefaults
		}
		if err := encoder.Encode(what()); err != nil {
			log.Fatal(err)
		}
		return
	}
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if err := encoder.Encode(answerOf(line)); err != nil {
				log.Fatal(err)
			}
		}
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
	}
}

func answerOf(line []byte) (said answer) {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Config: err.Error()}
	}
	if asked.Patch != nil {
		// It must apply to the pod as it came, not only to its form in Go.
		other, err := apply(asked.Pod, asked.Patch)
		said.Other = other
		if err != nil {
			said.OtherError = err.Error()
		}
	}
	mux, err := webhookFor(asked)
	if err != nil {
		said.Config = err.Error()
		return said
	}
	response, err := review(mux, asked)
	if err != nil {
		said.Error = err.Error()
		return said
	}
	if !response.Allowed {
		said.Error = response.Status.Message
		return said
	}
	if len(response.Patch) == 0 {
		return said
	}
	said.Patch = response.Patch
	// The API server applies a patch to the pod in its own form, in which fields of no `omitempty` are always there.
	before, err := normalize(asked.Pod)
	if err == nil {
		said.Patched, err = apply(before, response.Patch)
	}
	if err != nil {
		said.Error = "patch: " + err.Error()
	}
	return said
}

type response struct {
	Allowed bool   `json:"allowed"`
	Patch   []byte `json:"patch"`
	Status  struct {
		Message string `json:"message"`
	} `json:"status"`
}

func review(mux *http.ServeMux, asked request) (response, error) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "admission.k8s.io/v1",
		"kind":       "AdmissionReview",
		"request": map[string]any{
			"uid": "1", "operation": "CREATE", "namespace": asked.Namespace, "object": asked.Pod,
		},
	})
	if err != nil {
		return response{}, err
	}
	sent := httptest.NewRequest(http.MethodPost, "/inject"+asked.Path, bytes.NewReader(body))
	sent.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, sent)
	var said struct {
		Response response `json:"response"`
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &said); err != nil {
		return response{}, fmt.Errorf("%d: %s", recorder.Code, recorder.Body.String())
	}
	return said.Response, nil
}

func normalize(raw []byte) ([]byte, error) {
	var pod corev1.Pod
	if err := json.Unmarshal(raw, &pod); err != nil {
		return nil, err
	}
	return json.Marshal(pod)
}

func apply(pod, patch []byte) ([]byte, error) {
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	after, err := operations.Apply(pod)
	if err != nil {
		return nil, err
	}
	return normalize(after)
}

var webhooks = map[string]*http.ServeMux{}

func webhookFor(asked request) (*http.ServeMux, error) {
	features.EnableNativeSidecars = features.NativeSidecarModeDisabled
	key := fmt.Sprintf("%q %q %q %q", asked.Config, asked.Values, asked.MeshConfig, asked.Revision)
	mux, found := webhooks[key]
	if !found {
		config, err := mesh.ApplyMeshConfigDefaults(asked.MeshConfig)
		if err != nil {
			return nil, err
		}
		env := model.NewEnvironment()
		env.Watcher = meshwatcher.NewTestWatcher(config)
		env.ConfigStore = memory.Make(collections.Pilot, true, nil)
		push := model.NewPushContext()
		push.ProxyConfigs = model.GetProxyConfigs(env.ConfigStore, config)
		env.SetPushContext(push)
		mux = http.NewServeMux()
		if _, err := inject.NewWebhook(inject.WebhookParameters{
			Watcher: given{asked.Config, asked.Values}, Env: env, Mux: mux, Revision: asked.Revision,
		}); err != nil {
			return nil, err
		}
		webhooks[key] = mux
	}
	if asked.Native {
		features.EnableNativeSidecars = features.NativeSidecarModeEnabled
	}
	return mux, nil
}

// A configuration that stays as it is.
type given struct{ config, values string }

func (given) SetHandler(func(*inject.Config, string) error) {}
func (given) Run(<-chan struct{})                           {}
func (g given) Get() (*inject.Config, string, error) {
	config, err := inject.UnmarshalConfig([]byte(g.config))
	if err != nil {
		return nil, "", err
	}
	return &config, g.values, nil
}
