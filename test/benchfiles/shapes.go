// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

// shape is a kind of file.
type shape struct {
	name string
	// begin, middle and end make the file: the middle is repeated, with the number of the repetition for each %d, up to the size.
	begin, middle, end string
	// code is the exit code of the plugin where no bound is exceeded.
	code int
	// isPolicy: the file holds policies, and lint reads it.
	isPolicy bool
	// output is the form of the answer; json without any.
	output string
	// encode changes the whole text.
	encode func([]byte) []byte
}

func (s shape) form() string {
	if s.output == "" {
		return "json"
	}
	return s.output
}

// write returns a file of the shape, of a size in bytes at most.
func (s shape) write(size int) []byte {
	text := make([]byte, 0, size)
	text = append(text, s.begin...)
	isNumbered := strings.Contains(s.middle, "%")
	limit := size - len(s.end) - 2*len(s.middle) - 64
	if s.encode != nil {
		limit /= 2
	}
	for i := 0; len(text) < limit; i++ {
		if isNumbered {
			text = fmt.Appendf(text, s.middle, i)
		} else {
			text = append(text, s.middle...)
		}
	}
	text = append(text, s.end...)
	if s.encode != nil {
		return s.encode(text)
	}
	return text
}

const (
	header = `"apiVersion":"support.d2iq.io/v1alpha1","kind":"ClusterSupport"`
	// evidence is as much as an operator writes of one release.
	evidence = `"evidence":{"source":"CustomResource","object":"KommanderCluster/kommander/cluster","version":"1.8.4"}`
	message  = `all installed releases are supported at this instant, by the policies konvoy, kommander and kubernetes, and so is what is declared beside them`
	released = `{"product":"Konvoy","name":"default","version":"1.8.4","state":"Supported",` + evidence + `}`
	oneJSON  = `{` + header + `,"metadata":{"name":"cluster-%[1]d","namespace":"eu","generation":1},"spec":{"cluster":{"kommanderCluster":{"name":"cluster-%[1]d"}}},` +
		`"status":{"observedGeneration":1,"kubernetesVersion":"v1.20.13","conditions":[` +
		`{"type":"Ready","status":"True","reason":"Evaluated","message":"` + message + `","lastTransitionTime":"2021-06-01T00:00:00Z"},` +
		`{"type":"Reachable","status":"True","reason":"Connected","message":"` + message + `","lastTransitionTime":"2021-06-01T00:00:00Z"}],` +
		`"cluster":{"kommanderCluster":{"name":"cluster-%[1]d"}},"releases":[` + released + `]}}`
	oneYAML = `apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata:
  name: cluster-%[1]d
  namespace: eu
  generation: 1
spec:
  cluster:
    kommanderCluster:
      name: cluster-%[1]d
status:
  observedGeneration: 1
  kubernetesVersion: v1.20.13
  conditions:
  - type: Ready
    status: "True"
    reason: Evaluated
    message: ` + message + `
    lastTransitionTime: "2021-06-01T00:00:00Z"
  - type: Reachable
    status: "True"
    reason: Connected
    message: ` + message + `
    lastTransitionTime: "2021-06-01T00:00:00Z"
  cluster:
    kommanderCluster:
      name: cluster-%[1]d
  releases:
  - product: Konvoy
    name: default
    version: 1.8.4
    state: Supported
    evidence:
      source: CustomResource
      object: KommanderCluster/kommander/cluster
      version: 1.8.4
`
	good       = `{` + header + `,"metadata":{"name":"good"},"spec":{"cluster":{"host":{}},"declaredReleases":[{"product":"Konvoy","name":"default","version":"1.8.4"}]}}` + "\n"
	listBegin  = `{"apiVersion":"v1","kind":"List","items":[`
	listEnd    = `null]}`
	goodBegin  = `{` + header + `,"metadata":{"name":"good"},"spec":{"cluster":{"host":{}},"declaredReleases":[`
	goodEnd    = `{"product":"Konvoy","name":"last","version":"1.8.4"}]}}`
	policyYAML = "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: big}\nspec:\n  product: Big\n  lifecycle: {window: {supportedMinors: 3}}\n  releases:\n"
)

// asItem indents a block as an item of a list.
func asItem(block string) string {
	return "- " + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n  ") + "\n"
}

