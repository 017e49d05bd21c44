// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// A fleet of two clusters, from the day on which they are attached to the one on which they go.
func TestFleet(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-10-01")
	w.applyShipped()
	w.apply(kommander14)
	first, second := w.newRemote(0, "v1.19.9"), w.newRemote(1, "v1.20.13")
	first.apply(konvoy17)
	// Nodes are listed when a cluster is connected, and hours later.
	second.apply(konvoyNode)
	w.start(attaching)

	w.run("a cluster that has not joined is in the inventory, and not contacted", func(t *testing.T) {
		w.apply(fmt.Sprintf(`{apiVersion: kommander.mesosphere.io/v1beta1, kind: KommanderCluster, metadata: {name: one, namespace: %s},
			spec: {kubeconfigRef: {name: one-kubeconfig}}}`, workspace))
		got := w.await("one", v1alpha1.ConditionReachable, metav1.ConditionUnknown, v1alpha1.ReasonNotJoined)
		check(t, expect(got.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted))
		if n := first.Front.Requests(nil); n > 0 {
			t.Errorf("%d requests to a cluster that has not joined", n)
		}
	})

	w.run("it is contacted when it joins", func(t *testing.T) {
		first.lend("one-kubeconfig", "kubeconfig", "first")
		w.attach("one")
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
		w.attach("two")
		w.awaitConnected("two")
		w.settle()
	})

	w.run("a change of a release costs one patch", func(t *testing.T) {
		w.Front.Reset()
		first.Front.Reset()
		first.apply(strings.ReplaceAll(konvoy17, "1.7.2", "1.7.5"))
		w.awaitKonvoy("one", "1.7.5")
		w.settle()
		w.expectOnePatchOf("clustersupports", "one", "the change")
		// The policy lists its clusters with their versions.
		w.expectOnePatchOf("supportpolicies", "konvoy", "the change")
		others := w.Front.Recent(func(r front.Request) bool {
			return !statusPatch("clustersupports", "one")(r) && !statusPatch("supportpolicies", "konvoy")(r) && !isClockwork(r)
		})
		if len(others) > 0 {
			t.Errorf("the hub was also asked for %v", others)
		}
		if asked := first.Front.Recent(func(r front.Request) bool { return !isClockwork(r) }); len(asked) > 0 {
			t.Errorf("the cluster was asked for %v", asked)
		}
	})

	w.run("at rest nothing is written", func(*testing.T) {
		w.Front.Reset()
		w.expectNoWrites("nothing")
	})

	w.run("one breaks, keeps its verdict, and the other one does not notice", func(t *testing.T) {
		before := w.mustCluster("one")
		must(t, first.Front.StopServing())
		got := w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonConnectionRefused)
		check(t, sameVerdict(before, got))
		second.apply(konvoy17)
		w.awaitKonvoy("two", "1.7.2")
		w.settle()
	})

	w.run("time passes for what cannot be reached", func(*testing.T) {
		w.Clock.SetTime(at(w.t, "2022-04-08"))
		w.await("one", v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
		w.settle()
	})

	w.run("an operator that starts meanwhile knows what was known", func(t *testing.T) {
		before := w.mustCluster("one")
		w.halt()
		w.Front.Reset()
		w.start(attaching)
		w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonConnectionRefused)
		check(t, sameVerdict(before, w.mustCluster("one")))
		if written := w.Front.Recent(front.Request.Writes); len(written) > 0 {
			t.Errorf("it has written %v", written)
		}
	})

	w.run("it heals", func(t *testing.T) {
		must(t, first.Front.StartServing())
		w.awaitConnected("one")
	})

	w.run("its credentials are revoked, and others are lent", func(t *testing.T) {
		must(t, first.Revoke(t.Context(), "first"))
		w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonUnauthorized)
		first.lend("one-kubeconfig", "kubeconfig", "third")
		w.awaitConnected("one")
	})

	w.run("it leaves", func(t *testing.T) {
		w.phase("one", "Unjoining")
		w.await("one", v1alpha1.ConditionReachable, metav1.ConditionUnknown, v1alpha1.ReasonNotJoined)
		w.detach("one")
		w.awaitGone("one")
		w.settle()
	})
}

// isClockwork matches what is asked for as time passes, whatever happens: the version, once more which resources there are,
// and a Secret by its name.
func isClockwork(r front.Request) bool {
	return r.Resource == "" || r.Verb == "get" && r.Resource == "secrets"
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
