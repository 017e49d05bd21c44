// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// copying has the operator copy labels by prefixes among which are those of GitOps tools.
func copying(config *rest.Config, options *controllers.Options) {
	attaching(config, options)
	options.LabelPrefixes = []string{"support.d2iq.io/", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/"}
}

// labelled is KommanderCluster kept with labels.
func labelled(labels string) string {
	return described(workspace, "kept", "  labels: {"+labels+"}")
}

// What the operator has put into an object follows the description of its cluster, and nothing else in it is touched.
func TestInventoryIsKept(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-10-01")
	w.apply(labelled("support.d2iq.io/tier: gold, support.d2iq.io/zone: eu, team: a, argocd.argoproj.io/instance: fleet, " +
		"kustomize.toolkit.fluxcd.io/name: fleet"))
	w.apply(described(workspace, "other", ""))
	w.apply(describedAs(v1alpha1.GroupVersion.String(), "ClusterSupport", workspace, "mine",
		"  labels: {stage: prod}\nspec: {cluster: {kommanderCluster: {name: other}}}"))
	w.start(copying)

	labels := func(want map[string]string) func(*v1alpha1.ClusterSupport) error {
		return func(object *v1alpha1.ClusterSupport) error {
			if diff := cmp.Diff(want, object.Labels); diff != "" {
				return fmt.Errorf("its labels differ (-want +got):\n%s", diff)
			}
			return nil
		}
	}

	w.run("labels are copied by their prefixes, those of GitOps tools never", func(*testing.T) {
		w.awaitCluster("kept", labels(map[string]string{"support.d2iq.io/tier": "gold", "support.d2iq.io/zone": "eu"}))
	})
	w.run("an object that a user has written is left alone", func(t *testing.T) {
		object := w.mustCluster("mine")
		check(t, labels(map[string]string{"stage": "prod"})(object))
		if len(object.OwnerReferences) > 0 {
			t.Errorf("it has owners: %v", object.OwnerReferences)
		}
	})
	w.run("what a user adds stays", func(t *testing.T) {
		w.apply(describedAs(v1alpha1.GroupVersion.String(), "ClusterSupport", workspace, "kept", `  labels: {stage: prod, support.d2iq.io/own: mine}
  annotations: {note: mine}
spec:
  environment: Production
  declaredReleases: [{product: Konvoy, name: default, version: 1.7.2}]`))
		spec := w.mustCluster("kept").Spec
		w.apply(labelled("support.d2iq.io/tier: silver, support.d2iq.io/region: west, team: b, argocd.argoproj.io/instance: other"))
		object := w.awaitCluster("kept", labels(map[string]string{
			"support.d2iq.io/tier": "silver", "support.d2iq.io/region": "west", "stage": "prod", "support.d2iq.io/own": "mine",
		}))
		if diff := cmp.Diff(spec, object.Spec); diff != "" || object.Annotations["note"] != "mine" {
			t.Errorf("its annotations are %v and its spec differs (-before +after):\n%s", object.Annotations, diff)
		}
	})
	w.run("a label that goes, goes from it", func(*testing.T) {
		w.apply(labelled("support.d2iq.io/tier: silver, team: b, argocd.argoproj.io/instance: other"))
		w.awaitCluster("kept", labels(map[string]string{"support.d2iq.io/tier": "silver", "stage": "prod", "support.d2iq.io/own": "mine"}))
	})
	for what, patch := range map[string]string{
		"a label":              `{"metadata": {"labels": {"support.d2iq.io/tier": "mine"}}}`,
		"a label that is gone": `{"metadata": {"labels": {"support.d2iq.io/tier": null}}}`,
	} {
		w.run("what a user changes of the operator's fields comes back: "+what, func(*testing.T) {
			w.patch("kept", patch)
			w.awaitCluster("kept", func(object *v1alpha1.ClusterSupport) error {
				return errors.Join(w.isOwned(object), labels(map[string]string{
					"support.d2iq.io/tier": "silver", "stage": "prod", "support.d2iq.io/own": "mine",
				})(object))
			})
		})
	}
	w.run("a change that is not copied is no reason to write", func(*testing.T) {
		w.settle()
		w.Front.Reset()
		w.apply(labelled("support.d2iq.io/tier: silver, team: c, argocd.argoproj.io/instance: third"))
		w.expectNoWrites("a change of labels that are not copied")
	})
	w.run("neither is a restart", func(*testing.T) {
		w.halt()
		w.Front.Reset()
		w.start(copying)
		w.expectNoWrites("a restart")
	})

	w.run("another description of that name owns it", func(t *testing.T) {
		before := w.mustCluster("kept")
		orphan := client.PropagationPolicy(metav1.DeletePropagationOrphan)
		w.delete(w.kommanderCluster("kept"), orphan)
		w.eventually("the description to go", func() error {
			object := w.kommanderCluster("kept")
			if err := w.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); err == nil {
				return errors.New("it is there")
			}
			return nil
		})
		w.await("kept", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonKommanderClusterMissing)
		w.apply(labelled("support.d2iq.io/tier: silver"))
		after := w.awaitCluster("kept", func(object *v1alpha1.ClusterSupport) error {
			return errors.Join(w.isOwned(object), labels(map[string]string{
				"support.d2iq.io/tier": "silver", "stage": "prod", "support.d2iq.io/own": "mine",
			})(object))
		})
		if after.UID != before.UID || after.Spec.Environment != v1alpha1.EnvironmentProduction {
			t.Error("it is not the same object")
		}
	})

	w.run("a reference that a user changes stalls it, and back", func(t *testing.T) {
		before := w.mustCluster("kept")
		w.patch("kept", `{"spec": {"cluster": {"kommanderCluster": {"name": "other"}}}}`)
		object := w.await("kept", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonClusterChanged)
		ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
		for _, want := range []string{"spec.cluster", "kommanderCluster other", "kommanderCluster kept", "put it back"} {
			if ready.Status != metav1.ConditionFalse || !strings.Contains(ready.Message, want) {
				t.Errorf("Ready is %s, and does not have %q: %s", ready.Status, want, ready.Message)
			}
		}
		if diff := cmp.Diff(before.Status.Cluster, object.Status.Cluster); diff != "" {
			t.Errorf("its status is about another cluster (-before +after):\n%s", diff)
		}
		w.settle()
		// The object is still that of its cluster: a second one would be left over when the reference is put back.
		want := map[string]string{"kept": "KommanderCluster other", "mine": "KommanderCluster other"}
		check(t, diffOf(want, w.inventory(workspace)))
		w.patch("kept", `{"spec": {"cluster": {"kommanderCluster": {"name": "kept"}}}}`)
		object = w.await("kept", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated)
		if meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionStalled) != nil {
			t.Error("it is still stalled")
		}
	})

	w.run("an object that is deleted comes back", func(*testing.T) {
		old := w.mustCluster("kept")
		w.remove(in("kept"))
		w.awaitCluster("kept", func(object *v1alpha1.ClusterSupport) error {
			if object.UID == old.UID {
				return errors.New("it is the old one")
			}
			return errors.Join(w.isOwned(object), labels(map[string]string{"support.d2iq.io/tier": "silver"})(object),
				expect(object.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated))
		})
		// Somebody's own is not made again: another one takes its place.
		w.remove(in("mine"))
		want := map[string]string{"kept": "KommanderCluster kept", "other": "KommanderCluster other"}
		w.eventually("another one for the cluster", func() error { return diffOf(want, w.inventory(workspace)) })
	})

	w.run("a cluster that Kommander takes over later keeps its object", func(*testing.T) {
		w.apply(made(workspace, "early"))
		w.awaitCluster("early", func(*v1alpha1.ClusterSupport) error { return nil })
		w.Front.Reset()
		w.apply(described(workspace, "late", "spec: {clusterRef: {capiCluster: {name: early}}}"))
		// When this one is there, that one would be, too.
		w.apply(described(workspace, "later", ""))
		w.awaitCluster("later", func(*v1alpha1.ClusterSupport) error { return nil })
		w.settle()
		want := map[string]string{
			"kept": "KommanderCluster kept", "other": "KommanderCluster other", "early": "Cluster early", "later": "KommanderCluster later",
		}
		check(w.t, diffOf(want, w.inventory(workspace)))
		written := w.Front.Recent(func(r front.Request) bool {
			return r.Writes() && r.Resource == "clustersupports" && r.Subresource == "" && r.Name != "later"
		})
		if len(written) > 0 {
			w.t.Errorf("it wrote %v", written)
		}
	})
}

// isOwned says what is wrong with the owner of an object: it is to be the KommanderCluster of that name which is there.
func (w *world) isOwned(object *v1alpha1.ClusterSupport) error {
	owner := w.kommanderCluster(object.Name)
	if err := w.Client.Get(w.t.Context(), client.ObjectKeyFromObject(owner), owner); err != nil {
		return err
	}
	want := []metav1.OwnerReference{{
		APIVersion: "kommander.mesosphere.io/v1beta1", Kind: "KommanderCluster", Name: owner.GetName(), UID: owner.GetUID(),
	}}
	if diff := cmp.Diff(want, object.OwnerReferences); diff != "" {
		return fmt.Errorf("its owners differ (-want +got):\n%s", diff)
	}
	return nil
}

// patch changes the object for a cluster as kubectl edit does.
func (w *world) patch(name, patch string) {
	w.t.Helper()
	object := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: name}}
	err := w.Client.Patch(w.t.Context(), object, client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner("user"))
	must(w.t, err)
}
