// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const (
	policyKind    = "SupportPolicy"
	clusterKind   = "ClusterSupport"
	exceptionKind = "SupportException"
)

var kinds = []string{policyKind, clusterKind, exceptionKind}

// situation is a state of an object, with the health that GitOps tools must report.
type situation struct {
	// name is the name of the file in the testdata of each kind; what is the text in README.md.
	name, what string
	kinds      []string
	toolStatus
}

// toolStatus is what each tool reports.
type toolStatus struct {
	// kstatus is the status by kstatus, as in Flux and Config Sync without further configuration.
	kstatus status.Status
	// invalid and unsupported are the statuses in Flux with the expressions of flux/invalid.yaml and unsupported.yaml.
	invalid, unsupported status.Status
	// argo is the health in Argo CD with health.lua.
	argo string
}

// The wanted statuses. The tools agree, except where the user chooses otherwise.
var (
	progressing = toolStatus{status.InProgressStatus, status.InProgressStatus, status.InProgressStatus, "Progressing"}
	failed      = toolStatus{status.FailedStatus, status.FailedStatus, status.FailedStatus, "Degraded"}
	healthy     = toolStatus{status.CurrentStatus, status.CurrentStatus, status.CurrentStatus, "Healthy"}
	// Support has ended, or a combination is prohibited.
	unsupported = toolStatus{status.CurrentStatus, status.CurrentStatus, status.FailedStatus, "Healthy"}
	// The same with the annotation, which only Argo CD reads.
	annotated  = toolStatus{status.CurrentStatus, status.CurrentStatus, status.FailedStatus, "Degraded"}
	misspelled = toolStatus{status.CurrentStatus, status.CurrentStatus, status.CurrentStatus, "Degraded"}
)

// situations are all situations. TestSituations brings objects into each, by the real operator.
var situations = []situation{
	{"new", "the operator has not seen it yet", kinds, progressing},
	{"edited", "its spec has changed since the operator saw it", kinds, progressing},
	{"connecting", "the first look at the cluster is under way", []string{clusterKind}, progressing},
	{"valid", "its spec is valid, and all is supported; the exception runs", kinds, healthy},
	{"refused", "its spec is not valid", kinds, failed},
	{"refused-again", "its spec has changed and is still not valid", kinds, failed},
	{"unsupported", "what is installed is no longer supported", []string{policyKind, clusterKind}, unsupported},
	{"unsupported-annotated", "the same, annotated with `Unsupported`", []string{policyKind, clusterKind}, annotated},
	{"incompatible", "what is installed may not run together", []string{clusterKind}, unsupported},
	{"incompatible-annotated", "the same, annotated with `Unsupported`", []string{clusterKind}, annotated},
	{"unreachable", "the cluster cannot be reached", []string{clusterKind}, healthy},
	{"unusable", "nobody can use its kubeconfig", []string{clusterKind}, failed},
	{"duplicate", "an older object stands for the same cluster", []string{clusterKind}, healthy},
	{"unused", "the product is installed nowhere: support is unknown", []string{policyKind}, healthy},
	{"conflicting", "another policy has the same priority", []string{policyKind}, healthy},
	{"ended", "the exception has ended", []string{exceptionKind}, healthy},
	{"misspelt", "it is valid, and annotated with what is no such choice", []string{clusterKind}, misspelled},
}

// object returns the object of a kind in the situation, as the operator left it.
func (s *situation) object(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	return parse(t, testfile.Read(t, s.file(kind)))
}

// file returns the path where Argo CD expects it.
func (s *situation) file(kind string) string {
	return filepath.Join(customization(kind), "testdata", s.name+".yaml")
}

