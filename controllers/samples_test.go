// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// TestSamples applies config/samples beside the shipped policies, with an API server that refuses unknown fields, and wants
// the story that they tell.
func TestSamples(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-12-15")
	w.applyShipped()
	w.kubectl("apply", "--validate=strict", "-n", workspace, "-k", "config/samples")
	w.start(attaching)
	w.await("edge-sample", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonSecretMissing)
	w.newRemote(0, "v1.19.15").lend("edge-sample-kubeconfig", "kubeconfig", "sample")
	w.awaitConnected("edge-sample")
	w.settle()

	cluster := w.mustCluster("edge-sample")
	konvoy := row(cluster, facts.Konvoy, "default")
	switch {
	case konvoy == nil:
		t.Fatalf("Konvoy is not installed: %+v", cluster.Status.Releases)
	case konvoy.Policy != "konvoy-sample":
		t.Errorf("Konvoy is judged by policy %q", konvoy.Policy)
	case konvoy.Exception == nil || konvoy.Exception.Name != "konvoy-1.7-sample":
		t.Errorf("Konvoy is covered by %+v", konvoy.Exception)
	}
	var exception v1alpha1.SupportException
	must(t, w.Client.Get(t.Context(), types.NamespacedName{Name: "konvoy-1.7-sample"}, &exception))
	policy := w.mustPolicy("konvoy-sample")
	check(t,
		expect(cluster.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
		expect(cluster.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded),
		expect(exception.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
		expect(exception.Status.Conditions, v1alpha1.ConditionActive, metav1.ConditionTrue, v1alpha1.ReasonExceptionRunning),
		expect(policy.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
	)
	if clusters := policy.Status.Clusters; len(clusters) != 1 || clusters[0].Name != "edge-sample" {
		t.Errorf("the policy decides for %+v, want only the cluster of the samples", clusters)
	}
}
