// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// These tests ask the whole plugin about files with two clusters, of which the second one has lost its support. Either both are judged, or
// there is no answer and an error with the place: never 0, which is the answer about the first one.

// twoClustersAt is when the good cluster is supported and the bad one is not.
const twoClustersAt = "2021-12-01"

// konvoyPolicy is the one that decides about both.
var konvoyPolicy = filepath.Join(shipped, "konvoy.yaml")

// The good and the bad cluster, as JSON in one line and as YAML.
var (
	goodJSON, badJSON = oneCluster("good", "1.8.4"), oneCluster("bad", "1.6.1")
	goodYAML, badYAML = blockCluster("good", "1.8.4"), blockCluster("bad", "1.6.1")
)

func oneCluster(name, konvoy string) string {
	return `{"apiVersion":"support.d2iq.io/v1alpha1","kind":"ClusterSupport","metadata":{"name":"` + name + `"},"spec":{"cluster":{"host":{}},` +
		`"declaredReleases":[{"product":"Konvoy","name":"default","version":"` + konvoy + `"}]}}`
}

func blockCluster(name, konvoy string) string {
	return "apiVersion: support.d2iq.io/v1alpha1\nkind: ClusterSupport\nmetadata:\n  name: " + name +
		"\nspec:\n  cluster: {host: {}}\n  declaredReleases:\n  - product: Konvoy\n    name: default\n    version: " + konvoy + "\n"
}

// listOf returns a List with items, and with what its metadata has.
func listOf(metadata string, items ...string) string {
	return `{"apiVersion":"v1","kind":"List","metadata":{` + metadata + `},"items":[` + strings.Join(items, ",") + `]}`
}

// utf16Of returns a text in UTF-16 with a byte order mark, little end first: what PowerShell writes.
func utf16Of(text string) string {
	encoded := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		encoded = append(encoded, byte(unit), byte(unit>>8))
	}
	return string(encoded)
}

// lineEnds returns a text with other line ends.
func lineEnds(text, end string) string { return strings.ReplaceAll(text, "\n", end) }

// writeFiles writes files into a folder of the test, and returns the folder.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// expectRead fails unless both clusters were judged, where no error is wanted, or else each error is there and no answer.
func expectRead(t *testing.T, reason string, got outcome, wantErrors ...string) {
	t.Helper()
	if len(wantErrors) == 0 {
		if got.Code != int(exitUnsupported) || got.Err != "" || !strings.Contains(got.Out, "good, as of") || !strings.Contains(got.Out, "bad, as of") {
			t.Errorf("%s: not both were judged: %+v", reason, got)
		}
		return
	}
	if got.Code != int(exitError) || got.Out != "" {
		t.Errorf("%s: exit code %d with the answer %q, want 1 and none", reason, got.Code, got.Out)
	}
	for _, want := range wantErrors {
		if !strings.Contains(got.Err, "error: "+want) {
			t.Errorf("%s: got %s\nwant %s", reason, got.Err, want)
		}
	}
}

