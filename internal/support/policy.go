// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Policy is a SupportPolicy made ready for evaluation. It is immutable; compile it once for each generation.
type Policy struct {
	name     string
	product  string
	priority int32
	// selector chooses clusters. That of a policy whose selector is invalid chooses all of them: which ones are meant
	// cannot be told, and the policy makes Unknown what it chooses.
	selector labels.Selector
	zone     *time.Location
	// expiringSoonDays is how long before an end a warning begins, in calendar days of the zone.
	expiringSoonDays int
	lifecycle        v1alpha1.Lifecycle
	window           int
	// minors are ordered newest first.
	minors []*minor
	// terms is the sentence of the support terms; empty where none are published.
	terms        string
	experimental experimental
	detection    *v1alpha1.Detection
	problems     field.ErrorList
}

// Compile makes a policy ready. It never fails: what is wrong with the policy is kept, and then it decides nothing.
func Compile(object *v1alpha1.SupportPolicy) *Policy {
	spec := &object.Spec
	compiled := &Policy{
		name: object.Name, product: spec.Product, lifecycle: *spec.Lifecycle.DeepCopy(),
	}
	c := compiler{policy: compiled}
	path := field.NewPath("spec")
	c.header(spec, path)
	validateLifecycle(&spec.Lifecycle, spec.Product, path.Child("lifecycle"), &c.problems)
	c.minors(spec.Releases, path.Child("releases"))
	c.clauses(spec, path)
	compiled.problems = c.problems.list
	if len(compiled.problems) == 0 && compiled.hasForecasts() {
		compiled.window = windowOf(&spec.Lifecycle)
		forecastSupport(compiled.minors, compiled.window)
	}
	return compiled
}

// hasForecasts tells whether the policy's own list decides about its minors.
func (p *Policy) hasForecasts() bool { return p.lifecycle.Window != nil || p.lifecycle.Listed != nil }

// windowOf is how many minors are supported at a time. A list is a window that no list can fill.
func windowOf(lifecycle *v1alpha1.Lifecycle) int {
	if lifecycle.Window != nil {
		return int(*lifecycle.Window.SupportedMinors)
	}
	return maxReleases + 1
}

// Name is the name of the SupportPolicy.
func (p *Policy) Name() string { return p.name }

// Product is the product that the policy speaks about.
func (p *Policy) Product() string { return p.product }

// compiler reads a spec into a policy and collects problems on the way.
type compiler struct {
	// expressions are the regular expressions that were compiled already.
	expressions map[string]*regexp.Regexp
	policy      *Policy
	problems    problems
}

func (c *compiler) header(spec *v1alpha1.SupportPolicySpec, path *field.Path) {
	validateProduct(spec.Product, path.Child("product"), &c.problems)
	validateURL(spec.DocumentationURL, path.Child("documentationURL"), &c.problems)
	c.policy.zone = c.problems.zone(spec.TimeZone, path.Child("timeZone"))
	if spec.Priority != nil {
		c.policy.priority = *spec.Priority
	}
	c.policy.expiringSoonDays = c.problems.expiringSoonDays(spec.ExpiringSoonDays, path.Child("expiringSoonDays"))
	c.policy.selector = c.problems.compileSelector(spec.ClusterSelector, path.Child("clusterSelector"))
}

