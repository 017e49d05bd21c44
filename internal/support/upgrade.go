// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// checkUpgrade: is there a release that should replace the installed one?
func checkUpgrade(s *subject) []statement {
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionUpgradeRecommended, status, v1alpha1.FindingUpgrade, reason, predicate)
	}
	var statements []statement
	switch {
	case s.verdict.reason == v1alpha1.ReasonWithdrawn:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonWithdrawn, "was withdrawn; "+s.wayOut()))
	case s.verdict.reason == v1alpha1.ReasonSupportEnded:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonSupportEnded, "has lost its support; "+s.wayOut()))
	case s.verdict.lastInWindow:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonLastInWindow,
			"loses its support with the next minor"+s.ofWhom()+"; "+s.wayOut()))
	case s.verdict.state == v1alpha1.StateUnknown:
		statements = append(statements, silently(state(metav1.ConditionUnknown, s.verdict.reason, s.verdict.message)))
	case s.verdict.state == v1alpha1.StateUnsupported:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonNotSupported,
			"was never supported; "+s.wayIn()))
	}
	if own := s.installedPatch(); own != nil && own.avoid != "" {
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonAvoid, "is to be avoided: "+own.avoid+s.insteadOf()))
	}
	if target := s.upgradeTo(); target != "" {
		predicate := "has a newer patch: " + target
		if version, err := facts.ParseVersion(target); err == nil {
			if unfit := s.unfitNodes(s.release, version); len(unfit) > 0 {
				predicate += ", which does not support what " + facts.ListOf(unfit, maxOddNodes) + ": replace these nodes first"
			}
		}
		if minor := s.newestAllowed(); minor != "" && len(statements) == 0 {
			predicate += "; the newest minor that the installed releases allow: " + minor
		}
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonNewerPatch, predicate))
	}
	if len(statements) == 0 {
		statements = append(statements, silently(state(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "needs no upgrade")))
	}
	return statements
}

// ofWhom names whose next minor ends the support, where that is another product's.
func (s *subject) ofWhom() string {
	switch p := s.choice.policy; {
	case p.lifecycle.RangeOf != nil:
		return " of " + strings.Join(p.lifecycle.RangeOf.Products, " or ")
	case p.lifecycle.Follows != nil:
		return " that ends its " + p.lifecycle.Follows.Product
	}
	return ""
}

// insteadOf names what to go to from a patch that is to be avoided, where no newer patch does.
func (s *subject) insteadOf() string {
	if s.upgradeTo() != "" {
		return ""
	}
	if minor := s.newestAllowed(); minor != "" {
		return "; go to " + minor
	}
	return ""
}

// wayOut names the minors to go to.
func (s *subject) wayOut() string {
	p := s.choice.policy
	switch {
	case p.lifecycle.RangeOf != nil:
		return s.wayOutOfRange(p)
	case p.lifecycle.Follows != nil && s.endedByItself(p):
		return fmt.Sprintf("go to another minor for %s %s%s", p.lifecycle.Follows.Product, s.tag.kubernetes, s.newestTag(p, s.tag.kubernetes))
	case p.lifecycle.Follows != nil && s.cluster.kubernetesError == nil && s.tag.kubernetes != s.cluster.kubernetesRead.Minor:
		own := s.cluster.kubernetesRead.Minor
		if newest := s.newestTag(p, own); newest != "" {
			return fmt.Sprintf("go to a tag for the cluster's Kubernetes %s%s", own, newest)
		}
		return fmt.Sprintf("policy %s lists no release for the cluster's Kubernetes %s", p.name, own)
	case p.lifecycle.Follows != nil:
		return s.wayOutOfTag(p)
	}
	return s.nextMinors()
}

// wayOutOfTag names the newest supported minor that the tag's Kubernetes can be upgraded to and for which there is a tag.
func (s *subject) wayOutOfTag(p *Policy) string {
	followed := p.lifecycle.Follows.Product
	if chosen := s.set.choose(s.labels, followed); chosen.policy != nil && chosen.policy.lifecycle.RangeOf != nil {
		for _, version := range supportedVersions(s.rangeStages(chosen.policy)) {
			minor, err := facts.ParseMinor(version)
			if err != nil || minor.Compare(s.tag.kubernetes) <= 0 || !s.mayRun(minor) {
				continue
			}
			if newest := s.newestTag(p, minor); newest != "" {
				return fmt.Sprintf("upgrade %s to %s%s, and go to a tag for it%s", followed, minor, stepByStep(s.tag.kubernetes, minor), newest)
			}
		}
	}
	return fmt.Sprintf("policy %s lists no release for a newer %s that is supported and that the other installed releases allow", p.name, followed)
}

