// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// checkUpgrade: is there a release that should replace the installed one?
func checkUpgrade(s *subject) []statement {
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionUpgradeRecommended, status, v1alpha1.FindingUpgrade, reason, predicate)
	}
	var statements []statement
	switch {
	case s.verdict.reason == v1alpha1.ReasonWithdrawn:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonWithdrawn, "was withdrawn; "+s.upgradeAdvice()))
	case s.verdict.reason == v1alpha1.ReasonSupportEnded:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonSupportEnded, "has lost its support; "+s.upgradeAdvice()))
	case s.verdict.lastInWindow:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonLastInWindow,
			"loses its support with the next minor"+s.whoseMinor()+"; "+s.upgradeAdvice()))
	case s.verdict.state == v1alpha1.StateUnknown:
		statements = append(statements, silently(state(metav1.ConditionUnknown, s.verdict.reason, s.verdict.message)))
	case s.verdict.state == v1alpha1.StateUnsupported:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonNotSupported,
			"was never supported; "+s.replacementAdvice()))
	}
	if own := s.installedPatch(); own != nil && own.avoid != "" {
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonAvoid, "is to be avoided: "+own.avoid+s.avoidAdvice()))
	}
	if target := s.upgradeTo(); target != "" {
		predicate := "has a newer patch: " + target
		if version, err := facts.ParseVersion(target); err == nil {
			if refused := s.nodes.notSupportedBy(s.minor, version); len(refused) > 0 {
				predicate += ", which does not support what " + facts.ListOf(refused, maxNodesNamed) + ": replace these nodes first"
			}
		}
		if newest := s.newestAllowed(); newest != "" && len(statements) == 0 {
			predicate += "; the newest minor that the installed releases allow: " + newest
		}
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonNewerPatch, predicate))
	}
	if len(statements) == 0 {
		statements = append(statements, silently(state(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "needs no upgrade")))
	}
	return statements
}

// whoseMinor names whose next minor ends the support, where that is another product's.
func (s *subject) whoseMinor() string {
	switch p := s.choice.policy; {
	case p.lifecycle.RangeOf != nil:
		return " of " + strings.Join(p.lifecycle.RangeOf.Products, " or ")
	case p.lifecycle.Follows != nil:
		return " that ends its " + p.lifecycle.Follows.Product
	}
	return ""
}

// avoidAdvice names what to go to from a patch that is to be avoided, where no newer patch does.
func (s *subject) avoidAdvice() string {
	if s.upgradeTo() != "" {
		return ""
	}
	if newest := s.newestAllowed(); newest != "" {
		return "; go to " + newest
	}
	return ""
}

// upgradeAdvice names the minors to go to.
func (s *subject) upgradeAdvice() string {
	p := s.choice.policy
	switch {
	case p.lifecycle.RangeOf != nil:
		return s.rangeAdvice(p)
	case p.lifecycle.Follows != nil && s.endedByOwnMinor():
		return fmt.Sprintf("go to another minor for %s %s%s", p.lifecycle.Follows.Product, s.tag.kubernetes, s.newestTag(p, s.tag.kubernetes))
	case p.lifecycle.Follows != nil && s.cluster.kubernetesError == nil && s.tag.kubernetes != s.cluster.kubernetesRead.Minor:
		own := s.cluster.kubernetesRead.Minor
		if newest := s.newestTag(p, own); newest != "" {
			return fmt.Sprintf("go to a tag for the cluster's Kubernetes %s%s", own, newest)
		}
		return fmt.Sprintf("policy %s lists no release for the cluster's Kubernetes %s", p.name, own)
	case p.lifecycle.Follows != nil:
		return s.tagAdvice(p)
	}
	return s.minorAdvice()
}

// tagAdvice names the newest supported minor that the tag's Kubernetes can be upgraded to and for which there is a tag.
func (s *subject) tagAdvice(p *Policy) string {
	followed := p.lifecycle.Follows.Product
	if chosen := s.set.choose(s.labels, followed); chosen.policy != nil && chosen.policy.lifecycle.RangeOf != nil {
		for _, version := range supportedVersions(s.rangeStages(chosen.policy)) {
			number, err := facts.ParseMinor(version)
			if err != nil || number.Compare(s.tag.kubernetes) <= 0 || !s.allMayRun(number) {
				continue
			}
			if newest := s.newestTag(p, number); newest != "" {
				return fmt.Sprintf("upgrade %s to %s%s, and go to a tag for it%s", followed, number, stepByStep(s.tag.kubernetes, number), newest)
			}
		}
	}
	return fmt.Sprintf("policy %s lists no release for a newer %s that is supported and that the other installed releases allow", p.name, followed)
}

