// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// shared and old are the control planes of these tests: the newest version of Kubernetes, and an old one.
var (
	shared = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}
	old    = controlplane.Shared{Options: controlplane.Options{Version: controlplane.Old}}
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	crds, err := sandbox.CRDs()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared.Options.CRDs = crds
	if other.Options.CRDs, err = sandbox.RemoteCRDs(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(shared.Run(m, &old, &other))
}

// root is the repository, seen from this package.
const root = "../.."

// system is the namespace of the kustomizations.
const system = "support-policy-system"

// operator is the name of the operator's objects.
const operator = "support-policy-operator"

// deployments are the folders that install the operator.
var deployments = []string{"config/default", "config/fleet", "config/sharded"}

// components are all that an overlay can add to each of these.
var components = []string{
	"config/prometheus", "monitoring/cert-manager", "config/network-policy", "config/network-policy/egress-fleet", "monitoring/grafana",
	"monitoring/kube-state-metrics",
}

// build returns what kustomize makes of a folder with components. Beside it there is a kube-state-metrics.
func build(t *testing.T, base string, components ...string) string {
	t.Helper()
	kustomization := "resources: [ROOT/" + base + ", kube-state-metrics.yaml]\ncomponents:\n"
	for _, component := range components {
		kustomization += "- ROOT/" + component + "\n"
	}
	return repository.Build(t, repository.Overlay{
		Kustomization: kustomization,
		Files:         map[string]string{"kube-state-metrics.yaml": kubeStateMetrics},
	})
}

// kubeStateMetrics is an installed kube-state-metrics, which a component changes. It is restricted as that of its own
// manifests is.
const kubeStateMetrics = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: kube-state-metrics, namespace: kube-system}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: kube-state-metrics}}
  template:
    metadata: {labels: {app.kubernetes.io/name: kube-state-metrics}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 65534, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: kube-state-metrics
        image: kube-state-metrics
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
`

// bundle returns the manifests of OLM's bundle.
func bundle(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "bundle", "manifests", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := ""
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all += "\n---\n" + string(content)
	}
	return all
}
