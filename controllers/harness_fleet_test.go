// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// remotes are the control planes of other clusters, which the tests have in common.
var remotes [2]controlplane.Shared

// workspace is where the descriptions of attached clusters are.
const workspace = "workspace-a"

func in(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: workspace, Name: name}
}

// newFleetWorld is a hub that may use kubeconfigs.
func newFleetWorld(t *testing.T, version, now string) *world {
	t.Helper()
	return newFleetWorldWith(t, sandbox.Options{KubernetesVersion: version, Now: at(t, now), Manifests: "config/fleet"})
}

// newFleetWorldWith is newFleetWorld with a choice of manifests.
func newFleetWorldWith(t *testing.T, options sandbox.Options) *world {
	t.Helper()
	var w *world
	// It is registered before the world's own end, so that it comes after it.
	t.Cleanup(func() {
		if w != nil {
			w.forgetFleet()
		}
	})
	w = newWorldWith(t, options)
	w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	return w
}

// forgetFleet gives the next test a hub without kubeconfigs, and an operator with the rights of config/default.
func (w *world) forgetFleet() {
	ctx := context.Background()
	for _, manifest := range []string{
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: ` + kubeconfigsRole + `}}`,
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: ` + kubeconfigsRole + `}}`,
		`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: ` + kubeconfigsRole + `, namespace: ` + workspace + `}}`,
	} {
		if err := w.Client.Delete(ctx, w.decode(manifest)); client.IgnoreNotFound(err) != nil {
			w.test.Errorf("clean up: %v", err)
		}
	}
	for _, namespace := range []string{workspace, "team-a"} {
		if err := w.Client.DeleteAllOf(ctx, &corev1.Secret{}, client.InNamespace(namespace)); err != nil {
			w.test.Errorf("clean up: %v", err)
		}
	}
}

// kubeconfigsRole is the name of the role, and of its binding, of config/components/fleet.
const kubeconfigsRole = controllers.Name + "-kubeconfigs"

// attaching lets the operator use kubeconfigs of the remotes, which are on this machine.
func attaching(_ *rest.Config, options *controllers.Options) {
	options.KubeconfigNamespaces = []string{workspace}
	options.AllowLoopback = true
	options.LabelPrefixes = []string{"support.d2iq.io/"}
	options.SecretInterval = 250 * time.Millisecond
	options.Patience = time.Second
}

// remote is another cluster for one test.
type remote struct {
	*sandbox.Remote

	w *world
}

// newRemote is one of the other clusters, which claims to be of a version.
func (w *world) newRemote(i int, version string) *remote {
	w.t.Helper()
	return w.newRemoteOn(remotes[i].ForTest(w.t), version)
}

func (w *world) newRemoteOn(plane *controlplane.ControlPlane, version string) *remote {
	w.t.Helper()
	made, err := sandbox.NewRemote(plane, version)
	must(w.t, err)
	r := &remote{Remote: made, w: w}
	w.test.Cleanup(r.end)
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

// kubeconfig is one with the token of an account, as changed.
func (r *remote) kubeconfig(account string, change func(*api.Cluster, *api.AuthInfo)) []byte {
	r.w.t.Helper()
	made, err := r.Kubeconfig(r.w.t.Context(), account)
	must(r.w.t, err)
	config, err := clientcmd.Load(made)
	must(r.w.t, err)
	context := config.Contexts[config.CurrentContext]
	if change != nil {
		change(config.Clusters[context.Cluster], config.AuthInfos[context.AuthInfo])
	}
	changed, err := clientcmd.Write(*config)
	must(r.w.t, err)
	return changed
}

// lend puts a kubeconfig for the remote into a Secret of the hub.
func (r *remote) lend(secret, key, account string) {
	r.w.t.Helper()
	r.w.store(in(secret), map[string][]byte{key: r.kubeconfig(account, nil)})
}

// store makes a Secret of the hub have this content and nothing else.
func (w *world) store(key types.NamespacedName, data map[string][]byte) {
	w.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}, Data: data}
	err := w.Client.Update(w.t.Context(), secret)
	if client.IgnoreNotFound(err) == nil && err != nil {
		err = w.Client.Create(w.t.Context(), secret)
	}
	must(w.t, err)
}