// replacementAdvice names a release to go to from one that never was supported.
func (s *subject) replacementAdvice() string {
	p := s.choice.policy
	if p.lifecycle.RangeOf != nil {
		return s.rangeAdvice(p)
	}
	if p.lifecycle.Follows != nil && s.cluster.kubernetesError == nil && !s.cluster.noKubernetes {
		if newest := s.newestTag(p, s.cluster.kubernetesRead.Minor); newest != "" {
			return "go to a tag for the cluster's Kubernetes " + s.cluster.kubernetesRead.Minor.String() + newest
		}
	}
	return "go to a release that is"
}

// endedByOwnMinor tells whether the minor of a tag brought the end, and not the Kubernetes part.
func (s *subject) endedByOwnMinor() bool {
	if s.minor == nil || s.verdict.state != v1alpha1.StateUnsupported || s.verdict.end.IsZero() {
		return false
	}
	return s.verdict.end.Equal(s.minor.withdrawn) || s.verdict.end.Equal(s.minor.through)
}

// newestTag is the newest tag for a Kubernetes minor, after a colon; empty when the policy knows none.
func (s *subject) newestTag(p *Policy, kubernetes facts.Minor) string {
	for _, m := range p.minors {
		isOut := !m.isWithdrawn(s.now) && !m.availability.isAhead(s.now) && (m.through.IsZero() || s.now.Before(m.through))
		if !isOut || m.kubernetes == nil || !m.kubernetes.containsMinor(kubernetes) || s.isProhibitedBeside(m) {
			continue
		}
		newest := s.newestPatch(m, func(p *patch) bool { return p.kubernetes == nil || p.kubernetes.containsMinor(kubernetes) })
		if newest != nil {
			return ": " + tag{kubernetesText: kubernetes.String()}.withVersion(newest)
		}
	}
	return ""
}

// isProhibitedBeside tells whether a minor requires another version of something than the one that is installed.
func (s *subject) isProhibitedBeside(m *minor) bool {
	return slices.ContainsFunc(s.cluster.subjects, func(other *subject) bool {
		_, met := m.needsOf(other.product, other.version)
		return other.version != nil && !met
	})
}

// rangeAdvice names the Kubernetes minors that are supported, and how far the installed releases let the cluster go.
func (s *subject) rangeAdvice(p *Policy) string {
	stages := s.rangeStages(p)
	versions := supportedVersions(stages)
	if len(versions) == 0 {
		return "no supported minor is known"
	}
	text := "supported are " + strings.Join(versions, ", ")
	if s.version != nil && s.verdict.state == v1alpha1.StateUnsupported && slices.Contains(versions, facts.MinorOf(s.version).String()) {
		return text + "; go to a newer patch of " + facts.MinorOf(s.version).String()
	}
	for _, version := range versions {
		number, err := facts.ParseMinor(version)
		if err == nil && s.version != nil && number.Compare(facts.MinorOf(s.version)) > 0 && s.allMayRun(number) {
			return text + "; the newest that the installed releases allow is " + version + stepByStep(facts.MinorOf(s.version), number)
		}
	}
	return text + "; the other installed releases allow none that is newer: upgrade them first"
}

// stepByStep says that Kubernetes is upgraded one minor at a time, where there is more than one on the way.
func stepByStep(from, to facts.Minor) string {
	if from.Major != to.Major || to.Minor <= from.Minor+1 {
		return ""
	}
	return fmt.Sprintf(", one minor at a time: %s is the next", facts.Minor{Major: from.Major, Minor: from.Minor + 1})
}

// allMayRun tells whether every installed release has a Kubernetes minor in its range.
func (s *subject) allMayRun(kubernetes facts.Minor) bool {
	return !slices.ContainsFunc(s.cluster.subjects, func(other *subject) bool {
		if other.minor == nil || other.version == nil || other.tag != nil || other == s {
			return false
		}
		allowed := other.minor.rangeFor(other.version)
		return allowed != nil && !allowed.containsMinor(kubernetes)
	})
}

