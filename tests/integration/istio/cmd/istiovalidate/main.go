// Istiovalidate tells what Istio's own validation says of documents: the oracle for signet's.
//
// It reads YAML documents from standard input and prints one JSON line for each: kind, name, and the error, empty for none.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"gopkg.in/yaml.v3"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	sigs "sigs.k8s.io/yaml"
)

type verdict struct {
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Error string `json:"error"`
}

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(input))
	out := json.NewEncoder(os.Stdout)
	for {
		var document map[string]any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if document == nil {
			continue
		}
		if err := out.Encode(judge(document)); err != nil {
			log.Fatal(err)
		}
	}
}

func judge(document map[string]any) verdict {
	text, err := yaml.Marshal(document)
	if err != nil {
		log.Fatal(err)
	}
	var object crd.IstioKind
	if err := sigs.Unmarshal(text, &object); err != nil {
		return verdict{Error: err.Error()}
	}
	said := verdict{Kind: object.Kind, Name: object.Name}
	schema, found := collections.All.FindByGroupVersionAliasesKind(
		resource.FromKubernetesGVK(ptr(object.GroupVersionKind())))
	if !found {
		said.Error = "no such kind"
		return said
	}
	config, err := crd.ConvertObject(schema, &object, "cluster.local")
	if err != nil {
		said.Error = err.Error()
		return said
	}
	if _, err := schema.ValidateConfig(*config); err != nil {
		said.Error = err.Error()
	}
	return said
}

func ptr[T any](value T) *T { return &value }
