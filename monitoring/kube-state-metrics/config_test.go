// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package ksm_test checks the configuration of kube-state-metrics with the schemas of the definitions, with statuses that the
// operator wrote, and, where it is available, with kube-state-metrics itself.
package ksm_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// configuration is a CustomResourceStateMetrics of kube-state-metrics, with the fields that are used here.
type configuration struct {
	Kind string `json:"kind"`
	Spec struct {
		Resources []resource `json:"resources"`
	} `json:"spec"`
}

type resource struct {
	GroupVersionKind struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	} `json:"groupVersionKind"`
	ResourcePlural   string              `json:"resourcePlural"`
	MetricNamePrefix string              `json:"metricNamePrefix"`
	LabelsFromPath   map[string][]string `json:"labelsFromPath"`
	Metrics          []metric            `json:"metrics"`
}

type metric struct {
	Name      string `json:"name"`
	Help      string `json:"help"`
	ErrorLogV int    `json:"errorLogV"`
	Each      struct {
		Type     string    `json:"type"`
		Gauge    *gauge    `json:"gauge"`
		StateSet *stateSet `json:"stateSet"`
		Info     *meta     `json:"info"`
	} `json:"each"`
}

type meta struct {
	Path           []string            `json:"path"`
	LabelsFromPath map[string][]string `json:"labelsFromPath"`
}

type gauge struct {
	meta

	ValueFrom []string `json:"valueFrom"`
}

type stateSet struct {
	meta

	ValueFrom []string `json:"valueFrom"`
	LabelName string   `json:"labelName"`
	List      []string `json:"list"`
}

func read[T any](t *testing.T, path string) *T {
	t.Helper()
	into := new(T)
	testfile.DecodeStrict(t, testfile.Read(t, path), into)
	return into
}

// definition returns the CustomResourceDefinition of a kind.
func definition(t *testing.T, r *resource) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	return read[apiextensionsv1.CustomResourceDefinition](t,
		filepath.Join("..", "..", "config", "crd", "bases", v1alpha1.GroupVersion.Group+"_"+r.ResourcePlural+".yaml"))
}

// forEachMetric runs a test for each metric.
func forEachMetric(t *testing.T, test func(t *testing.T, r *resource, m *metric)) {
	t.Helper()
	config := read[configuration](t, "config.yaml")
	if config.Kind != "CustomResourceStateMetrics" || len(config.Spec.Resources) != 3 {
		t.Errorf("the configuration is a %s of %d kinds", config.Kind, len(config.Spec.Resources))
	}
	for i := range config.Spec.Resources {
		r := &config.Spec.Resources[i]
		for j := range r.Metrics {
			t.Run(r.name(&r.Metrics[j]), func(t *testing.T) { test(t, r, &r.Metrics[j]) })
		}
	}
}

func (r *resource) name(m *metric) string { return r.MetricNamePrefix + "_" + m.Name }

// common returns the fields that all types of metrics have.
func (m *metric) common() meta {
	switch {
	case m.Each.Gauge != nil:
		return m.Each.Gauge.meta
	case m.Each.StateSet != nil:
		return m.Each.StateSet.meta
	case m.Each.Info != nil:
		return *m.Each.Info
	}
	return meta{}
}

// labels returns the paths of all labels but that of a StateSet, from the object and from the metric's path.
func (r *resource) labels(m *metric) (fromObject, fromPath map[string][]string) {
	return r.LabelsFromPath, m.common().LabelsFromPath
}

// TestKinds: the resources are the kinds of the definitions.
func TestKinds(t *testing.T) {
	for _, r := range read[configuration](t, "config.yaml").Spec.Resources {
		crd := definition(t, &r)
		got := []string{r.GroupVersionKind.Group, r.GroupVersionKind.Version, r.GroupVersionKind.Kind, r.ResourcePlural}
		want := []string{crd.Spec.Group, crd.Spec.Versions[0].Name, crd.Spec.Names.Kind, crd.Spec.Names.Plural}
		expect.Equal(t, want, got, "the configuration has other values than the definition")
	}
}