// target is a minor to which an upgrade from the installed release is documented.
type target struct {
	minor *minor
	// text is the newest patch of it that can be reached, or the minor where the policy lists no patches.
	text string
	// supported tells whether it is supported itself.
	supported bool
	// blockers are what in the cluster does not allow it.
	blockers []string
}

// targets are the newer minors to which an upgrade is documented, that are out and demand no downgrade, newest first.
func (s *subject) targets() []target {
	p := s.choice.policy
	if p == nil || !p.hasForecasts() || s.version == nil {
		return nil
	}
	installed := facts.MinorOf(s.version)
	var all []target
	for _, m := range p.newerThan(installed) {
		if !m.counts(s.now) || s.demandsDowngrade(m) {
			continue
		}
		_, supported := m.supportAt(s.now)
		fromMinor := p.leadsTo(m, installed)
		reached := func(one *patch) bool { return one.reachedFrom(s.version, fromMinor) }
		allowed := s.newestPatch(m, func(one *patch) bool {
			return reached(one) && len(s.blockers(m, one.version, "")) == 0
		})
		newest := s.newestPatch(m, reached)
		switch {
		case allowed != nil:
			all = append(all, target{minor: m, text: allowed.String(), supported: supported})
		case newest != nil:
			all = append(all, target{m, newest.String(), supported, s.blockers(m, newest, newest.String())})
		case fromMinor && len(m.patches) == 0:
			all = append(all, target{m, m.String(), supported, s.blockers(m, m.first(), m.String())})
		}
	}
	return all
}

// leadsTo tells whether the way from a minor to a newer one is documented: as the policy lists it, else from the minor
// before.
func (p *Policy) leadsTo(m *minor, from facts.Minor) bool {
	if m.upgradesFrom != nil {
		return slices.Contains(m.upgradesFrom, from)
	}
	older := p.minors[len(p.newerThan(m.Minor))+1:]
	return len(older) > 0 && older[0].Minor == from
}

// blockers are what in the cluster does not allow a target: what the target requires, what other releases require of this
// product, and the cluster's Kubernetes.
func (s *subject) blockers(m *minor, version *semver.Version, text string) []string {
	var blockers []string
	title := s.product + " " + text
	for _, other := range s.cluster.subjects {
		if other == s {
			continue
		}
		if needs, met := m.needsOf(other.product, other.version); !met {
			blockers = append(blockers, fmt.Sprintf("%s requires %s %s, and %s", title, facts.Printable(other.product), needs, other.installedText()))
		}
		if other.minor == nil {
			continue
		}
		if needs, met := other.minor.needsOf(s.product, version); !met {
			blockers = append(blockers, fmt.Sprintf("%s requires %s %s", other.title(), s.product, needs))
		}
	}
	switch allowed := m.rangeFor(version); {
	case allowed == nil || s.cluster.noKubernetes:
	case s.cluster.kubernetesError != nil:
		blockers = append(blockers, fmt.Sprintf("%s supports Kubernetes %s, and the cluster's version is not known", title, allowed.bounds()))
	case !allowed.contains(s.cluster.kubernetesRead):
		blockers = append(blockers, fmt.Sprintf("%s supports Kubernetes %s, and the cluster runs %s", title, allowed.bounds(), s.cluster.kubernetesRead))
	}
	if refused := s.nodes.notSupportedBy(m, version); len(refused) > 0 {
		blockers = append(blockers, fmt.Sprintf("%s does not support what %s", title, facts.ListOf(refused, maxNodesNamed)))
	}
	return blockers
}

// installedText says which version is installed, as the second half of a sentence.
func (s *subject) installedText() string {
	if s.version == nil {
		return "the installed version is not known"
	}
	return s.used.Version + " is installed"
}

// demandsDowngrade tells whether a minor requires only versions of a product that are older than the installed one.
func (s *subject) demandsDowngrade(m *minor) bool {
	return slices.ContainsFunc(s.cluster.subjects, func(other *subject) bool {
		demanded := m.required(other.product).patterns
		isNotOlder := func(p versionPattern) bool { return !p.isBelow(other.version) }
		return other.version != nil && len(demanded) > 0 && !slices.ContainsFunc(demanded, isNotOlder)
	})
}