// TestStreamsAreReadWhole: each text is given to the standard input, as a file, and in a folder.
func TestStreamsAreReadWhole(t *testing.T) {
	const forbidden = "Error from server (Forbidden): clustersupports is forbidden\n"
	bomb := "x: &a \"" + strings.Repeat("y", 100_000) + "\"\nl: [" + strings.Repeat("*a, ", 12_000) + "]\n"
	tests := []struct {
		name, reason, text string
		// want are the errors behind the name of the file; none where both clusters are judged.
		want []string
	}{
		{"YAML and ---", "the usual stream", goodYAML + "---\n" + badYAML, nil},
		{"YAML and ...", "what follows the end of a document is another one", goodYAML + "...\n" + badYAML, nil},
		{"YAML and both", "a document's end and the next one's beginning", goodYAML + "...\n---\n" + badYAML, nil},
		{"rubbish behind ...", "on its line only a comment can stand", goodYAML + "... rubbish\n" + badYAML,
			[]string{":11:1: after ... only a comment can stand on its line"}},
		{"rubbish below ...", "it makes the next document none", goodYAML + "...\nrubbish\n" + badYAML, []string{":13:11: is not YAML: "}},
		{"YAML without a separator", "its keys stand twice", goodYAML + badYAML, []string{`:11:1: the key "apiVersion" stands twice, first in line 1`}},
		{"flow style without a separator", "to a reader of one document the second one is the rest",
			"{a: 1}\n" + badJSON, []string{":2:1: is not YAML: something follows the end of the document"}},
		{"JSON one after another", "it needs no separator", goodJSON + badJSON, nil},
		{"JSON lines", "the form of many tools", goodJSON + "\n" + badJSON + "\n", nil},
		{"JSON and ---", "it is YAML as well", goodJSON + "\n---\n" + badJSON, nil},
		{"JSON and ...", "and ends as YAML does", goodJSON + "\n...\n" + badJSON, nil},
		{"JSON behind a comment", "the first line decides nothing", "# all\n" + goodJSON + "\n" + badJSON, nil},
		{"a bracket between", "the rest is no JSON", goodJSON + "]" + badJSON, []string{":1:201: is not JSON: an object has to begin here, with {"}},
		{"commas", "they belong into a list", goodJSON + ",\n" + badJSON + ",\n", []string{":1:201: is not JSON: an object has to begin here, with {"}},
		{"a comma behind the first", "of the second one nothing is said", goodJSON + ",\n" + badJSON, []string{":1:201: is not JSON: "}},
		{"a message between", "both streams of kubectl in one file", goodJSON + "\n" + forbidden + badJSON, []string{":2:1: is not JSON: "}},
		{"a message at the end", "what followed is not there", goodJSON + "\n" + badJSON + "\n" + forbidden, []string{":3:1: is not JSON: "}},
		{"a broken third line", "two good ones do not make up for it", goodJSON + "\n" + badJSON + "\n{\"kind\":\n",
			[]string{":3:1: is not JSON: it is cut off; what begins here is not closed"}},
		{"a message in YAML", "it is part of a document", goodYAML + forbidden + "---\n" + badYAML, []string{":11:1: "}},
		{"a List", "as kubectl prints", listOf(`"resourceVersion":""`, goodJSON, badJSON), nil},
		{"a List in YAML", "as kubectl prints", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(goodYAML), "\n", "\n  ") + "\n- " +
			strings.ReplaceAll(strings.TrimSpace(badYAML), "\n", "\n  ") + "\n", nil},
		{"UTF-16 with CRLF", "what PowerShell's > writes", utf16Of(lineEnds(goodYAML+"---\n"+badYAML, "\r\n")), nil},
		{"JSON in UTF-16", "the same of another form", utf16Of(goodJSON + "\r\n" + badJSON + "\r\n"), nil},
		{"CR", "a line end of YAML", lineEnds(goodYAML+"---\n"+badYAML, "\r"), nil},
		{"CR and ...", "separators stand at the beginning of these lines, too", lineEnds(goodYAML+"...\n"+badYAML, "\r"), nil},
		{"CRLF and ...", "an end of two characters", lineEnds(goodYAML+"...\n"+badYAML, "\r\n"), nil},
		{"byte order marks", "files joined by cat", "\ufeff" + goodYAML + "\ufeff---\n" + badYAML, nil},
		{"not UTF-8", "a byte that is replaced is another name", goodYAML + "---\n" + badYAML + "# \xe4\n", []string{":22:3: is not UTF-8: byte 0xe4"}},
		{"UTF-16 that is cut off", "the rest is missing", utf16Of(goodYAML+"---\n"+badYAML) + "a", []string{":22:1: is cut off in the middle of a character of UTF-16"}},
		{"keys of two types", "they are one key in JSON, and which value it has was chance", strings.Replace(goodYAML, "  name: good\n", "  name: good\n  labels: {1: a, \"1\": b}\n", 1) + "---\n" + badYAML,
			[]string{`:5:18: the key "1" stands twice, first in line 5`}},
		{"a key twice in JSON", "decoders take the last one", strings.Replace(goodJSON+badJSON, `"1.6.1"`, `"1.6.1","version":"1.8.4"`, 1), []string{":1:"}},
		{"a List with a continue token", "it is a part of a list", listOf(`"continue":"abc"`, goodJSON, badJSON),
			[]string{":1:34: List: is a part of a list, as metadata.continue or metadata.remainingItemCount say"}},
		{"a List with remaining items", "the same said otherwise", listOf(`"remainingItemCount":1`, goodJSON, badJSON), []string{":1:34: List: is a part of a list"}},
		{"a null item", "something was to be there", listOf("", goodJSON, "null", badJSON), []string{":1:258: is not an object"}},
		{"an empty item", "it is no cluster", listOf("", goodJSON, "{}", badJSON), []string{":1:258: is not an object"}},
		{"a null document", "the word says that there is one", goodYAML + "---\nnull\n---\n" + badYAML, []string{":12:1: is not an object"}},
		{"a List twice nested", "kubectl prints none", listOf("", goodJSON, listOf("", badJSON)), []string{":1:258: List of v1 is not read here"}},
		{"aliases", "150 KB become gigabytes", goodYAML + "---\n" + bomb + "---\n" + badYAML,
			[]string{":13:", ""}},
		{"a kind with a line end", "it would be a line of its own in a CI log", goodJSON + "\n" + strings.Replace(badJSON, `"ClusterSupport"`, `"x\n::error file=a.go::pwned"`, 1),
			[]string{`:2:1: x\n::error file=a.go::pwned bad of support.d2iq.io/v1alpha1 is not read here`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := writeFiles(t, map[string]string{"clusters.yaml": test.text})
			file := filepath.Join(root, "clusters.yaml")
			for given, place := range map[string]string{"-": "standard input", file: file, root: file} {
				got := plugin(test.text, "check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", given)
				want := make([]string, 0, len(test.want))
				for _, said := range test.want {
					want = append(want, place+said)
				}
				expectRead(t, test.reason, got, want...)
				if given == "-" && strings.Count(got.Err, "\n") > 1+strings.Count(got.Err, "error: ") {
					t.Errorf("a line that is no error: %q", got.Err)
				}
			}
		})
	}
}