// TestPaths: every path leads to a field of a type that kube-state-metrics can read, and a StateSet lists all values of its
// field.
func TestPaths(t *testing.T) {
	forEachMetric(t, func(t *testing.T, r *resource, m *metric) {
		schema := definition(t, r).Spec.Versions[0].Schema.OpenAPIV3Schema
		base := follow(t, schema, m.common().Path)
		if base.Type == "array" {
			base = base.Items.Schema
		}
		fromObject, fromPath := r.labels(m)
		for label, path := range fromObject {
			if got := follow(t, schema, path); path[0] != "metadata" && got.Type != "string" {
				t.Errorf("the label %s is %s", label, got.Type)
			}
		}
		for label, path := range fromPath {
			if got := follow(t, base, path); got.Type != "string" {
				t.Errorf("the label %s is %s", label, got.Type)
			}
			if last := path[len(path)-1]; last == "message" || last == "reason" {
				t.Errorf("the label %s has as many values as there are texts", label)
			}
		}
		switch {
		case m.Each.Type == "Gauge" && m.Each.Gauge != nil:
			value := follow(t, base, m.Each.Gauge.ValueFrom)
			isTime := value.Type == "string" && value.Format == "date-time"
			if !isTime && value.Type != "integer" {
				t.Errorf("the value is %s of format %s", value.Type, value.Format)
			}
			expect.Equal(t, isTime, strings.HasSuffix(m.Name, "_timestamp_seconds"), "its name does not tell the unit")
			if m.ErrorLogV == 0 {
				t.Error("its absence is logged as an error")
			}
		case m.Each.Type == "StateSet" && m.Each.StateSet != nil:
			checkStates(t, follow(t, base, m.Each.StateSet.ValueFrom), m.Each.StateSet)
		case m.Each.Type == "Info" && m.Each.Info != nil:
			if !strings.HasSuffix(m.Name, "info") || len(fromPath) == 0 {
				t.Error("an Info is called so and has labels of its own")
			}
		default:
			t.Errorf("it is no %s", m.Each.Type)
		}
	})
}

func checkStates(t *testing.T, value *apiextensionsv1.JSONSchemaProps, s *stateSet) {
	t.Helper()
	var want []string
	for _, one := range value.Enum {
		want = append(want, strings.Trim(string(one.Raw), `"`))
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(s.List))); diff != "" || len(want) == 0 {
		t.Errorf("the states differ (-definition +configuration):\n%s", diff)
	}
	if s.LabelName == "" || s.LabelsFromPath[s.LabelName] != nil {
		t.Errorf("the label %q of the state is not its own", s.LabelName)
	}
}

// follow returns the schema at a path. Metadata has none, and needs none.
func follow(t *testing.T, schema *apiextensionsv1.JSONSchemaProps, path []string) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	for i, name := range path {
		if name == "metadata" && (path[i+1] == "name" || path[i+1] == "namespace") {
			return &apiextensionsv1.JSONSchemaProps{Type: "string"}
		}
		next, found := schema.Properties[name]
		if !found {
			t.Fatalf("%v leads to nothing at %s", path, name)
		}
		schema = &next
	}
	return schema
}

// TestValues: every path leads to a readable value in some status that the operator wrote.
func TestValues(t *testing.T) {
	forEachMetric(t, func(t *testing.T, r *resource, m *metric) {
		fromObject, fromPath := r.labels(m)
		found := map[string]bool{}
		for _, object := range storedObjects(t, r.GroupVersionKind.Kind) {
			for label, path := range fromObject {
				found["label "+label] = found["label "+label] || walk(object, path) != nil
			}
			items, isList := walk(object, m.common().Path).([]any)
			if !isList {
				items = []any{walk(object, m.common().Path)}
			}
			for _, item := range items {
				for label, path := range fromPath {
					found["label "+label] = found["label "+label] || walk(item, path) != nil
				}
				found["value"] = found["value"] || m.isReadable(t, item)
			}
		}
		for what, is := range found {
			if !is {
				t.Errorf("%s: no status has it", what)
			}
		}
	})
}