// wayIn names a release to go to from one that never was supported.
func (s *subject) wayIn() string {
	p := s.choice.policy
	if p.lifecycle.RangeOf != nil {
		return s.wayOutOfRange(p)
	}
	if p.lifecycle.Follows != nil && s.cluster.kubernetesError == nil && !s.cluster.noKubernetes {
		if newest := s.newestTag(p, s.cluster.kubernetesRead.Minor); newest != "" {
			return "go to a tag for the cluster's Kubernetes " + s.cluster.kubernetesRead.Minor.String() + newest
		}
	}
	return "go to a release that is"
}

// endedByItself tells whether the minor of a tag brought the end, and not the Kubernetes part.
func (s *subject) endedByItself(p *Policy) bool {
	if s.release == nil || s.verdict.state != v1alpha1.StateUnsupported || s.verdict.end.IsZero() {
		return false
	}
	own := &p.lines[p.find(s.release.minor)]
	return s.verdict.end.Equal(own.withdrawn) || s.verdict.end.Equal(own.through)
}

// newestTag is the newest tag for a Kubernetes minor, after a colon; empty when the policy knows none.
func (s *subject) newestTag(p *Policy, kubernetes facts.Minor) string {
	for i := range p.releases {
		r, own := &p.releases[i], &p.lines[i]
		isOut := !own.isWithdrawn(s.now) && own.availability.planned.IsZero() && !own.availability.released.After(s.now) &&
			(own.through.IsZero() || s.now.Before(own.through))
		if !isOut || r.kubernetes == nil || !r.kubernetes.containsMinor(kubernetes) || s.isProhibitedBeside(r) {
			continue
		}
		newest := s.newestPatch(r, func(p *patch) bool { return p.kubernetes == nil || p.kubernetes.containsMinor(kubernetes) })
		if newest != nil {
			return ": " + tag{kubernetesText: kubernetes.String()}.withVersion(newest)
		}
	}
	return ""
}

// isProhibitedBeside tells whether a release requires another version of something than the one that is installed.
func (s *subject) isProhibitedBeside(r *release) bool {
	return slices.ContainsFunc(s.cluster.subjects, func(other *subject) bool {
		_, met := r.needsOf(other.product, other.version)
		return other.version != nil && !met
	})
}

