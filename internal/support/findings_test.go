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

// A condition is as bad as the findings that feed it say, on every cluster at every instant: an alert on either fires for
// the same clusters.
func TestFindingsFeedTheirConditions(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for i := range iterations(40) {
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
			assessment, _ := s.evaluate(w.cluster.evaluationInput, now)
			all := allFindings(assessment)
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
			for kind, bad := range map[string]metav1.ConditionStatus{
				v1alpha1.ConditionSupported: metav1.ConditionFalse, v1alpha1.ConditionCompatible: metav1.ConditionFalse,
				v1alpha1.ConditionExpiringSoon: metav1.ConditionTrue, v1alpha1.ConditionUpgradeRecommended: metav1.ConditionTrue,
			} {
				said := tells(func(f v1alpha1.Finding) bool { return f.Says(kind, bad) })
				if status := conditionNamed(t, assessment, kind).Status; said != (status == bad) {
					t.Errorf("world %d at %s: %s is %s, and that a finding says %s is %t", i, now, kind, status, bad, said)
				}
			}
		}
	}
	if testing.Short() {
		// Too few worlds to have one of each.
		return
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

// What a version is does not depend on its parts: without them the release is Unsupported just when a finding says so.
func TestPartsChangeNothingAboutTheVersion(t *testing.T) {
	t.Parallel()
	both := 0
	for i := range iterations(30) {
		rng := rand.New(rand.NewPCG(randomSeed+12, i))
		w := randomWorld(t, rng)
		w.cluster = w.cluster.in(v1alpha1.EnvironmentProduction)
		s := w.set(t)
		plain := w.cluster.in(v1alpha1.EnvironmentNonProduction)
		for range 10 {
			now := w.from.AddDate(0, 0, rng.IntN(eraDays))
			inProduction, _ := s.evaluate(w.cluster.evaluationInput, now)
			elsewhere, _ := s.evaluate(plain.evaluationInput, now)
			for j := range elsewhere.Releases {
				own, without := &inProduction.Releases[j], &elsewhere.Releases[j]
				said := slices.ContainsFunc(own.Findings, func(f v1alpha1.Finding) bool {
					return f.Says(v1alpha1.ConditionSupported, metav1.ConditionFalse) && f.Type != v1alpha1.FindingExperimental
				})
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
	if both == 0 && !testing.Short() {
		t.Error("no release has both a version that is unsupported and experimental parts")
	}
}
