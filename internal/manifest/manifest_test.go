// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const (
	policyText    = "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: konvoy}\nspec:\n  product: Konvoy\n"
	exceptionText = "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportException\nmetadata: {name: legacy}\n"
	policyJSON    = `{"apiVersion": "support.d2iq.io/v1alpha1", "kind": "SupportPolicy", "metadata": {"name": "konvoy"}, "spec": {"product": "Konvoy \ud83d\ude00"}}`
)

// sourcesOf returns the source and name of each object.
func sourcesOf(read PolicySet) []string {
	var all []string
	for _, one := range read.Policies {
		all = append(all, one.Source.String()+": "+one.Object.Name)
	}
	for _, one := range read.Exceptions {
		all = append(all, one.Source.String()+": "+one.Object.Name)
	}
	return all
}

func TestRead(t *testing.T) {
	first := "standard input:1:1: konvoy"
	tests := []struct {
		name, reason, stdin string
		want                []string
	}{
		{"one document", "the usual file", policyText, []string{first}},
		{"comments around", "a document of comments is none", "# first\n---\n" + policyText + "---\n# last\n", []string{"standard input:3:1: konvoy"}},
		{"two documents", "and two kinds", policyText + "---\n" + exceptionText, []string{first, "standard input:7:1: legacy"}},
		{"carriage returns", "files come from everywhere", strings.ReplaceAll(policyText, "\n", "\r\n"), []string{first}},
		{"JSON", "surrogate pairs are JSON's and not YAML's", policyJSON, []string{first}},
		{"a stream of JSON", "without separators", policyJSON + "\n" + policyJSON, []string{first, "standard input:2:1: konvoy"}},
		{"JSON between separators", "it is YAML as well", policyJSON + "\n---\n" + exceptionText, []string{first, "standard input:3:1: legacy"}},
		{"JSON with tabs", "which YAML refuses", strings.ReplaceAll(policyJSON, ": ", ":\t"), []string{first}},
		{"a flow mapping", "it only looks like JSON", "{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: konvoy}}", []string{first}},
		{"a List", "as kubectl prints", `{"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [` + policyJSON + `]}`, []string{"standard input:1:85: konvoy"}},
		{"a SupportPolicyList", "as the API server answers, with items that do not say what they are",
			`{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicyList, items: [{metadata: {name: konvoy}}]}`, []string{"standard input:1:73: konvoy"}},
		{"what an API server adds", "managed fields and the status are known fields", policyText +
			"status: {observedGeneration: 1, conditions: [{type: Ready, status: \"True\", reason: R, message: m, lastTransitionTime: null}]}\n", []string{first}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			read, err := ReadPolicies(strings.NewReader(test.stdin), Stdin)
			if err != nil {
				t.Fatalf("%s: %s", test.reason, err)
			}
			expect.Equal(t, test.want, sourcesOf(read), test.reason)
		})
	}
}

