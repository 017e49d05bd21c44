// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// checkAttachRange: may a cluster with this Kubernetes be attached to the Kommander that manages it? The policy is the one
// that speaks about Kommander on the attached cluster.
func checkAttachRange(s *subject) []statement {
	manager := s.cluster.manager
	if manager == nil || s.cluster.noKubernetes {
		return nil
	}
	chosen := s.set.choose(s.labels, facts.Kommander)
	if chosen.policy == nil {
		return s.attachRangeUnknown(chosen)
	}
	by := subject{evaluation: s.evaluation, cluster: s.cluster, choice: chosen}
	state := func(status metav1.ConditionStatus, reason, predicate string) []statement {
		return []statement{by.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingAttachRange, reason, predicate)}
	}
	allowed, known := chosen.policy.attachRange(manager.Version)
	switch cluster := s.cluster; {
	case !known:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonManagerUnknown, "is attached to "+managerTitle(manager)+
			", and which Kubernetes it allows for attached clusters is not known; "+managerAdvice(manager))
	case allowed == nil:
		return nil
	case cluster.kubernetesError != nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonKubernetesUnknown, fmt.Sprintf(
			"is attached to %s, which allows Kubernetes %s for attached clusters, and its own version is not known: %s", managerTitle(manager), allowed, cluster.kubernetesError))
	case !allowed.contains(cluster.kubernetesRead):
		return state(metav1.ConditionFalse, v1alpha1.ReasonOutsideAttachRange, fmt.Sprintf(
			"runs Kubernetes %s, and is attached to %s, which allows %s for attached clusters", cluster.kubernetesRead, managerTitle(manager), allowed))
	default:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible, fmt.Sprintf(
			"runs Kubernetes %s, which %s allows for attached clusters", cluster.kubernetesRead, managerTitle(manager)))
	}
}

// attachRangeUnknown is for a cluster on which no policy for Kommander decides. Without any policy there is no question.
func (s *subject) attachRangeUnknown(chosen choice) []statement {
	if chosen.reason == v1alpha1.ReasonNoPolicy {
		return nil
	}
	return []statement{s.state(v1alpha1.ConditionCompatible, metav1.ConditionUnknown, v1alpha1.FindingAttachRange, chosen.reason,
		"is attached to "+managerTitle(s.cluster.manager)+", and which Kubernetes it allows cannot be judged: "+chosen.message)}
}

// attachRange is the range that a version of Kommander allows for attached clusters; nil where none is published for it. It
// is not known for a version that the policy does not list, unless no version has a range.
func (p *Policy) attachRange(version string) (allowed *kubernetesRange, known bool) {
	if parsed, err := facts.ParseVersion(version); err == nil {
		if m := p.find(facts.MinorOf(parsed)); m != nil {
			return m.attached, true
		}
	}
	return nil, !slices.ContainsFunc(p.minors, func(m *minor) bool { return m.attached != nil })
}

// managerAdvice says what to do about a manager whose range is not known.
func managerAdvice(manager *v1alpha1.ManagingKommander) string {
	switch _, err := facts.ParseVersion(manager.Version); {
	case manager.Version == "":
		return "let the operator see its version"
	case err != nil:
		return "its version cannot be read"
	}
	return "bring the policy up to date"
}

// managerTitle is the managing Kommander in a sentence.
func managerTitle(manager *v1alpha1.ManagingKommander) string {
	if manager.Version == "" {
		return "a Kommander of unknown version (" + facts.Printable(manager.Object) + ")"
	}
	return "Kommander " + facts.Printable(manager.Version)
}
