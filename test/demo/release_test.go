// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/hack/release"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	files "github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// TestRelease installs a release on the demo's hub from its files alone, judges the demo's fleet, upgrades to a second build
// and uninstalls, by the commands of docs/install.md. There is no kubelet: the program is taken out of the image, and run as the
// Deployment and the Job say, with the tokens of their accounts.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the operator twice")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the program of the image is for Linux")
	}
	crds, err := sandbox.RemoteCRDs() // without the operator's own: the release brings them
	if err != nil {
		t.Fatal(err)
	}
	plane := controlplane.ForTest(t, controlplane.Options{ControllerManager: true, CRDs: crds})
	snapshot := files.NewSnapshot(t)
	first := makeRelease(t, snapshot, "v0.2.0")
	snapshot.Commit(t)
	second := makeRelease(t, snapshot, "v0.2.1")
	hub := openHub(t, plane)
	hub.startFleet(t)
	before := hub.objects(t)

	// Each step builds on the one before.
	step := func(name string, do func(*testing.T)) {
		if !t.Failed() {
			t.Log("step:", name)
			do(t)
		}
	}
	step("install", func(t *testing.T) {
		hub.follow(t, first, "Check", "")
		hub.follow(t, first, "Install", fleetManifest)
		hub.follow(t, first, "Install", fleetManifest) // a second time changes nothing
		hub.runJob(t, first, "v0-2-0")
	})
	var operator *runningOperator
	var judged map[string]v1alpha1.ClusterSupportStatus
	step("judge the fleet", func(t *testing.T) {
		operator = hub.startOperator(t, first)
		if err := attachClusters(t.Context(), hub.fleet); err != nil {
			t.Fatal(err)
		}
		hub.await(t, "host: BasePlatformServices stable-1.19-3.4.1 Supported, Kommander 1.3.2 Unsupported, Konvoy 1.7.2 Unsupported, Kubernetes v1.19.9 Supported",
			"eu: BasePlatformServices stable-1.19-3.4.1 Supported, Konvoy 1.7.2 Unsupported, Kubernetes v1.19.9 Supported",
			"us: BasePlatformServices stable-1.19-3.4.1 Supported, Konvoy 1.7.2 Unsupported, Kubernetes v1.19.9 Supported")
		// What people write.
		hub.apply(t, exceptionManifests, ownPolicy)
		hub.kubectl(t, "patch", "clustersupport", "host", "-n", sandbox.Namespace, "--type=merge", "-p", productionPatch)
		judged = hub.settled(t)
	})
	step("upgrade", func(t *testing.T) {
		hub.follow(t, second, "Upgrade", "")
		if diff := gocmp.Diff(judged, hub.statuses(t)); diff != "" {
			t.Errorf("statuses before the new operator runs (-before +after):\n%s", diff)
		}
		operator.stop(t)
		hub.runJob(t, second, "v0-2-1")
		operator = hub.startOperator(t, second)
		hub.kubectl(t, "annotate", "--overwrite", "kommandercluster", america, "-n", workspace, "support.d2iq.io/declared-releases=Konvoy=1.7.5")
		hub.await(t, "us: BasePlatformServices stable-1.19-3.4.1 Supported, Konvoy 1.7.5 Unsupported, Kubernetes v1.19.9 Supported")
		now := hub.settled(t)
		for _, all := range []map[string]v1alpha1.ClusterSupportStatus{judged, now} {
			delete(all, america) // it has another release now
		}
		if diff := gocmp.Diff(judged, now); diff != "" {
			t.Errorf("statuses of the new operator (-before +after):\n%s", diff)
		}
	})
	step("uninstall", func(t *testing.T) {
		hub.follow(t, second, "Uninstall", "") // the operator still runs, as it does until a kubelet has ended it
		operator.stop(t)
		hub.awaitObjects(t, before, append(slices.Clone(crdObjects), "Namespace "+sandbox.Namespace,
			"ClusterSupport "+sandbox.Namespace+"/host", "SupportPolicy own",
			"SupportException kommander-1.3-until-upgrade", "SupportException konvoy-1.7-until-upgrade")...)
		hub.follow(t, second, "Remove the rest", "")
		hub.awaitObjects(t, before)
	})
	step("server-side", func(t *testing.T) {
		for _, manifest := range []string{"install.yaml", fleetManifest} {
			hub.bash(t, second, "kubectl apply --server-side -f "+manifest)
		}
		hub.follow(t, second, "Remove the rest", "")
		hub.bash(t, second, "kubectl delete --ignore-not-found -f uninstall.yaml")
		hub.awaitObjects(t, before)
	})
	step("upgrade from v0.1.0", func(t *testing.T) { hub.upgradeFromFirst(t, second) })
	step("an old API server", func(t *testing.T) { installOnOld(t, second) })
}

// fleetManifest selects the command for the management cluster.
const fleetManifest = "install-fleet.yaml"

