// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

const (
	namespace = "support-policy-system"
	// account is where Kubernetes mounts the ServiceAccount of a Pod.
	account = "/var/run/secrets/kubernetes.io/serviceaccount"
	// patience bounds how long a test hangs that would never end.
	patience = 2 * time.Minute
)

// TestRun runs the image as a node would: its files and nothing else, as its user, without a capability, on a root that cannot
// be written to, with the mounted ServiceAccount and the rights that config/default gives it. It becomes ready and judges the
// cluster. What a node does beyond that, such as the network namespace and seccomp, is not there.
func TestRun(t *testing.T) {
	plane := controlplane.ForTest(t, controlplane.Options{})
	config := install(t, plane)
	folder := t.TempDir()
	unpack(t, of(t, build(t), platform), folder)
	mountAccount(t, config, folder)
	c := strongest(t, folder)
	t.Logf("confined by %s", c.name)

	server := must(url.Parse(config.Host))(t)
	health := process.FreeAddress(t)
	// The arguments of config/manager, with the addresses of this machine.
	operator := c.command(folder, "--leader-elect", "--metrics-bind-address="+process.FreeAddress(t), "--health-probe-bind-address="+health)
	operator.Env = append(operator.Env, "POD_NAMESPACE="+namespace, "KUBERNETES_SERVICE_HOST="+server.Hostname(), "KUBERNETES_SERVICE_PORT="+server.Port())
	if c.isBare {
		operator.Env = append(operator.Env, "KUBECONFIG="+filepath.Join(folder, account, "kubeconfig"))
	}
	var logs bytes.Buffer
	operator.Stderr = &logs
	thread := process.NewThread()
	t.Cleanup(thread.End)
	var running *process.Process
	var err error
	thread.Do(func() { running, err = process.Start(operator) })
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := await(t, running, plane.Config(), health)
	if err == nil {
		c.check(t, operator.Process.Pid)
	}
	if err := errors.Join(err, running.Stop(patience)); err != nil {
		t.Fatalf("%v\n%s", err, logs.Bytes())
	}
	if !strings.Contains(logs.String(), `"version":"`+testVersion+`"`) {
		t.Errorf("the log does not say which version it is of:\n%s", logs.Bytes())
	}
	t.Logf("the host is judged: %s", verdict)
}

// install applies config/default and the policies, and returns the configuration of the operator's ServiceAccount.
func install(t *testing.T, plane *controlplane.ControlPlane) *rest.Config {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := plane.WriteKubeconfig(kubeconfig); err != nil {
		t.Fatal(err)
	}
	kubectl := must(plane.Kubectl())(t)
	run := func(input string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), kubectl, append([]string{"--kubeconfig", kubeconfig}, arguments...)...)
		command.Stdin = strings.NewReader(input)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("kubectl %s: %v\n%s", arguments, err, out)
		}
	}
	run(repository.Build(t, repository.Overlay{
		// The namespace comes first, as with the command kustomize.
		Kustomization: "resources: [ROOT/config/default]\nsortOptions: {order: legacy}",
	}), "apply", "--server-side", "-f", "-")
	run("", "wait", "--for=condition=Established", "crd", "--all")
	run(repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/config/policies]"}), "apply", "--server-side", "-f", "-")
	return must(plane.ServiceAccountConfig(t.Context(), namespace, "support-policy-operator"))(t)
}

// unpack writes the files of an image into a folder, with their modes.
func unpack(t *testing.T, from v1.Image, folder string) {
	t.Helper()
	content := mutate.Extract(from)
	defer content.Close()
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, header.Name)
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, must(io.ReadAll(archive))(t), header.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// mountAccount puts the files of the ServiceAccount where Kubernetes does, and a kubeconfig for the case that the operator
// cannot be confined to the folder.
func mountAccount(t *testing.T, config *rest.Config, folder string) {
	t.Helper()
	mount := filepath.Join(folder, account)
	if err := os.MkdirAll(mount, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"ca.crt": config.CAData, "token": []byte(config.BearerToken), "namespace": []byte(namespace)} {
		// As a node has it: each user of the container can read it.
		if err := os.WriteFile(filepath.Join(mount, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := controlplane.WriteKubeconfig(filepath.Join(mount, "kubeconfig"), config); err != nil {
		t.Fatal(err)
	}
}

// strongest returns the first kind of confinement in which the operator of the image can say its version.
func strongest(t *testing.T, folder string) confinement {
	t.Helper()
	for _, c := range confinements() {
		out, err := c.command(folder, "--version").CombinedOutput()
		if err == nil && strings.HasPrefix(string(out), "version:  "+testVersion+"\n") {
			return c
		}
		t.Logf("no confinement by %s: %v: %s", c.name, err, out)
	}
	t.Fatal("the program of the image does not run")
	return confinement{}
}

// await waits until the operator is ready and has judged its cluster, and returns what it says about it.
func await(t *testing.T, operator *process.Process, config *rest.Config, health string) (string, error) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	reader := must(client.New(config, client.Options{Scheme: scheme}))(t)
	var host v1alpha1.ClusterSupport
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		select {
		case <-operator.Exited():
			return false, fmt.Errorf("the operator has ended: %w", operator.Err())
		default:
		}
		if last = ready(ctx, health); last == nil {
			last = reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: "host"}, &host)
		}
		return last == nil && meta.IsStatusConditionTrue(host.Status.Conditions, v1alpha1.ConditionReady), nil
	})
	if err != nil {
		return "", fmt.Errorf("%w: ready: %w; the host: %+v", err, last, host.Status.Conditions)
	}
	verdict := meta.FindStatusCondition(host.Status.Conditions, v1alpha1.ConditionSupported)
	if verdict == nil {
		verdict = &metav1.Condition{}
	}
	return fmt.Sprintf("Kubernetes %s, Supported is %s: %s", host.Status.KubernetesVersion, verdict.Status, verdict.Message), nil
}

func ready(ctx context.Context, health string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort("127.0.0.1", health[strings.LastIndex(health, ":")+1:])+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz answers %s", response.Status)
	}
	return nil
}

// check looks at the process from outside.
func (c confinement) check(t *testing.T, pid int) {
	t.Helper()
	proc := func(name string) string { return string(must(os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name)))(t)) }
	for name, want := range c.expected {
		if !regexp.MustCompile("(?m)" + want).MatchString(proc(name)) {
			t.Errorf("/proc/PID/%s does not have %q:\n%s", name, want, proc(name))
		}
	}
}
