// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
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

// supportEnded is the verdict on what was supported once; a zero end is not known.
func supportEnded(message string, end time.Time) verdict {
	v := unsupported(v1alpha1.FindingLifecycle, v1alpha1.ReasonSupportEnded, message)
	v.end = end
	return v
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

// judge gives the verdict of the policy that decides, or why there can be none.
func (s *subject) judge() verdict {
	p := s.choice.policy
	switch {
	case s.notUnderstood != "":
		return unknown(v1alpha1.ReasonNotUnderstood,
			"cannot be judged: its status has "+s.notUnderstood+", which this version does not know; judge it with the version that wrote it")
	case s.used.Source == v1alpha1.SourceForbidden:
		who, what := "the cluster", s.used.Object
		if facts.IsFromHub(s.used) {
			who, what = "the operator's own cluster", strings.TrimPrefix(what, facts.HubPrefix)
		}
		return unknown(v1alpha1.ReasonForbidden,
			"cannot be looked for: "+who+" refuses to list "+what+"; grant the operator list and watch on it")
	case p == nil:
		return unknown(s.choice.reason, "cannot be judged: "+s.choice.message)
	case s.used.Version == "":
		return unknown(v1alpha1.ReasonVersionUnknown, "is installed and nothing in the cluster tells its version; declare it in "+
			facts.DeclaredInSpec+" as {product: "+s.product+", name: "+s.name+", version: <version>}")
	case p.lifecycle.Follows != nil:
		return s.judgeTag(p, s.used.Version, s.tag, s.versionError)
	case s.versionError != nil:
		return unknown(v1alpha1.ReasonUnreadableVersion, "cannot be judged: "+s.versionError.Error())
	case p.lifecycle.RangeOf != nil:
		v := facts.KubernetesVersion{Minor: facts.MinorOf(s.version), Patch: s.version.Patch()}
		return s.judgeRange(p, v.String(), func(r *kubernetesRange) int { return compareVersion(r, v) })
	case s.version.Prerelease() != "":
		return unsupported(v1alpha1.FindingPreRelease, v1alpha1.ReasonPreRelease, "is not supported: it is a prerelease")
	}
	return s.judgeWindow(p, facts.MinorOf(s.version))
}
