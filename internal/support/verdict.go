// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// evaluation is one cluster at one instant: what the lifecycles need to know beyond the release that they judge.
type evaluation struct {
	set         *Set
	labels      map[string]string
	environment v1alpha1.Environment
	now         time.Time
}

// verdict is what a lifecycle says about one release.
type verdict struct {
	state   v1alpha1.State
	finding v1alpha1.FindingType
	reason  string
	// message is a sentence without its subject, such as "is supported; no end is announced".
	message string
	// end is the announced or past end of support; zero when it is not known.
	end time.Time
	// lastInWindow: supported, and the next minor ends it.
	lastInWindow bool
	// overdue names plans whose day has passed and which would have ended the support.
	overdue []string
}

func unknown(reason, message string) verdict {
	return verdict{state: v1alpha1.StateUnknown, finding: v1alpha1.FindingLifecycle, reason: reason, message: message}
}

func unsupported(finding v1alpha1.FindingType, reason, message string) verdict {
	return verdict{state: v1alpha1.StateUnsupported, finding: finding, reason: reason, message: message}
}

// judgeMinor asks a policy about a minor. Only windows and ranges can answer.
func (s evaluation) judgeMinor(p *Policy, number facts.Minor) verdict {
	switch {
	case p.hasForecasts():
		return s.judgeWindow(p, number)
	case p.lifecycle.RangeOf != nil:
		return s.judgeRange(p, number.String(), func(r *kubernetesRange) int { return compareMinor(r, number) })
	}
	return unknown(v1alpha1.ReasonNoPolicy, fmt.Sprintf("cannot be judged: policy %s reads tags, not minors", p.name))
}

// judgeWindow is the N-2 rule.
func (s evaluation) judgeWindow(p *Policy, number facts.Minor) verdict {
	m := p.find(number)
	if m == nil {
		return s.judgeUnlisted(p, number)
	}
	switch current, supported := m.supportAt(s.now); {
	case m.isWithdrawn(s.now):
		gone := minorWithdrawn(p, m)
		gone.end = m.endOfWithdrawn(s.now).end
		return gone
	case !m.availability.at(s.now):
		return minorNotYetAvailable(p, m)
	case supported:
		return s.supportedMinor(p, m, current)
	}
	ended := m.endBefore(s.now)
	over := unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonSupportEnded,
		"is not supported: "+endedText("support of "+m.String(), ended, p.zone))
	over.end = ended.end
	return over
}

// minorWithdrawn is the verdict on a withdrawn minor, without its end.
func minorWithdrawn(p *Policy, m *minor) verdict {
	return unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonWithdrawn,
		fmt.Sprintf("is not supported: %s was withdrawn on %s", m, facts.DayText(m.withdrawn, p.zone)))
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
		return unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonSupportEnded,
			fmt.Sprintf("is not supported: %s generally available, and %s supported",
				facts.Plural(newer, fmt.Sprintf("minor newer than %s is", number), fmt.Sprintf("minors newer than %s are", number)), newest))
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

// endsText says when and why support will end.
func endsText(what string, s span, zone *time.Location) string {
	switch s.cause {
	case causePlanned:
		return fmt.Sprintf("%s is planned to end on %s, when %s becomes generally available", what, facts.DayText(s.end, zone), s.endsWith)
	case causeReleased:
		return fmt.Sprintf("%s ends on %s, when %s becomes generally available", what, facts.DayText(s.end, zone), s.endsWith)
	case causeThrough:
		if facts.BeginsDay(s.end, zone) {
			return fmt.Sprintf("%s lasts through %s", what, lastDay(s.end, zone))
		}
	case causeWithdrawn:
		return fmt.Sprintf("%s ends on %s, when it is withdrawn", what, facts.DayText(s.end, zone))
	case causeNone:
	}
	return fmt.Sprintf("%s ends on %s", what, facts.DayText(s.end, zone))
}

// endedText says when and why support has ended. A span without an end means that the day is not known.
func endedText(what string, s span, zone *time.Location) string {
	if s.end.IsZero() {
		return what + " ended on a day that is not known"
	}
	switch s.cause {
	case causeReleased, causePlanned:
		return fmt.Sprintf("%s ended on %s, when %s became generally available", what, facts.DayText(s.end, zone), s.endsWith)
	case causeThrough:
		if facts.BeginsDay(s.end, zone) {
			return fmt.Sprintf("%s lasted through %s", what, lastDay(s.end, zone))
		}
	case causeWithdrawn, causeNone:
	}
	return fmt.Sprintf("%s ended on %s", what, facts.DayText(s.end, zone))
}

