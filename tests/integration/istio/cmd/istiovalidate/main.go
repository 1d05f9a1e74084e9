// Istiovalidate tells what the API server and Istio's own webhook say of documents: the oracle for signet's validation.
//
// It reads YAML documents from standard input, or JSON documents one a line with -json, and prints one JSON line for each: what the
// structural schema of the kind's CRD says, with its CEL rules and unknown fields as kubectl reports them, and what the webhook's
// validation says, with its warnings. Empty is fine.
//
//	istiovalidate [-crds FILE] [-json] < DOCUMENTS
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
	"os"

	"gopkg.in/yaml.v3"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	crdvalidation "istio.io/istio/pkg/config/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	istiolog "istio.io/istio/pkg/log"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	sigs "sigs.k8s.io/yaml"
)

type verdict struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Schema  string `json:"schema"`
	Error   string `json:"error"`
	Warning string `json:"warning"`
}

func main() {
	crds := flag.String("crds", "", "Istio's CustomResourceDefinitions; without them the API server is not asked")
	lines := flag.Bool("json", false, "read JSON documents, one a line")
	flag.Parse()
	// Istio's own log goes to standard output unless told otherwise.
	options := istiolog.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	if err := istiolog.Configure(options); err != nil {
		log.Fatal(err)
	}
	schemas := &crdvalidation.Validator{SkipMissing: true}
	if *crds != "" {
		var err error
		if schemas, err = crdvalidation.NewValidatorFromFiles(*crds); err != nil {
			log.Fatal(err)
		}
	}
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	say := func(document []byte) {
		if err := encoder.Encode(judge(document, schemas)); err != nil {
			log.Fatal(err)
		}
	}
	if *lines {
		eachLine(say)
	} else {
		eachDocument(say)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

func eachLine(say func([]byte)) {
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			say(line)
		}
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
	}
}

func eachDocument(say func([]byte)) {
	decoder := yaml.NewDecoder(os.Stdin)
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
		text, err := json.Marshal(document)
		if err != nil {
			log.Fatal(err)
		}
		say(text)
	}
}

func judge(document []byte, schemas *crdvalidation.Validator) (said verdict) {
	// A rule that fails on a value that no rule foresaw is a refusal, too: the API server answers so.
	defer func() {
		if failed := recover(); failed != nil {
			said.Error = fmt.Sprintf("panic: %v", failed)
		}
	}()
	loose := &unstructured.Unstructured{}
	if err := sigs.Unmarshal(document, loose); err != nil {
		return verdict{Schema: err.Error()}
	}
	said = verdict{Kind: loose.GetKind(), Name: loose.GetName()}
	if err := schemas.ValidateCustomResource(loose); err != nil {
		said.Schema = err.Error()
	}
	var object crd.IstioKind
	if err := sigs.Unmarshal(document, &object); err != nil {
		said.Error = err.Error()
		return said
	}
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
	warning, err := schema.ValidateConfig(*config)
	if err != nil {
		said.Error = err.Error()
	}
	if warning != nil {
		said.Warning = warning.Error()
	}
	return said
}

func ptr[T any](value T) *T { return &value }