// newestAllowed is the newest supported target that nothing in the cluster blocks; empty without any.
func (s *subject) newestAllowed() string { return newestAllowed(s.targets()) }

func newestAllowed(targets []target) string {
	for _, one := range targets {
		if one.supported && len(one.blockers) == 0 {
			return one.text
		}
	}
	return ""
}

// maxBlockers is how many reasons against a target a finding names.
const maxBlockers = 2

// minorAdvice names the newest target that the installed releases allow, and what blocks a newer one.
func (s *subject) minorAdvice() string {
	targets := s.targets()
	if len(targets) == 0 {
		if patch := s.intermediatePatch(); patch != "" {
			return "upgrade to " + patch + " first: from " + s.used.Version + " no way to a newer minor is documented"
		}
		return "no minor to which an upgrade is documented is generally available"
	}
	newest := targets[0]
	if i := slices.IndexFunc(targets, func(t target) bool { return t.supported }); i >= 0 {
		newest = targets[i]
	} else if s.hasNewerSupported(newest.minor) {
		// What is documented leads over minors that have ended; the newest of them is the next step.
		return "upgrade to " + newest.text + ", which is not supported either, on the way to a supported minor" + newest.withBlockers()
	} else {
		return "no minor to which an upgrade is documented is supported"
	}
	var words []string
	if allowed := newestAllowed(targets); allowed != "" {
		words = append(words, "upgrade to "+allowed)
	}
	if len(newest.blockers) > 0 {
		words = append(words, "upgrade to "+newest.text+newest.withBlockers())
	}
	return strings.Join(words, ", or ")
}

// hasNewerSupported tells whether a minor that is newer than another one is supported.
func (s *subject) hasNewerSupported(than *minor) bool {
	return slices.ContainsFunc(s.choice.policy.newerThan(than.Minor), func(m *minor) bool {
		_, supported := m.supportAt(s.now)
		return supported
	})
}

// withBlockers says what has to be upgraded along with the target; empty when nothing has to.
func (t *target) withBlockers() string {
	if len(t.blockers) == 0 {
		return ""
	}
	return " together with its neighbours: " + facts.JoinSome(t.blockers, "; ", maxBlockers)
}

// intermediatePatch is the newest patch of the installed minor that can be reached and from which a newer minor can; empty
// when there is none.
func (s *subject) intermediatePatch() string {
	if s.minor == nil {
		return ""
	}
	patch := s.newestPatch(s.minor, func(p *patch) bool {
		from := *s
		from.version = p.version
		return p.version.GreaterThan(s.version) && p.reachedFrom(s.version, true) && len(from.targets()) > 0
	})
	if patch == nil {
		return ""
	}
	return patch.String()
}

func (s *subject) installedPatch() *patch {
	if s.minor == nil {
		return nil
	}
	return s.minor.patch(s.version)
}

// newestPatch is the newest final patch of a minor that is out, is not to be avoided, and satisfies keep.
func (s *subject) newestPatch(m *minor, keep func(*patch) bool) *semver.Version {
	for i := range m.patches {
		one := &m.patches[i]
		out := one.released.IsZero() || !s.now.Before(one.released)
		if out && one.avoid == "" && one.version.Prerelease() == "" && (keep == nil || keep(one)) {
			return one.version
		}
	}
	return nil
}

// upgradeTo is the newest patch of the installed minor that can be reached, where it is newer than the installed one; for
// a tag, the tag of that patch for the same Kubernetes.
func (s *subject) upgradeTo() string {
	if s.minor == nil || s.verdict.state == v1alpha1.StateUnknown {
		return ""
	}
	newest := s.newestPatch(s.minor, func(p *patch) bool {
		return p.reachedFrom(s.version, true) && s.runsOnCluster(p)
	})
	if newest == nil || !newest.GreaterThan(s.version) {
		return ""
	}
	if s.tag != nil {
		return s.tag.withVersion(newest)
	}
	return newest.String()
}

// runsOnCluster tells whether a patch with a Kubernetes range of its own has the cluster's in it; for tags, that of the tag.
func (s *subject) runsOnCluster(p *patch) bool {
	switch {
	case p.kubernetes == nil:
		return true
	case s.tag != nil:
		return p.kubernetes.containsMinor(s.tag.kubernetes)
	}
	return s.cluster.kubernetesError != nil || p.kubernetes.contains(s.cluster.kubernetesRead)
}