// lastDay is the last day before an end.
func lastDay(end time.Time, zone *time.Location) string {
	text := facts.DayOf(end.Add(-1).In(zone)).String()
	if !facts.ZoneIsUTC(zone) {
		text += " (" + zone.String() + ")"
	}
	return text
}

// compareMinor tells where a minor lies beside a range: negative below, positive above, 0 when a patch of it is inside.
func compareMinor(r *kubernetesRange, number facts.Minor) int {
	switch {
	case r.containsMinor(number):
		return 0
	case number.Compare(r.maximum.Minor) > 0:
		return 1
	}
	return -1
}

// compareVersion is the same for an exact version.
func compareVersion(r *kubernetesRange, version facts.KubernetesVersion) int {
	if r.contains(version) {
		return 0
	}
	if r.maximum.compareTo(version) > 0 {
		return 1
	}
	return -1
}

// judgeRange supports what the supported releases of other products contain in their ranges. against tells where the
// judged version lies beside a range.
func (s evaluation) judgeRange(p *Policy, version string, against func(*kubernetesRange) int) verdict {
	var found containment
	for _, product := range p.lifecycle.RangeOf.Products {
		chosen := s.set.choose(s.labels, product)
		if chosen.policy == nil {
			return unknown(chosen.reason, "depends on "+product+", and "+chosen.message)
		}
		if !chosen.policy.hasForecasts() {
			return unknown(v1alpha1.ReasonNoPolicy,
				fmt.Sprintf("depends on %s, whose policy %s has no window", product, chosen.name))
		}
		found.collect(s, chosen.policy, against)
	}
	return found.verdict(s, p, version)
}

// containment is what the ranges of other products' minors say about a Kubernetes version.
type containment struct {
	spans []span
	// within are the supported minors that contain the version now; notLast becomes true with the first that is not
	// last in its window, endures with the first that would still be supported had all plans come true.
	within   []string
	notLast  bool
	endures  bool
	overdue  []string
	released bool
	future   []string
	// below is true when some range begins above the version or ends at or above it: it is not newer than all.
	below bool
}

func (c *containment) collect(s evaluation, other *Policy, against func(*kubernetesRange) int) {
	for _, m := range other.minors {
		contains := false
		for _, r := range m.ranges {
			where := against(r)
			contains = contains || where == 0
			c.below = c.below || where <= 0
		}
		if !contains {
			continue
		}
		for _, one := range m.spansAt(s.now) {
			if one.endsWith != "" {
				one.endsWith = other.product + " " + one.endsWith
			}
			c.spans = append(c.spans, one)
		}
		c.place(s, other, m)
	}
}

// place sorts a minor that contains the version into those that support it now, once, or later.
func (c *containment) place(s evaluation, other *Policy, m *minor) {
	name := other.product + " " + m.String()
	if !m.availability.at(s.now) {
		c.future = append(c.future, name)
		return
	}
	c.released = true
	current, supported := m.supportAt(s.now)
	if !supported {
		return
	}
	c.within = append(c.within, name)
	one := s.supportedMinor(other, m, current)
	c.notLast = c.notLast || !one.lastInWindow
	c.endures = c.endures || len(one.overdue) == 0
	for _, plan := range one.overdue {
		c.overdue = append(c.overdue, other.product+" "+plan)
	}
}

func (c *containment) verdict(s evaluation, p *Policy, version string) verdict {
	products := strings.Join(p.lifecycle.RangeOf.Products, " or ")
	merged := union(c.spans)
	switch current, supported := spanAt(merged, s.now); {
	case supported && len(c.within) > 0:
		return c.supported(current, p)
	case c.released:
		ended, _ := lastEnded(merged, s.now)
		over := unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonSupportEnded, fmt.Sprintf(
			"is not supported: no supported release of %s contains %s; %s", products, version, endedText("support", ended, p.zone)))
		over.end = ended.end
		return over
	case len(c.future) > 0:
		return unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonNotYetSupported,
			fmt.Sprintf("is not supported yet: only %s, not generally available yet, contains %s", facts.ListOf(c.future, 3), version))
	case c.below:
		return unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonNotInAnyRange,
			fmt.Sprintf("is not supported: no release of %s contains %s", products, version))
	}
	return unknown(v1alpha1.ReasonNotInPolicy,
		fmt.Sprintf("is newer than every range that the policies for %s list; bring them up to date", products))
}

func (c *containment) supported(current span, p *Policy) verdict {
	v := verdict{
		state: v1alpha1.StateSupported, finding: v1alpha1.FindingLifecycle, reason: v1alpha1.ReasonSupported,
		end: current.end, lastInWindow: !c.notLast,
	}
	contained := "is supported, as " + facts.ListOf(c.within, 4) + " may run it"
	switch {
	case !v.end.IsZero():
		v.message = contained + "; " + endsText("support", current, p.zone)
	case v.lastInWindow:
		v.message = contained + ", the last in the window: support ends when the next minor becomes generally available," +
			" no day is announced"
	default:
		v.message = contained + "; no end is announced"
	}
	if v.lastInWindow {
		v.reason = v1alpha1.ReasonLastInWindow
	}
	if !c.endures {
		v.overdue = slices.Compact(slices.Sorted(slices.Values(c.overdue)))
	}
	return v
}

