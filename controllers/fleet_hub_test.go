// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// attachPolicy says which Kubernetes may be attached, whatever the policies say that are shipped.
const attachPolicy = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: attach}
spec:
  product: Kommander
  priority: 100
  lifecycle: {window: {supportedMinors: 3}}
  releases:
  - {version: "2.1", generalAvailability: "2021-11-19", attachKubernetes: {minimum: "1.20", maximum: "1.22"}}
  - {version: "1.4", generalAvailability: "2021-05-05", attachKubernetes: {minimum: "1.18", maximum: "1.20"}}
`

// describedKonvoy is the description of a Konvoy cluster in the workspace.
func describedKonvoy(name, version string) string {
	return describedAs("kommander.mesosphere.io/v1beta1", "KonvoyCluster", workspace, name, fmt.Sprintf(
		"spec: {cluster: {version: %[1]s}, provisioner: {provider: aws, version: %[1]s}, cloudProviderAccountRef: {name: aws}}", version))
}

// attachedWith is KommanderCluster one with annotations.
func attachedWith(annotations string) string {
	return described(workspace, "one", "  annotations: {"+annotations+
		"}\nspec: {kubeconfigRef: {name: one-kubeconfig}, clusterRef: {konvoyCluster: {name: one}}}\nstatus: {phase: Joined}")
}

// specOf is what a user writes into the object for cluster one.
func specOf(spec string) string {
	return describedAs(v1alpha1.GroupVersion.String(), "ClusterSupport", workspace, "one", "spec: {"+spec+"}")
}

// What is written on the hub about a cluster is part of what is known of it, and follows the hub.
func TestHubKnows(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2022-03-01")
	w.applyShipped()
	w.apply(attachPolicy)
	w.apply(kommander14)
	first, second := w.newRemote(0, "v1.19.9"), w.newRemote(1, "v1.21.6")
	first.lend("one-kubeconfig", "kubeconfig", "hub-knows")
	second.lend("two-kubeconfig", "value", "hub-knows")
	w.apply(describedKonvoy("one", "v1.8.1"))
	w.applyWithStatus(attachedWith(""))
	w.apply(describedAs("cluster.x-k8s.io/v1beta1", "Cluster", workspace, "two", "  labels: {konvoy.d2iq.io/provider: aws}"))
	w.start(attaching)
	byKommander14 := &v1alpha1.ManagingKommander{Object: "hub:ClusterAddon/kommander", Version: "1.4.3"}

	w.run("the version of Konvoy 1.x is that of its description", func(t *testing.T) {
		got := w.awaitKonvoy("one", "1.8.1")
		want := v1alpha1.Evidence{Source: v1alpha1.SourceCustomResource, Object: "hub:KonvoyCluster/workspace-a/one", Version: "1.8.1"}
		if diff := cmp.Diff(want, row(got, facts.Konvoy, "default").Evidence); diff != "" {
			t.Errorf("the evidence differs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(byKommander14, got.Status.Manager); diff != "" {
			t.Errorf("it is managed by another one (-want +got):\n%s", diff)
		}
		w.settle()
		w.Front.Reset()
		w.apply(describedKonvoy("one", "v1.8.3"))
		w.awaitKonvoy("one", "1.8.3")
		w.settle()
		w.expectOnePatchOf("clustersupports", "one", "the change")
	})

	w.run("without a description it is what the annotation declares", func(t *testing.T) {
		w.delete(w.decode(describedKonvoy("one", "v1.8.3")))
		w.awaitKonvoy("one", "")
		w.apply(attachedWith(`support.d2iq.io/environment: NonProduction, support.d2iq.io/declared-releases: "Konvoy=1.8.4"`))
		got := w.awaitKonvoy("one", "1.8.4")
		want := v1alpha1.Evidence{
			Source: v1alpha1.SourceDeclared, Version: "1.8.4",
			Object: "hub:KommanderCluster/workspace-a/one, annotation support.d2iq.io/declared-releases",
		}
		if diff := cmp.Diff(want, row(got, facts.Konvoy, "default").Evidence); diff != "" || got.Status.Environment != v1alpha1.EnvironmentNonProduction {
			t.Errorf("it is %s, and the evidence differs (-want +got):\n%s", got.Status.Environment, diff)
		}
	})

	w.run("the spec wins", func(*testing.T) {
		w.apply(specOf("environment: Production, declaredReleases: [{product: Konvoy, name: default, version: 1.8.2}]"))
		if got := w.awaitKonvoy("one", "1.8.2"); got.Status.Environment != v1alpha1.EnvironmentProduction {
			w.t.Errorf("it is %s", got.Status.Environment)
		}
		w.apply(specOf(""))
		if got := w.awaitKonvoy("one", "1.8.4"); got.Status.Environment != v1alpha1.EnvironmentNonProduction {
			w.t.Errorf("later it is %s", got.Status.Environment)
		}
	})

	w.run("what is wrong in an annotation is named, and the rest is used", func(*testing.T) {
		w.apply(attachedWith(`support.d2iq.io/environment: staging, support.d2iq.io/declared-releases: "Konvoy=1.8.5, Kafka, Spark/team-a.spark=3.0"`))
		w.awaitCluster("one", func(object *v1alpha1.ClusterSupport) error {
			return errors.Join(hasVersion(object, facts.Konvoy, "1.8.5"),
				says(object.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated,
					"annotation support.d2iq.io/environment of KommanderCluster/workspace-a/one", `"staging"`, "NonProduction",
					"annotation support.d2iq.io/declared-releases of KommanderCluster/workspace-a/one", `"Kafka"`, "PRODUCT=VERSION"))
		})
		w.apply(attachedWith(`support.d2iq.io/declared-releases: "Konvoy=1.8.5"`))
		w.awaitCluster("one", func(object *v1alpha1.ClusterSupport) error {
			if ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady); strings.Contains(ready.Message, "annotation") {
				return fmt.Errorf("Ready says %s", ready.Message)
			}
			return nil
		})
	})

	w.run("Kubernetes is what the managing Kommander allows, or not", func(*testing.T) {
		w.awaitAttached(v1alpha1.ReasonCompatible, "Kubernetes 1.19.9", "Kommander 1.4.3")
		first.Front.SetVersion("v1.16.15")
		w.awaitAttached(v1alpha1.ReasonOutsideAttachRange, "Kubernetes 1.16.15", "Kommander 1.4.3", "1.18 to 1.20")
		first.Front.SetVersion("v1.19.9")
		w.awaitAttached(v1alpha1.ReasonCompatible, "Kubernetes 1.19.9", "Kommander 1.4.3")
	})

	w.run("Konvoy 2.x has the version of the hub's Kommander", func(t *testing.T) {
		got := w.awaitConnected("two")
		konvoy := row(got, facts.Konvoy, "default")
		if konvoy.Version != "" || konvoy.Evidence.Object != "hub:Cluster/workspace-a/two" || got.Status.Manager != nil {
			t.Errorf("beside a Kommander 1.x it is %+v, managed by %+v", konvoy, got.Status.Manager)
		}
		// The hub's Kommander is upgraded.
		w.delete(w.decode(kommander14))
		w.applyWithStatus(`
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: kommander, namespace: kommander}
spec: {interval: 15s}
status: {lastAppliedRevision: v2.1.1}
`)
		got = w.awaitKonvoy("two", "2.1.1")
		want := v1alpha1.Evidence{Source: v1alpha1.SourceInferred, Object: "hub:HelmRelease/kommander/kommander", Version: "2.1.1"}
		if diff := cmp.Diff(want, row(got, facts.Konvoy, "default").Evidence); diff != "" {
			t.Errorf("the evidence differs (-want +got):\n%s", diff)
		}
		// The other one, of 1.x, is now attached to a Kommander that does not allow its Kubernetes.
		w.awaitAttached(v1alpha1.ReasonOutsideAttachRange, "Kubernetes 1.19.9", "Kommander 2.1.1", "1.20 to 1.22")
	})

	w.run("Kommander takes over what Cluster API has made", func(*testing.T) {
		w.apply(described(workspace, "late", "spec: {clusterRef: {capiCluster: {name: two}}}"))
		got := w.awaitCluster("two", func(object *v1alpha1.ClusterSupport) error {
			if object.Status.Manager == nil || object.Status.Manager.Version != "2.1.1" {
				return fmt.Errorf("it is managed by %+v", object.Status.Manager)
			}
			return nil
		})
		check(w.t, expect(got.Status.Conditions, v1alpha1.ConditionReachable, metav1.ConditionTrue, v1alpha1.ReasonConnected))
		check(w.t, diffOf(map[string]string{"one": "KommanderCluster one", "two": "Cluster two"}, w.inventory(workspace)))
	})

	w.run("a cluster counts once", func(*testing.T) {
		w.settle()
		before := w.mustPolicy("konvoy").Status.Summary
		w.apply(byHand(workspace, "twice", "{kubeconfigSecret: {name: one-kubeconfig}}"))
		first.apply(konvoy17)
		w.awaitKonvoy("one", "1.7.2")
		w.awaitKonvoy("twice", "1.7.2")
		got := w.awaitCluster("twice", func(object *v1alpha1.ClusterSupport) error {
			isDuplicate := func(f v1alpha1.Finding) bool { return f.Reason == v1alpha1.ReasonDuplicateCluster }
			if object.Status.DuplicateOf != "workspace-a/one" || !slices.ContainsFunc(object.Status.Findings, isDuplicate) {
				return fmt.Errorf("it is a duplicate of %q, with the findings %+v", object.Status.DuplicateOf, object.Status.Findings)
			}
			return nil
		})
		if len(got.Status.Releases) == 0 || got.Status.ClusterID != w.mustCluster("one").Status.ClusterID {
			w.t.Errorf("it has no verdict of its own: %+v", got.Status)
		}
		w.settle()
		w.expectCounted(before, "one")

		w.detach("one")
		w.awaitGone("one")
		w.awaitCluster("twice", func(object *v1alpha1.ClusterSupport) error {
			if object.Status.DuplicateOf != "" || len(object.Status.Findings) > 0 {
				return fmt.Errorf("it is a duplicate of %q, with the findings %+v", object.Status.DuplicateOf, object.Status.Findings)
			}
			return nil
		})
		w.settle()
		w.expectCounted(before, "twice")
	})
}

// expectCounted checks that the policy for Konvoy counts as many clusters as before, and which object it is for the first
// remote.
func (w *world) expectCounted(before *v1alpha1.PolicySummary, name string) {
	w.t.Helper()
	status := w.mustPolicy("konvoy").Status
	counted := map[string]bool{}
	for _, c := range status.Clusters {
		counted[c.Name] = true
	}
	if diff := cmp.Diff(map[string]bool{name: true, "two": true}, counted); diff != "" || *status.Summary.Clusters != *before.Clusters {
		w.t.Errorf("the policy counts %d clusters, and counted %d (-want +got):\n%s", *status.Summary.Clusters, *before.Clusters, diff)
	}
}

// awaitAttached waits until the finding of cluster one about the managing Kommander has a reason and all of these texts, and
// Compatible follows it.
func (w *world) awaitAttached(reason string, texts ...string) {
	w.t.Helper()
	status := metav1.ConditionTrue
	if reason != v1alpha1.ReasonCompatible {
		status = metav1.ConditionFalse
	}
	w.awaitCluster("one", func(object *v1alpha1.ClusterSupport) error {
		i := slices.IndexFunc(object.Status.Findings, func(f v1alpha1.Finding) bool { return f.Type == v1alpha1.FindingAttachRange })
		if i < 0 {
			return fmt.Errorf("there is no such finding: %+v", object.Status.Findings)
		}
		found := object.Status.Findings[i]
		for _, text := range texts {
			if found.Reason != reason || !strings.Contains(found.Message, text) {
				return fmt.Errorf("expected is %s with %s: %+v", reason, text, found)
			}
		}
		if compatible := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionCompatible); compatible.Status != status {
			return fmt.Errorf("Compatible is %s: %s", compatible.Status, compatible.Message)
		}
		return nil
	})
}