// isReadable tells whether there is a value, and fails the test where kube-state-metrics cannot read it.
func (m *metric) isReadable(t *testing.T, item any) bool {
	t.Helper()
	switch {
	case m.Each.Gauge != nil:
		switch value := walk(item, m.Each.Gauge.ValueFrom).(type) {
		case nil:
			return false
		case float64:
			return true
		case string:
			if _, err := time.Parse(time.RFC3339, value); err != nil {
				t.Error(err)
			}
			return true
		default:
			t.Errorf("the value is a %T", value)
		}
	case m.Each.StateSet != nil:
		value, _ := walk(item, m.Each.StateSet.ValueFrom).(string)
		if value != "" && !slices.Contains(m.Each.StateSet.List, value) {
			t.Errorf("the state %s is not listed", value)
		}
		return value != ""
	}
	return item != nil
}

// storedObjects returns the objects of a kind that the operator wrote. gitops/ keeps them up to date.
func storedObjects(t *testing.T, kind string) []any {
	t.Helper()
	folder := filepath.Join("..", "..", "gitops", "argocd", v1alpha1.GroupVersion.Group, kind, "testdata")
	files := testfile.Glob(t, filepath.Join(folder, "*.yaml"))
	var objects []any
	for _, file := range files {
		objects = append(objects, *read[any](t, file))
	}
	return objects
}

// walk returns the value at a path; nil where there is none.
func walk(value any, path []string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

var metricName = regexp.MustCompile(`^kube_(supportpolicy|clustersupport|supportexception)_[a-z_]+$`)

// TestTable compares the table in README.md with the configuration.
func TestTable(t *testing.T) {
	rows := []string{"| metric | labels | value |", "|---|---|---|"}
	names := map[string]bool{}
	forEachMetric(t, func(t *testing.T, r *resource, m *metric) {
		name := r.name(m)
		if !metricName.MatchString(name) || names[name] {
			t.Error("the name is no good, or there twice")
		}
		names[name] = true
		fromObject, fromPath := r.labels(m)
		labels := slices.Sorted(maps.Keys(fromObject))
		for _, label := range slices.Sorted(maps.Keys(fromPath)) {
			if fromObject[label] == nil { // an Info may repeat one
				labels = append(labels, label)
			}
		}
		if m.Each.StateSet != nil {
			labels = append(labels, m.Each.StateSet.LabelName)
		}
		help := m.Help
		if m.Each.Info != nil {
			help = "1. " + help
		}
		rows = append(rows, fmt.Sprintf("| `%s` | `%s` | %s |", name, strings.Join(labels, "`, `"), help))
	})
	page := testfile.Read(t, "README.md")
	if table := strings.Join(rows, "\n"); !strings.Contains(page, "\n"+table+"\n\n") {
		t.Errorf("README.md does not have this table:\n%s", table)
	}
}

// chartValues are the values of the Helm chart kube-state-metrics.
type chartValues struct {
	CustomResourceState struct {
		Enabled bool          `json:"enabled"`
		Config  configuration `json:"config"`
	} `json:"customResourceState"`
	RBAC struct {
		ExtraRules []rbacv1.PolicyRule `json:"extraRules"`
	} `json:"rbac"`
}

// TestChartValues compares values.yaml with config.yaml and role.yaml.
func TestChartValues(t *testing.T) {
	role := read[rbacv1.ClusterRole](t, "role.yaml")
	_, config, _ := strings.Cut(testfile.Read(t, "config.yaml"), "\nkind:")
	rules, err := yaml.Marshal(map[string]any{"rbac": map[string]any{"extraRules": role.Rules}})
	if err != nil {
		t.Fatal(err)
	}
	values := "# For the Helm chart kube-state-metrics. config.yaml has the comments.\n" +
		"# Generated from config.yaml and role.yaml: go test ./monitoring/kube-state-metrics -run=TestChartValues -update\n" +
		string(rules) + "customResourceState:\n  enabled: true\n  config:\n"
	for line := range strings.Lines("kind:" + config) {
		values += strings.TrimRight("    "+line, " \n") + "\n"
	}
	golden.Expect(t, "values.yaml", values)
	var want chartValues
	want.CustomResourceState.Enabled = true
	want.CustomResourceState.Config = *read[configuration](t, "config.yaml")
	want.RBAC.ExtraRules = role.Rules
	exported := cmp.AllowUnexported(gauge{}, stateSet{})
	if diff := cmp.Diff(want, *read[chartValues](t, "values.yaml"), exported); diff != "" {
		t.Errorf("the chart would read something else out of values.yaml (-want +file):\n%s", diff)
	}
}

// TestRole: kube-state-metrics may list and watch the configured kinds and the definitions, and nothing else.
func TestRole(t *testing.T) {
	want := map[string][]string{"apiextensions.k8s.io": {"customresourcedefinitions"}}
	for _, r := range read[configuration](t, "config.yaml").Spec.Resources {
		want[r.GroupVersionKind.Group] = append(want[r.GroupVersionKind.Group], r.ResourcePlural)
	}
	got := map[string][]string{}
	for _, rule := range read[rbacv1.ClusterRole](t, "role.yaml").Rules {
		expect.Equal(t, []string{"list", "watch"}, rule.Verbs, "verbs")
		for _, group := range rule.APIGroups {
			got[group] = append(got[group], rule.Resources...)
		}
	}
	expect.Equal(t, want, got, "the resources of the role")
}

// plainManifests install kube-state-metrics as its own manifests do.
const plainManifests = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kube-state-metrics, namespace: kube-system}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: kube-state-metrics}}
  template:
    metadata: {labels: {app.kubernetes.io/name: kube-state-metrics}}
    spec:
      serviceAccountName: kube-state-metrics
      containers:
      - {name: kube-state-metrics, image: kube-state-metrics}
