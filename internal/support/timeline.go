// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// cause is what ends a span of support.
type cause int

const (
	causeNone cause = iota
	// causeReleased: a newer minor became, or becomes, generally available.
	causeReleased
	// causePlanned: a newer minor is planned to become generally available.
	causePlanned
	// causeThrough: the minor's own last day has passed.
	causeThrough
	// causeWithdrawn: the vendor withdraws the minor.
	causeWithdrawn
)

// span is a stretch of support, half-open: [start, end). A zero start is an unknown one in the past, a zero end means
// that no end is known.
type span struct {
	start, end time.Time
	cause      cause
	// endsWith is the release whose general availability is the end.
	endsWith string
}

func (s span) contains(now time.Time) bool {
	return (s.start.IsZero() || !now.Before(s.start)) && (s.end.IsZero() || now.Before(s.end))
}

// spanAt finds the span that contains an instant.
func spanAt(spans []span, now time.Time) (span, bool) {
	for _, s := range spans {
		if s.contains(now) {
			return s, true
		}
	}
	return span{}, false
}

// lastEnded is the newest span that is over.
func lastEnded(spans []span, now time.Time) (span, bool) {
	for i := len(spans) - 1; i >= 0; i-- {
		if !spans[i].end.IsZero() && !now.Before(spans[i].end) {
			return spans[i], true
		}
	}
	return span{}, false
}

// union merges spans that touch or overlap. The one that reaches furthest gives the end and its cause.
func union(spans []span) []span {
	sorted := slices.Clone(spans)
	slices.SortStableFunc(sorted, func(a, b span) int { return a.start.Compare(b.start) })
	var merged []span
	for _, next := range sorted {
		if len(merged) == 0 {
			merged = append(merged, next)
			continue
		}
		last := &merged[len(merged)-1]
		switch {
		case last.end.IsZero():
			return merged
		case next.start.After(last.end):
			merged = append(merged, next)
		case next.end.IsZero() || next.end.After(last.end):
			last.end, last.cause, last.endsWith = next.end, next.cause, next.endsWith
		}
	}
	return merged
}

// availability is when a minor becomes, or became, generally available.
type availability struct {
	// released is the day as a fact; planned is a forecast. At most one is set.
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

// assuming turns the plans that still lie ahead at an instant into facts. A plan whose day has passed is none.
func (a availability) assuming(now time.Time) availability {
	if a.planned.After(now) {
		return availability{released: a.planned}
	}
	return availability{released: a.released, outBy: a.outBy}
}

// line is what decides about one minor in a window.
type line struct {
	minor        facts.Minor
	availability availability
	// through is the first instant after the minor's own last supported day, withdrawn that of its withdrawal. Zero:
	// not set.
	through, withdrawn time.Time
}

func (l *line) isWithdrawn(at time.Time) bool {
	return !l.withdrawn.IsZero() && !at.Before(l.withdrawn)
}

// counts tells whether the minor takes a place in the window.
func (l *line) counts(at time.Time) bool { return l.availability.provenAt(at) && !l.isWithdrawn(at) }

// instants are those at which the answer about this or another minor can change.
func (l *line) instants() []time.Time {
	var all []time.Time
	for _, t := range []time.Time{l.availability.provenFrom(), l.availability.planned, l.through, l.withdrawn} {
		if !t.IsZero() {
			all = append(all, t)
		}
	}
	return all
}

// supportedAt is the window rule: of the minors that count, newest first, the first ones are supported. A minor with
// its own last day is supported through that day, whatever its place. Lines are ordered newest first.
func supportedAt(lines []line, window int, at time.Time) []bool {
	supported := make([]bool, len(lines))
	place := 0
	for i := range lines {
		own := &lines[i]
		switch {
		case !own.availability.at(at) || own.isWithdrawn(at):
		case own.through.IsZero():
			supported[i] = place < window
		default:
			supported[i] = at.Before(own.through)
		}
		if own.counts(at) {
			place++
		}
	}
	return supported
}

// timeline is the support of every minor over all time, as it is foreseen at an instant: facts, and the plans that lie
// ahead. It holds between one plan's day and the next.
type timeline struct {
	// until is the day of the earliest plan that the timeline counts on; zero when it counts on none.
	until time.Time
	// spans has one entry for each line.
	spans [][]span
}

// timelines foresees once for each set of plans that can lie ahead, earliest first.
func timelines(lines []line, window int) []timeline {
	var plans []time.Time
	for i := range lines {
		if planned := lines[i].availability.planned; !planned.IsZero() {
			plans = append(plans, planned)
		}
	}
	plans = sortedInstants(plans)
	all := make([]timeline, 0, len(plans)+1)
	for _, plan := range plans {
		all = append(all, timeline{until: plan, spans: foresee(lines, window, plan.Add(-1))})
	}
	var afterAll time.Time
	if len(plans) > 0 {
		afterAll = plans[len(plans)-1]
	}
	return append(all, timeline{spans: foresee(lines, window, afterAll)})
}

// timelineAt chooses the one that holds at an instant.
func timelineAt(all []timeline, now time.Time) timeline {
	for _, t := range all {
		if t.until.IsZero() || now.Before(t.until) {
			return t
		}
	}
	return timeline{}
}

// foresee walks the window rule over all instants at which it can change, with the plans that lie ahead of now as facts.
func foresee(lines []line, window int, now time.Time) [][]span {
	assumed := slices.Clone(lines)
	var instants []time.Time
	for i := range assumed {
		assumed[i].availability = assumed[i].availability.assuming(now)
		instants = append(instants, assumed[i].instants()...)
	}
	spans := make([][]span, len(lines))
	var before []bool
	// The zero time stands for the beginning, before everything that has a day.
	for _, at := range append([]time.Time{{}}, sortedInstants(instants)...) {
		supported := supportedAt(assumed, window, at)
		for i := range supported {
			was := before != nil && before[i]
			switch {
			case supported[i] && !was:
				spans[i] = append(spans[i], span{start: at})
			case !supported[i] && was:
				last := &spans[i][len(spans[i])-1]
				last.end = at
				last.cause, last.endsWith = whyEnded(lines, assumed, i, at)
			}
		}
		before = supported
	}
	return spans
}

// whyEnded finds what happened at the instant at which a minor lost its support.
func whyEnded(lines, assumed []line, ended int, at time.Time) (cause, string) {
	switch {
	case assumed[ended].isWithdrawn(at):
		return causeWithdrawn, ""
	case !assumed[ended].through.IsZero():
		return causeThrough, ""
	}
	// A minor that came out on an unknown day may count from this instant on as well; it did not come out then.
	for i := ended - 1; i >= 0; i-- {
		if assumed[i].availability.released.Equal(at) {
			if lines[i].availability.planned.Equal(at) {
				return causePlanned, lines[i].minor.String()
			}
			return causeReleased, lines[i].minor.String()
		}
	}
	return causeNone, ""
}

// sortedInstants sorts and drops doubles.
func sortedInstants(instants []time.Time) []time.Time {
	slices.SortFunc(instants, time.Time.Compare)
	return slices.CompactFunc(instants, time.Time.Equal)
}