// TestPathsAreReadWhole: files and folders that hold less than it seems.
func TestPathsAreReadWhole(t *testing.T) {
	tests := []struct {
		name, reason string
		files        map[string]string
		// arguments have $ for the folder.
		arguments []string
		want      []string
	}{
		{"two files", "each is named", map[string]string{"g.yaml": goodYAML, "b.json": badJSON}, []string{"--cluster", "$/g.yaml", "--cluster", "$/b.json"}, nil},
		{"a folder", "each ending", map[string]string{"g.yaml": goodYAML, "b.json": badJSON}, []string{"--cluster", "$"}, nil},
		{"an ending in capitals", "it is the same ending", map[string]string{"g.yaml": goodYAML, "b.YAML": badYAML}, []string{"--cluster", "$"}, nil},
		{"an empty file beside", "what was to fill it has failed", map[string]string{"g.yaml": goodYAML, "empty": ""},
			[]string{"--cluster", "$/g.yaml", "--cluster", "$/empty"}, []string{"$/empty: holds no object"}},
		{"comments beside", "a file that is named has to hold something", map[string]string{"g.yaml": goodYAML, "b.yaml": "# " + badJSON + "\n"},
			[]string{"--cluster", "$/g.yaml", "--cluster", "$/b.yaml"}, []string{"$/b.yaml: holds no object"}},
		{"an empty file in a folder", "what was to fill it has failed", map[string]string{"g.yaml": goodYAML, "b.yaml": ""},
			[]string{"--cluster", "$"}, []string{"$/b.yaml: holds no object"}},
		{"a folder below", "its clusters would be missing", map[string]string{"g.yaml": goodYAML, "sub/b.yaml": badYAML},
			[]string{"--cluster", "$"}, []string{"$: manifests in the folders below it are not read, such as $/sub/b.yaml; read them with -R"}},
		{"a folder below with -R", "they are wanted", map[string]string{"g.yaml": goodYAML, "sub/b.yaml": badYAML}, []string{"-R", "--cluster", "$"}, nil},
		{"a file that is not there", "the one beside does not make up for it", map[string]string{"g.yaml": goodYAML},
			[]string{"--cluster", "$/g.yaml", "--cluster", "$/b.yaml"}, []string{"stat $/b.yaml: no such file"}},
		{"a folder without manifests", "it is the wrong one", map[string]string{"g.yaml": goodYAML, "sub/b.txt": badYAML},
			[]string{"--cluster", "$/g.yaml", "--cluster", "$/sub"}, []string{"$/sub: there is no .yaml, .yml or .json file"}},
		{"a device", "it has no end", map[string]string{"g.yaml": goodYAML}, []string{"--cluster", "$/g.yaml", "--cluster", "/dev/zero"},
			[]string{"/dev/zero: is neither a file nor a pipe"}},
		{"an empty instant", "an unset variable does not mean now", map[string]string{"g.yaml": goodYAML, "b.yaml": badYAML},
			[]string{"--cluster", "$", "--as-of", ""}, []string{`--as-of: "" is neither a day`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := writeFiles(t, test.files)
			in := func(texts []string) []string {
				all := slices.Clone(texts)
				for i := range all {
					all[i] = strings.ReplaceAll(all[i], "$", root)
				}
				return all
			}
			got := plugin("", append([]string{"check", "-f", konvoyPolicy, "--as-of", twoClustersAt}, in(test.arguments)...)...)
			expectRead(t, test.reason, got, in(test.want)...)
		})
	}
}