func (c *compiler) minors(specs []v1alpha1.Release, path *field.Path) {
	if len(specs) > maxReleases {
		c.problems.add(path, fmt.Sprintf("%d releases", len(specs)), fmt.Sprintf("at most %d", maxReleases))
		return
	}
	seen := map[facts.Minor]bool{}
	for i := range specs {
		at := path.Key(facts.Printable(specs[i].Version))
		number, err := facts.ParseMinor(specs[i].Version)
		if err != nil {
			c.problems.add(at.Child("version"), specs[i].Version, allowedMinor)
			continue
		}
		if seen[number] {
			c.problems.list = append(c.problems.list, field.Duplicate(at, facts.Printable(specs[i].Version)))
			continue
		}
		seen[number] = true
		compiled := &minor{Minor: number}
		c.rules(compiled, &specs[i], at)
		c.days(compiled, &specs[i], at)
		c.policy.minors = append(c.policy.minors, compiled)
	}
	slices.SortFunc(c.policy.minors, func(a, b *minor) int { return b.Compare(a.Minor) })
	c.policy.inferAvailability()
	c.boundSystems(path)
	ranges := 0
	for _, m := range c.policy.minors {
		ranges += len(m.ranges)
	}
	if ranges > maxRanges {
		c.problems.add(path, fmt.Sprintf("%d different Kubernetes ranges", ranges), fmt.Sprintf("at most %d", maxRanges))
	}
}

// inferAvailability finds the minors without a day that must be out, because a newer minor has a day of general
// availability or because a final patch of theirs has a day: they were out by the earliest of these days. Where no window
// is published, a vendor lists what can be had: there a minor without any day is out since an unknown one.
func (p *Policy) inferAvailability() {
	var newerOut time.Time
	for _, m := range p.minors {
		own := &m.availability
		if own.released.IsZero() && own.planned.IsZero() {
			own.outBy = newerOut
			for _, one := range m.patches {
				if one.version.Prerelease() == "" {
					own.outBy = earliest(own.outBy, one.released)
				}
			}
		}
		newerOut = earliest(newerOut, own.provenFrom())
		if p.lifecycle.Listed != nil && own.released.IsZero() && own.planned.IsZero() {
			own.outBy = longAgo
		}
	}
}

// longAgo is when what is out on an unknown day is taken to be out, where nothing tells an instant by which it was.
var longAgo = time.Unix(0, 0).UTC()

// earliest is the earlier of two instants, of which zero ones are unknown.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// days reads when a minor comes out, and when it ends.
func (c *compiler) days(compiled *minor, spec *v1alpha1.Release, path *field.Path) {
	compiled.availability.released = c.day(spec.GeneralAvailability, path.Child("generalAvailability"))
	compiled.availability.planned = c.day(spec.PlannedGeneralAvailability, path.Child("plannedGeneralAvailability"))
	compiled.withdrawn = c.day(spec.Withdrawn, path.Child("withdrawn"))
	if last := spec.SupportedThrough; last != "" {
		c.day(last, path.Child("supportedThrough"))
		if parsed, err := facts.ParseDay(last); err == nil {
			compiled.through = facts.StartOfDayOrLater(parsed.Plus(1), c.policy.zone)
		}
	}
	c.notBefore(compiled.availability.released, compiled.withdrawn, spec.Withdrawn, path.Child("withdrawn"))
	c.notBefore(compiled.availability.released, compiled.through, spec.SupportedThrough, path.Child("supportedThrough"))
	if spec.PlannedGeneralAvailability != "" && spec.GeneralAvailability != "" {
		c.problems.say(path.Child("plannedGeneralAvailability"), spec.PlannedGeneralAvailability,
			fmt.Sprintf("must be absent beside generalAvailability (%s): a plan is not a fact, remove one of them",
				facts.Printable(spec.GeneralAvailability)))
	}
}

// notBefore sees to it that a minor does not end before it came out.
func (c *compiler) notBefore(released, end time.Time, text string, path *field.Path) {
	if !released.IsZero() && !end.IsZero() && end.Before(released) {
		c.problems.add(path, text, "a day that is not before generalAvailability")
	}
}

// day reads a day and gives its first instant; zero where none is set or it is wrong.
func (c *compiler) day(text string, path *field.Path) time.Time {
	if text == "" {
		return time.Time{}
	}
	parsed, err := facts.ParseDay(text)
	if err != nil {
		c.problems.add(path, text, allowedDay)
		return time.Time{}
	}
	start, err := facts.StartOfDay(parsed, c.policy.zone)
	if err != nil {
		c.problems.add(path, text, "a day that exists in "+c.policy.zone.String())
	}
	return start
}

