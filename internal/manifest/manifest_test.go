// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
			if diff := cmp.Diff(test.want, sourcesOf(read)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.reason, diff)
			}
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
		{"width", "{apiVersion: support.d2iq.io/v1alpha1, kind: SupportPolicy, metadata: {name: konvoy}, spec: {releases: [" + strings.Repeat("a,", maxObjectValues) + "]}}",
			"standard input:1:1: SupportPolicy konvoy: holds more than 200000 values; an API server takes no object of this size"},
		{"another case", "apiVersion: support.d2iq.io/v1alpha1\nkind: SupportPolicy\nmetadata: {name: konvoy}\nSpec: {}\n", `unknown field "Spec"`},
		{"a key twice", policyText + "  product: Kommander\n", `standard input:6:3: the key "product" stands twice, first in line 5`},
		{"a key twice in JSON", strings.Replace(policyJSON, `"spec"`, `"metadata": {}, "spec"`, 1), `SupportPolicy konvoy: duplicate field "metadata"`},
		{"several mistakes", policyText + "  a: 1\n  b: 2\n", `unknown field "spec.a"; unknown field "spec.b"`},
		{"a number", policyText + "  releases: [{version: 1.4}]\n", "standard input:6:15: SupportPolicy konvoy: spec.releases[0].version: is a number and must be a string; put it into quotation marks"},
		{"a word that YAML takes for false", strings.Replace(policyText, "name: konvoy", "name: konvoy, namespace: n", 1),
			"SupportPolicy: metadata.namespace: is a bool and must be a string; put it into quotation marks"},
		{"a list", policyText + "  lifecycle: []\n", "SupportPolicy konvoy: spec.lifecycle: is of type array, which is not allowed here"},
		{"no name", strings.Replace(policyText, "name: konvoy", "labels: {}", 1), "SupportPolicy: metadata.name: Required value: an object in a file has to have a name"},
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
		{"a part of a list", `{"apiVersion": "v1", "kind": "List", "metadata": {"continue": "x"}, "items": [` + policyJSON + `]}`,
			"standard input:1:38: List: is a part of a list"},
		{"a part of a list by its count", `{apiVersion: v1, kind: List, metadata: {remainingItemCount: 3}, items: []}`, "is a part of a list"},
		{"a null among items", `{apiVersion: v1, kind: List, items: [null]}`, "standard input:1:38: is not an object"},
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

// folder makes a folder with files of the given contents; a name that ends in / is an empty folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// policyNamed is the text of a policy.
func policyNamed(name string) string { return strings.Replace(policyText, "konvoy", name, 1) }

