package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// remotes are the control planes of other clusters, which the tests have in common.
var remotes [2]controlplane.Shared

// workspace is where the descriptions of attached clusters are.
const workspace = "workspace-a"

// remote is another cluster for one test.
type remote struct {
	*sandbox.Remote

	w *world
}

// newFleetWorld is a hub that may use kubeconfigs.
func newFleetWorld(t *testing.T, version, now string) *world {
	t.Helper()
	w := newWorldWith(t, sandbox.Options{KubernetesVersion: version, Now: at(t, now), Manifests: "config/fleet"})
	w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	return w
}

// attaching lets the operator use kubeconfigs of the remotes, which are on this machine.
func attaching(_ *rest.Config, options *controllers.Options) {
	options.KubeconfigNamespaces = []string{workspace}
	options.AllowLoopback = true
	options.LabelPrefixes = []string{"support.d2iq.io/"}
	options.SecretInterval = time.Second
	options.Patience = time.Second
}

// newRemote is one of the other clusters, which claims to be of a version.
func (w *world) newRemote(i int, version string) *remote {
	w.t.Helper()
	made, err := sandbox.NewRemote(remotes[i].ForTest(w.t), version)
	if err != nil {
		w.t.Fatal(err)
	}
	r := &remote{Remote: made, w: w}
	w.t.Cleanup(r.end)
	r.apply(namespaces)
	return r
}

// end removes what a test can have made, while the operator does not look any more.
func (r *remote) end() {
	r.w.halt()
	if err := r.Close(); err != nil {
		r.w.t.Error(err)
	}
	for _, kind := range remoteKinds {
		removeAll(r.w.t, r.Client, kind[0], kind[1])
	}
}

var remoteKinds = [][2]string{
	{"kubeaddons.mesosphere.io/v1beta2", "ClusterAddon"},
	{"kubeaddons.mesosphere.io/v1beta2", "Addon"},
	{"kommander.mesosphere.io/v1beta1", "KonvoyCluster"},
	{"helm.toolkit.fluxcd.io/v2beta1", "HelmRelease"},
	{"v1", "Node"},
}

// apply makes the remote have the objects of a manifest.
func (r *remote) apply(manifest string) {
	r.w.t.Helper()
	applyTo(r.w.t, r.Client, manifest)
}

// lend puts a kubeconfig for the remote into a Secret of the hub.
func (r *remote) lend(secret, key, account string) {
	r.w.t.Helper()
	kubeconfig, err := r.Kubeconfig(r.w.t.Context(), account)
	if err != nil {
		r.w.t.Fatal(err)
	}
	r.w.store(secret, map[string][]byte{key: kubeconfig})
}

// store makes a Secret of the hub have this content and nothing else.
func (w *world) store(name string, data map[string][]byte) {
	w.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name}}
	if err := w.Client.Delete(w.t.Context(), secret); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name}, Data: data}
	if err := w.Client.Create(w.t.Context(), secret); err != nil {
		w.t.Fatal(err)
	}
	w.test.Cleanup(func() { _ = w.Client.Delete(context.WithoutCancel(w.test.Context()), secret) })
}

// attach describes a cluster on the hub, as Kommander does once it has joined.
func (w *world) attach(name, more string) {
	w.t.Helper()
	w.apply(fmt.Sprintf(`
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata: {name: %s, namespace: %s, labels: {support.d2iq.io/tier: gold, argocd.argoproj.io/instance: fleet, team: a}}
spec: {kubeconfigRef: {name: %s-kubeconfig}%s}
`, name, workspace, name, more))
	w.phase(name, "Joined")
}

// phase writes the phase of a KommanderCluster.
func (w *world) phase(name, phase string) {
	w.t.Helper()
	object := w.decode(fmt.Sprintf(`{apiVersion: kommander.mesosphere.io/v1beta1, kind: KommanderCluster, metadata: {name: %s, namespace: %s}}`,
		name, workspace))
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status": {"phase": %q}}`, phase))
	if err := w.Client.Status().Patch(w.t.Context(), object, patch); err != nil {
		w.t.Fatal(err)
	}
}

func in(name string) types.NamespacedName { return types.NamespacedName{Namespace: workspace, Name: name} }

// await waits until a condition of a cluster has a status and a reason.
func (w *world) await(name, kind string, status metav1.ConditionStatus, reason string) *v1alpha1.ClusterSupport {
	w.t.Helper()
	var object *v1alpha1.ClusterSupport
	w.eventually("cluster "+name, func() (err error) {
		if object, err = w.clusterSupport(in(name)); err != nil {
			return err
		}
		return expect(object.Status.Conditions, kind, status, reason)
	})
	return object
}

