// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"

	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// judgeTag reads a version as a tag, and lets its Kubernetes part decide. The order of the questions is the policy's: a
// channel that is not supported needs no more of them.
func (s evaluation) judgeTag(p *Policy, text string, t *tag, versionError error) verdict {
	switch {
	case isForeignRef(text):
		return unsupported(v1alpha1.FindingChannel, v1alpha1.ReasonUnsupportedChannel,
			"is not supported: only tags of the channel stable are")
	case versionError != nil:
		return unknown(v1alpha1.ReasonUnreadableVersion, "cannot be judged: "+versionError.Error())
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
func (s evaluation) judgeTagVersion(p *Policy, t *tag) *verdict {
	if t.version == nil {
		return nil
	}
	m := p.find(facts.MinorOf(t.version))
	if m == nil {
		return ptr.To(unknown(v1alpha1.ReasonNotInPolicy,
			fmt.Sprintf("is of minor %s, which policy %s does not list; bring the policy up to date", facts.MinorOf(t.version), p.name)))
	}
	if r := m.rangeFor(t.version); r != nil && !r.containsMinor(t.kubernetes) {
		return ptr.To(unknown(v1alpha1.ReasonNotInPolicy,
			fmt.Sprintf("is for Kubernetes %s, for which policy %s does not list %s (listed: %s)", t.kubernetes, p.name, m, r)))
	}
	switch {
	case m.isWithdrawn(s.now):
		return ptr.To(minorWithdrawn(p, m, earliest(m.withdrawn, m.through)))
	case m.availability.isAhead(s.now):
		return ptr.To(minorNotYetAvailable(p, m))
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
	return ptr.To(supportEnded("is not supported: "+endedText(what, end, p.zone), end.end))
}
