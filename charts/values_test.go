// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/d2iq-labs/support-policy-operator/test/golden"
)

// value is a value of the chart.
type value struct{ path, content, comment string }

// values returns the values of values.yaml. One in braces is one value, whatever is in it.
func values(t *testing.T) []value {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(operatorChart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	var all []value
	var walk func(path string, node *yaml.Node)
	walk = func(path string, node *yaml.Node) {
		for i := 0; i < len(node.Content); i += 2 {
			key, below := node.Content[i], node.Content[i+1]
			name := path + key.Value
			if below.Kind == yaml.MappingNode && below.Style&yaml.FlowStyle == 0 {
				walk(name+".", below)
				continue
			}
			written, err := yaml.Marshal(below)
			if err != nil {
				t.Fatal(err)
			}
			comment := strings.Join(strings.Fields(strings.ReplaceAll(key.HeadComment, "# ", " ")), " ")
			if comment == "" {
				t.Errorf("%s has no comment", name)
			}
			all = append(all, value{name, strings.TrimSpace(string(written)), comment})
		}
	}
	walk("", document.Content[0])
	return all
}

// TestTableOfValues compares the table in README.md with values.yaml.
func TestTableOfValues(t *testing.T) {
	const begin, end = "| value | default | what |\n|---|---|---|\n", "\n## "
	table := begin
	for _, v := range values(t) {
		table += fmt.Sprintf("| `%s` | `%s` | %s |\n", v.path, v.content, strings.ReplaceAll(v.comment, "|", `\|`))
	}
	path := filepath.Join(operatorChart, "README.md")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table that begins with %q and has a heading behind it", path, begin)
	}
	golden.Expect(t, path, before+table+end+after)
}

// schema is the part of a JSON schema that the tests read.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 any                `json:"type"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	Definitions          map[string]*schema `json:"definitions"`
}

// TestSchemaHasEachValue: the schema has the values of values.yaml, and accepts no others.
func TestSchemaHasEachValue(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(operatorChart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root schema
	if err := json.Unmarshal(content, &root); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"global": true, "enabled": true} // those of a chart that depends on this one
	for _, v := range values(t) {
		known[v.path] = true
	}
	var walk func(path string, s *schema)
	walk = func(path string, s *schema) {
		if s.Ref != "" {
			s = root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		}
		switch {
		case known[path]:
			delete(known, path)
		case s.Properties == nil:
			t.Errorf("values.yaml has no %s", path)
		case s.AdditionalProperties != false:
			t.Errorf("%q takes what it does not know", path)
		default:
			for name, below := range s.Properties {
				walk(strings.TrimPrefix(path+"."+name, "."), below)
			}
		}
	}
	walk("", &root)
	for path := range known {
		t.Errorf("the schema has no %s", path)
	}
}
