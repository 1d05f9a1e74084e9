// Gotemplate renders templates with Go's text/template and sprig: the oracle for signet's own engine.
//
// It reads one JSON request a line from standard input and answers each with one JSON line:
//
//	{"template": TEXT, "data": DATA, "sprig": true, "missingKey": "zero"}
//	{"output": TEXT} or {"error": TEXT}
//
// DATA is plain JSON, whose numbers are float64, with the other types of Go as {"$": TYPE, "v": VALUE}; see values.go.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"os"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

type request struct {
	Name       string          `json:"name"`
	Template   string          `json:"template"`
	Data       json.RawMessage `json:"data"`
	Sprig      bool            `json:"sprig"`
	MissingKey string          `json:"missingKey"`
}

type answer struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var asked request
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			log.Fatal(err)
		}
		if err := encoder.Encode(render(asked)); err != nil {
			log.Fatal(err)
		}
		// Who asks one by one waits for each answer.
		if err := out.Flush(); err != nil {
			log.Fatal(err)
		}
	}
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
}

func render(asked request) answer {
	var data any
	if len(asked.Data) > 0 {
		data = decode(asked.Data)
	}
	name := asked.Name
	if name == "" {
		name = "t"
	}
	made := template.New(name)
	if asked.MissingKey != "" {
		made = made.Option("missingkey=" + asked.MissingKey)
	}
	if asked.Sprig {
		made = made.Funcs(sprig.TxtFuncMap())
	}
	parsed, err := made.Parse(asked.Template)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Output: out.String()}
}
