// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

func (c *compiler) minors(specs []v1alpha1.Release, path *field.Path) {
	if !c.problems.bound(path, len(specs), maxReleases, "releases") {
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
			c.problems.duplicate(at, specs[i].Version)
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
	c.problems.bound(path, ranges, maxRanges, "different Kubernetes ranges")
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

// days reads when a minor comes out, and when it ends.
func (c *compiler) days(compiled *minor, spec *v1alpha1.Release, path *field.Path) {
	compiled.availability.released = c.day(spec.GeneralAvailability, path.Child("generalAvailability"))
	compiled.availability.planned = c.day(spec.PlannedGeneralAvailability, path.Child("plannedGeneralAvailability"))
	compiled.withdrawn = c.day(spec.Withdrawn, path.Child("withdrawn"))
	if last := spec.SupportedThrough; last != "" {
		compiled.through = c.problems.dayAfter(last, c.policy.zone, path.Child("supportedThrough"))
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
	_, start := c.problems.day(text, c.policy.zone, path)
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
	if !c.problems.bound(path.Child("patches"), len(spec.Patches), maxPatches, "patches") {
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
			c.problems.duplicate(at, one.Version)
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
