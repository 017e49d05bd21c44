// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// minor is all that a policy says about one minor of its product.
type minor struct {
	facts.Minor

	availability availability
	// through is the first instant after the minor's own last supported day, withdrawn that of its withdrawal. Zero:
	// not set.
	through, withdrawn time.Time
	// forecasts are ordered by until; empty where the policy's own list does not decide about its minors.
	forecasts []forecast

	kubernetes *kubernetesRange
	// attached is the range for clusters that a Kommander of this minor manages; nil where none is published.
	attached *kubernetesRange
	// ranges are the different Kubernetes ranges of the minor: its own and those of its patches.
	ranges []*kubernetesRange
	// systems are the operating systems of the minor; empty where none are published.
	systems  []operatingSystem
	requires []requirement
	// patches are ordered newest first.
	patches []patch
	// upgradesFrom is nil where the policy does not say.
	upgradesFrom []facts.Minor
}

type requirement struct {
	product  string
	patterns []versionPattern
	texts    []string
}

type patch struct {
	version    *semver.Version
	released   time.Time
	kubernetes *kubernetesRange
	systems    []operatingSystem
	// upgradesFrom is nil where the policy does not say.
	upgradesFrom []versionPattern
	avoid        string
}

// availability is when a minor becomes, or became, generally available.
type availability struct {
	// released is the day as a fact; planned is a forecast. A policy sets at most one.
	released, planned time.Time
	// outBy is set for a minor that is released on an unknown day: by this instant, and perhaps long before, it was out.
	outBy time.Time
}

// at tells whether the minor itself can be in use as generally available. One that came out on an unknown day always
// can: where it is installed, it was out.
func (a availability) at(now time.Time) bool {
	return !a.outBy.IsZero() || (!a.released.IsZero() && !now.Before(a.released))
}

// provenAt tells whether the minor is known to be generally available at an instant, so that it counts against others.
func (a availability) provenAt(now time.Time) bool {
	day := a.provenFrom()
	return !day.IsZero() && !now.Before(day)
}

// provenFrom is the day of general availability, or the instant by which it had passed; zero when neither is known.
func (a availability) provenFrom() time.Time {
	if !a.outBy.IsZero() {
		return a.outBy
	}
	return a.released
}

// assuming turns a plan that still lies ahead at an instant into a fact. A plan whose day has passed is none.
func (a availability) assuming(now time.Time) availability {
	if a.planned.After(now) {
		return availability{released: a.planned, planned: a.planned}
	}
	return availability{released: a.released, outBy: a.outBy}
}

// isPlanOverdue tells whether the planned day has passed without being confirmed.
func (a availability) isPlanOverdue(now time.Time) bool {
	return !a.planned.IsZero() && !now.Before(a.planned)
}

// isAhead tells whether the minor is known not to be out yet, by its day or by being only planned.
func (a availability) isAhead(now time.Time) bool {
	return a.released.After(now) || !a.planned.IsZero()
}

func (m *minor) isWithdrawn(at time.Time) bool {
	return !m.withdrawn.IsZero() && !at.Before(m.withdrawn)
}

// counts tells whether the minor takes a place in the window.
func (m *minor) counts(at time.Time) bool { return m.availability.provenAt(at) && !m.isWithdrawn(at) }

// instants are those at which the answer about this or another minor can change.
func (m *minor) instants() []time.Time {
	var all []time.Time
	for _, t := range []time.Time{m.availability.provenFrom(), m.availability.planned, m.through, m.withdrawn} {
		if !t.IsZero() {
			all = append(all, t)
		}
	}
	return all
}

// spansAt are the spans of the minor's support over all time, as they are foreseen at an instant.
func (m *minor) spansAt(now time.Time) []span {
	for _, f := range m.forecasts {
		if f.until.IsZero() || now.Before(f.until) {
			return f.spans
		}
	}
	return nil
}

// supportAt is the span of support in which an instant lies.
func (m *minor) supportAt(now time.Time) (span, bool) { return spanAt(m.spansAt(now), now) }

// endBefore is the newest span of support that is over at an instant; without an end when there is none.
func (m *minor) endBefore(now time.Time) span {
	ended, _ := lastEnded(m.spansAt(now), now)
	return ended
}

// endOfWithdrawn is the span whose end is that of a withdrawn minor's support: the withdrawal, or what ended it before.
func (m *minor) endOfWithdrawn(now time.Time) span {
	if ended, ok := lastEnded(m.spansAt(now), m.withdrawn); ok {
		return ended
	}
	return span{end: m.withdrawn, cause: causeWithdrawn}
}

// first is the first version of the minor.
func (m *minor) first() *semver.Version { return semver.New(m.Major, m.Minor.Minor, 0, "", "") }

// patch is the patch of a version; nil where the policy does not list it.
func (m *minor) patch(version *semver.Version) *patch {
	for i := range m.patches {
		if m.patches[i].version.Equal(version) {
			return &m.patches[i]
		}
	}
	return nil
}

// rangeFor is the Kubernetes range that holds for a version: its patch's own, else its minor's, else none.
func (m *minor) rangeFor(version *semver.Version) *kubernetesRange {
	if own := m.patch(version); own != nil && own.kubernetes != nil {
		return own.kubernetes
	}
	return m.kubernetes
}

// rangesOf are the Kubernetes ranges of the versions that a pattern means.
func (m *minor) rangesOf(pattern versionPattern) []*kubernetesRange {
	if pattern.exact == nil {
		return m.ranges
	}
	if own := m.rangeFor(pattern.exact); own != nil {
		return []*kubernetesRange{own}
	}
	return nil
}

// systemsFor are the operating systems that hold for a version: its patch's own, else its minor's.
func (m *minor) systemsFor(version *semver.Version) []operatingSystem {
	if own := m.patch(version); own != nil && len(own.systems) > 0 {
		return own.systems
	}
	return m.systems
}

// required joins the entries for one product, which are alternatives.
func (m *minor) required(product string) requirement {
	joined := requirement{product: product}
	for _, one := range m.requires {
		if one.product == product {
			joined.patterns = append(joined.patterns, one.patterns...)
			joined.texts = append(joined.texts, one.texts...)
		}
	}
	return joined
}

// needsOf tells whether a version of another product satisfies what the minor requires of it, and what that is. A nil
// version is not known, and satisfies nothing.
func (m *minor) needsOf(product string, version *semver.Version) (needs string, met bool) {
	required := m.required(product)
	if version != nil && anyMatches(required.patterns, version) {
		return "", true
	}
	return strings.Join(required.texts, " or "), len(required.texts) == 0
}

// reachedFrom tells whether the way from a version to the patch is documented: as the patch lists it, else as otherwise
// says, which is what holds for its minor.
func (p *patch) reachedFrom(version *semver.Version, otherwise bool) bool {
	if p.upgradesFrom == nil {
		return otherwise
	}
	return anyMatches(p.upgradesFrom, version)
}
