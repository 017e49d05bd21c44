// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

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

// judgeRange supports what the supported releases of other products contain in their ranges. against compares the
// judged version with a range.
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

// containment collects the minors of other products whose ranges contain a Kubernetes version.
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
	case supported:
		return c.supported(current, p)
	case c.released:
		ended, _ := lastEnded(merged, s.now)
		return supportEnded(fmt.Sprintf("is not supported: no supported release of %s contains %s; %s",
			products, version, endedText("support", ended, p.zone)), ended.end)
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