// wayOutOfRange names the Kubernetes minors that are supported, and how far the installed releases let the cluster go.
func (s *subject) wayOutOfRange(p *Policy) string {
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
		minor, err := facts.ParseMinor(version)
		if err == nil && s.version != nil && minor.Compare(facts.MinorOf(s.version)) > 0 && s.mayRun(minor) {
			return text + "; the newest that the installed releases allow is " + version + stepByStep(facts.MinorOf(s.version), minor)
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

// mayRun tells whether every installed release has a Kubernetes minor in its range.
func (s *subject) mayRun(kubernetes facts.Minor) bool {
	return !slices.ContainsFunc(s.cluster.subjects, func(other *subject) bool {
		if other.release == nil || other.version == nil || other.tag != nil || other == s {
			return false
		}
		allowed := other.release.rangeFor(other.version)
		return allowed != nil && !allowed.containsMinor(kubernetes)
	})
}

// target is a minor to which an upgrade from the installed release is documented.
type target struct {
	minor facts.Minor
	// text is the newest patch of it that can be reached, or the minor where the policy lists no patches.
	text string
	// supported tells whether it is supported itself.
	supported bool
	// blockers are what of the cluster does not allow it.
	blockers []string
}

// targets are the newer minors to which an upgrade is documented, that are out and demand no downgrade, newest first.
func (s *subject) targets() []target {
	p := s.choice.policy
	if p == nil || !p.hasTimeline() || s.version == nil {
		return nil
	}
	var all []target
	for i := range p.releases {
		r := &p.releases[i]
		if r.minor.Compare(facts.MinorOf(s.version)) <= 0 || !p.lines[i].counts(s.now) || s.demandsDowngrade(r) {
			continue
		}
		_, supported := spanAt(timelineAt(p.timelines, s.now).spans[i], s.now)
		fromMinor := p.upgradesFrom(i, facts.MinorOf(s.version))
		reached := func(one *patch) bool { return one.reachedFrom(s.version, fromMinor) }
		allowed := s.newestPatch(r, func(one *patch) bool {
			return reached(one) && len(s.blockers(r, one.version, "")) == 0
		})
		newest := s.newestPatch(r, reached)
		switch {
		case allowed != nil:
			all = append(all, target{minor: r.minor, text: allowed.String(), supported: supported})
		case newest != nil:
			all = append(all, target{r.minor, newest.String(), supported, s.blockers(r, newest, newest.String())})
		case fromMinor && len(r.patches) == 0:
			all = append(all, target{r.minor, r.minor.String(), supported, s.blockers(r, semver.New(r.minor.Major, r.minor.Minor, 0, "", ""), r.minor.String())})
		}
	}
	return all
}

// upgradesFrom tells whether the way from a minor to the i-th is documented: as the policy lists it, else from the minor
// before.
func (p *Policy) upgradesFrom(i int, from facts.Minor) bool {
	if documented := p.releases[i].upgradesFrom; documented != nil {
		return slices.Contains(documented, from)
	}
	return i+1 < len(p.releases) && p.releases[i+1].minor == from
}

// reachedFrom tells whether the way from a version to the patch is documented: as the patch lists it, else as otherwise
// says, which is what holds for its minor.
func (p *patch) reachedFrom(version *semver.Version, otherwise bool) bool {
	if p.upgradesFrom == nil {
		return otherwise
	}
	return slices.ContainsFunc(p.upgradesFrom, func(from versionPattern) bool { return from.matches(version) })
}

// blockers are what of the cluster does not allow a target: what the target requires, what other releases require of this
// product, and the cluster's Kubernetes.
func (s *subject) blockers(r *release, version *semver.Version, text string) []string {
	var blockers []string
	title := s.product + " " + text
	for _, other := range s.cluster.subjects {
		if other == s {
			continue
		}
		if needs, met := r.needsOf(other.product, other.version); !met {
			blockers = append(blockers, fmt.Sprintf("%s requires %s %s, and %s", title, facts.Printable(other.product), needs, other.whatIsThere()))
		}
		if other.release == nil {
			continue
		}
		if needs, met := other.release.needsOf(s.product, version); !met {
			blockers = append(blockers, fmt.Sprintf("%s requires %s %s", other.title(), s.product, needs))
		}
	}
	switch allowed := r.rangeFor(version); {
	case allowed == nil || s.cluster.noKubernetes:
	case s.cluster.kubernetesError != nil:
		blockers = append(blockers, fmt.Sprintf("%s supports Kubernetes %s, and the cluster's version is not known", title, allowed.bounds()))
	case !allowed.contains(s.cluster.kubernetesRead):
		blockers = append(blockers, fmt.Sprintf("%s supports Kubernetes %s, and the cluster runs %s", title, allowed.bounds(), s.cluster.kubernetesRead))
	}
	if unfit := s.unfitNodes(r, version); len(unfit) > 0 {
		blockers = append(blockers, fmt.Sprintf("%s does not support what %s", title, facts.ListOf(unfit, maxOddNodes)))
	}
	return blockers
}

// whatIsThere says which version is installed, as the second half of a sentence.
func (s *subject) whatIsThere() string {
	if s.version == nil {
		return "the installed version is not known"
	}
	return s.used.Version + " is installed"
}

// demandsDowngrade tells whether a release requires only versions of a product that are older than the installed one.
func (s *subject) demandsDowngrade(r *release) bool {
	for _, other := range s.cluster.subjects {
		if other.version == nil {
			continue
		}
		demanded, older := false, true
		for _, required := range r.requires {
			if required.product == other.product {
				demanded = true
				older = older && !slices.ContainsFunc(required.patterns, func(p versionPattern) bool {
					return !p.isBelow(other.version)
				})
			}
		}
		if demanded && older {
			return true
		}
	}
	return false
}

// needsOf tells whether a version of another product satisfies what the release requires of it, and what that is. A nil
// version is not known, and satisfies nothing.
func (r *release) needsOf(product string, version *semver.Version) (needs string, met bool) {
	var texts []string
	for _, required := range r.requires {
		if required.product != product {
			continue
		}
		texts = append(texts, required.texts...)
		if version != nil && slices.ContainsFunc(required.patterns, func(p versionPattern) bool { return p.matches(version) }) {
			return "", true
		}
	}
	return strings.Join(texts, " or "), len(texts) == 0
}

// newestAllowed is the newest supported target that nothing in the cluster speaks against; empty when there is none.
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

// nextMinors names the newest target that the installed releases allow, and what stands against a newer one.
func (s *subject) nextMinors() string {
	targets := s.targets()
	if len(targets) == 0 {
		if patch := s.patchThatLeadsOn(); patch != "" {
			return "upgrade to " + patch + " first: from " + s.used.Version + " no way to a newer minor is documented"
		}
		return "no minor to which an upgrade is documented is generally available"
	}
	newest := targets[0]
	if i := slices.IndexFunc(targets, func(t target) bool { return t.supported }); i >= 0 {
		newest = targets[i]
	} else if s.hasNewerSupported(newest.minor) {
		// What is documented leads over minors that have ended; the newest of them is the next step.
		return "upgrade to " + newest.text + ", which is not supported either, on the way to a supported minor" + newest.together()
	} else {
		return "no minor to which an upgrade is documented is supported"
	}
	var words []string
	if allowed := newestAllowed(targets); allowed != "" {
		words = append(words, "upgrade to "+allowed)
	}
	if len(newest.blockers) > 0 {
		words = append(words, "upgrade to "+newest.text+newest.together())
	}
	return strings.Join(words, ", or ")
}

// hasNewerSupported tells whether a minor that is newer than another one is supported.
func (s *subject) hasNewerSupported(than facts.Minor) bool {
	p := s.choice.policy
	spans := timelineAt(p.timelines, s.now).spans
	for i := range p.lines {
		if _, supported := spanAt(spans[i], s.now); supported && p.lines[i].minor.Compare(than) > 0 {
			return true
		}
	}
	return false
}

// together says what has to go along with the target; empty when nothing has to.
func (t *target) together() string {
	if len(t.blockers) == 0 {
		return ""
	}
	return " together with its neighbours: " + facts.JoinSome(t.blockers, "; ", maxBlockers)
}

// patchThatLeadsOn is the newest patch of the installed minor that can be reached and from which a newer minor can; empty
// when there is none.
func (s *subject) patchThatLeadsOn() string {
	if s.release == nil {
		return ""
	}
	patch := s.newestPatch(s.release, func(p *patch) bool {
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
	if s.release == nil {
		return nil
	}
	for i := range s.release.patches {
		if s.release.patches[i].version.Equal(s.version) {
			return &s.release.patches[i]
		}
	}
	return nil
}

// newestPatch is the newest final patch of a minor that is out, is not to be avoided, and satisfies keep.
func (s *subject) newestPatch(r *release, keep func(*patch) bool) *semver.Version {
	for i := range r.patches {
		one := &r.patches[i]
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
	if s.release == nil || s.verdict.state == v1alpha1.StateUnknown {
		return ""
	}
	newest := s.newestPatch(s.release, func(p *patch) bool {
		return p.reachedFrom(s.version, true) && s.runsHere(p)
	})
	if newest == nil || !newest.GreaterThan(s.version) {
		return ""
	}
	if s.tag != nil {
		return s.tag.withVersion(newest)
	}
	return newest.String()
}

// runsHere tells whether a patch with a Kubernetes range of its own has the cluster's in it; for tags, that of the tag.
func (s *subject) runsHere(p *patch) bool {
	switch {
	case p.kubernetes == nil:
		return true
	case s.tag != nil:
		return p.kubernetes.containsMinor(s.tag.kubernetes)
	}
	return s.cluster.kubernetesError != nil || p.kubernetes.contains(s.cluster.kubernetesRead)
}
