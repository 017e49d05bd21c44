// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package spec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const crdFolder = "../../config/crd/bases"

// definitions are the generated CRDs by kind.
func definitions(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files := testfile.Glob(t, filepath.Join(crdFolder, v1alpha1.GroupVersion.Group+"_*.yaml"))
	found := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		testfile.Decode(t, testfile.Read(t, file), crd)
		found[crd.Spec.Names.Kind] = crd
	}
	return found
}

// shown is what an output block has to hold: one line of what it shows, and the object of which it is shown.
func (w *world) shown(t *testing.T, b *block) string {
	t.Helper()
	kind, name, _ := strings.Cut(b.options["of"], "/")
	if kind == "" {
		kind = map[string]string{"supportpolicy.md": "SupportPolicy", "supportexception.md": "SupportException"}[b.page.name]
	}
	if kind == "" {
		kind = "ClusterSupport"
	}
	var out strings.Builder
	for _, show := range strings.Split(b.options["show"], ", ") {
		what, rest, _ := strings.Cut(show, " ")
		switch what {
		case "table":
			out.WriteString(w.table(t, kind, rest == "wide"))
		case "refused":
			out.WriteString(w.refused(t, b, kind, name))
		case "inventory":
			out.WriteString(w.inventory(t, b))
		default:
			out.WriteString(showStatus(t, b, w.object(t, b, kind, name), what, strings.Fields(rest)))
		}
	}
	return out.String()
}

