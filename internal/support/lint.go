// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// LintWarning is a likely mistake in a valid policy.
type LintWarning struct {
	// Path is the field that it is about.
	Path *field.Path
	// Message says what is wrong with it, and what to do.
	Message string
}

// Error puts both into one line, as a field error does.
func (r LintWarning) Error() string { return r.Path.String() + ": " + r.Message }

// longPast is how many days after its newest general availability a policy looks forgotten.
const longPast = 365

// lintChecks are all questions that are asked about a policy beyond its validity. The list is a table, as checks is.
var lintChecks = []func(evaluation, *Policy) []LintWarning{
	lintUnknownDays,
	lintGaps,
	lintRequirements,
	lintOverduePlans,
	lintAge,
	lintDayOrder,
	lintUnlisted,
	lintSamePriority,
}

// Lint finds the likely mistakes of a valid policy, as they stand at an instant. A policy with Problems has no warnings:
// it decides nothing.
func (s *Set) Lint(name string, now time.Time) []LintWarning {
	p := s.policy(name)
	if p == nil || len(s.problems[name]) > 0 {
		return nil
	}
	var found []LintWarning
	for _, question := range lintChecks {
		found = append(found, question(evaluation{set: s, now: now}, p)...)
	}
	return found
}

func (m *minor) path() *field.Path {
	return field.NewPath("spec", "releases").Key(m.String())
}

// lintUnknownDays: which released minors have no day? A window counts them from the first instant that proves them out,
// which may be late: the ends that rest on them are then not the real ones.
func lintUnknownDays(s evaluation, p *Policy) []LintWarning {
	if p.lifecycle.Window == nil {
		return nil
	}
	var found []LintWarning
	for _, m := range p.minors {
		if out := m.availability.outBy; !out.IsZero() && !s.now.Before(out) {
			found = append(found, LintWarning{m.path().Child("generalAvailability"), fmt.Sprintf(
				"is missing, although the minor was out by %s; give the day, the ends that rest on it are guessed",
				facts.DayText(out, p.zone))})
		}
	}
	return found
}

// lintGaps: does the list of a window skip minors? It counts over the list, so a minor that is forgotten keeps an old
// one supported for too long.
func lintGaps(_ evaluation, p *Policy) []LintWarning {
	if p.lifecycle.Window == nil {
		return nil
	}
	var found []LintWarning
	for i := range len(p.minors) - 1 {
		newer, older := p.minors[i], p.minors[i+1]
		isNext := newer.Major == older.Major && newer.Minor.Minor == older.Minor.Minor+1
		isFirst := newer.Major == older.Major+1 && newer.Minor.Minor == 0
		if !isNext && !isFirst {
			found = append(found, LintWarning{newer.path(), fmt.Sprintf("comes right after %s in the list; list what was released"+
				" between them, since the window counts over the list", older)})
		}
	}
	return found
}

// lintRequirements: which required versions can never be there beside the release?
func lintRequirements(s evaluation, p *Policy) []LintWarning {
	var found []LintWarning
	for _, m := range p.minors {
		for j, required := range m.requires {
			others := s.set.withForecasts(required.product)
			if len(others) == 0 {
				continue
			}
			versions := m.path().Child("requires").Index(j).Child("versions")
			for k, pattern := range required.patterns {
				if why := s.neverMet(p, m, others, pattern); why != "" {
					found = append(found, LintWarning{versions.Index(k),
						fmt.Sprintf("%s of %s can never be met: %s", required.texts[k], facts.Printable(required.product), why)})
				}
			}
		}
	}
	return found
}

// withForecasts are the valid policies for a product whose own list decides about its minors, whichever clusters it selects.
func (s *Set) withForecasts(product string) []*Policy {
	var found []*Policy
	for _, p := range s.policies {
		if p.product == product && p.hasForecasts() && len(s.problems[p.name]) == 0 {
			found = append(found, p)
		}
	}
	return found
}

