// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// checkRulesKnown: is it known which rules hold for the release? A release whose version or minor is not known, or whose
// policy decides nothing, may be prohibited here.
func checkRulesKnown(s *subject) []statement {
	p := s.choice.policy
	switch {
	case s.choice.reason == v1alpha1.ReasonNoPolicy, s.minor != nil:
		return nil
	case p != nil && (!p.hasForecasts() || !p.hasRules()):
		return nil
	}
	reason := s.verdict.reason
	if s.verdict.state != v1alpha1.StateUnknown {
		reason = v1alpha1.ReasonNotInPolicy
	}
	return []statement{silently(s.state(v1alpha1.ConditionCompatible, metav1.ConditionUnknown, v1alpha1.FindingRequires, reason,
		"may be prohibited here: which rules hold for it is not known"))}
}

// checkRequires: do the products on which the release must run have a version that it allows? A product that is not
// there is not asked for.
func checkRequires(s *subject) []statement {
	if s.minor == nil {
		return nil
	}
	var statements []statement
	asked := map[string]bool{}
	for _, r := range s.minor.requires {
		if !asked[r.product] && s.cluster.has(r.product) {
			asked[r.product] = true
			statements = append(statements, s.checkRequired(r.product))
		}
	}
	return statements
}

// checkRequired is the answer of checkRequires about one product.
func (s *subject) checkRequired(product string) statement {
	required := s.minor.required(product)
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingRequires, reason, predicate)
	}
	installations := s.cluster.installationsOf(product)
	product = facts.Printable(product)
	needs := "requires " + product + " " + strings.Join(required.texts, " or ")
	var met, unmet []string
	unread := ""
	if product == facts.Kommander && facts.IsInferred(s.product, s.used) {
		unread = "its own version was concluded from that of " + product + ", which proves nothing; declare it in " + facts.DeclaredInSpec
	}
	for _, i := range installations {
		used, _ := facts.SplitEvidence(s.cluster.installations[i].Evidence)
		if used.Source == v1alpha1.SourceForbidden {
			unread = "the cluster refuses to tell whether " + product + " is installed"
			continue
		}
		if facts.IsInferred(s.cluster.installations[i].Product, used) {
			unread = "the version of the installed " + product + " was concluded from that of Kommander, which proves nothing; declare it in " +
				facts.DeclaredInSpec
			continue
		}
		version, err := facts.ParseVersion(used.Version)
		if err != nil {
			unread = "the installed " + product + " has an unknown version"
			continue
		}
		if anyMatches(required.patterns, version) {
			met = append(met, used.Version)
		} else {
			unmet = append(unmet, used.Version)
		}
	}
	switch {
	case unread != "":
		return state(metav1.ConditionUnknown, v1alpha1.ReasonRequirementUnknown, needs+", and "+unread)
	case len(met) > 0:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible, fmt.Sprintf("runs on %s %s, as it must", product, met[0]))
	}
	return state(metav1.ConditionFalse, v1alpha1.ReasonProhibitedCombination,
		fmt.Sprintf("%s, and %s %s installed", needs, product, areInstalled(unmet)))
}

// areInstalled is "1.7.2 is" or "1.7.2 and 1.8.0 are".
func areInstalled(versions []string) string {
	if len(versions) == 1 {
		return versions[0] + " is"
	}
	return strings.Join(versions, " and ") + " are"
}

// checkKubernetesRange: is the cluster's Kubernetes in the range of the release? Tags say it themselves; see
// checkKubernetesPart.
func checkKubernetesRange(s *subject) []statement {
	if s.minor == nil || s.tag != nil || s.cluster.noKubernetes {
		return nil
	}
	allowed := s.minor.rangeFor(s.version)
	if allowed == nil {
		return nil
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) []statement {
		return []statement{s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingKubernetesRange, reason, predicate)}
	}
	switch cluster := s.cluster; {
	case cluster.kubernetesError != nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonKubernetesUnknown,
			fmt.Sprintf("supports Kubernetes %s, and the cluster's version is not known: %s", allowed, cluster.kubernetesError))
	case !allowed.contains(cluster.kubernetesRead):
		return state(metav1.ConditionFalse, v1alpha1.ReasonOutsideKubernetesRange,
			fmt.Sprintf("supports Kubernetes %s, and the cluster runs %s", allowed, cluster.kubernetesRead))
	default:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible,
			fmt.Sprintf("supports the cluster's Kubernetes %s", cluster.kubernetesRead))
	}
}

// checkKubernetesPart: is the Kubernetes part of a tag the cluster's minor, on any distribution?
func checkKubernetesPart(s *subject) []statement {
	if s.cluster.noKubernetes || s.choice.policy == nil || s.choice.policy.lifecycle.Follows == nil || s.used.Version == "" {
		return nil
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) []statement {
		return []statement{s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingKubernetesPart, reason, predicate)}
	}
	switch cluster := s.cluster; {
	case s.tag == nil && isForeignRef(s.used.Version):
		// A branch names no Kubernetes: there is nothing to compare.
		return nil
	case s.tag == nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonUnreadableVersion, "cannot be compared: "+s.versionError.Error())
	case cluster.kubernetesError != nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonKubernetesUnknown,
			fmt.Sprintf("is for Kubernetes %s, and the cluster's version is not known: %s", s.tag.kubernetes, cluster.kubernetesError))
	case s.tag.kubernetes != cluster.kubernetesRead.Minor:
		return state(metav1.ConditionFalse, v1alpha1.ReasonKubernetesMismatch,
			fmt.Sprintf("is for Kubernetes %s, and the cluster runs %s", s.tag.kubernetes, cluster.kubernetesRead))
	default:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible,
			fmt.Sprintf("is for the cluster's Kubernetes %s", s.tag.kubernetes))
	}
}