// judgeTag reads a version as a tag, and lets its Kubernetes part decide. The order of the questions is the policy's: a
// channel that is not supported needs no more of them.
func (s evaluation) judgeTag(p *Policy, text string, t tag, tagError error) verdict {
	switch {
	case isForeignRef(text):
		return unsupported(v1alpha1.FindingChannel, v1alpha1.ReasonUnsupportedChannel,
			"is not supported: only tags of the channel stable are")
	case tagError != nil:
		return unknown(v1alpha1.ReasonUnreadableVersion, "cannot be judged: "+tagError.Error())
	case t.isPrerelease():
		return unsupported(v1alpha1.FindingChannel, v1alpha1.ReasonUnsupportedChannel, "is not supported: it is a prerelease")
	}
	own := s.judgeTagVersion(p, t)
	if own != nil && own.state == v1alpha1.StateUnknown {
		return *own
	}
	chosen := s.set.choose(s.labels, p.lifecycle.Follows.Product)
	if chosen.policy == nil {
		if own != nil && own.state == v1alpha1.StateUnsupported {
			return *own
		}
		return unknown(chosen.reason, "depends on "+p.lifecycle.Follows.Product+", and "+chosen.message)
	}
	v := s.judgeMinor(chosen.policy, t.kubernetes)
	v.message = fmt.Sprintf("follows %s %s, which %s", p.lifecycle.Follows.Product, t.kubernetes, v.message)
	if own == nil {
		return v
	}
	return earlierEnd(*own, v)
}

// earlierEnd joins what a minor's own end says with what it follows. The end that comes first counts, and does not move
// when the other one passes; that it was withdrawn is said in any case.
func earlierEnd(own, followed verdict) verdict {
	ownFirst := followed.end.IsZero() || own.end.Before(followed.end)
	switch {
	case own.state == v1alpha1.StateUnsupported && (ownFirst || followed.state != v1alpha1.StateUnsupported):
		return own
	case own.reason == v1alpha1.ReasonWithdrawn:
		own.end = followed.end
		return own
	case ownFirst && followed.state == v1alpha1.StateSupported:
		followed.end, followed.message = own.end, own.message
		followed.reason, followed.lastInWindow = v1alpha1.ReasonSupported, false
	}
	return followed
}

// judgeTagVersion is what the policy's own list says about the last part of a tag: Unknown where it does not list the
// minor for this Kubernetes, and the minor's own end where it has one. Nil: nothing.
func (s evaluation) judgeTagVersion(p *Policy, t tag) *verdict {
	if t.version == nil {
		return nil
	}
	m := p.find(facts.MinorOf(t.version))
	if m == nil {
		v := unknown(v1alpha1.ReasonNotInPolicy,
			fmt.Sprintf("is of minor %s, which policy %s does not list; bring the policy up to date", facts.MinorOf(t.version), p.name))
		return &v
	}
	if r := m.rangeFor(t.version); r != nil && !r.containsMinor(t.kubernetes) {
		v := unknown(v1alpha1.ReasonNotInPolicy,
			fmt.Sprintf("is for Kubernetes %s, for which policy %s does not list %s (listed: %s)", t.kubernetes, p.name, m, r))
		return &v
	}
	switch {
	case m.isWithdrawn(s.now):
		v := minorWithdrawn(p, m)
		v.end = earliest(m.withdrawn, m.through)
		return &v
	case m.availability.isAhead(s.now):
		v := minorNotYetAvailable(p, m)
		return &v
	}
	return s.ownEnd(p, m)
}

// ownEnd is the verdict of a minor's own last day or of its coming withdrawal, whichever is first.
func (s evaluation) ownEnd(p *Policy, m *minor) *verdict {
	end := span{end: m.through, cause: causeThrough}
	if end.end.IsZero() || (!m.withdrawn.IsZero() && m.withdrawn.Before(end.end)) {
		end = span{end: m.withdrawn, cause: causeWithdrawn}
	}
	what := "support of " + m.String()
	switch {
	case end.end.IsZero():
		return nil
	case s.now.Before(end.end):
		return &verdict{state: v1alpha1.StateSupported, end: end.end, message: "is supported; " + endsText(what, end, p.zone)}
	}
	v := unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonSupportEnded, "is not supported: "+endedText(what, end, p.zone))
	v.end = end.end
	return &v
}
