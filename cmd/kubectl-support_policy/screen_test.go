// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/documents"
)

// hostileRunes command a terminal, begin a line, or turn the text around: ESC, CSI, right-to-left override, CR, LF, BEL, DEL, line
// separator, and one beyond the basic plane.
const hostileRunes = "\x1b\u009b\u202e\r\n\a\x7f\u2028\U000e0001"

// hostileText would be an error of its own in a log.
const hostileText = "x" + hostileRunes + "::error file=a.go::pwned"

// variants calls a function with each variant of a value in which one text, or one key, is the hostile one.
func variants(value any, try func(path string)) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			element := value[key]
			inside := func(path string) { try("." + key + path) }
			if _, isText := element.(string); isText {
				value[key] = hostileText
				inside("")
				value[key] = element
			} else {
				variants(element, inside)
			}
			delete(value, key)
			value[hostileText] = element
			try("." + key + " (the key)")
			delete(value, hostileText)
			value[key] = element
		}
	case []any:
		for i, element := range value {
			inside := func(path string) { try(fmt.Sprintf("[%d]%s", i, path)) }
			if _, isText := element.(string); isText {
				value[i] = hostileText
				inside("")
				value[i] = element
			} else {
				variants(element, inside)
			}
		}
	}
}

// objectsIn are the objects of a file.
func objectsIn(t *testing.T, path string) []map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for document, err := range documents.Read(content) {
		var object map[string]any
		if err == nil {
			err = json.Unmarshal(document.JSON, &object)
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, object)
	}
	return all
}

// expectScreened fails where something that commands a terminal is printed as itself, or a line begins with what a log takes for
// a command.
func expectScreened(t *testing.T, name string, got outcome) {
	t.Helper()
	for stream, text := range map[string]string{"output": got.Out, "errors": got.Err} {
		if at := strings.IndexAny(strings.ReplaceAll(text, "\n", ""), hostileRunes); at >= 0 {
			t.Fatalf("%s: raw in the %s: %q", name, stream, text)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(strings.TrimLeft(line, ` \'"|>-`), "::error") {
				t.Fatalf("%s: a line of the %s is a command to a log: %q", name, stream, line)
			}
		}
	}
}

// TestNothingRawIsPrinted sets each text and each key of each kind to a hostile one, and asks for each form of answer. Another
// cluster beside is in the answer, or there is an error.
func TestNothingRawIsPrinted(t *testing.T) {
	const other = `{"apiVersion":"support.d2iq.io/v1alpha1","kind":"ClusterSupport","metadata":{"name":"other-cluster"},"spec":{"cluster":{"host":{}},` +
		`"declaredReleases":[{"product":"Konvoy","name":"default","version":"1.7.2"}]}}`
	runs, answers := 0, 0
	for _, path := range []string{testClusters, testOperated, testException, testPolicies + "/policies.yaml"} {
		for _, object := range objectsIn(t, path) {
			variants(object, func(field string) {
				text, err := json.Marshal(object)
				if err != nil {
					t.Fatal(err)
				}
				name, stdin := path+field, string(text)
				commands := [][]string{{"lint", "-"}}
				for form := range outputs {
					arguments := []string{"check", "-o", form, "-f", testPolicies}
					if object["kind"] == "ClusterSupport" || strings.HasPrefix(field, ".kind") {
						arguments = append(arguments, "--cluster", "-")
						stdin = string(text) + "\n" + other
					} else {
						arguments = append(arguments, "-f", "-", "--release", "Konvoy=1.7.2", "--release", "other-cluster=1.0.0")
					}
					commands = append(commands, arguments)
				}
				for _, arguments := range commands {
					got := plugin(stdin, arguments...)
					expectScreened(t, name+" with "+strings.Join(arguments, " "), got)
					runs++
					switch {
					case got.Code == int(exitError) && arguments[0] == "check" && (got.Err == "" || got.Out != ""):
						t.Fatalf("%s: an error without a word, or with an answer beside it: %+v", name, got)
					case got.Code != int(exitError) && arguments[0] == "check":
						answers++
						if !strings.Contains(got.Out, "other-cluster") {
							t.Fatalf("%s: the rest of the answer is not there: %+v", name, got)
						}
					}
				}
			})
		}
	}
	if runs < 1000 || answers < 100 {
		t.Errorf("only %d runs, of which %d answered", runs, answers)
	}
}

// TestFormsKeepForeignTexts: programs read from JSON and YAML what was there, whatever it is.
func TestFormsKeepForeignTexts(t *testing.T) {
	texts := []string{hostileText, "two\nlines\n", "\t", `\a`, `\amark0-00202e`, "mark0-", "\a", "a \u202e b: c # d", "'\u202e\"", strings.Repeat("long \u202e text ", 100), "plain", "yes", "😀", ""}
	for _, text := range texts {
		cluster := v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Name: "c", Annotations: map[string]string{"key": text}}}
		if len(text) < 100 { // YAML bounds keys
			cluster.Annotations[text] = text
		}
		for name, form := range map[string]struct {
			print func(v1alpha1.ClusterSupport) ([]byte, error)
			read  func([]byte, *v1alpha1.ClusterSupport) error
		}{
			"json": {
				func(c v1alpha1.ClusterSupport) ([]byte, error) { return toJSON(&c) },
				func(text []byte, into *v1alpha1.ClusterSupport) error { return json.Unmarshal(text, into) },
			},
			"yaml": {
				func(c v1alpha1.ClusterSupport) ([]byte, error) { return toYAML(&c) },
				func(text []byte, into *v1alpha1.ClusterSupport) error { return yaml.Unmarshal(text, into) },
			},
		} {
			printed, err := form.print(cluster)
			if err != nil {
				t.Errorf("%s of %q: %v", name, text, err)
				continue
			}
			expectScreened(t, fmt.Sprintf("%s of %q", name, text), outcome{Out: string(printed)})
			var read v1alpha1.ClusterSupport
			if err := form.read(printed, &read); err != nil {
				t.Errorf("%s of %q: %v\n%s", name, text, err, printed)
				continue
			}
			if diff := cmp.Diff(cluster.Annotations, read.Annotations); diff != "" {
				t.Errorf("%s of %q (-want +got):\n%s\n%s", name, text, diff, printed)
			}
		}
	}
}

// TestJUnitStaysXML with texts that XML cannot hold.
func TestJUnitStaysXML(t *testing.T) {
	cluster := v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Name: hostileText + "]]>\x00"}}
	cluster.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSupported, Status: hostileText, Reason: hostileText, Message: hostileText}}
	var out strings.Builder
	if err := outputs["junit"](&out, report{clusters: []v1alpha1.ClusterSupport{cluster}}); err != nil {
		t.Fatal(err)
	}
	expectScreened(t, "JUnit", outcome{Out: out.String()})
	if err := xml.Unmarshal([]byte(out.String()), new(junitReport)); err != nil {
		t.Error(err)
	}
	if cluster.Name != hostileText+"]]>\x00" {
		t.Error("the report's own clusters were changed")
	}
}
