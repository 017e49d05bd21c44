// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Regret is something in a valid policy that a person would be sorry for later.
type Regret struct {
	// Path is the field that it is about.
	Path *field.Path
	// Message says what is wrong with it, and what to do.
	Message string
}

// Error puts both into one line, as a field error does.
func (r Regret) Error() string { return r.Path.String() + ": " + r.Message }

// longPast is how many days after its newest general availability a policy looks forgotten.
const longPast = 365

// regrets are all questions that are asked about a policy beyond its validity. The list is a table, as checks is.
var regrets = []func(scope, *Policy) []Regret{
	regretUnknownDays,
	regretGaps,
	regretPairs,
	regretOverduePlans,
	regretAge,
	regretOrder,
	regretUnlisted,
}

// Lint finds what a valid policy says, at an instant, that somebody would regret. A policy with Problems has no regrets:
// it decides nothing.
func (s *Set) Lint(name string, now time.Time) []Regret {
	i := slices.IndexFunc(s.policies, func(p *Policy) bool { return p.name == name })
	if i < 0 || len(s.problems[name]) > 0 {
		return nil
	}
	var found []Regret
	for _, question := range regrets {
		found = append(found, question(scope{set: s, now: now}, s.policies[i])...)
	}
	return found
}

func releasePath(minor facts.Minor) *field.Path {
	return field.NewPath("spec", "releases").Key(minor.String())
}

// regretUnknownDays: which released minors have no day? A window counts them from the first instant that proves them out,
// which may be late: the ends that rest on them are then not the real ones.
func regretUnknownDays(s scope, p *Policy) []Regret {
	if p.lifecycle.Window == nil {
		return nil
	}
	var found []Regret
	for i := range p.lines {
		if out := p.lines[i].availability.outBy; !out.IsZero() && !s.now.Before(out) {
			found = append(found, Regret{releasePath(p.lines[i].minor).Child("generalAvailability"), fmt.Sprintf(
				"is missing, although the minor was out by %s; give the day, the ends that rest on it are guessed",
				facts.DayText(out, p.zone))})
		}
	}
	return found
}

// regretGaps: does the list of a window skip minors? It counts over the list, so a minor that is forgotten keeps an old
// one supported for too long.
func regretGaps(_ scope, p *Policy) []Regret {
	if p.lifecycle.Window == nil {
		return nil
	}
	var found []Regret
	for i := range len(p.lines) - 1 {
		newer, older := p.lines[i].minor, p.lines[i+1].minor
		isNext := newer.Major == older.Major && newer.Minor == older.Minor+1
		isFirst := newer.Major == older.Major+1 && newer.Minor == 0
		if !isNext && !isFirst {
			found = append(found, Regret{releasePath(newer), fmt.Sprintf("comes right after %s in the list; list what was released"+
				" between them, since the window counts over the list", older)})
		}
	}
	return found
}

// regretPairs: which required versions can never be there beside the release?
func regretPairs(s scope, p *Policy) []Regret {
	var found []Regret
	for i := range p.releases {
		for j, required := range p.releases[i].requires {
			others := s.set.withTimeline(required.product)
			if len(others) == 0 {
				continue
			}
			versions := releasePath(p.releases[i].minor).Child("requires").Index(j).Child("versions")
			for k, pattern := range required.patterns {
				if why := s.neverMet(p, i, others, pattern); why != "" {
					found = append(found, Regret{versions.Index(k),
						fmt.Sprintf("%s of %s can never be met: %s", required.texts[k], facts.Printable(required.product), why)})
				}
			}
		}
	}
	return found
}

// withTimeline are the valid policies for a product whose own list decides about its minors, on whatever clusters.
func (s *Set) withTimeline(product string) []*Policy {
	var found []*Policy
	for _, p := range s.policies {
		if p.product == product && p.hasTimeline() && len(s.problems[p.name]) == 0 {
			found = append(found, p)
		}
	}
	return found
}

// neverMet says why a required version can never stand beside the i-th release, by all policies that speak about its
// product. Empty: by one of them it can.
func (s scope) neverMet(p *Policy, i int, others []*Policy, pattern versionPattern) string {
	why := ""
	for _, other := range others {
		if why = s.neverTogether(p, i, other, pattern); why == "" {
			return ""
		}
	}
	return why
}

