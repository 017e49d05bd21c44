// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

// binaries is the folder of the operator's program. TestMain removes it.
var binaries string

// binary returns the path of the operator's program, which it builds at first.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaries, err = os.MkdirTemp("", "charts-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaries, operatorChart)
	_, err = run(exec.Command("go", "build", "-o", path, "."))
	return path, err
})

// container returns the command of a container, as a node would run it: with the arguments and the identity that the chart gives
// it. Where arguments are repeated, the additional ones win.
func (c cluster) container(ctx context.Context, namespace string, pod *corev1.PodSpec, additional ...string) *exec.Cmd {
	c.Helper()
	path, err := binary()
	if err != nil {
		c.Fatal(err)
	}
	config, err := c.plane.ServiceAccountConfig(ctx, namespace, pod.ServiceAccountName)
	if err != nil {
		c.Fatal(err)
	}
	kubeconfig := filepath.Join(c.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, config); err != nil {
		c.Fatal(err)
	}
	command := exec.CommandContext(ctx, path, append(pod.Containers[0].Args, additional...)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+namespace)
	return command
}

// operate runs the installed operator until the test ends or the returned function is called.
func (c cluster) operate(namespace string) func() {
	c.Helper()
	var installed struct {
		Spec struct {
			Template struct {
				Spec corev1.PodSpec `json:"spec"`
			} `json:"template"`
		} `json:"spec"`
	}
	c.read(&installed, "deployment", operatorChart, namespace)
	ctx, cancel := context.WithCancel(c.Context())
	// Nobody knows who else uses the ports.
	command := c.container(ctx, namespace, &installed.Spec.Template.Spec, "--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=0")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var log strings.Builder
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		c.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		cancel()
		if err := command.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			c.Errorf("the operator: %v\n%s", err, &log)
		}
	})
	c.Cleanup(stop)
	return stop
}

// read reads an object with kubectl.
func (c cluster) read(into any, kind, name, namespace string) {
	c.Helper()
	if err := yaml.Unmarshal([]byte(c.kubectl("", "get", kind, name, "-n", namespace, "-o", "yaml")), into); err != nil {
		c.Fatal(err)
	}
}

// testVerdict runs `helm test` as README.md has it, without and with a running operator, in a namespace that takes only
// restricted pods.
func testVerdict(t *testing.T) {
	c := newCluster(t)
	command := documented(t, operatorReadme, "Test")[0]
	c.kubectl("", "create", "namespace", system)
	c.kubectl("", "label", "namespace", system, "pod-security.kubernetes.io/enforce=restricted")
	c.release("podAnnotations: {sidecar.istio.io/inject: 'false'}", "install", operatorChart, "charts/"+operatorChart)

	// The API server needs a moment until it knows the account's rights.
	out, err := c.test(command, system, "--timeout=3s")
	if err == nil || !strings.Contains(out, "there is no ClusterSupport support-policy-system/host, which the operator creates") {
		t.Errorf("without a running operator: got %v, want that the test fails; it wrote %s", err, out)
	}
	c.expect("pod/support-policy-operator-test", leftByTest...)

	stop := c.operate(system)
	out, err = c.test(command, system)
	if err != nil || !strings.Contains(out, "Ready True, Evaluated: ") || !strings.Contains(out, "\nSupported True, NothingToCheck: ") {
		t.Errorf("with a running operator: got %v, want a verdict; it wrote %s", err, out)
	}
	c.expect("", leftByTest...)
	stop()
	c.uninstall(operatorChart, system)
}

// leftByTest lists what `helm test` has not deleted.
var leftByTest = []string{
	"get", "serviceaccounts,roles,rolebindings,pods", "-n", system, "-o", "name",
	"--field-selector=metadata.name=support-policy-operator-test",
}

// test follows a documented `helm test`. In place of a node it runs the command of the pod, with additional arguments, as the
// pod's account. It returns what the pod wrote, and the error of Helm.
func (c cluster) test(command, namespace string, additional ...string) (string, error) {
	c.Helper()
	// The pod of a test that failed would be taken for that of this one.
	c.kubectl("", "delete", "pod", "support-policy-operator-test", "-n", namespace, "--ignore-not-found")
	tested := make(chan error, 1)
	go func() { tested <- c.try(command) }()
	c.kubectl("", "wait", "pod/support-policy-operator-test", "-n", namespace, "--for=create", "--timeout=1m")
	var pod corev1.Pod
	c.read(&pod, "pod", "support-policy-operator-test", namespace)
	out, err := c.container(c.Context(), namespace, &pod.Spec, additional...).CombinedOutput()
	phase := corev1.PodSucceeded
	if err != nil {
		phase = corev1.PodFailed
	}
	c.kubectl("", "patch", "pod", pod.Name, "-n", namespace, "--subresource=status", `--patch={"status":{"phase":"`+string(phase)+`"}}`)
	return string(out), <-tested
}

// testAnotherRelease follows README.md to another name of the release, and to another namespace.
func testAnotherRelease(t *testing.T) {
	const (
		section  = "Another release, another namespace"
		declared = `[{"name":"default","product":"Konvoy","version":"1.7.2"}]`
	)
	c := newCluster(t)
	commands := documented(t, operatorReadme, section)
	if len(commands) != 9 {
		t.Fatalf("%q has %d commands: %q", section, len(commands), commands)
	}
	rename, move, annotate := commands[:2], commands[2:7], commands[7:]
	takeOver := func(arguments ...string) {
		c.release("", append([]string{"install", operatorChart, "charts/" + operatorChart, "--take-ownership"}, arguments...)...)
		c.expect("support-policy-operator support-policy-operator support-policy-operator", ownersOfCRDs...)
	}

	takeOver()
	c.follow(rename[0])
	if err := c.try(annotate[1]); err == nil || !strings.Contains(err.Error(), "cannot be imported into the current release") {
		t.Errorf("another release without taking over: got %v, want that Helm refuses it", err)
	}
	c.follow(rename[1])
	c.expect("spo spo spo", ownersOfCRDs...)
	c.uninstall("spo", system)

	takeOver()
	stop := c.operate(system)
	c.kubectl("", "wait", "clustersupport/host", "-n", system, "--for=condition=Ready", "--timeout=1m")
	c.kubectl("", "patch", "clustersupport", "host", "-n", system, "--type=merge", "-p", `{"spec":{"declaredReleases":`+declared+`}}`)
	stop()
	c.follow(move[:2]...)
	stop = c.operate("governance")
	if out, err := c.test(move[2], "governance"); err != nil {
		t.Errorf("in another namespace: %v; the test wrote %s", err, out)
	}
	c.follow(move[3:]...)
	c.expect(declared, "get", "clustersupport", "host", "-n", "governance", "-o", "jsonpath={.spec.declaredReleases}")
	c.expect("governance", "get", "clustersupports", "-A", "-o", "jsonpath={.items[*].metadata.namespace}")
	stop()
	c.uninstall(operatorChart, "governance")
	c.kubectl("", "delete", "clustersupports", "--all", "-A")

	takeOver()
	c.uninstall(operatorChart, system)
	c.follow(annotate...)
	c.expect("spo spo spo", ownersOfCRDs...)
	c.uninstall("spo", system)
	takeOver("--force-conflicts")
	c.uninstall(operatorChart, system)
}

// ownersOfCRDs gets the releases that the CRDs name.
var ownersOfCRDs = []string{
	"get", "crd", "-l", "app.kubernetes.io/managed-by=Helm", "-o", `jsonpath={.items[*].metadata.annotations.meta\.helm\.sh/release-name}`,
}
