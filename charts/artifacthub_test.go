// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/golden"
)

// home is the repository, and the beginning of the icon's address.
const (
	home = "https://github.com/d2iq-labs/support-policy-operator"
	raw  = "https://raw.githubusercontent.com/d2iq-labs/support-policy-operator/main/"
)

// about is Chart.yaml, as far as the tests read it.
type about struct {
	Version string `json:"version"`
	Home    string `json:"home"`
	Icon    string `json:"icon"`
	// Maintainers are those of the publisher, whom only a release knows.
	Maintainers []any             `json:"maintainers"`
	Annotations map[string]string `json:"annotations"`
}

func readAbout(t *testing.T, chart string) (about, string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(chart, "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var read about
	if err := yaml.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read, string(content)
}

// annotation is one for Artifact Hub, without the prefix of its name. The names and what they take are in Artifact Hub's
// documentation, docs/helm_annotations.md. The images are left out: Artifact Hub finds them in what the templates render, and only
// a release has a real one.
type annotation struct{ name, value string }

// TestArtifactHub compares the annotations in Chart.yaml with what they are made from.
func TestArtifactHub(t *testing.T) {
	const begin = "annotations:\n"
	for chart, special := range map[string]func(*testing.T) []annotation{operatorChart: ofOperator, policiesChart: ofPolicies} {
		read, content := readAbout(t, chart)
		before, _, found := strings.Cut(content, begin)
		if !found {
			t.Fatalf("%s/Chart.yaml does not end with annotations", chart)
		}
		all := append([]annotation{
			{"category", "monitoring-logging"},
			{"license", "Apache-2.0"},
			{"prerelease", fmt.Sprint(strings.Contains(read.Version, "-"))},
		}, special(t)...)
		var out strings.Builder
		out.WriteString(before + begin)
		for _, a := range all {
			if strings.Contains(a.value, "\n") {
				fmt.Fprintf(&out, "  artifacthub.io/%s: |\n%s", a.name, indent(indent(a.value)))
			} else {
				fmt.Fprintf(&out, "  artifacthub.io/%s: %q\n", a.name, a.value)
			}
		}
		golden.Expect(t, filepath.Join(chart, "Chart.yaml"), out.String())
		if len(read.Maintainers) > 0 {
			t.Errorf("%s names maintainers, whom the publisher of a release names", chart)
		}
	}
}

// ofOperator are the annotations of the operator's chart.
func ofOperator(t *testing.T) []annotation {
	t.Helper()
	changes, isSecurity := changelog(t)
	return []annotation{
		{"operator", "true"},
		{"operatorCapabilities", "Seamless Upgrades"},
		{"links", marshal(t, []link{
			{"Documentation", home + "/tree/main/docs"}, {"Values", home + "/blob/main/charts/support-policy-operator/README.md"},
			{"Changelog", home + "/blob/main/CHANGELOG.md"},
		})},
		{"containsSecurityUpdates", fmt.Sprint(isSecurity)},
		{"changes", marshal(t, changes)},
		{"crds", marshal(t, definitions(t))},
		{"crdsExamples", marshal(t, samples(t))},
	}
}

// ofPolicies are those of the policies' chart. CHANGELOG.md is about both, and does not say of a line which it is about.
func ofPolicies(t *testing.T) []annotation {
	t.Helper()
	return []annotation{{"links", marshal(t, []link{
		{"Policies with their sources", home + "/tree/main/config/policies"}, {"Changelog", home + "/blob/main/CHANGELOG.md"},
	})}}
}

type link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

func marshal(t *testing.T, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// change is an entry of CHANGELOG.md.
type change struct {
	Kind        string `json:"kind"`
	Description string `json:"description"`
}

// changelog are the entries of the first version in CHANGELOG.md, and whether one of them is about security.
func changelog(t *testing.T) ([]change, bool) {
	t.Helper()
	content, err := os.ReadFile("../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(content), "\n## ")
	section, _, _ = strings.Cut(section, "\n## ")
	var changes []change
	isSecurity := false
	for _, part := range strings.Split(section, "\n### ")[1:] {
		kind, entries, _ := strings.Cut(part, "\n")
		isSecurity = isSecurity || kind == "Security"
		for _, entry := range strings.Split("\n"+entries, "\n- ")[1:] {
			changes = append(changes, change{strings.ToLower(kind), strings.Join(strings.Fields(entry), " ")})
		}
	}
	if len(changes) == 0 {
		t.Fatalf("CHANGELOG.md has no entries in its first section:\n%s", section)
	}
	return changes, isSecurity
}

// definition is a CRD.
type definition struct {
	Kind        string `json:"kind"`
	Version     string `json:"version"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Description string `json:"description"`
}

var nextWord = regexp.MustCompile(`([a-z])([A-Z])`)

func definitions(t *testing.T) []definition {
	t.Helper()
	var found []definition
	for _, content := range readAll(t, "../config/crd/bases/*.yaml") {
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict([]byte(content), &crd); err != nil {
			t.Fatal(err)
		}
		for _, version := range crd.Spec.Versions {
			found = append(found, definition{
				crd.Spec.Names.Kind, version.Name, crd.Name, nextWord.ReplaceAllString(crd.Spec.Names.Kind, "$1 $2"),
				strings.Join(strings.Fields(version.Schema.OpenAPIV3Schema.Description), " "),
			})
		}
	}
	return found
}

// samples are the objects of config/samples.
func samples(t *testing.T) []map[string]any {
	t.Helper()
	var found []map[string]any
	for _, content := range readAll(t, "../config/samples/support_*.yaml") {
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(content), &object); err != nil {
			t.Fatal(err)
		}
		found = append(found, object)
	}
	return found
}

func readAll(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) != 3 {
		t.Fatalf("%s: %q, %v; want a file for each of the three kinds", pattern, files, err)
	}
	var contents []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, string(content))
	}
	return contents
}

// TestAddresses: the icon and the links lead to files of this repository that are there.
func TestAddresses(t *testing.T) {
	address := regexp.MustCompile(regexp.QuoteMeta(home) + `/(?:blob|tree)/main/(\S+)`)
	for _, chart := range []string{operatorChart, policiesChart} {
		read, content := readAbout(t, chart)
		if read.Home != home {
			t.Errorf("%s has its home at %q, want %q", chart, read.Home, home)
		}
		icon, found := strings.CutPrefix(read.Icon, raw)
		if !found {
			t.Errorf("the icon of %s is at %q, want an address below %s", chart, read.Icon, raw)
		}
		paths := []string{icon}
		for _, match := range address.FindAllStringSubmatch(content, -1) {
			paths = append(paths, match[1])
		}
		if len(paths) < 3 {
			t.Errorf("%s has only the addresses %q", chart, paths)
		}
		for _, path := range paths {
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(path))); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s names %s, which is not there", chart, path)
			}
		}
	}
}