// TestForeignObjects: what stands in a file is neither believed nor printed as it is.
func TestForeignObjects(t *testing.T) {
	condition := func(kind, status, reason string) string {
		return `{"type":"` + kind + `","status":"` + status + `","reason":"` + reason + `","message":"m","lastTransitionTime":"2021-06-01T00:00:00Z"}`
	}
	withStatus := func(conditions ...string) string {
		return strings.TrimSuffix(goodJSON, "}") + `,"status":{"conditions":[` + strings.Join(conditions, ",") + `]}}`
	}
	check := []string{"check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", "-"}
	policy := func(spec string) string {
		return `{"apiVersion":"support.d2iq.io/v1alpha1","kind":"SupportPolicy","metadata":{"name":"p"},"spec":` + spec + `}`
	}
	tests := []struct {
		name, reason, stdin string
		arguments           []string
		code                exitCode
		// out and err are in the answer and the errors; an empty out says that there is no answer.
		out, err string
	}{
		{"a refused object", "the verdict beside the refusal is none", withStatus(condition("Ready", "False", "HostNotAllowed"), condition("Supported", "True", "Supported")),
			check, exitUnknown, "Unknown HostNotAllowed", ""},
		{"a status of several lines", "it would be a verdict about a cluster that is not there",
			withStatus(condition("Ready", "False", "HostNotAllowed"), condition("Supported", `True\n\nns/prod\n  Supported True`, "Supported")),
			check, exitUnknown, "Unknown HostNotAllowed", ""},
		{"an unprintable product", "one text does not make the answer empty", strings.Replace(goodJSON, `"Konvoy"`, `"P\u007f\u009b\u202e"`, 1) + "\n" + badJSON,
			append(slices.Clone(check), "-o", "yaml"), exitUnsupported, `P\u007f\u009b\u202e`, ""},
		{"an unprintable product as JSON", "JSON may have it raw, a terminal may not", strings.Replace(goodJSON, `"Konvoy"`, `"P\u007f\u009b\u202e"`, 1) + "\n" + badJSON,
			append(slices.Clone(check), "-o", "json"), exitUnsupported, `P\u007f\u009b\u202e`, ""},
		{"an empty environment", "empty is not absent", strings.Replace(goodJSON, `"cluster":`, `"environment":"","cluster":`, 1),
			check, exitError, "", "standard input:1:101: ClusterSupport good: spec.environment: Unsupported value"},
		{"an empty day", "lint refuses what an API server refuses",
			policy(`{"product":"P","lifecycle":{"window":{"supportedMinors":3}},"releases":[{"version":"1.0","supportedThrough":""}]}`),
			[]string{"lint", "-"}, exitError, "error: SupportPolicy p: spec.releases[0].supportedThrough: Invalid value", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := plugin(test.stdin, test.arguments...)
			if got.Code != int(test.code) || !strings.Contains(got.Out, test.out) || (got.Out == "") != (test.out == "") || !strings.Contains(got.Err, test.err) ||
				strings.Contains(got.Out, "\nns/prod") {
				t.Errorf("%s: got %+v", test.reason, got)
			}
			expectScreened(t, test.name, got)
		})
	}
}