func inUTF16(text []byte) []byte {
	units := utf16.Encode(bytes.Runes(text))
	encoded := make([]byte, 2, 2*len(units)+2)
	encoded[0], encoded[1] = 0xff, 0xfe
	for _, unit := range units {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return encoded
}

// shapes are what people have, and what costs most for its size. Exit code 1 says that a bound or an error was met: it has to cost no more.
var shapes = []shape{
	{name: "List of clusters, JSON", begin: listBegin, middle: oneJSON + ",", end: good + `]}`},
	{name: "List of clusters, JSON, as table", begin: listBegin, middle: oneJSON + ",", end: good + `]}`, output: "table"},
	{name: "List of clusters, JSON, as yaml", begin: listBegin, middle: oneJSON + ",", end: good + `]}`, output: "yaml"},
	{name: "List of clusters, JSON, as junit", begin: listBegin, middle: oneJSON + ",", end: good + `]}`, output: "junit"},
	{name: "JSON lines of clusters", middle: oneJSON + "\n"},
	{name: "clusters, UTF-16", middle: oneJSON + "\n", encode: inUTF16},
	{name: "documents of clusters, YAML", middle: oneYAML + "---\n"},
	{name: "List of clusters, YAML", begin: "apiVersion: v1\nkind: List\nitems:\n", middle: asItem(oneYAML)},
	{name: "clusters with nothing, JSON", middle: `{` + header + `,"metadata":{"name":"c%d"},"spec":{"cluster":{"host":{}}}}` + "\n"},
	{name: "one cluster, many releases", begin: goodBegin, middle: `{"product":"Konvoy","name":"n%d","version":"1.8.4"},`, end: goodEnd, code: 1},
	{name: "one cluster, many labels", begin: `{` + header + `,"metadata":{"name":"good","labels":{`, middle: `"k%d":"",`, end: `"k":""}},"spec":{"cluster":{"host":{}}}}`},
	{name: "one cluster, many unknown fields", begin: goodBegin, middle: `{"x%d":1},`, end: goodEnd, code: 1},
	{name: "unknown fields of a status", begin: `{` + header + `,"metadata":{"name":"good"},"spec":{"cluster":{"host":{}}},"status":{`, middle: `"x%d":1,`, end: `"x":1}}`, code: 4},
	{name: "one key many times", begin: goodBegin, middle: `{"name":"a","name":"a"},`, end: goodEnd, code: 1},
	{name: "aliases of a text", begin: "x: &a \"" + strings.Repeat("y", 100_000) + "\"\nl: [", middle: "*a, ", end: "]\n", code: 1},
	{name: "aliases of nothing", begin: "x: &a {}\nl: [", middle: "*a, ", end: "]\n", code: 1},
	{name: "aliases of lists, in documents", middle: "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n---\n", code: 1},
	{name: "a million documents, JSON", middle: "{}\n---\n", code: 1},
	{name: "a million documents, YAML", middle: "a: b\n---\n", code: 1},
	{name: "a million broken documents", middle: "a: [\n---\n", code: 1},
	{name: "documents at the bound", middle: "a: b\n" + strings.Repeat("#", 660) + "\n---\n", code: 1},
	{name: "small JSON objects", middle: "{}", code: 1},
	{name: "a line of JSON", begin: `{"a":[`, middle: `"b",`, end: `""]}`, code: 1},
	{name: "a line of flow style", begin: "{a: [", middle: "b, ", end: "]}\n", code: 1},
	{name: "a line of flow style, long words", begin: "{a: [", middle: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ", end: "]}\n", code: 1},
	{name: "a line of one text, YAML", begin: "a: ", middle: "bbbbbbbbb ", code: 1},
	{name: "a line of one text, JSON", begin: `{"a":"`, middle: "bbbbbbbbb ", end: `"}`, code: 1},
	{name: "a text of escapes, JSON", begin: `{"a":"`, middle: `\u00e9`, end: `"}`, code: 1},
	{name: "a text of escapes, YAML", begin: `a: "`, middle: `\u00e9`, end: `"`, code: 1},
	{name: "a text of many lines", begin: "a: |\n", middle: "  b\n", code: 1},
	{name: "a quoted text of many lines", begin: "a: 'x\n", middle: "  b\n", end: "  '\n", code: 1},
	{name: "depth, YAML", middle: "- ", code: 1},
	{name: "depth of flow style", middle: "[", code: 1},
	{name: "depth of JSON", middle: `{"a":`, code: 1},
	{name: "depth at the bound, JSON", middle: strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n", code: 1},
	{name: "depth at the bound, YAML", begin: "x:\n", middle: "- " + strings.Repeat("[", 190) + "a" + strings.Repeat("]", 190) + "\n", code: 1},
	{name: "many keys, JSON", begin: "{", middle: `"k%d":1,`, end: `"k":1}`, code: 1},
	{name: "many keys, YAML", middle: "k%d: 1\n", code: 1},
	{name: "many keys, YAML, at the bound", middle: "key-number-%d-with-a-name-that-is-long-enough: 1\n", code: 1},
	{name: "many complex keys", middle: "? a%d\n", code: 1},
	{name: "merge keys", begin: "a: &a {x: 1}\nl:\n", middle: "- {<<: [*a, *a, *a, *a]}\n", code: 1},
	{name: "numbers, YAML", begin: "a:\n", middle: "- 1.5\n", code: 1},
	{name: "comments", middle: "# comment\n", end: good},
	{name: "comments of one sign", middle: "#\n", end: good},
	{name: "comments of one sign, YAML", begin: strings.ReplaceAll(oneYAML, "%[1]d", "1"), middle: "#\n"},
	{name: "comments behind values", begin: "a:\n", middle: "- b # c\n", code: 1},
	{name: "comments, CR", middle: "#\r", end: good},
	{name: "CR", middle: "\r", end: good},
	{name: "blank lines", middle: "\n", end: good},
	{name: "blanks", middle: " ", end: good},
	{name: "tabs", middle: "\t", end: good},
	{name: "separators", middle: "---\n", end: good},
	{name: "ends", middle: "...\n", end: good},
	{name: "directives", middle: "%%YAML 1.2\n", end: good, code: 1},
	{name: "byte order marks", middle: "\ufeff", end: good, code: 1},
	{name: "byte order marks in lines", middle: "\ufeff\n", end: good, code: 1},
	{name: "old line ends", middle: "\u0085", end: good},
	{name: "zeros", middle: "\x00", code: 1},
	{name: "quotation marks", middle: `"`, code: 1},
	{name: "quotation marks below the bound", begin: "a: ", middle: `"b"     `, code: 1},
	{name: "aliases of nothing, no list", middle: "*a ", code: 1},
	{name: "anchors", middle: "&a ", code: 1},
	{name: "tags", middle: "!a ", code: 1},
	{name: "brackets", middle: "[]", code: 1},
	{name: "hyphens", middle: "-", code: 1},
	{name: "colons", middle: ": ", code: 1},
	{name: "empty items", begin: listBegin, middle: "{},", end: listEnd, code: 1},
	{name: "null items", begin: listBegin, middle: "null,", end: listEnd, code: 1},
	{name: "Lists of nothing", middle: `{"apiVersion":"v1","kind":"List","items":[]}` + "\n", end: good},
	{name: "empty items of a kind", begin: `{"apiVersion":"support.d2iq.io/v1alpha1","kind":"ClusterSupportList","items":[`, middle: `{"a":1},`, end: listEnd, code: 1},
	{name: "policy with many releases", isPolicy: true, begin: policyYAML, middle: "  - {version: \"1.%d\", generalAvailability: \"2021-01-01\"}\n", code: 1},
	{name: "policy with many patches", isPolicy: true, begin: policyYAML + "  - version: \"1.0\"\n    generalAvailability: \"2021-01-01\"\n    patches:\n",
		middle: "    - {version: 1.0.%d, generalAvailability: \"2021-01-01\"}\n", code: 1},
	{name: "policy with many releases, JSON", isPolicy: true,
		begin:  `{"apiVersion":"support.d2iq.io/v1alpha1","kind":"SupportPolicy","metadata":{"name":"big"},"spec":{"product":"Big","lifecycle":{"window":{"supportedMinors":3}},"releases":[`,
		middle: `{"version":"1.%d","generalAvailability":"2021-01-01"},`, end: `{"version":"0.1","generalAvailability":"2021-01-01"}]}}`, code: 1},
	{name: "many policies", isPolicy: true, middle: "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: p%[1]d}\nspec: {product: P%[1]d, lifecycle: {window: {supportedMinors: 3}}," +
		" releases: [{version: \"1.0\", generalAvailability: \"2021-01-01\"}]}\n---\n"},
}
