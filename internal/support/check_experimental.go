// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// experimentalTerms is what a vendor offers for what is experimental or a technical preview
// (policy pages of Konvoy 1.7 and Kommander 1.3 on).
const experimentalTerms = "level Limited, Severity 4, Standard"

// maxExperimentalNamed is how many components a finding names.
const maxExperimentalNamed = 6

// checkExperimental: are parts of the release experimental, and are these allowed here?
func checkExperimental(s *subject) []statement {
	return s.experimentalStatements(s.experimentalParts())
}

// isProhibited tells whether the release contains something experimental where nothing experimental may be.
func (s *subject) isProhibited() bool { return s.isProduction() && len(s.experimentalParts()) > 0 }

// isExperimentalStage tells whether a stage annotation says that a component is not for production. Other stages are on
// record, and mean nothing here.
func isExperimentalStage(stage string) bool {
	switch strings.ToLower(stage) {
	case "experimental", "preview", "beta":
		return true
	}
	return false
}

// experimentalParts are the experimental parts of the release, with their stages where the cluster tells them.
func (s *subject) experimentalParts() []string {
	var parts []string
	for i := range s.cluster.components {
		c := &s.cluster.components[i]
		switch {
		case isExperimentalStage(c.Stage) && (c.Product == s.product || s.listsExperimental(c)):
			parts = append(parts, facts.Printable(c.Name)+" ("+facts.Printable(c.Stage)+")")
		case s.listsExperimental(c):
			parts = append(parts, facts.Printable(c.Name))
		}
	}
	return parts
}

// experimentalStatements state what is to be said of experimental parts on a cluster; nothing without any.
func (s *subject) experimentalStatements(parts []string) []statement {
	if len(parts) == 0 {
		return nil
	}
	slices.Sort(parts)
	what := "contains what is experimental: " + facts.ListOf(slices.Compact(parts), maxExperimentalNamed)
	switch {
	case s.isProduction():
		return []statement{s.state(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.FindingExperimental,
			v1alpha1.ReasonExperimentalInProduction, what+"; that is prohibited on a production cluster: remove it")}
	case s.isEnvironmentDeclared():
		return []statement{s.state("", "", v1alpha1.FindingExperimental, v1alpha1.ReasonExperimental, what+"; its support is "+experimentalTerms)}
	}
	return []statement{s.state("", "", v1alpha1.FindingExperimental, v1alpha1.ReasonExperimentalUndeclared,
		what+"; its support is "+experimentalTerms+", and on a production cluster it is prohibited: declare in"+
			" spec.environment whether this is one (Production or NonProduction)")}
}

// listsExperimental tells whether the policy lists a component as experimental in the installed version.
func (s *subject) listsExperimental(component *v1alpha1.Component) bool {
	if s.choice.policy == nil {
		return false
	}
	versions, listed := s.choice.policy.experimental.components[strings.ToLower(component.Name)]
	return listed && (len(versions) == 0 || s.version != nil && anyMatches(versions, s.version))
}

// isProduction tells whether the cluster's owner or the policy says that the cluster is a production cluster.
func (s *subject) isProduction() bool {
	if s.environment == v1alpha1.EnvironmentProduction {
		return true
	}
	p := s.choice.policy
	return p != nil && p.experimental.production != nil && p.experimental.production.Matches(labels.Set(s.labels))
}

// isEnvironmentDeclared tells whether the cluster or the policy says what the cluster is used for. An environment that this version does
// not know says nothing: it may be one in which nothing experimental may be.
func (s *subject) isEnvironmentDeclared() bool {
	p := s.choice.policy
	return s.environment == v1alpha1.EnvironmentNonProduction || s.environment == v1alpha1.EnvironmentProduction || (p != nil && p.experimental.production != nil)
}
