// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

//go:build kubestatemetrics

// make check-kube-state-metrics sets the tag: not every mirror of Go modules has kube-state-metrics.

package ksm_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// account is the service account of kube-state-metrics.
var account = metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-state-metrics"}

// situations are those of the objects of gitops/ that the test uses. The first has no status.
var situations = []string{"new", "valid", "refused", "unreachable", "unsupported", "ended"}

// TestRun runs kube-state-metrics, with the rights of role.yaml, on objects that the operator wrote.
func TestRun(t *testing.T) {
	path := os.Getenv("KUBE_STATE_METRICS")
	if path == "" {
		t.Fatal("KUBE_STATE_METRICS is not the path of kube-state-metrics: run make check-kube-state-metrics")
	}
	crds, err := sandbox.CRDs()
	if err != nil {
		t.Fatal(err)
	}
	plane := controlplane.ForTest(t, controlplane.Options{ControllerManager: true, CRDs: crds})
	createObjects(t, plane)
	config, err := plane.ServiceAccountConfig(t.Context(), account.Namespace, account.Name)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := front.Start(plane.Config(), "v1.30.0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := requests.Close(); err != nil {
			t.Error(err)
		}
	})
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, requests.Config(config.BearerToken)); err != nil {
		t.Fatal(err)
	}
	address, stop := start(t, path, kubeconfig)

	// It discovers the definitions every few seconds, and then reads the objects one by one.
	before := ""
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Second) {
		got := scrape(t, address)
		if got == before && strings.Contains(got, "kube_supportpolicy_") && strings.Contains(got, "kube_clustersupport_") &&
			strings.Contains(got, "kube_supportexception_") {
			break
		}
		if before = got; time.Now().After(end) {
			t.Fatal("waited a minute for metrics that stay the same")
		}
	}
	golden.Expect(t, filepath.Join("testdata", "metrics.prom"), before)
	for line := range strings.Lines(stop()) {
		if strings.HasPrefix(line, "E") {
			t.Errorf("it calls an error what is none: %s", line)
		}
	}
	used := map[string]bool{}
	requests.Requests(func(r front.Request) bool {
		if r.Resource != "" {
			used[r.Verb+" "+security.ResourceName(r.Group, r.Resource)] = true
		}
		return false
	})
	granted := security.Rights(read[rbacv1.ClusterRole](t, "role.yaml").Rules)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(granted)), slices.Sorted(maps.Keys(used))); diff != "" {
		t.Errorf("it uses other rights than its role has (-role +used):\n%s", diff)
	}
}

// createObjects creates the objects, and the role of kube-state-metrics.
func createObjects(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	c, err := client.New(plane.Config(), client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	role := read[rbacv1.ClusterRole](t, "role.yaml")
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "support-policy-system"}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "workspace-a"}},
		&corev1.ServiceAccount{ObjectMeta: account},
		role,
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role.Name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
		},
	} {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"SupportPolicy", "ClusterSupport", "SupportException"} {
		for _, situation := range situations {
			path := filepath.Join("..", "..", "gitops", "argocd", v1alpha1.GroupVersion.Group, kind, "testdata", situation+".yaml")
			if _, err := os.Stat(path); err != nil {
				continue // objects of this kind do not come into it
			}
			object := &unstructured.Unstructured{Object: *read[map[string]any](t, path)}
			status := object.Object["status"]
			object.SetName(situation)
			if err := c.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			object.Object["status"] = status
			if err := c.Status().Update(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// start starts kube-state-metrics. It returns its address, and a function that stops it and returns its output.
func start(t *testing.T, path, kubeconfig string) (address string, stop func() string) {
	t.Helper()
	address = process.FreeAddress(t)
	host, port, _ := strings.Cut(address, ":")
	_, telemetry, _ := strings.Cut(process.FreeAddress(t), ":")
	logs := &bytes.Buffer{}
	command := exec.Command(path, "--custom-resource-state-only", "--custom-resource-state-config-file=config.yaml",
		"--kubeconfig="+kubeconfig, "--host="+host, "--port="+port, "--telemetry-host="+host, "--telemetry-port="+telemetry)
	command.Stdout, command.Stderr = logs, logs
	thread := process.NewThread()
	t.Cleanup(thread.End)
	var started *process.Process
	var err error
	thread.Do(func() { started, err = process.Start(command) })
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() string {
		if err := started.Stop(20 * time.Second); err != nil {
			t.Error(err)
		}
		return logs.String()
	})
	t.Cleanup(func() {
		if printed := stop(); t.Failed() {
			t.Logf("what kube-state-metrics printed:\n%s", printed)
		}
	})
	return address, stop
}

// scrape returns the metrics in alphabetical order, without help texts and without the labels that every series has. It returns
// nothing while nothing is served.
func scrape(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
