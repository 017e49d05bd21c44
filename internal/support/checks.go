package support

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// checks are all questions that are asked about an installed release. The list is the policy page as a table: each
// check states what it found, and for which condition it counts.
var checks = []func(*subject) []statement{
	checkSupport,
	checkExpiry,
	checkOverduePlan,
	checkRulesKnown,
	checkRequires,
	checkKubernetesRange,
	checkKubernetesPart,
	checkUpgrade,
	checkEvidence,
}

// statement is one answer: a finding on the release, and what it means for a condition of the cluster.
type statement struct {
	v1alpha1.Finding

	// silent statements feed their condition and are no finding: there is nothing in them that the others do not say.
	silent bool
	// condition is empty for findings that feed none.
	condition string
	status    metav1.ConditionStatus
}

func (s *subject) state(condition string, status metav1.ConditionStatus, kind v1alpha1.FindingType, reason, predicate string) statement {
	return statement{
		Finding:   v1alpha1.Finding{Type: kind, Reason: reason, Message: s.sentence(predicate)},
		condition: condition, status: status,
	}
}

func silently(s statement) statement {
	s.silent = true
	return s
}

// checkSupport: is the release supported?
func checkSupport(s *subject) []statement {
	status := metav1.ConditionUnknown
	switch s.verdict.state {
	case v1alpha1.StateSupported:
		status = metav1.ConditionTrue
	case v1alpha1.StateUnsupported:
		status = metav1.ConditionFalse
	case v1alpha1.StateUnknown:
	}
	return []statement{s.state(v1alpha1.ConditionSupported, status, s.verdict.finding, s.verdict.reason, s.verdict.message)}
}

// checkExpiry: is an announced end near?
func checkExpiry(s *subject) []statement {
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionExpiringSoon, status, v1alpha1.FindingLifecycle, reason, predicate)
	}
	end := s.verdict.end
	switch {
	case s.verdict.state == v1alpha1.StateUnknown:
		return []statement{silently(state(metav1.ConditionUnknown, s.verdict.reason, s.verdict.message))}
	case s.verdict.state == v1alpha1.StateUnsupported:
		return []statement{silently(state(metav1.ConditionFalse, s.whyOver(), s.verdict.message))}
	case end.IsZero():
		return []statement{silently(state(metav1.ConditionFalse, v1alpha1.ReasonEndNotAnnounced, s.verdict.message))}
	case s.now.Before(s.choice.policy.warnsFrom(end)):
		return []statement{silently(state(metav1.ConditionFalse, v1alpha1.ReasonEndNotNear, s.verdict.message))}
	}
	return []statement{state(metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon, s.verdict.message)}
}

// whyOver tells an unsupported release that once was supported from one that never was.
func (s *subject) whyOver() string {
	switch s.verdict.reason {
	case v1alpha1.ReasonSupportEnded, v1alpha1.ReasonWithdrawn:
		return v1alpha1.ReasonSupportEnded
	}
	return v1alpha1.ReasonNotSupported
}

// checkOverduePlan: did a planned day pass without being confirmed? Nothing ends by that.
func checkOverduePlan(s *subject) []statement {
	if len(s.verdict.overdue) == 0 {
		return nil
	}
	return []statement{s.state("", "", v1alpha1.FindingLifecycle, v1alpha1.ReasonPlannedReleaseOverdue, fmt.Sprintf(
		"may be about to lose its support: %s; give the generalAvailability in the policy, or move the"+
			" plannedGeneralAvailability", listOf(s.verdict.overdue, 3)))}
}

// checkRulesKnown: is it known which rules hold for the release? A release whose version or minor is not known, or whose
// policy decides nothing, may be prohibited here, and nobody could tell.
func checkRulesKnown(s *subject) []statement {
	p := s.choice.policy
	switch {
	case s.choice.reason == v1alpha1.ReasonNoPolicy, s.release != nil:
		return nil
	case p != nil && (p.lifecycle.Window == nil || !p.hasRules()):
		return nil
	}
	reason := s.verdict.reason
	if s.verdict.state != v1alpha1.StateUnknown {
		reason = v1alpha1.ReasonNotInPolicy
	}
	return []statement{silently(s.state(v1alpha1.ConditionCompatible, metav1.ConditionUnknown, v1alpha1.FindingRequires, reason,
		"may be prohibited here: which rules hold for it is not known"))}
}

// checkRequires: do the products on which the release must run have a version that it allows? A product that is not
// there is not asked for.
func checkRequires(s *subject) []statement {
	if s.release == nil {
		return nil
	}
	var statements []statement
	asked := map[string]bool{}
	for _, r := range s.release.requires {
		if !asked[r.product] && s.cluster.has(r.product) {
			asked[r.product] = true
			statements = append(statements, s.checkRequired(r.product))
		}
	}
	return statements
}