// rules reads what a minor may run with and what it can be upgraded from.
func (c *compiler) rules(compiled *minor, spec *v1alpha1.Release, path *field.Path) {
	compiled.kubernetes, compiled.attached = c.kubernetes(spec.Kubernetes, path.Child("kubernetes")), c.attached(spec.AttachKubernetes, path)
	if !c.problems.bound(path.Child("requires"), len(spec.Requires), maxRequirements, "requirements") ||
		!c.problems.bound(path.Child("upgradesFrom"), len(spec.UpgradesFrom), maxUpgradesFrom, "minors") {
		return
	}
	for i := range spec.Requires {
		compiled.requires = append(compiled.requires, c.requirement(&spec.Requires[i], path.Child("requires").Index(i)))
	}
	if spec.UpgradesFrom != nil {
		compiled.upgradesFrom = []facts.Minor{}
	}
	for i, from := range spec.UpgradesFrom {
		source, err := facts.ParseMinor(from)
		if err != nil || source.Compare(compiled.Minor) >= 0 {
			c.problems.add(path.Child("upgradesFrom").Index(i), from, "a minor that is older than "+compiled.String())
		}
		compiled.upgradesFrom = append(compiled.upgradesFrom, source)
	}
	c.problems.duplicates(path.Child("upgradesFrom"), spec.UpgradesFrom)
	compiled.systems = c.operatingSystems(spec.OperatingSystems, path.Child("operatingSystems"))
	compiled.patches = c.patches(spec, compiled.Minor, path)
	compiled.ranges = compiled.differentRanges()
}

func (c *compiler) patches(spec *v1alpha1.Release, number facts.Minor, path *field.Path) []patch {
	if len(spec.Patches) > maxPatches {
		c.problems.add(path.Child("patches"), fmt.Sprintf("%d patches", len(spec.Patches)), fmt.Sprintf("at most %d", maxPatches))
		return nil
	}
	var compiled []patch
	seen := map[string]bool{}
	for i := range spec.Patches {
		one := &spec.Patches[i]
		at := path.Child("patches").Key(facts.Printable(one.Version))
		version, err := facts.ParseVersion(one.Version)
		if err != nil || facts.MinorOf(version) != number {
			c.problems.add(at.Child("version"), one.Version, allowedVersionOfLine+number.String()+".1")
			continue
		}
		if seen[version.String()] {
			c.problems.list = append(c.problems.list, field.Duplicate(at, facts.Printable(one.Version)))
			continue
		}
		seen[version.String()] = true
		c.problems.boundText(at.Child("avoid"), one.Avoid, maxAvoid)
		released := c.day(one.GeneralAvailability, at.Child("generalAvailability"))
		if !released.IsZero() && spec.PlannedGeneralAvailability != "" && version.Prerelease() == "" {
			c.problems.say(path.Child("plannedGeneralAvailability"), spec.PlannedGeneralAvailability,
				fmt.Sprintf("must be absent beside the day of patch %s: the minor is out, give its generalAvailability", version))
		}
		compiled = append(compiled, patch{
			version: version, released: released, kubernetes: c.kubernetes(one.Kubernetes, at.Child("kubernetes")), avoid: one.Avoid,
			systems:      c.operatingSystems(one.OperatingSystems, at.Child("operatingSystems")),
			upgradesFrom: c.patchSources(one.UpgradesFrom, version, at.Child("upgradesFrom")),
		})
	}
	slices.SortFunc(compiled, func(a, b patch) int { return b.version.Compare(a.version) })
	return compiled
}

func (c *compiler) requirement(spec *v1alpha1.Requirement, path *field.Path) requirement {
	compiled := requirement{product: spec.Product, texts: spec.Versions}
	validateOtherProduct(spec.Product, c.policy.product, path.Child("product"), "a release cannot require its own", &c.problems)
	if len(spec.Versions) == 0 {
		c.problems.add(path.Child("versions"), "nothing", "at least one version such as 1.8.x")
	}
	compiled.patterns = c.problems.patterns(spec.Versions, path.Child("versions"))
	return compiled
}