// TestKeepGoing: what can be read is judged, in each form the answer says that it is not about everything, and the exit code is that of an
// error whatever the verdict.
func TestKeepGoing(t *testing.T) {
	const forbidden = "Error from server (Forbidden): clustersupports is forbidden\n"
	policies := writeFiles(t, map[string]string{"a.yaml": "kind: [\n", "sub/b.yaml": "a: b\n"})
	says := map[string]string{
		"table": "Not everything was read or judged: see the errors.", "json": `"continue": "` + partial + `"`, "yaml": "continue: '" + partial + "'",
		"junit": `<error type="Partial" message="` + partial + `">`,
	}
	tests := []struct {
		name, reason, stdin string
		arguments           []string
		// want is an error, cluster one that is in the answer.
		want, cluster string
	}{
		{"a message behind", "the cluster before it is good", goodJSON + "\n" + forbidden, nil, "standard input:2:1: ", "good"},
		{"a message before", "a document's error does not end the stream", forbidden + "---\n" + badYAML, nil, "standard input:1:1: is not an object", "bad"},
		{"a part of a List", "what is there is judged", listOf(`"continue":"x"`, goodJSON), nil, "is a part of a list", "good"},
		{"a null item", "what is beside is judged", listOf("", "null", goodJSON), nil, "standard input:1:57: is not an object", "good"},
		{"a cluster twice", "which of both is meant is not known", goodJSON + "\n" + goodJSON, nil, "ClusterSupport good was read before", "good"},
		{"a refused cluster", "the other one is good", goodJSON + "\n" + strings.Replace(badJSON, `"host":{}`, "", 1), nil, "ClusterSupport bad: spec.cluster", "good"},
		{"a policy that is not read", "another verdict may follow from it", goodJSON, []string{"-f", filepath.Join(policies, "a.yaml")}, "a.yaml:2:1: ", "good"},
		{"policies below", "another verdict may follow from them", goodJSON, []string{"-f", policies}, "read them with -R", "good"},
		{"a file that is not there", "the one beside is judged", goodJSON, []string{"--cluster", "none.yaml"}, "none.yaml: no such file", "good"},
		{"masked codes", "an error is not masked", goodJSON + "\n" + forbidden, []string{"--ignore-unsupported", "--ignore-unknown", "--ignore-expiring"},
			"standard input:2:1: ", "good"},
	}
	for _, test := range tests {
		for form := range outputs {
			arguments := append([]string{"check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", "-", "-o", form}, test.arguments...)
			got := plugin(test.stdin, append(arguments, "--keep-going")...)
			if got.Code != int(exitError) || !strings.Contains(got.Err, test.want) || !strings.Contains(got.Out, says[form]) || !strings.Contains(got.Out, test.cluster) {
				t.Errorf("%s: %s: as %s: %+v", test.name, test.reason, form, got)
			}
			if got := plugin(test.stdin, arguments...); got.Code != int(exitError) || got.Out != "" || !strings.Contains(got.Err, test.want) {
				t.Errorf("%s: without the flag: %+v", test.name, got)
			}
			if form != "json" && form != "yaml" {
				continue
			}
			again := plugin(got.Out, "check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", "-")
			if again.Code != int(exitError) || !strings.Contains(again.Err, "is a part of a list") {
				t.Errorf("%s: the answer as %s passes for whole: %+v", test.name, form, again)
			}
		}
	}
	whole := plugin(goodJSON, "check", "-f", konvoyPolicy, "--as-of", twoClustersAt, "--cluster", "-", "-o", "junit", "--keep-going", "--ignore-expiring")
	if whole.Code != int(exitNone) || strings.Contains(whole.Out, "Partial") {
		t.Errorf("where all was read, the flag changes nothing: %+v", whole)
	}
}