// checkRequired joins the entries for one product, which are alternatives.
func (s *subject) checkRequired(product string) statement {
	var allowed []string
	var patterns []versionPattern
	for _, r := range s.release.requires {
		if r.product == product {
			allowed = append(allowed, r.texts...)
			patterns = append(patterns, r.patterns...)
		}
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingRequires, reason, predicate)
	}
	installations := s.cluster.of(product)
	product = Printable(product)
	needs := "requires " + product + " " + strings.Join(allowed, " or ")
	var met, unmet []string
	unread := ""
	for _, i := range installations {
		used, _ := use(s.cluster.installations[i].Evidence)
		if used.Source == v1alpha1.SourceForbidden {
			unread = "the cluster refuses to tell whether " + product + " is installed"
			continue
		}
		version, err := ParseVersion(used.Version)
		if err != nil {
			unread = "the installed " + product + " has an unknown version"
			continue
		}
		if slices.ContainsFunc(patterns, func(p versionPattern) bool { return p.matches(version) }) {
			met = append(met, used.Version)
		} else {
			unmet = append(unmet, used.Version)
		}
	}
	switch {
	case unread != "":
		return state(metav1.ConditionUnknown, v1alpha1.ReasonRequirementUnknown, needs+", and "+unread)
	case len(met) > 0:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible, fmt.Sprintf("runs on %s %s, as it must", product, met[0]))
	}
	return state(metav1.ConditionFalse, v1alpha1.ReasonProhibitedCombination,
		fmt.Sprintf("%s, and %s %s is installed", needs, product, strings.Join(unmet, " and ")))
}

// checkKubernetesRange: is the cluster's Kubernetes in the range of the release? Tags say it themselves; see
// checkKubernetesPart.
func checkKubernetesRange(s *subject) []statement {
	if s.release == nil || s.tag != nil {
		return nil
	}
	allowed := s.release.rangeFor(s.version)
	if allowed == nil {
		return nil
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) []statement {
		return []statement{s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingKubernetesRange, reason, predicate)}
	}
	switch g := s.cluster; {
	case g.kubernetesError != nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonKubernetesUnknown,
			fmt.Sprintf("supports Kubernetes %s, and the cluster's version is not known: %s", allowed, g.kubernetesError))
	case !allowed.contains(g.kubernetesRead):
		return state(metav1.ConditionFalse, v1alpha1.ReasonOutsideKubernetesRange,
			fmt.Sprintf("supports Kubernetes %s, and the cluster runs %s", allowed, g.kubernetesRead))
	default:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible,
			fmt.Sprintf("supports the cluster's Kubernetes %s", g.kubernetesRead))
	}
}

// checkKubernetesPart: is the Kubernetes part of a tag the cluster's minor, on whatever distribution?
func checkKubernetesPart(s *subject) []statement {
	if s.choice.policy == nil || s.choice.policy.lifecycle.Follows == nil || s.used.Version == "" {
		return nil
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) []statement {
		return []statement{s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingKubernetesPart, reason, predicate)}
	}
	switch g := s.cluster; {
	case s.tag == nil && isForeignRef(s.used.Version):
		// A branch names no Kubernetes: there is nothing to compare.
		return nil
	case s.tag == nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonUnreadableVersion, "cannot be compared: "+s.tagError.Error())
	case g.kubernetesError != nil:
		return state(metav1.ConditionUnknown, v1alpha1.ReasonKubernetesUnknown,
			fmt.Sprintf("is for Kubernetes %s, and the cluster's version is not known: %s", s.tag.kubernetes, g.kubernetesError))
	case s.tag.kubernetes != g.kubernetesRead.Minor:
		return state(metav1.ConditionFalse, v1alpha1.ReasonKubernetesMismatch,
			fmt.Sprintf("is for Kubernetes %s, and the cluster runs %s", s.tag.kubernetes, g.kubernetesRead))
	default:
		return state(metav1.ConditionTrue, v1alpha1.ReasonCompatible,
			fmt.Sprintf("is for the cluster's Kubernetes %s", s.tag.kubernetes))
	}
}

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
			"loses its support with the next minor; "+s.wayOut()))
	case s.verdict.state == v1alpha1.StateUnknown:
		statements = append(statements, silently(state(metav1.ConditionUnknown, s.verdict.reason, s.verdict.message)))
	case s.verdict.state == v1alpha1.StateUnsupported:
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonNotSupported,
			"was never supported; go to a release that is"))
	}
	if own := s.installedPatch(); own != nil && own.avoid != "" {
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonAvoid, "is to be avoided: "+own.avoid))
	}
	if target := s.upgradeTo(); target != "" {
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonNewerPatch, "has a newer patch: "+target))
	}
	if len(statements) == 0 {
		statements = append(statements, silently(state(metav1.ConditionFalse, v1alpha1.ReasonUpToDate, "needs no upgrade")))
	}
	return statements
}

// wayOut names the minors to go to.
func (s *subject) wayOut() string {
	p := s.choice.policy
	switch {
	case p.lifecycle.RangeOf != nil:
		if minors := s.supportedMinors(p); len(minors) > 0 {
			return "supported are " + strings.Join(minors, ", ")
		}
		return "no supported minor is known"
	case p.lifecycle.Follows != nil && s.endedByItself(p):
		return fmt.Sprintf("go to another minor for %s %s", p.lifecycle.Follows.Product, s.tag.kubernetes)
	case p.lifecycle.Follows != nil && s.cluster.kubernetesError == nil && s.tag.kubernetes != s.cluster.kubernetesRead.Minor:
		return "go to a tag for the cluster's Kubernetes " + s.cluster.kubernetesRead.Minor.String()
	case p.lifecycle.Follows != nil:
		return "upgrade " + p.lifecycle.Follows.Product + " and go to the tag for it"
	}
	return s.nextMinors(p)
}

