package main

import (
	"io/fs"
	"log"
	"strings"

	"istio.io/istio/manifests"
	"sigs.k8s.io/yaml"
)

const chart = "charts/istio-control/istio-discovery/"

// Names of templates that pods ask for, with their files.
var templateFiles = map[string]string{
	"sidecar":     "files/injection-template.yaml",
	"gateway":     "files/gateway-injection-template.yaml",
	"grpc-simple": "files/grpc-simple.yaml",
	"grpc-agent":  "files/grpc-agent.yaml",
}

type defaults struct {
	Templates map[string]string `json:"templates"`
	Values    map[string]any    `json:"values"`
}

// What the chart puts into the ConfigMap of the injector.
func shippedDefaults() any {
	result := defaults{Templates: map[string]string{}, Values: map[string]any{}}
	for name, file := range templateFiles {
		result.Templates[name] = strings.TrimSpace(read(chart + file))
	}
	var chartValues struct {
		Defaults map[string]any `json:"_internal_defaults_do_not_set"`
	}
	if err := yaml.Unmarshal([]byte(read(chart+"values.yaml")), &chartValues); err != nil {
		log.Fatal(err)
	}
	all := chartValues.Defaults
	for _, name := range []string{"global", "sidecarInjectorWebhook", "revision"} {
		result.Values[name] = all[name]
	}
	result.Values["pilot"] = map[string]any{"cni": all["cni"], "env": all["env"]}
	gateways, _ := all["gateways"].(map[string]any)
	result.Values["gateways"] = gateways
	return result
}

func read(path string) string {
	text, err := fs.ReadFile(manifests.FS, path)
	if err != nil {
		log.Fatal(err)
	}
	return string(text)
}
