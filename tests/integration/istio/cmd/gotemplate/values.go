package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"reflect"
	"strconv"
	"strings"
)

// Mode is an enum with a String method, as Istio's are.
type Mode int32

func (m Mode) String() string {
	switch m {
	case 0:
		return "REDIRECT"
	case 1:
		return "TPROXY"
	}
	return strconv.Itoa(int(m))
}

// Kind is a named text.
type Kind string

// Person is a struct with fields of many types, and methods.
type Person struct {
	Name   string
	Age    int
	Score  float64
	Tags   []string
	Labels map[string]string
	Mode   Mode
	Kind   Kind
	Friend *Person
	Extra  any
}

// Hello takes nothing.
func (p Person) Hello() string { return "hello " + p.Name }

// Greet takes what its caller gives.
func (p Person) Greet(greeting string, times int) string {
	return strings.Repeat(greeting, times) + " " + p.Name
}

// Join takes any number of texts.
func (p Person) Join(parts ...string) string { return p.Name + ":" + strings.Join(parts, "+") }

// Broken fails.
func (p Person) Broken() (string, error) { return "", errors.New("broken " + p.Name) }

// GetName works on nil, as protobuf's getters do.
func (p *Person) GetName() string {
	if p == nil {
		return ""
	}
	return p.Name
}

// GetFriend works on nil.
func (p *Person) GetFriend() *Person {
	if p == nil {
		return nil
	}
	return p.Friend
}

var functions = map[string]any{
	"pair":   func(a, b string) string { return a + "&" + b },
	"sum":    func(numbers ...int) int { return sum(numbers) },
	"double": func(a int64) int64 { return 2 * a },
	"fails":  func() (string, error) { return "", errors.New("it fails") },
}

func sum(numbers []int) int {
	total := 0
	for _, number := range numbers {
		total += number
	}
	return total
}

// types has every tag but those of integers and functions.
var types = map[string]reflect.Type{
	"[]string":          reflect.TypeFor[[]string](),
	"[]int":             reflect.TypeFor[[]int](),
	"map[string]string": reflect.TypeFor[map[string]string](),
	"map[string]int":    reflect.TypeFor[map[string]int](),
	"main.Person":       reflect.TypeFor[Person](),
	"*main.Person":      reflect.TypeFor[*Person](),
	"main.Mode":         reflect.TypeFor[Mode](),
	"main.Kind":         reflect.TypeFor[Kind](),
}

// decode makes the value of plain or tagged JSON.
func decode(text []byte) any {
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		log.Fatal(err)
	}
	return resolve(plain)
}

func resolve(plain any) any {
	switch value := plain.(type) {
	case []any:
		for at := range value {
			value[at] = resolve(value[at])
		}
		return value
	case map[string]any:
		if tag, ok := value["$"].(string); ok {
			return tagged(tag, value["v"])
		}
		for key := range value {
			value[key] = resolve(value[key])
		}
	}
	return plain
}

func tagged(tag string, value any) any {
	if tag == "func" {
		return functions[value.(string)]
	}
	if typ, ok := types[tag]; ok {
		made := reflect.New(typ)
		fill(made.Elem(), value)
		return made.Elem().Interface()
	}
	return integer(tag, value)
}

// fill sets a value of the tagged types; nil stays the zero value.
func fill(target reflect.Value, value any) {
	value = resolve(value)
	if value == nil {
		return
	}
	if given := reflect.ValueOf(value); given.Type().AssignableTo(target.Type()) {
		target.Set(given)
		return
	}
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		fill(target.Elem(), value)
	case reflect.Struct:
		for name, field := range value.(map[string]any) {
			fill(target.FieldByName(name), field)
		}
	case reflect.Slice:
		list := value.([]any)
		target.Set(reflect.MakeSlice(target.Type(), len(list), len(list)))
		for at := range list {
			fill(target.Index(at), list[at])
		}
	case reflect.Map:
		target.Set(reflect.MakeMap(target.Type()))
		for key, member := range value.(map[string]any) {
			element := reflect.New(target.Type().Elem()).Elem()
			fill(element, member)
			target.SetMapIndex(reflect.ValueOf(key), element)
		}
	default:
		target.Set(reflect.ValueOf(value).Convert(target.Type()))
	}
}

func integer(tag string, value any) any {
	text := fmt.Sprint(value)
	signed, err := strconv.ParseInt(text, 10, 64)
	unsigned, unsignedErr := strconv.ParseUint(text, 10, 64)
	if err != nil && unsignedErr != nil {
		log.Fatalf("no integer: %s", text)
	}
	switch tag {
	case "int":
		return int(signed)
	case "int8":
		return int8(signed)
	case "int32":
		return int32(signed)
	case "int64":
		return signed
	case "uint":
		return uint(unsigned)
	case "uint8":
		return uint8(unsigned)
	case "uint16":
		return uint16(unsigned)
	case "uint32":
		return uint32(unsigned)
	case "uint64":
		return unsigned
	}
	log.Fatalf("no type of that name: %s", tag)
	return nil
}
