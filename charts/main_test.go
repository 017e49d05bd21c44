// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package charts_test compares the Helm charts with the kustomizations of this repository.
package charts_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

const (
	operatorChart = "support-policy-operator"
	policiesChart = "support-policies"
	// system is the namespace of the kustomizations.
	system = "support-policy-system"
)

var (
	shared controlplane.Shared
	old    = controlplane.Shared{Options: controlplane.Options{Version: controlplane.Old}}
)

func TestMain(m *testing.M) {
	code := shared.Run(m, &old)
	_ = os.RemoveAll(binaries)
	os.Exit(code)
}

// helm returns the path of Helm, to run it directly: `go tool` checks its sources each time. The first call builds it, which
// takes minutes.
var helm = sync.OnceValues(func() (string, error) {
	out, err := run(exec.Command("go", "tool", "-n", "-modfile=hack/helm/go.mod", "helm"))
	return strings.TrimSpace(out), err
})

// run runs a command in the root of the repository and returns its output. The error has what it wrote to stderr.
func run(command *exec.Cmd) (string, error) {
	command.Dir = ".."
	out, err := command.Output()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w: %s", strings.Join(command.Args[1:], " "), err, failed.Stderr)
	}
	return string(out), err
}

// runHelm runs Helm with text on its input.
func runHelm(t *testing.T, input string, arguments ...string) (string, error) {
	t.Helper()
	if testing.Short() {
		t.Skip("Helm may have to be built first")
	}
	path, err := helm()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), path, arguments...)
	command.Stdin = strings.NewReader(input)
	return run(command)
}

// objects are the objects of a manifest, by kind, namespace and name.
type objects map[string]map[string]any

func parse(t *testing.T, manifest string) objects {
	t.Helper()
	all := objects{}
	for document := range strings.SplitSeq("\n"+manifest, "\n---\n") {
		var content map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &content); err != nil {
			t.Fatalf("%v in:\n%s", err, document)
		}
		if len(content) == 0 {
			continue
		}
		object := unstructured.Unstructured{Object: content}
		name := fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName())
		if _, twice := all[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		all[name] = content
	}
	return all
}

// chart renders the operator's chart as `helm template` does, for a release in the namespace.
func chart(t *testing.T, release, namespace, values string) objects {
	t.Helper()
	out, err := template(t, release, namespace, values)
	if err != nil {
		t.Fatal(err)
	}
	return withoutHelm(parse(t, out))
}

// template runs `helm template`, without what `helm test` creates.
func template(t *testing.T, release, namespace, values string, arguments ...string) (string, error) {
	t.Helper()
	return runHelm(t, values, append([]string{
		"template", release, "charts/" + operatorChart, "--namespace=" + namespace, "--values=-", "--skip-tests",
	}, arguments...)...)
}

// withoutHelm removes what only Helm adds. All objects must have its labels.
func withoutHelm(all objects) objects {
	for name, content := range all {
		object := unstructured.Unstructured{Object: content}
		labels, annotations := object.GetLabels(), object.GetAnnotations()
		for _, label := range []string{"instance", "version", "managed-by"} {
			delete(labels, "app.kubernetes.io/"+label)
		}
		if _, is := labels["helm.sh/chart"]; !is {
			all[name+" without Helm's labels"] = nil
		}
		delete(labels, "helm.sh/chart")
		delete(annotations, "helm.sh/resource-policy")
		unstructured.RemoveNestedField(content, "metadata", "labels")
		unstructured.RemoveNestedField(content, "metadata", "annotations")
		if len(labels) > 0 {
			object.SetLabels(labels)
		}
		if len(annotations) > 0 {
			object.SetAnnotations(annotations)
		}
	}
	return all
}

// hash matches what kustomize's generator appends to a name.
var hash = regexp.MustCompile(`-[a-z0-9]{10}$`)

// kustomized returns the objects of a kustomization over folders of this repository, without what no chart has: its namespace,
// and the installed kube-state-metrics that a component changes.
func kustomized(t *testing.T, overlay string) objects {
	t.Helper()
	out := repository.Build(t, repository.Overlay{
		Kustomization: overlay,
		Files:         map[string]string{"kube-state-metrics.yaml": kubeStateMetrics},
	})
	all := objects{}
	for name, content := range parse(t, out) {
		object := unstructured.Unstructured{Object: content}
		switch kind := object.GetKind(); {
		case kind == "Namespace", name == "Deployment kube-system/kube-state-metrics":
			continue
		case kind == "ConfigMap":
			object.SetName(hash.ReplaceAllString(object.GetName(), ""))
			name = fmt.Sprintf("%s %s/%s", kind, object.GetNamespace(), object.GetName())
		}
		all[name] = content
	}
	return all
}

// kubeStateMetrics is an installed kube-state-metrics, which the component changes.
const kubeStateMetrics = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kube-state-metrics, namespace: kube-system}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: kube-state-metrics}}
  template:
    metadata: {labels: {app.kubernetes.io/name: kube-state-metrics}}
    spec:
      containers:
      - {name: kube-state-metrics, image: kube-state-metrics}
`

// indent indents text for the place below a key.
func indent(text string) string {
	var out bytes.Buffer
	for line := range strings.Lines(text) {
		out.WriteString("  " + line)
	}
	return out.String()
}
