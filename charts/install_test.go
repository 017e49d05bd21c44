// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

// cluster is an API server, with a kubeconfig for the tools.
type cluster struct {
	*testing.T
	plane *controlplane.ControlPlane
	// kubeconfig is the file, programs a folder with helm and kubectl.
	kubeconfig, programs string
}

func newCluster(t *testing.T) cluster { return clusterOf(t, &shared) }

func clusterOf(t *testing.T, server *controlplane.Shared) cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("Helm may have to be built first")
	}
	c := cluster{T: t, plane: server.ForTest(t), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), programs: t.TempDir()}
	if err := controlplane.WriteKubeconfig(c.kubeconfig, c.plane.Config()); err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]func() (string, error){"helm": helm, "kubectl": c.plane.Kubectl} {
		program, err := find()
		if err == nil {
			err = os.Symlink(program, filepath.Join(c.programs, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// helm runs Helm with values.
func (c cluster) helm(values string, arguments ...string) (string, error) {
	c.Helper()
	return runHelm(c.T, values, append(arguments, "--kubeconfig="+c.kubeconfig, "--namespace="+system)...)
}

// release installs or upgrades a release with values.
func (c cluster) release(values string, arguments ...string) {
	c.Helper()
	if _, err := c.helm(values, append(arguments, "--values=-")...); err != nil {
		c.Fatal(err)
	}
}

func (c cluster) uninstall(release, namespace string) {
	c.Helper()
	if _, err := runHelm(c.T, "", "uninstall", release, "--kubeconfig="+c.kubeconfig, "--namespace="+namespace); err != nil {
		c.Fatal(err)
	}
}

// kubectl runs kubectl with text on its input.
func (c cluster) kubectl(input string, arguments ...string) string {
	c.Helper()
	command := exec.CommandContext(c.Context(), filepath.Join(c.programs, "kubectl"), append(arguments, "--kubeconfig="+c.kubeconfig)...)
	command.Stdin = strings.NewReader(input)
	out, err := run(command)
	if err != nil {
		c.Fatal(err)
	}
	return out
}

// canGetSecrets returns yes or no: whether the operator may get the Secrets of a namespace. kubectl fails for no.
func (c cluster) canGetSecrets(namespace string) string {
	c.Helper()
	command := exec.CommandContext(c.Context(), filepath.Join(c.programs, "kubectl"), "auth", "can-i", "get", "secrets", "--namespace="+namespace,
		"--as=system:serviceaccount:"+system+":support-policy-operator", "--kubeconfig="+c.kubeconfig)
	out, _ := run(command)
	return strings.TrimSpace(out)
}

// expect compares the output of kubectl.
func (c cluster) expect(want string, arguments ...string) {
	c.Helper()
	if got := strings.TrimSpace(c.kubectl("", arguments...)); got != want {
		c.Errorf("kubectl %s: got %q, want %q", strings.Join(arguments, " "), got, want)
	}
}

var (
	deployments = []string{"get", "deployments", "-n", system, "-o", "jsonpath={.items[*].metadata.name}"}
	policies    = []string{"get", "supportpolicies", "-o", "jsonpath={.items[*].metadata.name}"}
	images      = []string{"get", "deployments", "-n", system, "-o", "jsonpath={.items[*].spec.template.spec.containers[*].image}"}
	shortNames  = []string{"get", "crd", "supportexceptions.support.d2iq.io", "-o", "jsonpath={.spec.names.shortNames}"}
)

const shipped = "base-platform-services cassandra dispatch kafka kaptain kommander konvoy kubernetes spark"

const operatorReadme = "charts/support-policy-operator/README.md"

// TestOnServer runs its tests one after the other on one API server: a cluster has one operator.
func TestOnServer(t *testing.T) {
	t.Parallel()
	t.Run("verdict", testVerdict)
	t.Run("another release", testAnotherRelease)
	t.Run("without and with the Prometheus Operator", testPrometheusOperator)
	t.Run("life of a release", testLifecycle)
	t.Run("take over what kubectl apply has installed", func(t *testing.T) { testAdoption(t, "apply", "-f", "-") })
	t.Run("take over what kubectl apply --server-side has installed", func(t *testing.T) {
		testAdoption(t, "apply", "--server-side", "-f", "-")
	})
}

// testPrometheusOperator follows the README.md of the repository: its first commands need nothing that a cluster does not have,
// the last one needs the Prometheus Operator, says so, and works when that is there.
func testPrometheusOperator(t *testing.T) {
	const lacks = "serviceMonitor.enabled is set, and the cluster has no monitoring.coreos.com/v1/ServiceMonitor: install the Prometheus Operator first, or leave serviceMonitor.enabled off"
	c := newCluster(t)
	install, monitored := withHelm(documented(t, "README.md", "Install")), withHelm(documented(t, "README.md", "Be told"))
	c.kubectl("", "delete", "crd", "-l", "app.kubernetes.io/managed-by=Helm")
	c.follow(install...)
	c.expect("support-policy-operator", deployments...)
	c.expect(shipped, policies...)
	if err := c.try(monitored[0]); err == nil || !strings.Contains(err.Error(), lacks) {
		t.Errorf("got %v, want %q in it", err, lacks)
	}
	for values, lack := range map[string]string{
		"prometheusRule: {enabled: true}":         "prometheusRule.enabled is set, and the cluster has no monitoring.coreos.com/v1/PrometheusRule",
		"metrics: {certManager: {enabled: true}}": "metrics.certManager.enabled is set, and the cluster has no cert-manager.io/v1/Certificate",
	} {
		_, err := c.helm(values, "upgrade", operatorChart, "charts/"+operatorChart, "--values=-", "--dry-run=server")
		if err == nil || !strings.Contains(err.Error(), lack) {
			t.Errorf("got %v, want %q in it", err, lack)
		}
	}
	// Without the cluster's own word Helm renders it: of itself, or as Argo CD has it do it, by a list of kinds.
	for _, arguments := range [][]string{
		nil, {"--api-versions=v1/Namespace", "--api-versions=apps/v1/Deployment"},
	} {
		out, err := c.helm("serviceMonitor: {enabled: true}", append([]string{"template", "charts/" + operatorChart, "--values=-"}, arguments...)...)
		if err != nil || !strings.Contains(out, "\nkind: ServiceMonitor\n") {
			t.Errorf("helm template %q: got %v, want a ServiceMonitor", arguments, err)
		}
	}

	c.kubectl("", "apply", "-f", "charts/testdata/crds.yaml")
	c.kubectl("", "wait", "--for=condition=Established", "--timeout=1m", "-f", "charts/testdata/crds.yaml")
	c.follow(monitored...)
	c.expect("servicemonitor.monitoring.coreos.com/support-policy-operator", "get", "servicemonitors", "-n", system, "-o", "name")
	c.expect("registry.example/support-policy-operator:v0.1.0", images...)
	c.uninstall(operatorChart, system)
	c.uninstall(policiesChart, system)
	c.follow(documented(t, operatorReadme, "CRDs")...)
	c.expect("", "get", "crd", "-l", "app.kubernetes.io/managed-by=Helm", "-o", "name")
}

// TestOldServer installs all that needs no other operator on an old API server, with a budget of each version.
func TestOldServer(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, &old)
	c.release("fleet: {enabled: true}\nshards: 2\npodDisruptionBudget: {enabled: true}\ndashboard: {enabled: true}\n"+setPods,
		"install", "operator", "charts/"+operatorChart, "--create-namespace")
	c.release("", "install", "policies", "charts/"+policiesChart)
	c.expect("support-policy-operator-shard-0 support-policy-operator-shard-1", deployments...)
	c.expect(shipped, policies...)
	budget, err := template(t, "operator", system, "podDisruptionBudget: {enabled: true}", "--kube-version=1.20.0", "--show-only=templates/poddisruptionbudget.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c.kubectl(budget, "apply", "--server-side", "--validate=true", "-f", "-")
	c.expect("1", "get", "poddisruptionbudgets.v1beta1.policy", operatorChart, "-n", system, "-o", "jsonpath={.spec.maxUnavailable}")
}

// setPods sets the values that change pods.
const setPods = `
priorityClassName: system-cluster-critical
podLabels: {team: platform}
podAnnotations: {sidecar.istio.io/inject: "false"}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: ScheduleAnyway}]
extraArgs: [--zap-stacktrace-level=panic]
extraEnv: [{name: GOGC, value: "50"}]
`

func testLifecycle(t *testing.T) {
	c := newCluster(t)
	older := t.TempDir()
	if err := os.CopyFS(older, os.DirFS(operatorChart)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(older, "files", "crds", "support.d2iq.io_supportexceptions.yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), "    - sexc\n", "    - older\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}

	c.release("", "install", "operator", older, "--create-namespace")
	c.expect("support-policy-operator", deployments...)
	c.expect(`["older"]`, shortNames...)
	c.release("", "install", "policies", "charts/"+policiesChart)
	c.expect(shipped, policies...)

	c.release(allValues, "upgrade", "operator", "charts/"+operatorChart)
	c.expect("support-policy-operator-shard-0 support-policy-operator-shard-1 support-policy-operator-shard-2", deployments...)
	c.expect(`["sexc"]`, shortNames...)
	// kubectl fails for an unknown field, where Helm only warns, and for a pod that is not restricted.
	c.kubectl("", "label", "namespace", system, "pod-security.kubernetes.io/warn=restricted")
	manifest, err := template(t, "operator", system, allValues+setPods)
	if err != nil {
		t.Fatal(err)
	}
	c.kubectl(manifest, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict",
		"--warnings-as-errors", "-f", "-")

	c.kubectl("", "create", "namespace", "workspace-a")
	c.release("fleet: {enabled: true, namespaces: [workspace-a]}", "upgrade", "operator", "charts/"+operatorChart)
	for namespace, want := range map[string]string{"workspace-a": "yes", system: "no"} {
		if got := c.canGetSecrets(namespace); got != want {
			t.Errorf("may the operator read Secrets in %s? %s, want %s", namespace, got, want)
		}
	}

	if _, err := c.helm("", "install", "second", "charts/"+operatorChart); err == nil ||
		!strings.Contains(err.Error(), "cannot be imported into the current release") {
		t.Errorf("a second operator: got %v, want that Helm refuses it", err)
	}

	c.uninstall("operator", system)
	c.expect("", deployments...)
	c.expect(shipped, policies...)

	// The release adopts the CRDs that are left.
	c.release("", "install", "operator", "charts/"+operatorChart)
	c.expect("support-policy-operator", deployments...)
	c.uninstall("operator", system)
}

// testAdoption installs a release over an operator that kustomize installed, as README.md describes.
func testAdoption(t *testing.T, apply ...string) {
	c := newCluster(t)
	c.kubectl(repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/config/default]"}), apply...)
	c.follow(documented(t, operatorReadme, "Names")...)
	c.expect("support-policy-operator:v0.1.0", images...)
	c.uninstall(operatorChart, system)
	c.expect("", deployments...)
	c.expect("", "get", "clusterroles", "-l", "app.kubernetes.io/instance=support-policy-operator", "-o", "name")
}