`

// TestComponent builds an overlay with kube-state-metrics, which then reads the configuration.
func TestComponent(t *testing.T) {
	out := repository.Build(t, repository.Overlay{
		Kustomization: "resources: [plain.yaml]\ncomponents: [ROOT/monitoring/kube-state-metrics]\n",
		Files:         map[string]string{"plain.yaml": plainManifests},
	})
	var config corev1.ConfigMap
	var deployment appsv1.Deployment
	kinds := map[string]any{"ConfigMap": &config, "Deployment": &deployment}
	for document := range strings.SplitSeq(out, "\n---\n") {
		var object struct {
			Kind string `json:"kind"`
		}
		testfile.Decode(t, document, &object)
		if into := kinds[object.Kind]; into != nil {
			testfile.DecodeStrict(t, document, into)
		}
	}
	content := testfile.Read(t, "config.yaml")
	pod := deployment.Spec.Template.Spec
	if len(pod.Volumes) != 1 || len(pod.Containers) != 1 || len(pod.Containers[0].VolumeMounts) != 1 {
		t.Fatalf("kube-state-metrics has no file to read:\n%s", out)
	}
	mount := pod.Containers[0].VolumeMounts[0]
	want := []string{"--custom-resource-state-config-file=" + mount.MountPath + "/config.yaml"}
	expect.Equal(t, want, pod.Containers[0].Args, "the arguments")
	volume := pod.Volumes[0]
	if volume.Name != mount.Name || volume.ConfigMap == nil || volume.ConfigMap.Name != config.Name ||
		config.Namespace != deployment.Namespace || config.Data["config.yaml"] != content {
		t.Errorf("the file is another one:\n%s", out)
	}
}
