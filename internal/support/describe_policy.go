// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// policyDescription is what a policy says at one instant independent of clusters.
type policyDescription struct {
	// SupportedVersions are the supported minors, newest first, for the printed column.
	SupportedVersions string
	Releases          []v1alpha1.ReleaseStatus
}

// The bounds of a description. A range can hold very many minors.
const (
	maxDescribed     = 200
	maxSupportedText = 8
)

// describePolicy gives the stages of a policy's minors at an instant, and the next instant at which they change by time alone;
// zero when none is known. An invalid or unknown policy has an empty description.
func (s *Set) describePolicy(name string, now time.Time) (policyDescription, time.Time) {
	p := s.policy(name)
	if p == nil || len(s.problems[name]) > 0 {
		return policyDescription{}, time.Time{}
	}
	description := s.describePolicyAt(p, now)
	return description, nextChange(s.stageChanges, now, func(at time.Time) bool {
		return equality.Semantic.DeepEqual(description, s.describePolicyAt(p, at))
	})
}

func (s *Set) describePolicyAt(p *Policy, now time.Time) policyDescription {
	// Without a cluster there are no labels to select by: what a policy rests on is chosen as for a cluster without any.
	here := evaluation{set: s, now: now}
	var stages []v1alpha1.ReleaseStatus
	switch {
	case p.hasForecasts():
		stages = here.windowStages(p)
	case p.lifecycle.RangeOf != nil:
		stages = here.rangeStages(p)
	default:
		stages = here.tagStages(p)
	}
	stages = stages[:min(len(stages), maxDescribed)]
	return policyDescription{SupportedVersions: facts.ListOf(supportedVersions(stages), maxSupportedText), Releases: stages}
}

func supportedVersions(stages []v1alpha1.ReleaseStatus) []string {
	var versions []string
	for _, r := range stages {
		if r.Stage == v1alpha1.StageSupported || r.Stage == v1alpha1.StageLastInWindow {
			versions = append(versions, r.Version)
		}
	}
	return versions
}

// windowStages are those of all minors of a window.
func (s evaluation) windowStages(p *Policy) []v1alpha1.ReleaseStatus {
	stages := make([]v1alpha1.ReleaseStatus, 0, len(p.minors))
	for _, m := range p.minors {
		r := v1alpha1.ReleaseStatus{Version: m.String(), Stage: v1alpha1.StageEnded}
		current, supported := m.supportAt(s.now)
		switch {
		case m.isWithdrawn(s.now):
			ended := m.endOfWithdrawn(s.now)
			r.Stage, r.SupportEndTime, r.EndsWith = v1alpha1.StageWithdrawn, optionalTime(ended.end), ended.endsWith
		case !m.availability.at(s.now):
			r.Stage = v1alpha1.StagePlanned
		case supported:
			r.Stage = v1alpha1.StageSupported
			if s.supportedMinor(p, m, current).lastInWindow {
				r.Stage = v1alpha1.StageLastInWindow
			}
			r.SupportEndTime, r.EndsWith = optionalTime(current.end), current.endsWith
		default:
			ended := m.endBefore(s.now)
			r.SupportEndTime, r.EndsWith = optionalTime(ended.end), ended.endsWith
		}
		stages = append(stages, r)
	}
	return stages
}

// rangeStages are those of all Kubernetes minors that the ranges of the other products hold.
func (s evaluation) rangeStages(p *Policy) []v1alpha1.ReleaseStatus {
	var stages []v1alpha1.ReleaseStatus
	for _, number := range s.rangeMinors(p) {
		v := s.judgeMinor(p, number)
		r := v1alpha1.ReleaseStatus{Version: number.String(), SupportEndTime: optionalTime(v.end)}
		switch {
		case v.lastInWindow:
			r.Stage = v1alpha1.StageLastInWindow
		case v.state == v1alpha1.StateSupported:
			r.Stage = v1alpha1.StageSupported
		case v.reason == v1alpha1.ReasonNotYetSupported:
			r.Stage = v1alpha1.StagePlanned
		case v.reason == v1alpha1.ReasonSupportEnded:
			r.Stage = v1alpha1.StageEnded
		default:
			continue
		}
		stages = append(stages, r)
	}
	return stages
}