// object finds an object by kind and name, as kubectl gives it. Without a name there has to be only one.
func (w *world) object(t *testing.T, b *block, kind, name string) map[string]any {
	t.Helper()
	var found []map[string]any
	for _, object := range w.objects(t, kind) {
		if given := object["metadata"].(map[string]any)["name"]; name == "" || name == given { //nolint:forcetypeassert // it was marshalled so
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s: there are %d objects %s %s", b, len(found), kind, name)
	}
	return found[0]
}

func (w *world) objects(t *testing.T, kind string) []map[string]any {
	t.Helper()
	var list any = w.clusters
	switch kind {
	case "SupportPolicy":
		list = w.policies
	case "SupportException":
		list = w.exceptions
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var objects []map[string]any
	testfile.Decode(t, string(text), &objects)
	return objects
}

// table is what `kubectl get` prints, by the columns of the CRD.
func (w *world) table(t *testing.T, kind string, wide bool) string {
	t.Helper()
	crd := definitions(t)[kind]
	var out bytes.Buffer
	command := "$ kubectl get " + crd.Spec.Names.Singular
	if crd.Spec.Scope == apiextensionsv1.NamespaceScoped {
		command += " -A"
	}
	if wide {
		command += " -o wide"
	}
	fmt.Fprintln(&out, command)
	printer := tabwriter.NewWriter(&out, 6, 4, 3, ' ', 0)
	header := []string{"NAME"}
	if crd.Spec.Scope == apiextensionsv1.NamespaceScoped {
		header = []string{"NAMESPACE", "NAME"}
	}
	columns := slices.DeleteFunc(slices.Clone(crd.Spec.Versions[0].AdditionalPrinterColumns),
		func(c apiextensionsv1.CustomResourceColumnDefinition) bool { return c.Priority > 0 && !wide })
	for _, column := range columns {
		header = append(header, strings.ToUpper(column.Name))
	}
	fmt.Fprintln(printer, strings.Join(header, "\t"))
	for _, object := range w.objects(t, kind) {
		metadata := object["metadata"].(map[string]any) //nolint:forcetypeassert // it was marshalled so
		cells := []string{fmt.Sprint(metadata["name"])}
		if crd.Spec.Scope == apiextensionsv1.NamespaceScoped {
			cells = []string{fmt.Sprint(metadata["namespace"]), cells[0]}
		}
		for _, column := range columns {
			cells = append(cells, cell(t, column.JSONPath, object))
		}
		fmt.Fprintln(printer, strings.Join(cells, "\t"))
	}
	if err := printer.Flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// cell is what a column shows: the value alone where there is one, nothing where there is none, a list as JSON.
func cell(t *testing.T, path string, object map[string]any) string {
	t.Helper()
	parsed := jsonpath.New("column").AllowMissingKeys(true)
	if err := parsed.Parse("{" + path + "}"); err != nil {
		t.Fatal(err)
	}
	found, err := parsed.FindResults(object)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 || len(found[0]) == 0 {
		return ""
	}
	var out bytes.Buffer
	if err := parsed.PrintResults(&out, found[0][:1]); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// refused are the problems of an object, one a line.
func (w *world) refused(t *testing.T, b *block, kind, name string) string {
	t.Helper()
	var out strings.Builder
	var problems []error
	switch kind {
	case "SupportPolicy":
		for _, p := range w.policies {
			if name == "" || name == p.Name {
				for _, problem := range w.set.Problems(p.Name) {
					problems = append(problems, problem)
				}
			}
		}
	case "SupportException":
		for _, e := range w.compiled {
			for _, problem := range e.Problems() {
				problems = append(problems, problem)
			}
		}
	default:
		for _, c := range w.clusters {
			input := w.input(c)
			found, _ := input.Validate()
			for _, problem := range found {
				problems = append(problems, problem)
			}
		}
	}
	if len(problems) == 0 {
		t.Errorf("%s: nothing is refused", b)
	}
	for _, problem := range problems {
		fmt.Fprintln(&out, problem)
	}
	return out.String()
}

// showStatus is a part of the status of an object.
func showStatus(t *testing.T, b *block, object map[string]any, what string, names []string) string {
	t.Helper()
	text, err := json.Marshal(object["status"])
	if err != nil {
		t.Fatal(err)
	}
	// Both kinds have all that is looked at here.
	var status v1alpha1.ClusterSupportStatus
	testfile.Decode(t, string(text), &status)
	switch what {
	case "conditions":
		return conditionLines(t, b, status.Conditions, names)
	case "findings":
		return findingLines(t, b, &status, names)
	case "status":
		return yamlOf(t, b, object["status"], names)
	case "release":
		for _, row := range object["status"].(map[string]any)["releases"].([]any) { //nolint:forcetypeassert // it was marshalled so
			if one := row.(map[string]any); one["product"] == names[0] { //nolint:forcetypeassert // it was marshalled so
				return yamlOf(t, b, one, names[1:])
			}
		}
	}
	t.Fatalf("%s: cannot show %s %s", b, what, names)
	return ""
}

// conditionLines are those of the conditions with these types, of all without any.
func conditionLines(t *testing.T, b *block, conditions []metav1.Condition, types []string) string {
	t.Helper()
	var out strings.Builder
	left := slices.Clone(types)
	for _, c := range conditions {
		if len(types) > 0 && !slices.Contains(types, c.Type) {
			continue
		}
		left = slices.DeleteFunc(left, func(kind string) bool { return kind == c.Type })
		fmt.Fprintf(&out, "%s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	if len(left) > 0 {
		t.Errorf("%s: there is no condition %s", b, left)
	}
	return out.String()
}

// findingLines are those of the findings with these reasons or types, of all without any.
func findingLines(t *testing.T, b *block, status *v1alpha1.ClusterSupportStatus, names []string) string {
	t.Helper()
	var out strings.Builder
	left := slices.Clone(names)
	all := slices.Clone(status.Findings)
	for i := range status.Releases {
		all = append(all, status.Releases[i].Findings...)
	}
	for _, f := range all {
		if len(names) > 0 && !slices.Contains(names, f.Reason) && !slices.Contains(names, string(f.Type)) {
			continue
		}
		left = slices.DeleteFunc(left, func(name string) bool { return name == f.Reason || name == string(f.Type) })
		fmt.Fprintf(&out, "%s/%s: %s\n", f.Type, f.Reason, f.Message)
	}
	if len(left) > 0 {
		t.Errorf("%s: there is no finding %s", b, left)
	}
	return out.String()
}

// yamlOf prints some or all keys of an object as kubectl does.
func yamlOf(t *testing.T, b *block, value any, keys []string) string {
	t.Helper()
	if object, ok := value.(map[string]any); ok && len(keys) > 0 {
		some := map[string]any{}
		for _, key := range keys {
			if object[key] == nil {
				t.Errorf("%s: there is no %s", b, key)
			}
			some[key] = object[key]
		}
		value = some
	}
	out, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
