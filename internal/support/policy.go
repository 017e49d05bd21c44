// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"regexp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Policy is a compiled SupportPolicy. It is immutable; compile it once for each generation.
type Policy struct {
	name     string
	product  string
	priority int32
	// selector chooses clusters. That of a policy whose selector is invalid chooses all of them: which ones are meant
	// is not known, and the policy makes Unknown what it chooses.
	selector labels.Selector
	zone     *time.Location
	// expiringSoonDays is how long before an end a warning begins, in calendar days of the zone.
	expiringSoonDays int
	lifecycle        v1alpha1.Lifecycle
	window           int
	// minors are ordered newest first.
	minors []*minor
	// terms is the sentence of the support terms; empty where none are published.
	terms        string
	experimental experimental
	detection    *v1alpha1.Detection
	problems     field.ErrorList
}

// Compile reads a policy. It never fails: what is wrong with the policy is kept, and then it decides nothing.
func Compile(object *v1alpha1.SupportPolicy) *Policy {
	spec := &object.Spec
	compiled := &Policy{
		name: object.Name, product: spec.Product, lifecycle: *spec.Lifecycle.DeepCopy(),
	}
	c := compiler{policy: compiled}
	path := field.NewPath("spec")
	c.header(spec, path)
	validateLifecycle(&spec.Lifecycle, spec.Product, path.Child("lifecycle"), &c.problems)
	c.minors(spec.Releases, path.Child("releases"))
	c.clauses(spec, path)
	compiled.problems = c.problems.list
	if len(compiled.problems) == 0 && compiled.hasForecasts() {
		compiled.window = windowOf(&spec.Lifecycle)
		forecastSupport(compiled.minors, compiled.window)
	}
	return compiled
}

// hasForecasts tells whether the policy's own list decides about its minors.
func (p *Policy) hasForecasts() bool { return p.lifecycle.Window != nil || p.lifecycle.Listed != nil }

// windowOf is how many minors are supported at a time. A list is a window that no list can fill.
func windowOf(lifecycle *v1alpha1.Lifecycle) int {
	if lifecycle.Window != nil {
		return int(*lifecycle.Window.SupportedMinors)
	}
	return maxReleases + 1
}

// compiler reads a spec into a policy and collects problems on the way.
type compiler struct {
	// expressions are the regular expressions that were compiled already.
	expressions map[string]*regexp.Regexp
	policy      *Policy
	problems    problems
}

func (c *compiler) header(spec *v1alpha1.SupportPolicySpec, path *field.Path) {
	validateProduct(spec.Product, path.Child("product"), &c.problems)
	validateURL(spec.DocumentationURL, path.Child("documentationURL"), &c.problems)
	c.policy.zone = c.problems.zone(spec.TimeZone, path.Child("timeZone"))
	if spec.Priority != nil {
		c.policy.priority = *spec.Priority
	}
	c.policy.expiringSoonDays = c.problems.expiringSoonDays(spec.ExpiringSoonDays, path.Child("expiringSoonDays"))
	c.policy.selector = c.problems.compileSelector(spec.ClusterSelector, path.Child("clusterSelector"))
}

// find gives a minor of the policy; nil when the policy does not list it.
func (p *Policy) find(number facts.Minor) *minor {
	if rest := p.minors[len(p.newerThan(number)):]; len(rest) > 0 && rest[0].Minor == number {
		return rest[0]
	}
	return nil
}

// newerThan are the minors that are newer than one, which need not be listed; newest first.
func (p *Policy) newerThan(number facts.Minor) []*minor {
	for i, m := range p.minors {
		if m.Compare(number) <= 0 {
			return p.minors[:i]
		}
	}
	return p.minors
}

// source names the policy in a sentence that can be quoted.
func (p *Policy) source() string { return "policy " + p.name }

// hasRules tells whether the policy says what a release may run with.
func (p *Policy) hasRules() bool {
	return slices.ContainsFunc(p.minors, func(m *minor) bool { return len(m.requires) > 0 || len(m.ranges) > 0 })
}

// dependencies are the products whose policies this one needs for its verdict.
func (p *Policy) dependencies() []string {
	switch {
	case p.lifecycle.RangeOf != nil:
		return p.lifecycle.RangeOf.Products
	case p.lifecycle.Follows != nil:
		return []string{p.lifecycle.Follows.Product}
	}
	return nil
}

// patchDays are the days on which patches come out, from which on an upgrade to them is recommended.
func (p *Policy) patchDays() []time.Time {
	var days []time.Time
	for _, m := range p.minors {
		for _, one := range m.patches {
			if !one.released.IsZero() {
				days = append(days, one.released)
			}
		}
	}
	return days
}

// warnsFrom is the instant at which the warning of an end begins.
func (p *Policy) warnsFrom(end time.Time) time.Time {
	return facts.DaysBefore(end, p.expiringSoonDays, p.zone)
}
