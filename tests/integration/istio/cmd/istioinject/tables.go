package main

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	meshconfig "istio.io/api/mesh/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

type printed struct {
	// Types of a pod: fields in the order in which Go writes them, separated by commas.
	Pod map[string]string `json:"pod"`
	// Messages of a ProxyConfig, alike.
	ProxyConfig map[string]string `json:"proxyConfig"`
	// Enums of those messages: names with their numbers.
	Enums map[string]string `json:"enums"`
}

func printedTables() any {
	result := printed{Pod: map[string]string{}, ProxyConfig: map[string]string{}, Enums: map[string]string{}}
	structTable(reflect.TypeFor[corev1.Pod](), result.Pod)
	messageTable((&meshconfig.ProxyConfig{}).ProtoReflect().Descriptor(), result)
	return result
}

func structTable(of reflect.Type, into map[string]string) {
	if _, done := into[of.Name()]; done {
		return
	}
	into[of.Name()] = ""
	into[of.Name()] = strings.Join(structFields(of, into), ", ")
}

func structFields(of reflect.Type, into map[string]string) []string {
	var lines []string
	for at := range of.NumField() {
		field := of.Field(at)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && field.Anonymous {
			lines = append(lines, structFields(field.Type, into)...)
			continue
		}
		if name == "" || name == "-" || of == reflect.TypeFor[corev1.Pod]() && name == "status" {
			continue
		}
		line := name
		if strings.ToUpper(name[:1])+name[1:] != field.Name {
			line += "=" + field.Name
		}
		line += " " + typeName(field.Type, into)
		if !strings.Contains(options, "omitempty") {
			line += " always"
		}
		if strategy := field.Tag.Get("patchStrategy"); strings.Contains(strategy, "merge") {
			line += " merge"
			if key := field.Tag.Get("patchMergeKey"); key != "" {
				line += "=" + key
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func typeName(of reflect.Type, into map[string]string) string {
	switch of {
	case reflect.TypeFor[resource.Quantity]():
		return "quantity"
	case reflect.TypeFor[metav1.Time]():
		return "time"
	case reflect.TypeFor[intstr.IntOrString]():
		return "intOrString"
	case reflect.TypeFor[metav1.FieldsV1]():
		return "any"
	case reflect.TypeFor[time.Duration]():
		return "int64"
	}
	switch of.Kind() {
	case reflect.Pointer:
		return "*" + typeName(of.Elem(), into)
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + typeName(of.Elem(), into)
	case reflect.Map:
		return "{}" + typeName(of.Elem(), into)
	case reflect.Struct:
		structTable(of, into)
		return of.Name()
	default:
		return of.Kind().String()
	}
}

func messageTable(of protoreflect.MessageDescriptor, result printed) {
	name := string(of.FullName())
	if _, done := result.ProxyConfig[name]; done {
		return
	}
	result.ProxyConfig[name] = ""
	var lines []string
	fields := of.Fields()
	for at := range fields.Len() {
		field := fields.Get(at)
		line := field.JSONName() + " " + protoType(field, result)
		if oneof := field.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
			line += " oneof=" + string(oneof.Name())
		}
		lines = append(lines, line)
	}
	result.ProxyConfig[name] = strings.Join(lines, ", ")
}

func protoType(field protoreflect.FieldDescriptor, result printed) string {
	if field.IsMap() {
		return "{}" + singular(field.MapValue(), result)
	}
	if field.IsList() {
		return "[]" + singular(field, result)
	}
	return singular(field, result)
}

func singular(field protoreflect.FieldDescriptor, result printed) string {
	if message := field.Message(); message != nil {
		name := string(message.FullName())
		if strings.HasPrefix(name, "google.protobuf.") {
			return strings.TrimPrefix(name, "google.protobuf.")
		}
		messageTable(message, result)
		return name
	}
	if enum := field.Enum(); enum != nil {
		var names []string
		for at := range enum.Values().Len() {
			value := enum.Values().Get(at)
			names = append(names, fmt.Sprintf("%s=%d", value.Name(), value.Number()))
		}
		result.Enums[string(enum.FullName())] = strings.Join(names, " ")
		return string(enum.FullName())
	}
	return field.Kind().String()
}