func (s scope) neverTogether(p *Policy, i int, other *Policy, pattern versionPattern) string {
	j := other.find(pattern.minor)
	if j < 0 {
		return fmt.Sprintf("policy %s does not list %s", other.name, pattern.minor)
	}
	if pairRanges := other.releases[j].rangesOf(pattern); disjoint(p.releases[i].ranges, pairRanges) {
		return fmt.Sprintf("no Kubernetes version is in the range of both (%s, and %s by policy %s)",
			p.releases[i].ranges[0].bounds(), pairRanges[0].bounds(), other.name)
	}
	// What is not out yet may still meet.
	isOut := p.lines[i].availability.at(s.now) && other.lines[j].availability.at(s.now)
	if !isOut || !p.hasTimeline() || s.meet(p, i, other, j) {
		return ""
	}
	return fmt.Sprintf("%s and %s by policy %s were never supported at the same time", p.lines[i].minor, pattern.minor, other.name)
}

// meet tells whether two minors are supported at the same time, now or ever.
func (s scope) meet(p *Policy, i int, other *Policy, j int) bool {
	others := timelineAt(other.timelines, s.now).spans[j]
	return slices.ContainsFunc(timelineAt(p.timelines, s.now).spans[i], func(own span) bool {
		return slices.ContainsFunc(others, own.overlaps)
	})
}

func (s span) overlaps(other span) bool {
	begins := func(first, second span) bool { return second.end.IsZero() || first.start.Before(second.end) }
	return begins(s, other) && begins(other, s)
}

// rangesOf are the Kubernetes ranges of the versions that a pattern means.
func (r *release) rangesOf(pattern versionPattern) []*kubernetesRange {
	if pattern.exact == nil {
		return r.ranges
	}
	if own := r.rangeFor(pattern.exact); own != nil {
		return []*kubernetesRange{own}
	}
	return nil
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

// regretOverduePlans: which planned days have passed? Nothing ends by that.
func regretOverduePlans(s scope, p *Policy) []Regret {
	var found []Regret
	for i := range p.lines {
		if planned := p.lines[i].availability.planned; !planned.IsZero() && !s.now.Before(planned) {
			found = append(found, Regret{releasePath(p.lines[i].minor).Child("plannedGeneralAvailability"), fmt.Sprintf(
				"has passed (%s) and nothing confirms it; give the generalAvailability, or move the plan", facts.DayText(planned, p.zone))})
		}
	}
	return found
}

// regretAge: has nothing become generally available for so long that the policy may have been forgotten? A plan that lies
// ahead shows that it was not.
func regretAge(s scope, p *Policy) []Regret {
	var newest line
	for i := range p.lines {
		own := &p.lines[i]
		if own.availability.planned.After(s.now) {
			return nil
		}
		if own.availability.released.After(newest.availability.released) {
			newest = *own
		}
	}
	day := newest.availability.released
	if day.IsZero() || s.now.Before(day.AddDate(0, 0, longPast)) {
		return nil
	}
	return []Regret{{releasePath(newest.minor).Child("generalAvailability"), fmt.Sprintf(
		"%s is the newest of the policy; if the vendor has released a minor since, add it", facts.DayText(day, p.zone))}}
}

// regretOrder: are days out of order? A minor is hardly ever released after a newer one, and a patch never before its minor.
func regretOrder(_ scope, p *Policy) []Regret {
	var found []Regret
	var newer line
	for i := range p.lines {
		own, day := &p.lines[i], p.lines[i].availability.released
		if day.IsZero() {
			continue
		}
		if !newer.availability.released.IsZero() && day.After(newer.availability.released) {
			found = append(found, Regret{releasePath(own.minor).Child("generalAvailability"), fmt.Sprintf(
				"%s is after that of the newer %s (%s); correct the one that is wrong", facts.DayText(day, p.zone), newer.minor,
				facts.DayText(newer.availability.released, p.zone))})
		}
		newer = *own
		for _, one := range p.releases[i].patches {
			if !one.released.IsZero() && one.released.Before(day) && one.version.Prerelease() == "" {
				found = append(found, Regret{releasePath(own.minor).Child("patches").Key(one.version.String()).Child("generalAvailability"),
					fmt.Sprintf("%s is before that of the minor (%s); correct the one that is wrong", facts.DayText(one.released, p.zone), facts.DayText(day, p.zone))})
			}
		}
	}
	return found
}

// regretUnlisted: do paths and experimental components name versions that the policy does not list? They mean nothing.
func regretUnlisted(_ scope, p *Policy) []Regret {
	var found []Regret
	unlisted := func(path *field.Path, minor facts.Minor) {
		if p.find(minor) < 0 {
			found = append(found, Regret{path, fmt.Sprintf("names %s, which the policy does not list; list it, or correct it", minor)})
		}
	}
	for i := range p.releases {
		path := releasePath(p.releases[i].minor)
		for j, from := range p.releases[i].upgradesFrom {
			unlisted(path.Child("upgradesFrom").Index(j), from)
		}
		for _, one := range p.releases[i].patches {
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