// neverMet says why a required version can never stand beside a minor, by all policies that speak about its
// product. Empty: by one of them it can.
func (s evaluation) neverMet(p *Policy, m *minor, others []*Policy, pattern versionPattern) string {
	why := ""
	for _, other := range others {
		if why = s.neverTogether(p, m, other, pattern); why == "" {
			return ""
		}
	}
	return why
}

func (s evaluation) neverTogether(p *Policy, m *minor, other *Policy, pattern versionPattern) string {
	required := other.find(pattern.minor)
	if required == nil {
		return fmt.Sprintf("policy %s does not list %s", other.name, pattern.minor)
	}
	if pairRanges := required.rangesOf(pattern); disjoint(m.ranges, pairRanges) {
		return fmt.Sprintf("no Kubernetes version is in the range of both (%s, and %s by policy %s)",
			m.ranges[0].bounds(), pairRanges[0].bounds(), other.name)
	}
	// What is not out yet may still meet.
	isOut := m.availability.at(s.now) && required.availability.at(s.now)
	if !isOut || !p.hasForecasts() || s.meet(m, required) {
		return ""
	}
	return fmt.Sprintf("%s and %s by policy %s were never supported at the same time", m, required, other.name)
}

// meet tells whether two minors are supported at the same time, now or ever.
func (s evaluation) meet(one, other *minor) bool {
	others := other.spansAt(s.now)
	return slices.ContainsFunc(one.spansAt(s.now), func(own span) bool { return slices.ContainsFunc(others, own.overlaps) })
}

// disjoint tells whether no version is in a range of both lists. Where one is empty nothing is known.
func disjoint(some, others []*kubernetesRange) bool {
	for _, one := range some {
		for _, other := range others {
			both := [2]kubernetesRange{{minimum: one.minimum, maximum: other.maximum}, {minimum: other.minimum, maximum: one.maximum}}
			if !both[0].empty() && !both[1].empty() {
				return false
			}
		}
	}
	return len(some) > 0 && len(others) > 0
}

// lintOverduePlans: which planned days have passed? Nothing ends by that.
func lintOverduePlans(s evaluation, p *Policy) []LintWarning {
	var found []LintWarning
	for _, m := range p.minors {
		if m.availability.isPlanOverdue(s.now) {
			found = append(found, LintWarning{m.path().Child("plannedGeneralAvailability"), fmt.Sprintf(
				"has passed (%s) and nothing confirms it; give the generalAvailability, or move the plan",
				facts.DayText(m.availability.planned, p.zone))})
		}
	}
	return found
}

// lintAge: has nothing become generally available for so long that the policy may have been forgotten? A plan that lies
// ahead shows that it was not.
func lintAge(s evaluation, p *Policy) []LintWarning {
	var newest *minor
	for _, m := range p.minors {
		if m.availability.planned.After(s.now) {
			return nil
		}
		if !m.availability.released.IsZero() && (newest == nil || m.availability.released.After(newest.availability.released)) {
			newest = m
		}
	}
	if newest == nil || s.now.Before(newest.availability.released.AddDate(0, 0, longPast)) {
		return nil
	}
	return []LintWarning{{newest.path().Child("generalAvailability"), fmt.Sprintf(
		"%s is the newest of the policy; if the vendor has released a minor since, add it", facts.DayText(newest.availability.released, p.zone))}}
}

// lintDayOrder: are days out of order? A minor is hardly ever released after a newer one, and a patch never before its minor.
func lintDayOrder(_ evaluation, p *Policy) []LintWarning {
	var found []LintWarning
	var newer *minor
	for _, m := range p.minors {
		day := m.availability.released
		if day.IsZero() {
			continue
		}
		if newer != nil && day.After(newer.availability.released) {
			found = append(found, LintWarning{m.path().Child("generalAvailability"), fmt.Sprintf(
				"%s is after that of the newer %s (%s); correct the one that is wrong", facts.DayText(day, p.zone), newer,
				facts.DayText(newer.availability.released, p.zone))})
		}
		newer = m
		for _, one := range m.patches {
			if !one.released.IsZero() && one.released.Before(day) && one.version.Prerelease() == "" {
				found = append(found, LintWarning{m.path().Child("patches").Key(one.version.String()).Child("generalAvailability"),
					fmt.Sprintf("%s is before that of the minor (%s); correct the one that is wrong", facts.DayText(one.released, p.zone), facts.DayText(day, p.zone))})
			}
		}
	}
	return found
}

