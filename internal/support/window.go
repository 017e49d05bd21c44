// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"
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
	// endsWith is the minor whose general availability is the end.
	endsWith string
}

func (s span) contains(now time.Time) bool {
	return (s.start.IsZero() || !now.Before(s.start)) && (s.end.IsZero() || now.Before(s.end))
}

func (s span) overlaps(other span) bool {
	begins := func(first, second span) bool { return second.end.IsZero() || first.start.Before(second.end) }
	return begins(s, other) && begins(other, s)
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

// forecast is the support of a minor over all time, as it is foreseen at an instant: facts, and the plans that lie ahead.
// It holds between one plan's day and the next.
type forecast struct {
	// until is the day of the earliest plan that the forecast counts on; zero when it counts on none.
	until time.Time
	spans []span
}

// forecastSupport gives each minor a forecast for each set of plans that can lie ahead, earliest first. Minors are
// ordered newest first.
func forecastSupport(minors []*minor, window int) {
	var plans []time.Time
	for _, m := range minors {
		if planned := m.availability.planned; !planned.IsZero() {
			plans = append(plans, planned)
		}
	}
	plans = sortedInstants(plans)
	var afterAll time.Time
	for _, plan := range plans {
		foresee(minors, window, plan.Add(-1), plan)
		afterAll = plan
	}
	foresee(minors, window, afterAll, time.Time{})
}

// foresee walks the window rule over all instants at which it can change, with the plans that lie ahead of now as facts,
// and gives each minor the forecast that holds until the given instant.
func foresee(minors []*minor, window int, now, until time.Time) {
	assumed := make([]*minor, 0, len(minors))
	var instants []time.Time
	for _, m := range minors {
		one := &minor{Minor: m.Minor, availability: m.availability.assuming(now), through: m.through, withdrawn: m.withdrawn}
		one.forecasts = []forecast{{until: until}}
		assumed = append(assumed, one)
		instants = append(instants, one.instants()...)
	}
	// The zero time stands for the beginning, before everything that has a day.
	for _, at := range append([]time.Time{{}}, sortedInstants(instants)...) {
		walkWindow(assumed, window, at)
	}
	for i, m := range minors {
		m.forecasts = append(m.forecasts, assumed[i].forecasts...)
	}
}

// walkWindow begins and ends the spans of minors whose support changes at an instant. The window rule: of the minors
// that count, newest first, the first ones are supported. A minor with its own last day is supported through that day,
// whatever its place.
func walkWindow(minors []*minor, window int, at time.Time) {
	place := 0
	for i, m := range minors {
		isSupported := false
		switch {
		case !m.availability.at(at) || m.isWithdrawn(at):
		case m.through.IsZero():
			isSupported = place < window
		default:
			isSupported = at.Before(m.through)
		}
		spans := &m.forecasts[0].spans
		last := len(*spans) - 1
		switch wasSupported := last >= 0 && (*spans)[last].end.IsZero(); {
		case isSupported && !wasSupported:
			*spans = append(*spans, span{start: at})
		case !isSupported && wasSupported:
			(*spans)[last].end = at
			(*spans)[last].cause, (*spans)[last].endsWith = whyEnded(m, minors[:i], at)
		}
		if m.counts(at) {
			place++
		}
	}
}

// whyEnded finds what happened at the instant at which a minor lost its support.
func whyEnded(ended *minor, newer []*minor, at time.Time) (cause, string) {
	switch {
	case ended.isWithdrawn(at):
		return causeWithdrawn, ""
	case !ended.through.IsZero():
		return causeThrough, ""
	}
	// A minor that came out on an unknown day may count from this instant on as well; it did not come out then.
	for _, m := range slices.Backward(newer) {
		if m.availability.released.Equal(at) {
			if m.availability.planned.Equal(at) {
				return causePlanned, m.String()
			}
			return causeReleased, m.String()
		}
	}
	return causeNone, ""
}
