// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// releaseTimeout is how long something may take. No outcome depends on it.
const releaseTimeout = 2 * time.Minute

// releaseHub is the demo's fleet, with a hub on which a release is installed by its files alone.
type releaseHub struct {
	*fleet

	plane   *controlplane.ControlPlane
	clients *kubernetes.Clientset
	// path is the PATH of the commands, with kubectl.
	path string
}

// openHub opens the hub. Nothing of the operator is on the hub, not even its CRDs.
func openHub(t *testing.T, plane *controlplane.ControlPlane) *releaseHub {
	t.Helper()
	ctrl.SetLogger(logr.Discard())
	hub, err := sandbox.Open(plane, t.TempDir(), sandbox.Options{KubernetesVersion: firstInstallation.kubernetes, Now: firstDay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() })
	h := &releaseHub{fleet: &fleet{Sandbox: hub}, plane: plane}
	if h.clients, err = kubernetes.NewForConfig(plane.Config()); err != nil {
		t.Fatal(err)
	}
	kubectl, err := plane.Kubectl()
	if err != nil {
		t.Fatal(err)
	}
	h.path = filepath.Dir(kubectl) + string(os.PathListSeparator) + os.Getenv("PATH")
	return h
}

// startFleet installs the products on the hub, and starts the other clusters.
func (h *releaseHub) startFleet(t *testing.T) {
	t.Helper()
	var err error
	if h.remotes, err = startRemotes(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopRemotes(h.remotes); err != nil {
			t.Error(err)
		}
	})
	if err := firstInstallation.install(t.Context(), h.Sandbox); err != nil {
		t.Fatal(err)
	}
}

