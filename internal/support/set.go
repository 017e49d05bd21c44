// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Set is all policies together: what decides which of them speaks about a product on a cluster. It is immutable and
// safe for concurrent use.
type Set struct {
	// policies are ordered by name.
	policies []*Policy
	// exceptions are the valid ones, ordered by name.
	exceptions []*Exception
	// problems are those of each policy by name, the ones that only show beside the others included.
	problems map[string]field.ErrorList
	// stageChanges are the instants at which the stage of a minor can change, changes all at which any answer can change
	// by time alone.
	stageChanges, changes []time.Time
}

// NewSet puts compiled policies together and finds cycles among the products on which they depend. Invalid exceptions
// cover nothing.
func NewSet(policies []*Policy, exceptions ...*Exception) *Set {
	set := &Set{policies: slices.Clone(policies), problems: map[string]field.ErrorList{}}
	slices.SortFunc(set.policies, func(a, b *Policy) int { return strings.Compare(a.name, b.name) })
	for _, p := range set.policies {
		if len(p.problems) > 0 {
			set.problems[p.name] = p.problems
		}
	}
	for name, problem := range set.cycles() {
		// The list may be the policy's own, which other sets share.
		set.problems[name] = append(slices.Clip(set.problems[name]), problem)
	}
	for _, e := range exceptions {
		if len(e.problems) == 0 {
			set.exceptions = append(set.exceptions, e)
		}
	}
	slices.SortFunc(set.exceptions, func(a, b *Exception) int { return strings.Compare(a.name, b.name) })
	set.stageChanges = set.stageInstants()
	set.changes = set.answerInstants()
	return set
}

// policy is the policy of a name; nil where the set has none.
func (s *Set) policy(name string) *Policy {
	if i := slices.IndexFunc(s.policies, func(p *Policy) bool { return p.name == name }); i >= 0 {
		return s.policies[i]
	}
	return nil
}

// Problems are what is wrong with a policy, its cycles with others included. None: the policy is valid.
func (s *Set) Problems(name string) field.ErrorList { return s.problems[name] }

// cycles finds the policies whose lifecycle leads, over the products on which it depends, back to their own product.
func (s *Set) cycles() map[string]*field.Error {
	dependencies := map[string][]string{}
	for _, p := range s.policies {
		dependencies[p.product] = append(dependencies[p.product], p.dependencies()...)
	}
	found := map[string]*field.Error{}
	for _, p := range s.policies {
		for _, first := range p.dependencies() {
			way := dependencyPath(p.product, first, dependencies, map[string]bool{})
			if way == nil || first == p.product {
				continue
			}
			path := field.NewPath("spec", "lifecycle", "follows", "product")
			if p.lifecycle.RangeOf != nil {
				path = field.NewPath("spec", "lifecycle", "rangeOf", "products")
			}
			found[p.name] = field.Invalid(path, facts.Printable(first),
				"must not lead back to the policy's own product: "+facts.Printable(p.product)+", "+facts.ListOf(way, maxCycle))
		}
	}
	return found
}

// maxCycle is how many products of a cycle a problem names.
const maxCycle = 8

// dependencyPath gives the products on the way from one to another, both ends included; nil when there is none.
func dependencyPath(target, from string, dependencies map[string][]string, seen map[string]bool) []string {
	if from == target {
		return []string{from}
	}
	if seen[from] {
		return nil
	}
	seen[from] = true
	for _, next := range dependencies[from] {
		if rest := dependencyPath(target, next, dependencies, seen); rest != nil {
			return append([]string{facts.Printable(from)}, rest...)
		}
	}
	return nil
}

// stageInstants are the days of all minors: those at which a stage can change.
func (s *Set) stageInstants() []time.Time {
	var days []time.Time
	for _, p := range s.policies {
		for _, m := range p.minors {
			days = append(days, m.instants()...)
		}
	}
	return sortedInstants(days)
}

// answerInstants are the days of all minors and patches, and the beginnings of the warnings before the former, which may be
// ends. A warning's length is its own policy's, the end that it is about may be another policy's.
func (s *Set) answerInstants() []time.Time {
	type warning struct {
		days int
		zone string
	}
	all := slices.Clone(s.stageChanges)
	warnings := map[warning]bool{}
	for _, p := range s.policies {
		all = append(all, p.patchDays()...)
		length := warning{p.expiringSoonDays, p.zone.String()}
		if warnings[length] {
			continue
		}
		warnings[length] = true
		for _, end := range s.stageChanges {
			all = append(all, p.warnsFrom(end))
		}
	}
	for _, e := range s.exceptions {
		all = append(all, e.end, e.warnsFrom())
	}
	return sortedInstants(all)
}

// Detections are how to find the products without built-in detection on a cluster with these labels, by product and
// policy. What a policy says of it holds also while something else in the policy is wrong: what is found is then Unknown,
// and not gone.
func (s *Set) Detections(clusterLabels map[string]string) []facts.DetectionRule {
	var all []facts.DetectionRule
	for _, p := range s.policies {
		if p.detection != nil && slices.Contains(s.claims(clusterLabels, p.product), p) {
			all = append(all, facts.DetectionRule{Product: p.product, Detection: *p.detection})
		}
	}
	slices.SortStableFunc(all, func(a, b facts.DetectionRule) int { return strings.Compare(a.Product, b.Product) })
	return all
}

// claims are the policies that speak about a product on a cluster with these labels: those of the highest priority among
// the ones that select it. More than one is a conflict.
func (s *Set) claims(clusterLabels map[string]string, product string) []*Policy {
	var claims []*Policy
	for _, p := range s.policies {
		if p.product != product || !p.selector.Matches(labels.Set(clusterLabels)) {
			continue
		}
		if len(claims) > 0 && p.priority > claims[0].priority {
			claims = claims[:0]
		}
		if len(claims) == 0 || p.priority == claims[0].priority {
			claims = append(claims, p)
		}
	}
	return claims
}

// choice is the policy that decides about a product on a cluster, or the reason why none does.
type choice struct {
	policy *Policy
	// name is that of the policy that is responsible, valid or not.
	name            string
	reason, message string
}

func (s *Set) choose(clusterLabels map[string]string, product string) choice {
	claims := s.claims(clusterLabels, product)
	switch len(claims) {
	case 0:
		return choice{reason: v1alpha1.ReasonNoPolicy,
			message: "no policy speaks about " + facts.Printable(product) + " on this cluster"}
	case 1:
		return s.choiceOf(claims[0])
	}
	names := make([]string, 0, len(claims))
	for _, p := range claims {
		names = append(names, p.name)
	}
	return choice{reason: v1alpha1.ReasonConflictingPolicies,
		message: "policies " + facts.ListOf(names, 4) + " speak about " + facts.Printable(product) +
			" on this cluster with the same priority; give them different priorities"}
}

func (s *Set) choiceOf(p *Policy) choice {
	if len(s.problems[p.name]) > 0 {
		return choice{name: p.name, reason: v1alpha1.ReasonPolicyInvalid,
			message: "policy " + p.name + " is invalid and decides nothing until it is mended"}
	}
	return choice{policy: p, name: p.name}
}
