// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	policyKind    = "SupportPolicy"
	clusterKind   = "ClusterSupport"
	exceptionKind = "SupportException"
)

var kinds = []string{policyKind, clusterKind, exceptionKind}

// situation is one in which an object can be, and what GitOps tools are to make of it.
type situation struct {
	// name is that of the file in the testdata of each kind, what is how README.md puts it.
	name, what string
	kinds      []string
	verdicts
}

// verdicts are what each tool says.
type verdicts struct {
	// kstatus is what Flux, Config Sync and `kubectl wait`-like tools conclude by themselves.
	kstatus status.Status
	// invalid and unsupported are what Flux concludes with the expressions of flux/invalid.yaml and unsupported.yaml.
	invalid, unsupported status.Status
	// argo is what Argo CD concludes with health.lua.
	argo string
}

// What the tools are to say. They all say the same, but for what somebody has asked for.
var (
	waiting = verdicts{status.InProgressStatus, status.InProgressStatus, status.InProgressStatus, "Progressing"}
	refused = verdicts{status.FailedStatus, status.FailedStatus, status.FailedStatus, "Degraded"}
	well    = verdicts{status.CurrentStatus, status.CurrentStatus, status.CurrentStatus, "Healthy"}
	// A day on the calendar has passed, or two releases must not run together.
	unsupported = verdicts{status.CurrentStatus, status.CurrentStatus, status.FailedStatus, "Healthy"}
	// The same with the annotation, which only Argo CD reads.
	annotated = verdicts{status.CurrentStatus, status.CurrentStatus, status.FailedStatus, "Degraded"}
	misspelt  = verdicts{status.CurrentStatus, status.CurrentStatus, status.CurrentStatus, "Degraded"}
)

// situations are all that matter. TestSituations brings objects into each of them with the real operator.
var situations = []situation{
	{"new", "the operator has not seen it yet", kinds, waiting},
	{"edited", "its spec has changed since the operator saw it", kinds, waiting},
	{"connecting", "the first look at the cluster is under way", []string{clusterKind}, waiting},
	{"valid", "its spec is valid, and all is supported; the exception runs", kinds, well},
	{"refused", "its spec is not valid", kinds, refused},
	{"refused-again", "its spec has changed and is still not valid", kinds, refused},
	{"unsupported", "what is installed is no longer supported", []string{policyKind, clusterKind}, unsupported},
	{"unsupported-annotated", "the same, annotated with `Unsupported`", []string{policyKind, clusterKind}, annotated},
	{"incompatible", "what is installed may not run together", []string{clusterKind}, unsupported},
	{"incompatible-annotated", "the same, annotated with `Unsupported`", []string{clusterKind}, annotated},
	{"unreachable", "the cluster cannot be reached", []string{clusterKind}, well},
	{"unusable", "nobody can use its kubeconfig", []string{clusterKind}, refused},
	{"duplicate", "an older object stands for the same cluster", []string{clusterKind}, well},
	{"unused", "the product is installed nowhere: support is unknown", []string{policyKind}, well},
	{"conflicting", "another policy has the same priority", []string{policyKind}, well},
	{"ended", "the exception has ended", []string{exceptionKind}, well},
	{"misspelt", "it is valid, and annotated with what is no such choice", []string{clusterKind}, misspelt},
}

// object is one of the kind in the situation, as the operator left it.
func (s *situation) object(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(s.file(kind))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, content)
}

// file is where Argo CD looks for it.
func (s *situation) file(kind string) string {
	return filepath.Join(customization(kind), "testdata", s.name+".yaml")
}

// parse reads an object with whole numbers as a client has them.
func parse(t *testing.T, content []byte) *unstructured.Unstructured {
	t.Helper()
	text, err := yaml.YAMLToJSON(content)
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		t.Fatal(err)
	}
	return object
}

// each runs a test for each kind in each situation.
func each(t *testing.T, test func(t *testing.T, s *situation, kind string)) {
	t.Helper()
	for i := range situations {
		s := &situations[i]
		for _, kind := range s.kinds {
			t.Run(kind+"/"+s.name, func(t *testing.T) { test(t, s, kind) })
		}
	}
}

// judge asks every tool about an object.
func judge(t *testing.T, object *unstructured.Unstructured) verdicts {
	t.Helper()
	computed, err := status.Compute(object)
	if err != nil {
		t.Fatal(err)
	}
	return verdicts{
		kstatus:     computed.Status,
		invalid:     evaluate(t, "invalid.yaml", object),
		unsupported: evaluate(t, "unsupported.yaml", object),
		argo:        health(t, object).Status,
	}
}

// TestVerdicts asks all tools about the objects of testdata.
func TestVerdicts(t *testing.T) {
	each(t, func(t *testing.T, s *situation, kind string) {
		if diff := cmp.Diff(s.verdicts, judge(t, s.object(t, kind)), cmp.AllowUnexported(verdicts{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s.what, diff)
		}
	})
}

// TestOddStatuses: what the operator never writes. No script or expression ends in an error, and none takes for well what
// kstatus does not.
func TestOddStatuses(t *testing.T) {
	// To kstatus an object without any conditions is one that never has any.
	empty := waiting
	empty.kstatus = status.CurrentStatus
	for name, test := range map[string]struct {
		reason string
		change func(object *unstructured.Unstructured)
		want   verdicts
	}{
		"no conditions": {
			"somebody has emptied the status",
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
			func(object *unstructured.Unstructured) { setConditions(object, condition("Ready", "Unknown")) }, waiting,
		},
		"Ready is False": {
			"nobody has to mend anything: it is not Stalled",
			func(object *unstructured.Unstructured) { setConditions(object, condition("Ready", "False")) }, waiting,
		},
		"Stalled beside Ready": {
			"a person has to mend something",
			func(object *unstructured.Unstructured) {
				setConditions(object, condition("Ready", "True"), condition("Stalled", "True"))
			}, refused,
		},
		"Stalled without Ready": {
			"a person has to mend something",
			func(object *unstructured.Unstructured) { setConditions(object, condition("Stalled", "True")) }, refused,
		},
		"Stalled is False": {
			"it says the same as if it were absent",
			func(object *unstructured.Unstructured) {
				setConditions(object, condition("Ready", "True"), condition("Stalled", "False"), condition("Reconciling", "False"))
			}, well,
		},
		"Reconciling beside Ready": {
			"the verdict is not the last one",
			func(object *unstructured.Unstructured) {
				setConditions(object, condition("Ready", "True"), condition("Reconciling", "True"))
			}, waiting,
		},
	} {
		for _, kind := range kinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				object := find(t, "valid", kind).object(t, kind)
				test.change(object)
				if diff := cmp.Diff(test.want, judge(t, object), cmp.AllowUnexported(verdicts{})); diff != "" {
					t.Errorf("%s (-want +got):\n%s", test.reason, diff)
				}
			})
		}
	}
}

// TestOddConditions: conditions without a message, a status or a type cannot be stored, and yet end no script.
func TestOddConditions(t *testing.T) {
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

// TestTable holds the table of README.md to the one above.
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
		if s.kstatus != s.invalid {
			t.Errorf("%s: flux/invalid.yaml says something else than kstatus, and the table has one column for both", s.name)
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s |", s.what, of, s.kstatus, s.unsupported, s.argo))
	}
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if table := strings.Join(rows, "\n"); !strings.Contains(string(page), "\n"+table+"\n\n") {
		t.Errorf("README.md does not have this table:\n%s", table)
	}
}