func TestReadFailures(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n"
	}
	tests := []struct{ name, stdin, want string }{
		{"an unknown field", policyText + "  releases: [{version: \"1.0\", generalAvailabilty: \"2021-01-01\"}]\n",
			`standard input:6:31: SupportPolicy konvoy: unknown field "spec.releases[0].generalAvailabilty"`},
		{"another case", "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: konvoy}\nSpec: {}\n", `unknown field "Spec"`},
		{"a key twice", policyText + "  product: Kommander\n", `standard input:6:3: the key "product" stands twice, first in line 5`},
		{"a key twice in JSON", strings.Replace(policyJSON, `"spec"`, `"metadata": {}, "spec"`, 1), `SupportPolicy konvoy: duplicate field "metadata"`},
		{"several mistakes", policyText + "  a: 1\n  b: 2\n", `unknown field "spec.a"; unknown field "spec.b"`},
		{"a number", policyText + "  releases: [{version: 1.4}]\n", "spec.releases.version: is a number and must be a string; put it into quotation marks"},
		{"a word that YAML takes for false", strings.Replace(policyText, "name: konvoy", "name: konvoy, namespace: n", 1),
			"SupportPolicy: metadata.namespace: is a bool and must be a string; put it into quotation marks"},
		{"a list", policyText + "  lifecycle: []\n", "SupportPolicy konvoy: spec.lifecycle: is of type array, which is not allowed here"},
		{"no name", strings.Replace(policyText, "name: konvoy", "labels: {}", 1), "SupportPolicy: metadata.name: Invalid value"},
		{"a name that cannot be", strings.Replace(policyText, "konvoy", `"Kon\nvoy"`, 1), "metadata.name: Invalid value"},
		{"a label that cannot be", strings.Replace(policyText, "{name: konvoy}", `{name: konvoy, labels: {a: "b c"}}`, 1), "metadata.labels: Invalid value"},
		{"another kind", policyText + "---\nkind: Secret\napiVersion: v1\nmetadata: {name: s, namespace: ns}\n",
			"standard input:7:1: Secret ns/s of v1 is not read here; wanted is SupportException or SupportPolicy of support.d2iq.io/v1alpha1"},
		{"another version", strings.Replace(policyText, "v1alpha1", "v1", 1), "SupportPolicy konvoy of support.d2iq.io/v1 is not read here"},
		{"no kind", "spec: {}\n", "standard input:1:1: is not an object: it has no apiVersion and kind"},
		{"a text", "just words\n", "is not an object"},
		{"another kind in a List", `{"apiVersion": "v1", "kind": "List", "items": [` + policyJSON + `, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}]}`,
			"standard input:1:193: Pod p of v1 is not read here"},
		{"a List in a List", `{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: []}]}`, "standard input:1:38: List of v1 is not read here"},
		{"a misspelt List", `{apiVersion: v1, kind: List, item: []}`, `unknown field "item"`},
		{"a null in a List", `{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicyList, items: [1]}`, "standard input:1:73: is not an object"},
		{"bad YAML", "a: [b\n", "standard input:2:1: is not YAML"},
		{"bad YAML after a good one", policyText + "---\na: [b\n", "standard input:8:1: is not YAML"},
		{"a strange separator", policyText + "--- !x\n" + policyText, "standard input:6:5: has the tag !x, which is not understood here"},
		{"a binary file", "\x7fELF\x02\x01\x01\x00\x00", "is not YAML"},
		{"zeros", strings.Repeat("\x00", 100), "is not YAML"},
		{"broken UTF-8", "a: \xff\xfe\n", "standard input:1:4: is not UTF-8: byte 0xff"},
		{"aliases of aliases", bomb, "with each alias as what it repeats, more than 1500000 values"},
		{"deep nesting", strings.Repeat("[", 100000), "is not YAML"},
		{"deep nesting in JSON", `{"a":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + "}", "is nested deeper than 200"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadPolicies(strings.NewReader(test.stdin), Stdin)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestReadBesideErrors: one document that is wrong does not hide the others.
func TestReadKeepsWhatIsValid(t *testing.T) {
	stdin := "a: [b\n---\n" + policyText + "  a: 1\n---\n" + strings.Replace(policyText, "konvoy", "kommander", 1) + "---\nkind: Pod\napiVersion: v1\n"
	read, err := ReadPolicies(strings.NewReader(stdin), Stdin, "testdata/none")
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("want four errors, one in a line: %v", err)
	}
	if diff := cmp.Diff([]string{"standard input:3:1: konvoy", "standard input:10:1: kommander"}, sourcesOf(read)); diff != "" {
		t.Error(diff)
	}
}

func TestReadClusters(t *testing.T) {
	text := "apiVersion: support.d2iq.io/v1alpha1\nkind: ClusterSupport\nmetadata: {name: prod, namespace: eu}\n"
	read, err := ReadClusters(strings.NewReader(text), Stdin)
	if err != nil || len(read) != 1 || read[0].Object.Namespace != "eu" {
		t.Errorf("%v, %v", read, err)
	}
	if _, err := ReadClusters(strings.NewReader(policyText), Stdin); err == nil || !strings.Contains(err.Error(), "wanted is ClusterSupport") {
		t.Error(err)
	}
	if _, err := ReadClusters(strings.NewReader(strings.Replace(text, "eu", "E U", 1)), Stdin); err == nil || !strings.Contains(err.Error(), "metadata.namespace") {
		t.Error(err)
	}
}

// TestFolder: which files of a folder are read, and which folders are errors.
func TestFolder(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		testfile.Write(t, filepath.Join(folder, name), content)
	}
	named := func(name string) string { return strings.Replace(policyText, "konvoy", name, 1) }
	write("b.yaml", named("b"))
	write("a.yml", named("a"))
	write("c.json", policyJSON)
	write("README.md", "# not a manifest")
	write("kustomization.yaml", "resources: [a.yml]\n")
	if err := os.Mkdir(filepath.Join(folder, "sub.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	link := func(name, target string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("link.yaml", "b.yaml")
	read, err := ReadPolicies(nil, folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range read.Policies {
		names = append(names, filepath.Base(one.Source.file)+": "+one.Object.Name)
	}
	if diff := cmp.Diff([]string{"a.yml: a", "b.yaml: b", "c.json: konvoy", "link.yaml: b"}, names); diff != "" {
		t.Error(diff)
	}

	if _, err := ReadPolicies(nil, filepath.Join(folder, "kustomization.yaml")); err == nil || !strings.Contains(err.Error(), "is not an object") {
		t.Errorf("one that is named is read: %v", err)
	}
	link("loop.yaml", "loop.yaml")
	if _, err := ReadPolicies(nil, folder); err == nil || !strings.Contains(err.Error(), "loop.yaml") {
		t.Errorf("a link that leads nowhere: %v", err)
	}
	if _, err := ReadPolicies(nil, t.TempDir()); err == nil || !strings.Contains(err.Error(), "there is no .yaml, .yml or .json file in this folder") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := ReadPolicies(nil, filepath.Join(folder, "none.yaml")); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// endlessReader is an endless stream of spaces.
type endlessReader struct{}

func (endlessReader) Read(into []byte) (int, error) {
	return copy(into, bytes.Repeat([]byte(" "), len(into))), nil
}

func TestInputIsBounded(t *testing.T) {
	if _, err := ReadPolicies(endlessReader{}, Stdin); err == nil || !strings.Contains(err.Error(), "standard input: is larger than 64 MiB") {
		t.Error(err)
	}
}