// TestFolder: which files of a folder are read, what is said of the others, and what is an error.
func TestFolder(t *testing.T) {
	a := policyNamed("a")
	tests := []struct {
		name, reason string
		files        map[string]string
		recursive    bool
		want, notes  []string
		err          string
	}{
		{name: "the three endings", reason: "in any case", files: map[string]string{"a.YML": a, "b.yaml": policyNamed("b"), "c.json": policyJSON},
			want: []string{"a.YML: a", "b.yaml: b", "c.json: konvoy"}},
		{name: "other endings", reason: "they are named", files: map[string]string{"a.yaml": a, "README.md": "# no", "b.yaml.bak": a},
			want: []string{"a.yaml: a"}, notes: []string{"README.md does not end in .yaml, .yml or .json", "b.yaml.bak does not end in .yaml, .yml or .json"}},
		{name: "a kustomization", reason: "it is no manifest, and the help says so", files: map[string]string{"a.yaml": a, "kustomization.yaml": "resources: []"},
			want: []string{"a.yaml: a"}},
		{name: "manifests below", reason: "they would be missing in the answer", files: map[string]string{"a.yaml": a, "sub/deep/b.yaml": a},
			want: []string{"a.yaml: a"}, err: "read them with -R"},
		{name: "manifests below that are wanted", reason: "-R", files: map[string]string{"a.yaml": a, "sub/deep/b.yaml": policyNamed("b")}, recursive: true,
			want: []string{"a.yaml: a", "sub/deep/b.yaml: b"}},
		{name: "a folder of other files", reason: "nothing is missing", files: map[string]string{"a.yaml": a, "docs/x.md": "x", "empty/": ""},
			want: []string{"a.yaml: a"}, notes: []string{"docs/x.md does not end in .yaml, .yml or .json"}},
		{name: "hidden folders", reason: "git's, and those of a mounted ConfigMap", files: map[string]string{"a.yaml": a, "..data/a.yaml": a},
			want: []string{"a.yaml: a"}, notes: []string{"..data is a hidden folder"}},
		{name: "comments only", reason: "somebody switched it off", files: map[string]string{"a.yaml": a, "b.yaml": "# off\n"},
			want: []string{"a.yaml: a"}, notes: []string{"b.yaml holds only comments, or an empty list"}},
		{name: "an empty file", reason: "what was to fill it has failed", files: map[string]string{"a.yaml": a, "b.yaml": "\n"},
			want: []string{"a.yaml: a"}, err: "b.yaml: holds no object"},
		{name: "no manifest", reason: "the folder is the wrong one", files: map[string]string{"README.md": ""},
			notes: []string{"README.md does not end in .yaml, .yml or .json"}, err: "there is no .yaml, .yml or .json file in this folder"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := folder(t, test.files)
			reader := Reader{Recursive: test.recursive}
			read, err := reader.Policies(root)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got error %v, want %q", test.reason, err, test.err)
			}
			var names, notes []string
			for _, one := range read.Policies {
				names = append(names, strings.TrimPrefix(one.Source.file, root+"/")+": "+one.Object.Name)
			}
			for _, note := range reader.NotRead() {
				notes = append(notes, strings.TrimPrefix(note, root+"/"))
			}
			if diff := cmp.Diff(test.want, names); diff != "" {
				t.Errorf("%s: objects (-want +got):\n%s", test.reason, diff)
			}
			if diff := cmp.Diff(test.notes, notes); diff != "" {
				t.Errorf("%s: notes (-want +got):\n%s", test.reason, diff)
			}
		})
	}
}

// TestLinks: links to files are read, as those of a mounted ConfigMap; one that leads nowhere is an error.
func TestLinks(t *testing.T) {
	root := folder(t, map[string]string{"a.yaml": policyText})
	link := func(name, target string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("b.yaml", "a.yaml")
	link("folder.yaml", ".")
	reader := Reader{}
	read, err := reader.Policies(root)
	if err != nil || len(read.Policies) != 2 || len(reader.NotRead()) != 1 {
		t.Errorf("%d policies, notes %q, error %v", len(read.Policies), reader.NotRead(), err)
	}
	link("loop.yaml", "loop.yaml")
	if _, err := ReadPolicies(nil, root); err == nil || !strings.Contains(err.Error(), "loop.yaml") {
		t.Error(err)
	}
}

// TestNamedFiles: what is named is read whatever its ending, and has to hold something.
func TestNamedFiles(t *testing.T) {
	root := folder(t, map[string]string{"kustomization.yaml": "resources: []\n", "a.txt": policyText, "empty.yaml": "", "off.yaml": "# off\n"})
	for name, want := range map[string]string{
		"kustomization.yaml": "is not an object", "a.txt": "", "empty.yaml": "holds no object", "off.yaml": "holds no object", "none.yaml": "no such file",
	} {
		_, err := ReadPolicies(nil, filepath.Join(root, name))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %q", name, err, want)
		}
	}
}

// TestPipes: a named pipe is read as the standard input is, and waited for in bounded time; a device is refused.
func TestPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := os.WriteFile(pipe, []byte(policyText), 0o600); err != nil {
			t.Error(err)
		}
	}()
	if read, err := ReadPolicies(nil, pipe); err != nil || len(read.Policies) != 1 {
		t.Errorf("%d policies, error %v", len(read.Policies), err)
	}
	if _, err := openPipe(pipe, time.Millisecond); err == nil || !strings.Contains(err.Error(), "nobody has written into this pipe for 1ms") {
		t.Error(err)
	}
	if _, err := ReadPolicies(nil, os.DevNull); err == nil || !strings.Contains(err.Error(), "is neither a file nor a pipe") {
		t.Error(err)
	}
}

// TestErrorsAreBounded: of many errors some are told, and the others counted.
func TestErrorsAreBounded(t *testing.T) {
	_, err := ReadPolicies(strings.NewReader(strings.Repeat("{}\n", 50)), Stdin)
	if err == nil || strings.Count(err.Error(), "\n") != maxErrors || !strings.HasSuffix(err.Error(), "and 30 more errors") {
		t.Error(err)
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
