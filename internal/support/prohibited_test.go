// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"math/rand/v2"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The findings tell why Supported and Compatible are False, on every cluster at every instant: who looks for the reasons has
// not missed a cluster.
func TestFindingsTellWhatIsFalse(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for i := range uint64(40) {
		rng := rand.New(rand.NewPCG(randomSeed+11, i))
		w := randomWorld(t, rng)
		// What belongs to no release: a part of a product that is not there, and a Kommander elsewhere.
		manager := ""
		w.builders[1] = w.builders[1].edit(func(spec *v1alpha1.SupportPolicySpec) {
			manager = spec.Releases[0].Version + ".0"
			spec.Releases[0].AttachKubernetes = rangeSpec([]string{"1.17", "1.18"})
		})
		w.cluster = w.cluster.containing("kiali", "Absent", "Preview").managedBy(manager)
		s := w.set(t)
		for range 10 {
			now := w.from.AddDate(0, 0, rng.IntN(eraDays))
			assessment, _ := s.Evaluate(w.cluster.Cluster, now)
			all := slices.Clone(assessment.Findings)
			for _, release := range assessment.Releases {
				all = append(all, release.Findings...)
			}
			tells := func(is func(v1alpha1.Finding) bool) bool {
				found := false
				for j := range all {
					if is(all[j]) {
						found = true
						seen[string(all[j].Type)+" "+all[j].Reason]++
					}
				}
				return found
			}
			unsupported := tells(func(f v1alpha1.Finding) bool { return Unsupports(&f) })
			prohibited := tells(func(f v1alpha1.Finding) bool { return Prohibits(&f) })
			parts := tells(isExperimentalInProduction)
			for kind, is := range map[string]bool{
				v1alpha1.ConditionSupported: unsupported || parts, v1alpha1.ConditionCompatible: prohibited,
			} {
				if status := statusIn(assessment.Conditions, kind); is != (status == metav1.ConditionFalse) {
					t.Errorf("world %d at %s: %s is %s, and that a finding says so is %t", i, now, kind, status, is)
				}
			}
		}
	}
	for _, what := range []string{
		"Lifecycle SupportEnded", "Experimental ExperimentalInProduction", "KubernetesRange OutsideKubernetesRange",
		"KubernetesPart KubernetesMismatch", "AttachRange OutsideAttachRange",
	} {
		if seen[what] == 0 {
			t.Errorf("no world has %s, but %v", what, seen)
		}
	}
}

func isExperimentalInProduction(f v1alpha1.Finding) bool {
	return f.Reason == v1alpha1.ReasonExperimentalInProduction
}

func statusIn(conditions []Condition, kind string) metav1.ConditionStatus {
	for _, condition := range conditions {
		if condition.Type == kind {
			return condition.Status
		}
	}
	return ""
}

// What a version is does not depend on its parts: without them the release is Unsupported just when a finding says so.
func TestUnsupportsIsAboutTheVersion(t *testing.T) {
	t.Parallel()
	both := 0
	for i := range uint64(30) {
		rng := rand.New(rand.NewPCG(randomSeed+12, i))
		w := randomWorld(t, rng)
		w.cluster = w.cluster.in(v1alpha1.EnvironmentProduction)
		s := w.set(t)
		plain := w.cluster.in(v1alpha1.EnvironmentNonProduction)
		for range 10 {
			now := w.from.AddDate(0, 0, rng.IntN(eraDays))
			inProduction, _ := s.Evaluate(w.cluster.Cluster, now)
			elsewhere, _ := s.Evaluate(plain.Cluster, now)
			for j := range elsewhere.Releases {
				own, without := &inProduction.Releases[j], &elsewhere.Releases[j]
				said := slices.ContainsFunc(own.Findings, func(f v1alpha1.Finding) bool { return Unsupports(&f) })
				if want := without.State == v1alpha1.StateUnsupported; said != want {
					t.Errorf("world %d at %s: %s %s is %s without its parts, and that its version is unsupported is %t",
						i, now, own.Product, own.Version, without.State, said)
				}
				if !own.SupportEndTime.Equal(without.SupportEndTime) {
					t.Errorf("world %d at %s: %s %s ends %s, and without its parts %s",
						i, now, own.Product, own.Version, endText(own.SupportEndTime), endText(without.SupportEndTime))
				}
				if said && slices.ContainsFunc(own.Findings, isExperimentalInProduction) {
					both++
				}
			}
		}
	}
	if both == 0 {
		t.Error("no release has both a version that is unsupported and experimental parts")
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

// Each answer to whether a version is supported is here, with the type of the finding that gives it.
func TestUnsupports(t *testing.T) {
	for reason, test := range map[string]struct {
		kind v1alpha1.FindingType
		want bool
	}{
		v1alpha1.ReasonSupportEnded:             {v1alpha1.FindingLifecycle, true},
		v1alpha1.ReasonWithdrawn:                {v1alpha1.FindingLifecycle, true},
		v1alpha1.ReasonNotYetSupported:          {v1alpha1.FindingLifecycle, true},
		v1alpha1.ReasonNotInAnyRange:            {v1alpha1.FindingLifecycle, true},
		v1alpha1.ReasonPreRelease:               {v1alpha1.FindingPreRelease, true},
		v1alpha1.ReasonUnsupportedChannel:       {v1alpha1.FindingChannel, true},
		v1alpha1.ReasonExperimentalInProduction: {v1alpha1.FindingExperimental, false},
		v1alpha1.ReasonSupported:                {v1alpha1.FindingLifecycle, false},
		v1alpha1.ReasonLastInWindow:             {v1alpha1.FindingLifecycle, false},
		v1alpha1.ReasonNotInPolicy:              {v1alpha1.FindingLifecycle, false},
		v1alpha1.ReasonVersionUnknown:           {v1alpha1.FindingEvidence, false},
	} {
		if got := Unsupports(&v1alpha1.Finding{Type: test.kind, Reason: reason}); got != test.want {
			t.Errorf("that %s %s unsupports is %t", test.kind, reason, got)
		}
	}
	if Unsupports(&v1alpha1.Finding{Type: v1alpha1.FindingUpgrade, Reason: v1alpha1.ReasonSupportEnded}) {
		t.Error("advice unsupports")
	}
}
