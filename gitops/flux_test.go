// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/envsubst"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const fluxFolder = "flux"

// checks returns the health checks in a file of flux/.
func checks(t *testing.T, file string) []kustomize.CustomHealthCheck {
	t.Helper()
	var patch struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   map[string]any `json:"metadata"`
		Spec       struct {
			HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}
	testfile.DecodeStrict(t, testfile.Read(t, filepath.Join(fluxFolder, file)), &patch)
	return patch.Spec.HealthCheckExprs
}

// evaluate returns the status of an object by Flux's own code.
func evaluate(t *testing.T, file string, object *unstructured.Unstructured) status.Status {
	t.Helper()
	for _, check := range checks(t, file) {
		if check.APIVersion != object.GetAPIVersion() || check.Kind != object.GetKind() {
			continue
		}
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			t.Fatal(err)
		}
		result, err := evaluator.Evaluate(t.Context(), object)
		if err != nil {
			t.Fatal(err)
		}
		return result.Status
	}
	t.Fatalf("%s has no checks for %s %s", file, object.GetAPIVersion(), object.GetKind())
	return ""
}

// TestFluxComponent builds an overlay with Kustomizations. The component adds the checks to those with its label.
func TestFluxComponent(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"a-Invalid", "b-Unsupported", "c-Never", "d"} {
		label := ""
		if _, value, found := strings.Cut(name, "-"); found {
			label = "labels: {support.d2iq.io/unhealthy-when: " + value + "}"
		}
		files[name+".yaml"] = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ` + strings.ToLower(name) + `
  namespace: flux-system
  ` + label + `
spec: {interval: 10m, path: ./policies, prune: true, wait: true, sourceRef: {kind: GitRepository, name: fleet}}
`
	}
	want := [][]kustomize.CustomHealthCheck{checks(t, "invalid.yaml"), checks(t, "unsupported.yaml"), nil, nil}
	for i, object := range build(t, fluxFolder, files) {
		found, _, err := unstructured.NestedSlice(object.Object, "spec", "healthCheckExprs")
		if err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(found)
		if err != nil {
			t.Fatal(err)
		}
		var got []kustomize.CustomHealthCheck
		testfile.DecodeStrict(t, string(text), &got)
		if len(got) == 0 {
			got = nil
		}
		expect.Equal(t, want[i], got, "the checks of", object.GetName())
		if path, _, _ := unstructured.NestedString(object.Object, "spec", "path"); path != "./policies" {
			t.Errorf("%s has lost its path", object.GetName())
		}
	}
}

// substitute is the annotation that excludes an object from Flux's substitution of variables.
const substitute = "kustomize.toolkit.fluxcd.io/substitute"

// TestNoSubstitution: Flux substitutes nothing in the definitions and the shipped policies.
func TestNoSubstitution(t *testing.T) {
	for folder, kind := range map[string]string{"crd": "CustomResourceDefinition", "policies": policyKind} {
		objects := built(t, repository.Overlay{Kustomization: "resources: [ROOT/config/" + folder + "]"})
		if len(objects) < 3 {
			t.Errorf("config/%s has %d objects", folder, len(objects))
		}
		for _, object := range objects {
			if object.GetKind() != kind || object.GetAnnotations()[substitute] != "disabled" {
				t.Errorf("%s %s is not annotated with %s: disabled", object.GetKind(), object.GetName(), substitute)
			}
		}
	}
}

// TestWhatSubstitutionDoes shows the reason: Flux takes a dollar for a variable, and regular expressions in policies have one.
func TestWhatSubstitutionDoes(t *testing.T) {
	none := func(string) (string, bool) { return "", true }
	for name, test := range map[string]struct{ text, want, err string }{
		"a dollar at the end stays":    {text: `^CentOS Linux 7 \(Core\)$`, want: `^CentOS Linux 7 \(Core\)$`},
		"of two dollars one is lost":   {text: `osImage: 'costs 5 $$'`, want: `osImage: 'costs 5 $'`},
		"what looks like a name is":    {text: `reason: wait for ${TICKET} first`, want: `reason: wait for  first`},
		"a count is a bad variable":    {text: `kernel: '5\.4(-gcp$){0,1}${1,3}'`, err: "bad substitution"},
		"a brace after it is no regex": {text: `kernel: '(3|4)${'`, err: "unable to parse variable name"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := envsubst.Eval(test.text, none)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("it becomes %q, %v", got, err)
			}
		})
	}
}