// lintUnlisted: do paths and experimental components name versions that the policy does not list? They mean nothing.
func lintUnlisted(_ evaluation, p *Policy) []LintWarning {
	var found []LintWarning
	unlisted := func(path *field.Path, number facts.Minor) {
		if p.find(number) == nil {
			found = append(found, LintWarning{path, fmt.Sprintf("names %s, which the policy does not list; list it, or correct it", number)})
		}
	}
	for _, m := range p.minors {
		path := m.path()
		for j, from := range m.upgradesFrom {
			unlisted(path.Child("upgradesFrom").Index(j), from)
		}
		for _, one := range m.patches {
			for j, from := range one.upgradesFrom {
				unlisted(path.Child("patches").Key(one.version.String()).Child("upgradesFrom").Index(j), from.minor)
			}
		}
	}
	components := field.NewPath("spec", "experimental", "components")
	for _, name := range slices.Sorted(maps.Keys(p.experimental.components)) {
		for j, version := range p.experimental.components[name] {
			unlisted(components.Key(facts.Printable(name)).Child("versions").Index(j), version.minor)
		}
	}
	return found
}

// lintSamePriority: which other policies for the product can select the same clusters with the same priority? On these none of them
// decides. One of a higher priority that selects all clusters stands before them everywhere.
func lintSamePriority(s evaluation, p *Policy) []LintWarning {
	var everywhere, somewhere []string
	for _, other := range s.set.policies {
		if other == p || other.product != p.product || len(s.set.problems[other.name]) > 0 {
			continue
		}
		switch {
		case other.priority > p.priority && other.selector.Empty():
			return nil
		case other.priority != p.priority || !canOverlap(p.selector, other.selector):
		case p.selector.String() == other.selector.String():
			everywhere = append(everywhere, other.name)
		default:
			somewhere = append(somewhere, other.name)
		}
	}
	var found []LintWarning
	warn := func(names []string, where string) {
		if len(names) > 0 {
			found = append(found, LintWarning{field.NewPath("spec", "priority"), fmt.Sprintf(
				"is %d, as in %s for the same product, and %s; none of them decides there: give them different priorities",
				p.priority, facts.ListOf(names, 4), where)})
		}
	}
	warn(everywhere, "all of them select the same clusters")
	warn(somewhere, "they can select the same cluster")
	return found
}

// canOverlap tells whether a cluster can have labels that both selectors match. Each key is a question of its own: which
// of the values that are named, any other value, or no label at all fits all that is asked of it?
func canOverlap(one, other labels.Selector) bool {
	asked := map[string][]labels.Requirement{}
	for _, selector := range []labels.Selector{one, other} {
		requirements, _ := selector.Requirements()
		for _, r := range requirements {
			asked[r.Key()] = append(asked[r.Key()], r)
		}
	}
	for key, requirements := range asked {
		if !canHold(key, requirements) {
			return false
		}
	}
	return true
}

// canHold tells whether a label can fit all requirements for its key.
func canHold(key string, requirements []labels.Requirement) bool {
	const anyOther = "\x00" // no label has this value, so no requirement names it
	candidates := []labels.Set{{}, {key: anyOther}}
	for _, r := range requirements {
		for value := range r.Values() {
			candidates = append(candidates, labels.Set{key: value})
		}
	}
	return slices.ContainsFunc(candidates, func(candidate labels.Set) bool {
		return !slices.ContainsFunc(requirements, func(r labels.Requirement) bool { return !r.Matches(candidate) })
	})
}
