package support

import (
	"math/rand/v2"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// What is prohibited is what makes Compatible False, on every cluster at every instant.
func TestProhibitsIsCompatibleFalse(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	check := func(world uint64, assessment Assessment) {
		t.Helper()
		var compatible Condition
		for _, condition := range assessment.Conditions {
			if condition.Type == v1alpha1.ConditionCompatible {
				compatible = condition
			}
		}
		isProhibited := false
		for i := range assessment.Releases {
			for j := range assessment.Releases[i].Findings {
				finding := &assessment.Releases[i].Findings[j]
				if Prohibits(finding) {
					isProhibited = true
					seen[finding.Reason]++
				}
			}
		}
		if isProhibited != (compatible.Status == metav1.ConditionFalse) {
			t.Errorf("world %d: Compatible is %s (%s), and that something is prohibited is %t", world, compatible.Status, compatible.Message, isProhibited)
		}
	}
	for i := range uint64(60) {
		rng := rand.New(rand.NewPCG(randomSeed+11, i))
		w := randomWorld(t, rng)
		s := w.set(t)
		for range 10 {
			now := w.from.AddDate(0, 0, rng.IntN(eraDays))
			assessment, _ := s.Evaluate(w.cluster.Cluster, now)
			check(i, assessment)
		}
	}
	for _, reason := range []string{v1alpha1.ReasonOutsideKubernetesRange, v1alpha1.ReasonKubernetesMismatch} {
		if seen[reason] == 0 {
			t.Errorf("no world has %s", reason)
		}
	}
}

// Each reason of Compatible is here, with what it makes of the condition.
func TestProhibits(t *testing.T) {
	for status, reasons := range map[metav1.ConditionStatus][]string{
		metav1.ConditionTrue: {v1alpha1.ReasonCompatible, v1alpha1.ReasonNothingToCheck},
		metav1.ConditionFalse: {
			v1alpha1.ReasonProhibitedCombination, v1alpha1.ReasonOutsideKubernetesRange, v1alpha1.ReasonOutsideAttachRange,
			v1alpha1.ReasonKubernetesMismatch, v1alpha1.ReasonUnsupportedOperatingSystem,
		},
		metav1.ConditionUnknown: {
			v1alpha1.ReasonRequirementUnknown, v1alpha1.ReasonManagerUnknown, v1alpha1.ReasonKubernetesUnknown, v1alpha1.ReasonKernelNotListed,
			v1alpha1.ReasonOperatingSystemNotInPolicy, v1alpha1.ReasonNodesUnknown, v1alpha1.ReasonPolicyInvalid, v1alpha1.ReasonConflictingPolicies,
		},
	} {
		for _, reason := range slices.Sorted(slices.Values(reasons)) {
			if got := Prohibits(&v1alpha1.Finding{Reason: reason}); got != (status == metav1.ConditionFalse) {
				t.Errorf("Compatible is %s for %s, and that it prohibits is %t", status, reason, got)
			}
		}
	}
}