// patchSources reads from where a patch can be reached. Nil: the policy does not say; empty: from nowhere.
func (c *compiler) patchSources(texts []string, version *semver.Version, path *field.Path) []versionPattern {
	if texts == nil {
		return nil
	}
	sources := c.problems.patterns(texts, path)
	for i, source := range sources {
		isNewer := source.minor.Compare(facts.MinorOf(version)) > 0 || (source.exact != nil && !source.exact.LessThan(version))
		if isNewer && len(sources) == len(texts) {
			c.problems.add(path.Index(i), texts[i], "older than "+version.String())
		}
	}
	if sources == nil {
		sources = []versionPattern{}
	}
	return sources
}

func (c *compiler) kubernetes(spec *v1alpha1.KubernetesRange, path *field.Path) *kubernetesRange {
	return compileRange(spec, func(name, found, allowed string) {
		c.problems.add(path.Child(name), found, allowed)
	})
}

// attached is the range for clusters that a Kommander manages, which no other product does.
func (c *compiler) attached(spec *v1alpha1.KubernetesRange, path *field.Path) *kubernetesRange {
	at := path.Child("attachKubernetes")
	if spec != nil && c.policy.product != facts.Kommander {
		c.problems.list = append(c.problems.list, field.Forbidden(at, "clusters are attached to Kommander only; remove it"))
	}
	if spec != nil && spec.Default != "" {
		c.problems.list = append(c.problems.list, field.Forbidden(at.Child("default"), "nothing is installed on attached clusters; remove it"))
	}
	return c.kubernetes(spec, at)
}

// differentRanges lists the ranges of a minor and its patches, each once: most patches differ in their default only.
func (m *minor) differentRanges() []*kubernetesRange {
	var all []*kubernetesRange
	add := func(one *kubernetesRange) {
		if one != nil && !slices.ContainsFunc(all, one.equal) {
			all = append(all, one)
		}
	}
	add(m.kubernetes)
	for i := range m.patches {
		add(m.patches[i].kubernetes)
	}
	return all
}

// find gives a minor of the policy; nil when the policy does not list it.
func (p *Policy) find(number facts.Minor) *minor {
	for _, m := range p.minors {
		if m.Minor == number {
			return m
		}
	}
	return nil
}

// newerThan are the minors that are newer than one, which need not be listed; newest first.
func (p *Policy) newerThan(number facts.Minor) []*minor {
	for i, m := range p.minors {
		if m.Compare(number) <= 0 {
			return p.minors[:i]
		}
	}
	return p.minors
}

// source names the policy in a sentence that can be quoted.
func (p *Policy) source() string { return "policy " + p.name }

// hasRules tells whether the policy says what a release may run with.
func (p *Policy) hasRules() bool {
	return slices.ContainsFunc(p.minors, func(m *minor) bool { return len(m.requires) > 0 || len(m.ranges) > 0 })
}

// dependencies are the products whose policies this one needs for its verdict.
func (p *Policy) dependencies() []string {
	switch {
	case p.lifecycle.RangeOf != nil:
		return p.lifecycle.RangeOf.Products
	case p.lifecycle.Follows != nil:
		return []string{p.lifecycle.Follows.Product}
	}
	return nil
}

// patchDays are the days on which patches come out, from which on an upgrade to them is recommended.
func (p *Policy) patchDays() []time.Time {
	var days []time.Time
	for _, m := range p.minors {
		for _, one := range m.patches {
			if !one.released.IsZero() {
				days = append(days, one.released)
			}
		}
	}
	return days
}

// warnsFrom is the instant at which the warning of an end begins.
func (p *Policy) warnsFrom(end time.Time) time.Time {
	return facts.DaysBefore(end, p.expiringSoonDays, p.zone)
}
