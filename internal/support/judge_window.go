// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// judgeWindow is the N-2 rule.
func (s evaluation) judgeWindow(p *Policy, number facts.Minor) verdict {
	m := p.find(number)
	if m == nil {
		return s.judgeUnlisted(p, number)
	}
	switch current, supported := m.supportAt(s.now); {
	case m.isWithdrawn(s.now):
		return minorWithdrawn(p, m, m.endOfWithdrawn(s.now).end)
	case !m.availability.at(s.now):
		return minorNotYetAvailable(p, m)
	case supported:
		return s.supportedMinor(p, m, current)
	}
	ended := m.endBefore(s.now)
	return supportEnded("is not supported: "+endedText("support of "+m.String(), ended, p.zone), ended.end)
}

// minorWithdrawn is the verdict on a withdrawn minor.
func minorWithdrawn(p *Policy, m *minor, end time.Time) verdict {
	v := unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonWithdrawn,
		fmt.Sprintf("is not supported: %s was withdrawn on %s", m, facts.DayText(m.withdrawn, p.zone)))
	v.end = end
	return v
}

// minorNotYetAvailable is the verdict on a minor that is installed before its day.
func minorNotYetAvailable(p *Policy, m *minor) verdict {
	day := "no day is announced"
	switch a := m.availability; {
	case !a.released.IsZero():
		day = "its day is " + facts.DayText(a.released, p.zone)
	case !a.planned.IsZero():
		day = "planned for " + facts.DayText(a.planned, p.zone)
	}
	return unknown(v1alpha1.ReasonNotYetAvailable,
		fmt.Sprintf("is installed although %s is not generally available yet (%s); correct the policy", m, day))
}

// judgeUnlisted judges a minor that the policy does not list: so many newer ones may be out that it must be outside the
// window; else the policy is out of date.
func (s evaluation) judgeUnlisted(p *Policy, number facts.Minor) verdict {
	newer := s.placeInWindow(p, number)
	newest := "only the newest is"
	if p.window > 1 {
		newest = fmt.Sprintf("the newest %d are", p.window)
	}
	if p.lifecycle.Window != nil && newer >= p.window {
		return supportEnded(fmt.Sprintf("is not supported: %s generally available, and %s supported",
			facts.Plural(newer, fmt.Sprintf("minor newer than %s is", number), fmt.Sprintf("minors newer than %s are", number)), newest), time.Time{})
	}
	return unknown(v1alpha1.ReasonNotInPolicy,
		fmt.Sprintf("is of a minor that policy %s does not list; bring the policy up to date", p.name))
}

// supportedMinor is the verdict on a minor within its support.
func (s evaluation) supportedMinor(p *Policy, m *minor, current span) verdict {
	place := s.placeInWindow(p, m.Minor)
	ownEnd := !m.through.IsZero()
	v := verdict{
		state: v1alpha1.StateSupported, finding: v1alpha1.FindingLifecycle, reason: v1alpha1.ReasonSupported,
		end: current.end, lastInWindow: place == p.window-1 && !ownEnd,
	}
	if v.lastInWindow {
		v.reason = v1alpha1.ReasonLastInWindow
	}
	if !ownEnd {
		v.overdue = s.overduePlans(p, m, place)
	}
	switch {
	case !current.end.IsZero():
		v.message = "is supported; " + endsText("support of "+m.String(), current, p.zone)
	case v.lastInWindow:
		v.message = "is supported as the last minor in the window: support ends when the next minor becomes generally" +
			" available, no day is announced"
	case p.lifecycle.Listed != nil:
		v.message = "is supported; no end is announced"
	default:
		v.message = fmt.Sprintf("is supported; no end is announced, support ends when %s generally available",
			facts.Plural(p.window-place, "more minor becomes", "more minors become"))
	}
	return v
}

// placeInWindow counts the minors newer than one that take a place in the window.
func (s evaluation) placeInWindow(p *Policy, number facts.Minor) int {
	place := 0
	for _, m := range p.newerThan(number) {
		if m.counts(s.now) {
			place++
		}
	}
	return place
}

// overduePlans are the unconfirmed minors with which the minor would have left the window, had their plans come true.
func (s evaluation) overduePlans(p *Policy, m *minor, place int) []string {
	var overdue []string
	for _, newer := range p.newerThan(m.Minor) {
		if newer.availability.isPlanOverdue(s.now) {
			overdue = append(overdue, fmt.Sprintf("%s was planned for %s and is not confirmed",
				newer, facts.DayText(newer.availability.planned, p.zone)))
		}
	}
	if place+len(overdue) < p.window {
		return nil
	}
	return overdue
}