// endedByItself tells whether the minor of a tag brought the end, and not the Kubernetes part.
func (s *subject) endedByItself(p *Policy) bool {
	if s.release == nil || s.verdict.state != v1alpha1.StateUnsupported || s.verdict.end.IsZero() {
		return false
	}
	own := &p.lines[p.find(s.release.minor)]
	return s.verdict.end.Equal(own.withdrawn) || s.verdict.end.Equal(own.through)
}

// nextMinors names the minors to which an upgrade from the installed one is documented and that are out, each with its
// newest patch and what it requires.
func (s *subject) nextMinors(p *Policy) string {
	from := minorOf(s.version)
	var targets []string
	for i := range p.releases {
		r := &p.releases[i]
		if p.lines[i].counts(s.now) && p.upgradesFrom(i, from) {
			targets = append(targets, s.target(r))
		}
	}
	if len(targets) == 0 {
		return "no minor to which an upgrade is documented is generally available"
	}
	return "upgrade to " + strings.Join(targets, " or ")
}

// upgradesFrom tells whether the way from a minor to the i-th is documented: as the policy lists it, else from the minor
// before.
func (p *Policy) upgradesFrom(i int, from Minor) bool {
	if documented := p.releases[i].upgradesFrom; documented != nil {
		return slices.Contains(documented, from)
	}
	return i+1 < len(p.releases) && p.releases[i+1].minor == from
}

func (s *subject) target(r *release) string {
	text := r.minor.String()
	if newest := s.newestPatch(r, nil); newest != nil {
		text = newest.String()
	}
	var needs []string
	for _, required := range r.requires {
		if s.cluster.has(required.product) {
			needs = append(needs, required.product+" "+strings.Join(required.texts, " or "))
		}
	}
	if len(needs) > 0 {
		text += " (requires " + strings.Join(needs, " and ") + ")"
	}
	return text
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

// upgradeTo is the newest patch of the installed minor, where it is newer than the installed one; for a tag, the tag of
// that patch for the same Kubernetes.
func (s *subject) upgradeTo() string {
	if s.release == nil || s.verdict.state == v1alpha1.StateUnknown {
		return ""
	}
	newest := s.newestPatch(s.release, func(p *patch) bool {
		return s.tag == nil || p.kubernetes == nil || p.kubernetes.containsMinor(s.tag.kubernetes)
	})
	if newest == nil || !newest.GreaterThan(s.version) {
		return ""
	}
	if s.tag != nil {
		return s.tag.withVersion(newest)
	}
	return newest.String()
}

// checkEvidence: is what was found in the cluster consistent?
func checkEvidence(s *subject) []statement {
	if s.used.Version == "" {
		return nil
	}
	var mixed, conflicting []string
	for _, other := range s.others {
		switch {
		case s.isAnotherRef(other):
			mixed = append(mixed, cmp.Or(other.Version, "addons without a ref"))
		case other.Version == "" || other.Version == s.used.Version:
		case !s.sameLine(other.Version):
			conflicting = append(conflicting, fmt.Sprintf("%s says %s (%s)", other.Object, other.Version, other.Source))
		}
	}
	var statements []statement
	finding := func(reason, predicate string) {
		statements = append(statements, s.state("", "", v1alpha1.FindingEvidence, reason, predicate))
	}
	if len(mixed) > 0 {
		finding(v1alpha1.ReasonMixedRefs, fmt.Sprintf("is mixed with %s; a release must be used as a whole: finish the upgrade",
			listOf(mixed, 4)))
	}
	if len(conflicting) > 0 {
		finding(v1alpha1.ReasonConflictingEvidence, fmt.Sprintf("is taken from %s, although %s; find out which is true",
			s.used.Object, listOf(conflicting, 3)))
	}
	return statements
}

// isAnotherRef tells whether evidence is the ref of other addons of the same repository, of which a release has one.
func (s *subject) isAnotherRef(other v1alpha1.Evidence) bool {
	return s.product == BasePlatformServices && s.used.Source == v1alpha1.SourceLabel &&
		other.Source == v1alpha1.SourceLabel && other.Version != s.used.Version
}

// sameLine tells whether another version agrees with the used one on MAJOR.MINOR; for tags, on their Kubernetes too.
func (s *subject) sameLine(text string) bool {
	if s.tag != nil {
		other, err := parseTag(text)
		if err != nil || other.kubernetes != s.tag.kubernetes || (other.version == nil) != (s.tag.version == nil) {
			return false
		}
		return other.version == nil || minorOf(other.version) == minorOf(s.tag.version)
	}
	other, err := ParseVersion(text)
	if err != nil || s.version == nil {
		return text == s.used.Version
	}
	return minorOf(other) == minorOf(s.version)
}