// parse decodes an object, with integers as a client decodes them.
func parse(t *testing.T, content string) *unstructured.Unstructured {
	t.Helper()
	text, err := yaml.YAMLToJSON([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return object
}

// forEachSituation runs a test for each kind in each situation.
func forEachSituation(t *testing.T, test func(t *testing.T, s *situation, kind string)) {
	t.Helper()
	for i := range situations {
		s := &situations[i]
		for _, kind := range s.kinds {
			t.Run(kind+"/"+s.name, func(t *testing.T) { test(t, s, kind) })
		}
	}
}

// evaluateAll returns the status of an object by every tool.
func evaluateAll(t *testing.T, object *unstructured.Unstructured) toolStatus {
	t.Helper()
	computed, err := status.Compute(object)
	if err != nil {
		t.Fatal(err)
	}
	return toolStatus{
		kstatus:     computed.Status,
		invalid:     evaluate(t, "invalid.yaml", object),
		unsupported: evaluate(t, "unsupported.yaml", object),
		argo:        health(t, object).Status,
	}
}

// TestToolStatuses evaluates the objects of testdata by all tools.
func TestToolStatuses(t *testing.T) {
	forEachSituation(t, func(t *testing.T, s *situation, kind string) {
		expect.Equal(t, s.toolStatus, evaluateAll(t, s.object(t, kind)), s.what)
	})
}

// TestInvalidStatuses has statuses that the operator never writes. No script or expression fails, and none reports an object
// as healthy that kstatus does not.
func TestInvalidStatuses(t *testing.T) {
	// kstatus takes an object without conditions for one of a kind without conditions.
	empty := progressing
	empty.kstatus = status.CurrentStatus
	for name, test := range map[string]struct {
		reason string
		change func(object *unstructured.Unstructured)
		want   toolStatus
	}{
		"no conditions": {
			"the status is empty",
			func(object *unstructured.Unstructured) { object.Object["status"] = map[string]any{} }, empty,
		},
		"no conditions, and evaluated": {
			"there is nothing of which an object could be well",
			func(object *unstructured.Unstructured) { setConditions(object) }, empty,
		},
		"not Ready": {
			"whether it is ready is among the conditions, and it is not said",
			func(object *unstructured.Unstructured) { setConditions(object, condition("Supported", "True")) }, empty,
		},
		"Ready is Unknown": {
			"it may still become True",
			func(object *unstructured.Unstructured) { setConditions(object, condition("Ready", "Unknown")) }, progressing,
		},
		"Ready is False": {
			"nobody has to mend anything: it is not Stalled",
			func(object *unstructured.Unstructured) { setConditions(object, condition("Ready", "False")) }, progressing,
		},
		"Stalled beside Ready": {
			"a person has to mend something",
			func(object *unstructured.Unstructured) {
				setConditions(object, condition("Ready", "True"), condition("Stalled", "True"))
			}, failed,
		},
		"Stalled without Ready": {
			"a person has to mend something",
			func(object *unstructured.Unstructured) { setConditions(object, condition("Stalled", "True")) }, failed,
		},
		"Stalled is False": {
			"it says the same as if it were absent",
			func(object *unstructured.Unstructured) {
				setConditions(object, condition("Ready", "True"), condition("Stalled", "False"), condition("Reconciling", "False"))
			}, healthy,
		},
		"Reconciling beside Ready": {
			"the verdict is not the last one",
			func(object *unstructured.Unstructured) {
				setConditions(object, condition("Ready", "True"), condition("Reconciling", "True"))
			}, progressing,
		},
	} {
		for _, kind := range kinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				object := find(t, "valid", kind).object(t, kind)
				test.change(object)
				expect.Equal(t, test.want, evaluateAll(t, object), test.reason)
			})
		}
	}
}

// TestInvalidConditions: conditions without a message, a status or a type cannot be stored, but do not fail a script.
func TestInvalidConditions(t *testing.T) {
	for _, kind := range []string{"Ready", "Stalled", "Reconciling", "Supported", "Compatible", "ExpiringSoon", "Reachable"} {
		for _, status := range []any{"True", "False", "Unknown", nil} {
			object := find(t, "valid", clusterKind).object(t, clusterKind)
			odd := map[string]any{"type": kind}
			if status != nil {
				odd["status"] = status
			}
			setConditions(object, condition("Ready", "True"), odd, map[string]any{})
			if got := health(t, object); got.Status == "" {
				t.Errorf("%s=%v: no verdict", kind, status)
			}
		}
	}
}

func condition(kind, status string) map[string]any {
	return map[string]any{"type": kind, "status": status, "reason": "Odd", "message": "it is odd"}
}

func setConditions(object *unstructured.Unstructured, conditions ...any) {
	if err := unstructured.SetNestedSlice(object.Object, conditions, "status", "conditions"); err != nil {
		panic(err) // its status is a map
	}
}

// TestTable compares the table in README.md with the situations.
func TestTable(t *testing.T) {
	rows := []string{
		"| situation | of | kstatus, Flux | Flux, label `Unsupported` | Argo CD |",
		"|---|---|---|---|---|",
	}
	for _, s := range situations {
		of := strings.Join(s.kinds, ", ")
		if slices.Equal(s.kinds, kinds) {
			of = "all"
		}
		expect.Equal(t, s.invalid, s.kstatus,
			s.name, "flux/invalid.yaml says something else than kstatus, and the table has one column for both")
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s |", s.what, of, s.kstatus, s.unsupported, s.argo))
	}
	page := testfile.Read(t, "README.md")
	if table := strings.Join(rows, "\n"); !strings.Contains(page, "\n"+table+"\n\n") {
		t.Errorf("README.md does not have this table:\n%s", table)
	}
}