func (w *world) awaitConnected(name string) *v1alpha1.ClusterSupport {
	w.t.Helper()
	return w.await(name, v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// A fleet of two clusters, from the day on which they are attached to the one on which they go.
func TestFleet(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-10-01")
	w.applyShipped()
	w.apply(kommander14)
	first, second := w.newRemote(0, "v1.19.9"), w.newRemote(1, "v1.20.13")
	first.apply(konvoy17)
	w.start(attaching)

	w.run("a cluster that has not joined is in the inventory, and not looked into", func(t *testing.T) {
		w.apply(fmt.Sprintf(`{apiVersion: kommander.mesosphere.io/v1beta1, kind: KommanderCluster, metadata: {name: one, namespace: %s},
			spec: {kubeconfigRef: {name: one-kubeconfig}}}`, workspace))
		got := w.await("one", v1alpha1.ConditionReachable, metav1.ConditionUnknown, v1alpha1.ReasonNotJoined)
		if err := expect(got.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted); err != nil {
			t.Error(err)
		}
		if n := first.Front.Requests(nil); n > 0 {
			t.Errorf("%d requests to a cluster that has not joined", n)
		}
	})

	w.run("it is looked into when it joins", func(t *testing.T) {
		first.lend("one-kubeconfig", "kubeconfig", "first")
		w.attach("one", "")
		got := w.awaitConnected("one")
		if version := row(got, "Konvoy", "default").Version; version != "1.7.2" {
			t.Errorf("Konvoy is %q", version)
		}
		if got.Labels["support.d2iq.io/tier"] != "gold" || len(got.Labels) != 1 {
			t.Errorf("its labels are %v", got.Labels)
		}
		if len(got.OwnerReferences) != 1 || got.OwnerReferences[0].Name != "one" || got.OwnerReferences[0].Kind != "KommanderCluster" {
			t.Errorf("its owners are %v", got.OwnerReferences)
		}
	})

	w.run("a second one has its kubeconfig under another key", func(t *testing.T) {
		second.lend("two-kubeconfig", "value", "second")
		w.attach("two", "")
		w.awaitConnected("two")
		w.settle()
	})

	w.run("a change of a release shows", func(t *testing.T) {
		w.Front.Reset()
		first.apply(strings.ReplaceAll(konvoy17, "1.7.2", "1.7.5"))
		w.eventually("Konvoy 1.7.5", func() error {
			got, err := w.clusterSupport(in("one"))
			if err == nil && row(got, "Konvoy", "default").Version != "1.7.5" {
				return fmt.Errorf("it is %q", row(got, "Konvoy", "default").Version)
			}
			return err
		})
		w.settle()
		if patches := w.Front.Recent(statusPatch("clustersupports", "one")); len(patches) != 1 {
			t.Errorf("it took %d patches: %v", len(patches), patches)
		}
	})

	w.run("at rest nothing is written", func(*testing.T) {
		w.Front.Reset()
		w.unwritten("nothing")
	})

	w.run("one breaks, keeps its verdict, and the other one does not notice", func(t *testing.T) {
		before, err := w.clusterSupport(in("one"))
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Front.Sever(); err != nil {
			t.Fatal(err)
		}
		got := w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonConnectionRefused)
		if err := sameVerdict(before, got); err != nil {
			t.Error(err)
		}
		second.apply(konvoy17)
		w.eventually("the other cluster to be looked at", func() error {
			got, err := w.clusterSupport(in("two"))
			if err == nil && row(got, "Konvoy", "default").Version != "1.7.2" {
				return fmt.Errorf("Konvoy is %q", row(got, "Konvoy", "default").Version)
			}
			return err
		})
		w.settle()
	})

	w.run("time passes for what cannot be reached", func(*testing.T) {
		w.Clock.SetTime(at(w.t, "2022-04-08"))
		w.await("one", v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
		w.settle()
	})

	w.run("an operator that starts meanwhile knows what was known", func(t *testing.T) {
		before, err := w.clusterSupport(in("one"))
		if err != nil {
			t.Fatal(err)
		}
		w.halt()
		w.Front.Reset()
		w.start(attaching)
		w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonConnectionRefused)
		got, err := w.clusterSupport(in("one"))
		if err != nil {
			t.Fatal(err)
		}
		if err := sameVerdict(before, got); err != nil {
			t.Error(err)
		}
		if written := w.Front.Recent(front.Request.Writes); len(written) > 0 {
			t.Errorf("it has written %v", written)
		}
	})

	w.run("it heals", func(t *testing.T) {
		if err := first.Front.Heal(); err != nil {
			t.Fatal(err)
		}
		w.awaitConnected("one")
	})

	w.run("its credentials are revoked, and others are lent", func(t *testing.T) {
		if err := first.Revoke(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonUnauthorized)
		first.lend("one-kubeconfig", "kubeconfig", "third")
		w.awaitConnected("one")
	})

	w.run("it leaves", func(t *testing.T) {
		w.phase("one", "Unjoining")
		w.await("one", v1alpha1.ConditionReachable, metav1.ConditionUnknown, v1alpha1.ReasonNotJoined)
		object := w.decode(fmt.Sprintf(`{apiVersion: kommander.mesosphere.io/v1beta1, kind: KommanderCluster, metadata: {name: one, namespace: %s}}`, workspace))
		if err := w.Client.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		w.eventually("its object to vanish", func() error {
			_, err := w.clusterSupport(in("one"))
			if err == nil {
				return fmt.Errorf("it is there")
			}
			return client.IgnoreNotFound(err)
		})
		w.settle()
	})
}

// sameVerdict tells how one verdict differs from another.
func sameVerdict(before, after *v1alpha1.ClusterSupport) error {
	if before.Status.InstalledVersions != after.Status.InstalledVersions {
		return fmt.Errorf("installed are %s, and were %s", after.Status.InstalledVersions, before.Status.InstalledVersions)
	}
	for _, kind := range []string{v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible, v1alpha1.ConditionExpiringSoon} {
		for _, c := range before.Status.Conditions {
			if c.Type == kind {
				if err := expect(after.Status.Conditions, kind, c.Status, c.Reason); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// kommander14 is the hub's own Kommander.
var kommander14 = kommanderAddon("1.4.3", "1.4.3-3", "0.38.5", "stable-1.20-1.4.3")