// attach describes a cluster on the hub, as Kommander does once it has joined.
func (w *world) attach(name string) {
	w.t.Helper()
	w.apply(fmt.Sprintf(`
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata: {name: %s, namespace: %s, labels: {support.d2iq.io/tier: gold, argocd.argoproj.io/instance: fleet, team: a}}
spec: {kubeconfigRef: {name: %s-kubeconfig}}
`, name, workspace, name))
	w.phase(name, "Joined")
}

// detach removes the description.
func (w *world) detach(name string) {
	w.t.Helper()
	w.delete(w.kommanderCluster(name))
}

// phase writes the phase of a KommanderCluster.
func (w *world) phase(name, phase string) {
	w.t.Helper()
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status": {"phase": %q}}`, phase))
	must(w.t, w.Client.Status().Patch(w.t.Context(), w.kommanderCluster(name), patch))
}

func (w *world) kommanderCluster(name string) client.Object {
	w.t.Helper()
	return w.decode(fmt.Sprintf(`{apiVersion: kommander.mesosphere.io/v1beta1, kind: KommanderCluster, metadata: {name: %s, namespace: %s}}`,
		name, workspace))
}

// mustCluster is the object for a cluster of the workspace where it is certain to be there.
func (w *world) mustCluster(name string) *v1alpha1.ClusterSupport {
	w.t.Helper()
	object, err := w.clusterSupport(in(name))
	must(w.t, err)
	return object
}

// await waits until a condition of a cluster has a status and a reason.
func (w *world) await(name, kind string, status metav1.ConditionStatus, reason string) *v1alpha1.ClusterSupport {
	w.t.Helper()
	return w.awaitCluster(name, func(object *v1alpha1.ClusterSupport) error {
		return expect(object.Status.Conditions, kind, status, reason)
	})
}

// awaitCluster waits until nothing is wrong with the object for a cluster of the workspace.
func (w *world) awaitCluster(name string, wrong func(*v1alpha1.ClusterSupport) error) *v1alpha1.ClusterSupport {
	w.t.Helper()
	return w.awaitKey(in(name), wrong)
}

// awaitKey is awaitCluster anywhere.
func (w *world) awaitKey(key types.NamespacedName, wrong func(*v1alpha1.ClusterSupport) error) *v1alpha1.ClusterSupport {
	w.t.Helper()
	var object *v1alpha1.ClusterSupport
	w.eventually("cluster "+key.Name, func() (err error) {
		if object, err = w.clusterSupport(key); err != nil {
			return err
		}
		return wrong(object)
	})
	return object
}

func (w *world) awaitConnected(name string) *v1alpha1.ClusterSupport {
	w.t.Helper()
	return w.await(name, v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected)
}

// awaitKonvoy waits until a cluster has a version of Konvoy.
func (w *world) awaitKonvoy(name, version string) *v1alpha1.ClusterSupport {
	w.t.Helper()
	return w.awaitCluster(name, func(object *v1alpha1.ClusterSupport) error { return hasVersion(object, facts.Konvoy, version) })
}

// hasVersion says how the version of a product that is installed once differs.
func hasVersion(object *v1alpha1.ClusterSupport, product, version string) error {
	if got := row(object, product, "default"); got.Version != version {
		return fmt.Errorf("%s is %q by %+v, expected is %q", product, got.Version, got.Evidence, version)
	}
	return nil
}

// awaitGone waits until there is no object for a cluster.
func (w *world) awaitGone(name string) {
	w.t.Helper()
	w.eventually("the object for "+name+" to vanish", func() error {
		_, err := w.clusterSupport(in(name))
		if err == nil {
			return fmt.Errorf("it is there")
		}
		return client.IgnoreNotFound(err)
	})
}