// rangeMinors enumerates the minors in the ranges of the products on which a policy rests, newest first.
func (s evaluation) rangeMinors(p *Policy) []facts.Minor {
	var minors []facts.Minor
	for _, product := range p.lifecycle.RangeOf.Products {
		chosen := s.set.choose(s.labels, product)
		if chosen.policy == nil {
			return nil
		}
		for _, m := range chosen.policy.minors {
			for _, r := range m.ranges {
				minors = append(minors, minorsIn(r)...)
			}
		}
	}
	slices.SortFunc(minors, func(a, b facts.Minor) int { return b.Compare(a) })
	minors = slices.Compact(minors)
	return minors[:min(len(minors), maxDescribed)]
}

// minorsIn lists the minors of a range. Where it crosses a MAJOR only its ends are certain to exist.
func minorsIn(r *kubernetesRange) []facts.Minor {
	if r.minimum.Major != r.maximum.Major {
		return []facts.Minor{r.minimum.Minor, r.maximum.Minor}
	}
	var minors []facts.Minor
	for m := r.minimum.Minor; m.Compare(r.maximum.Minor) <= 0 && len(minors) < maxDescribed; m.Minor++ {
		minors = append(minors, m)
	}
	return minors
}

// tagStages are those of all minors of a product whose tags carry a Kubernetes part: a minor has the stage of the best
// of the Kubernetes minors for which it is listed.
func (s evaluation) tagStages(p *Policy) []v1alpha1.ReleaseStatus {
	chosen := s.set.choose(s.labels, p.lifecycle.Follows.Product)
	if chosen.policy == nil {
		return nil
	}
	var stages []v1alpha1.ReleaseStatus
	for _, m := range p.minors {
		if stage, ok := s.tagStage(p, m, chosen.policy); ok {
			stages = append(stages, stage)
		}
	}
	return stages
}

func (s evaluation) tagStage(p *Policy, m *minor, kubernetes *Policy) (v1alpha1.ReleaseStatus, bool) {
	r := v1alpha1.ReleaseStatus{Version: m.String(), Stage: v1alpha1.StageEnded}
	switch {
	case m.isWithdrawn(s.now):
		r.Stage, r.SupportEndTime = v1alpha1.StageWithdrawn, optionalTime(earliest(m.withdrawn, m.through))
		return r, true
	case m.availability.isAhead(s.now):
		r.Stage = v1alpha1.StagePlanned
		return r, true
	}
	var best verdict
	for _, listed := range m.ranges {
		for _, number := range minorsIn(listed) {
			best = longerLasting(best, s.judgeMinor(kubernetes, number))
		}
	}
	switch {
	case best.state == v1alpha1.StateUnknown || best.state == "":
		return r, false
	case best.lastInWindow:
		r.Stage = v1alpha1.StageLastInWindow
	case best.state == v1alpha1.StateSupported:
		r.Stage = v1alpha1.StageSupported
	case best.reason == v1alpha1.ReasonNotYetSupported:
		r.Stage = v1alpha1.StagePlanned
	}
	if end := s.ownEnd(p, m); end != nil && (best.end.IsZero() || end.end.Before(best.end)) {
		best = *end
		if end.state == v1alpha1.StateUnsupported {
			r.Stage = v1alpha1.StageEnded
		}
	}
	r.SupportEndTime = optionalTime(best.end)
	return r, true
}

// longerLasting chooses the verdict that lasts longer: supported before to come before over before unknown; of two that are
// supported an open end before an announced one, of all the later end.
func longerLasting(a, b verdict) verdict {
	switch order := cmp.Compare(a.precedence(), b.precedence()); {
	case order > 0:
		return a
	case order < 0:
		return b
	case a.end.IsZero() != b.end.IsZero():
		if a.end.IsZero() == (a.state == v1alpha1.StateSupported) {
			return a
		}
		return b
	case a.end.After(b.end) || (a.end.Equal(b.end) && !a.lastInWindow):
		return a
	}
	return b
}

// precedence orders verdicts: supported, to come, over, unknown.
func (v verdict) precedence() int {
	switch {
	case v.state == v1alpha1.StateSupported:
		return 4
	case v.reason == v1alpha1.ReasonNotYetSupported:
		return 3
	case v.state == v1alpha1.StateUnsupported:
		return 2
	case v.state == v1alpha1.StateUnknown:
		return 1
	}
	return 0
}
