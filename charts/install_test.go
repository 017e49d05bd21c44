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
	kubeconfig, program string
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("Helm may have to be built first")
	}
	plane := shared.ForTest(t)
	c := cluster{T: t, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := controlplane.WriteKubeconfig(c.kubeconfig, plane.Config()); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.program, err = plane.Kubectl(); err != nil {
		t.Fatal(err)
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

func (c cluster) uninstall() {
	c.Helper()
	if _, err := c.helm("", "uninstall", "operator"); err != nil {
		c.Fatal(err)
	}
}

// kubectl runs kubectl with text on its input.
func (c cluster) kubectl(input string, arguments ...string) string {
	c.Helper()
	command := exec.CommandContext(c.Context(), c.program, append(arguments, "--kubeconfig="+c.kubeconfig)...)
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
	command := exec.CommandContext(c.Context(), c.program, "auth", "can-i", "get", "secrets", "--namespace="+namespace,
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
	shortNames  = []string{"get", "crd", "supportexceptions.support.d2iq.io", "-o", "jsonpath={.spec.names.shortNames}"}
)

const shipped = "base-platform-services cassandra dispatch kafka kaptain kommander konvoy kubernetes spark"

// TestOnServer runs its tests one after the other on one API server: a cluster has one operator.
func TestOnServer(t *testing.T) {
	t.Parallel()
	t.Run("life of a release", testLifecycle)
	t.Run("take over what kubectl apply has installed", func(t *testing.T) { testAdoption(t, "apply", "-f", "-") })
	t.Run("take over what kubectl apply --server-side has installed", func(t *testing.T) {
		testAdoption(t, "apply", "--server-side", "-f", "-")
	})
}

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
	// kubectl fails for an unknown field, where Helm only warns.
	manifest, err := template(t, "operator", system, allValues)
	if err != nil {
		t.Fatal(err)
	}
	c.kubectl(manifest, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-")

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

	c.uninstall()
	c.expect("", deployments...)
	c.expect(shipped, policies...)

	// The release adopts the CRDs that are left.
	c.release("", "install", "operator", "charts/"+operatorChart)
	c.expect("support-policy-operator", deployments...)
	c.uninstall()
}

// testAdoption installs a release over an operator that kustomize installed, as README.md describes.
func testAdoption(t *testing.T, apply ...string) {
	c := newCluster(t)
	c.kubectl(repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/config/default]"}), apply...)
	c.kubectl("", "delete", "deployment", "support-policy-operator", "-n", system)
	c.release("", "install", "operator", "charts/"+operatorChart, "--take-ownership")
	c.expect("support-policy-operator:v0.1.0", "get", "deployments", "-n", system,
		"-o", "jsonpath={.items[*].spec.template.spec.containers[*].image}")
	c.uninstall()
	c.expect("", deployments...)
	c.expect("", "get", "clusterroles", "-l", "app.kubernetes.io/instance=operator", "-o", "name")
}