const ownPolicy = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: own}
spec: {product: Own, timeZone: Etc/UTC, lifecycle: {listed: {}}, releases: [{version: "1.0"}]}
`

// upgradeFromFirst: what v0.1.0 wrote and what people wrote for it stays, and the new operator judges it.
func (h *releaseHub) upgradeFromFirst(t *testing.T, folder string) {
	old := filepath.Join(h.Root(), "test", "v0.1.0")
	h.kubectl(t, "create", "namespace", sandbox.Namespace)
	h.kubectl(t, "apply", "-f", filepath.Join(old, "crds"))
	h.kubectl(t, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
	h.kubectl(t, "apply", "-f", filepath.Join(old, "policies"))
	h.kubectl(t, "patch", "supportpolicy", "kommander", "--type=merge", "-p", `{"spec":{"documentationURL":"https://own.test/"}}`)
	h.kubectl(t, "annotate", "--overwrite", "kommandercluster", america, "-n", workspace, "support.d2iq.io/declared-releases=Konvoy=1.7.2")
	h.restore(t, filepath.Join(old, "statuses", "demo.jsonl.gz"))
	was := h.statuses(t)
	if len(was) != 3 {
		t.Fatalf("v0.1.0 left the statuses of %q, want three", slices.Sorted(maps.Keys(was)))
	}
	h.follow(t, folder, "Upgrade", "")
	if diff := gocmp.Diff(was, h.statuses(t)); diff != "" {
		t.Errorf("statuses of v0.1.0 under the new CRDs (-before +after):\n%s", diff)
	}
	// What the user has changed stays, until the user asks for the shipped policy.
	if log := h.runJob(t, folder, "v0-2-1"); !strings.Contains(log, "SupportPolicy kommander stays as it is: ") {
		t.Errorf("the Job said:\n%s", log)
	}
	h.follow(t, folder, "Install", "--force-conflicts")
	var kommander v1alpha1.SupportPolicy
	if err := h.Client.Get(t.Context(), client.ObjectKey{Name: "kommander"}, &kommander); err != nil || kommander.Spec.DocumentationURL == "https://own.test/" {
		t.Errorf("the shipped policy was not taken: %s, %v", kommander.Spec.DocumentationURL, err)
	}
	operator := h.startOperator(t, folder)
	defer operator.stop(t)
	h.await(t, "host: BasePlatformServices stable-1.19-3.4.1 Supported, Kommander 1.3.2 Unsupported, Konvoy 1.7.2 Unsupported, Kubernetes v1.19.9 Supported")
	for name, status := range h.settled(t) {
		if ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Status != "True" {
			t.Errorf("%s: Ready is %+v", name, ready)
		}
		if len(status.History) < len(was[name].History) {
			t.Errorf("%s lost history: %+v, was %+v", name, status.History, was[name].History)
		}
		for _, release := range was[name].Releases {
			at := slices.IndexFunc(status.Releases, func(r v1alpha1.InstalledRelease) bool {
				return r.Product == release.Product && r.Name == release.Name && r.Version == release.Version
			})
			if at < 0 || !status.Releases[at].ObservedSince.Equal(release.ObservedSince) {
				t.Errorf("%s: %s %s was observed since %s, and now there is %+v", name, release.Product, release.Version, release.ObservedSince, status.Releases)
			}
		}
	}
}

// installOnOld: an old API server and its kubectl take the files, too, and give them back.
func installOnOld(t *testing.T, folder string) {
	hub := openHub(t, controlplane.ForTest(t, controlplane.Options{ControllerManager: true, Version: controlplane.Old}))
	hub.apply(t, nodeManifest) // of Konvoy, in an unknown version
	before := hub.objects(t)
	hub.follow(t, folder, "Install", fleetManifest)
	hub.runJob(t, folder, "v0-2-1")
	operator := hub.startOperator(t, folder)
	hub.await(t, "host: Konvoy  Unknown, Kubernetes v1.19.9 Supported")
	hub.follow(t, folder, "Uninstall", "")
	operator.stop(t)
	hub.awaitObjects(t, before, append(crdObjects, "Namespace "+sandbox.Namespace)...)
	hub.follow(t, folder, "Remove the rest", "")
	hub.awaitObjects(t, before)
}

// crdObjects are the CustomResourceDefinitions, which an uninstallation keeps.
var crdObjects = []string{
	"CustomResourceDefinition clustersupports.support.d2iq.io", "CustomResourceDefinition supportexceptions.support.d2iq.io",
	"CustomResourceDefinition supportpolicies.support.d2iq.io",
}

// makeRelease makes a release for this machine only, and returns the folder, apart from the repository.
func makeRelease(t *testing.T, snapshot files.Snapshot, version string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "dist")
	platforms := []string{"linux/" + runtime.GOARCH}
	err := release.Make(t.Context(), release.Options{
		Root: snapshot.Folder, Version: version, Folder: folder, Operator: platforms, Plugin: platforms,
		Publisher: release.Publisher{
			Image: "registry.test/support/support-policy-operator", Provider: release.Provider{Name: "Example Publisher"},
			Maintainers: []release.Maintainer{{Name: "Jo Doe", Email: "jo@publisher.test"}}, Support: "https://publisher.test/help",
			Security: "security@publisher.test",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}