// bash runs a command in the folder of a release, with kubectl for the hub.
func (h *releaseHub) bash(t *testing.T, folder, command string) {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", "-c", command)
	shell.Dir = folder
	shell.Env = []string{"KUBECONFIG=" + h.Kubeconfig(), "PATH=" + h.path, "HOME=" + t.TempDir()}
	if out, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// follow runs the commands below a heading of docs/install.md, those only that contain the text.
func (h *releaseHub) follow(t *testing.T, folder, heading, containing string) {
	t.Helper()
	for _, command := range documented(t, filepath.Join(h.Root(), "docs", "install.md"), heading) {
		if strings.Contains(command, containing) {
			h.bash(t, folder, command)
		}
	}
}

// documented returns the commands below a heading of a page: the lines after a prompt.
func documented(t *testing.T, page, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var commands []string
	for line := range strings.Lines(section) {
		if command, is := strings.CutPrefix(line, "$ "); is {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if len(commands) == 0 {
		t.Fatalf("%s has no command below %q", page, heading)
	}
	return commands
}

func (h *releaseHub) kubectl(t *testing.T, arguments ...string) {
	t.Helper()
	if _, err := h.Kubectl(t.Context(), arguments...); err != nil {
		t.Fatal(err)
	}
}

func (h *releaseHub) apply(t *testing.T, manifests ...string) {
	t.Helper()
	for _, manifest := range manifests {
		if _, err := h.KubectlInput(t.Context(), []byte(manifest), "apply", "-f", "-"); err != nil {
			t.Fatal(err)
		}
	}
}

// statuses are those of the fleet by name, without the probe times.
func (h *releaseHub) statuses(t *testing.T) map[string]v1alpha1.ClusterSupportStatus {
	t.Helper()
	var all v1alpha1.ClusterSupportList
	if err := h.Client.List(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]v1alpha1.ClusterSupportStatus{}
	for _, object := range all.Items {
		found[object.Name] = object.Status
	}
	return found
}

// settled returns the statuses when they have not changed for some seconds, in which the operator would have written.
func (h *releaseHub) settled(t *testing.T) map[string]v1alpha1.ClusterSupportStatus {
	t.Helper()
	for deadline := time.After(releaseTimeout); ; {
		before := h.statuses(t)
		select {
		case <-deadline:
			t.Fatal("the statuses do not come to rest")
		case <-time.After(5 * time.Second):
		}
		if now := h.statuses(t); gocmp.Equal(before, now) {
			return now
		}
	}
}

// await waits for what is installed on clusters, each as NAME: PRODUCT VERSION STATE, …
func (h *releaseHub) await(t *testing.T, wanted ...string) {
	t.Helper()
	var got []string
	h.eventually(t, func() bool {
		got = nil
		for name, status := range h.statuses(t) {
			var releases []string
			for _, r := range status.Releases {
				releases = append(releases, fmt.Sprintf("%s %s %s", r.Product, r.Version, r.State))
			}
			slices.Sort(releases)
			got = append(got, name+": "+strings.Join(releases, ", "))
		}
		return !slices.ContainsFunc(wanted, func(line string) bool { return !slices.Contains(got, line) })
	}, func() string {
		return fmt.Sprintf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(wanted, "\n"))
	})
}

func (h *releaseHub) eventually(t *testing.T, done func() bool, otherwise func() string) {
	t.Helper()
	for deadline := time.After(releaseTimeout); !done(); {
		select {
		case <-deadline:
			t.Fatal(otherwise())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// foreign are kinds whose objects come and go by other hands than those of the operator and its users.
var foreign = []string{"Event", "Lease", "Endpoints", "EndpointSlice", "APIService"}

// objects are all objects on the hub, but for those of the fleet.
func (h *releaseHub) objects(t *testing.T) []string {
	t.Helper()
	lists, err := h.clients.Discovery().ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	config := h.plane.Config()
	config.WarningHandler = rest.NoWarnings{} // of kinds that are deprecated
	reader, err := metadata.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			objects, err := reader.Resource(version.WithResource(resource.Name)).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatalf("%s: %v", resource.Name, err)
			}
			for _, object := range objects.Items {
				if isOwn(resource.Kind, object) {
					found[strings.TrimPrefix(resource.Kind+" "+strings.TrimPrefix(object.Namespace+"/"+object.Name, "/"), " ")] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// isOwn tells whether an object can be one of the operator or its users. A lease can, in the operator's namespace; and every
// namespace has a ServiceAccount and a ConfigMap.
func isOwn(kind string, object metav1.PartialObjectMetadata) bool {
	switch {
	case kind == "Lease" && object.Namespace == sandbox.Namespace:
		return true
	case object.Namespace == sandbox.Namespace && (object.Name == "default" || object.Name == "kube-root-ca.crt"):
		return false
	case object.Namespace == workspace || object.Name == workspace:
		return kind == "ClusterSupport"
	}
	return !slices.Contains(foreign, kind)
}

// awaitObjects waits until nothing is on the hub but what was there before and what is kept.
func (h *releaseHub) awaitObjects(t *testing.T, before []string, kept ...string) {
	t.Helper()
	want := slices.Sorted(slices.Values(append(slices.Clone(before), kept...)))
	var got []string
	h.eventually(t, func() bool {
		got = h.objects(t)
		return slices.Equal(got, want)
	}, func() string { return "objects (-want +got):\n" + gocmp.Diff(want, got) })
}

// record has what a version before wrote at an instant; see test/v0.1.0.
type record struct {
	Clusters []v1alpha1.ClusterSupport `json:"clusters"`
}

// restore writes the first ClusterSupports of a file of records that stand for the whole fleet, with their statuses, as the
// operator wrote them.
func (h *releaseHub) restore(t *testing.T, file string) {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var one record
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		isEmpty := func(c v1alpha1.ClusterSupport) bool { return len(c.Status.Releases) == 0 }
		if len(one.Clusters) == 3 && !slices.ContainsFunc(one.Clusters, isEmpty) {
			for i := range one.Clusters {
				h.restoreCluster(t, &one.Clusters[i])
			}
			return
		}
	}
	t.Fatalf("%s has no record of three clusters", file)
}

func (h *releaseHub) restoreCluster(t *testing.T, recorded *v1alpha1.ClusterSupport) {
	t.Helper()
	object := &v1alpha1.ClusterSupport{
		ObjectMeta: metav1.ObjectMeta{Name: recorded.Name, Namespace: recorded.Namespace, Labels: recorded.Labels}, Spec: recorded.Spec,
	}
	if err := h.Client.Create(t.Context(), object, client.FieldOwner(controllers.Name)); err != nil {
		t.Fatal(err)
	}
	before := object.DeepCopy()
	object.Status = recorded.Status
	if err := h.Client.Status().Patch(t.Context(), object, client.MergeFrom(before), client.FieldOwner(controllers.Name)); err != nil {
		t.Fatal(err)
	}
}

// background is for what ends with the test, and not before its cleanup.
func background(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }
