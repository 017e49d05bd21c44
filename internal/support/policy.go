package support

import (
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// releases are ordered newest first, and lines has the same order.
	releases []release
	lines    []line
	// timelines foresee the window; see there.
	timelines []timeline
	problems  field.ErrorList
}

// release is a minor made ready.
type release struct {
	minor      Minor
	kubernetes *kubernetesRange
	// ranges are the different Kubernetes ranges of the minor: its own and those of its patches.
	ranges   []*kubernetesRange
	requires []requirement
	// patches are ordered newest first.
	patches []patch
	// upgradesFrom is nil where the policy does not say.
	upgradesFrom []Minor
}

type requirement struct {
	product  string
	patterns []versionPattern
	texts    []string
}

type patch struct {
	version    *semver.Version
	released   time.Time
	kubernetes *kubernetesRange
	avoid      string
}

// Compile makes a policy ready. It never fails: what is wrong with the policy is kept, and then it decides nothing.
func Compile(object *v1alpha1.SupportPolicy) *Policy {
	spec := &object.Spec
	compiled := &Policy{
		name: object.Name, product: spec.Product, lifecycle: *spec.Lifecycle.DeepCopy(),
		zone: time.UTC, expiringSoonDays: defaultExpiringSoon, selector: labels.Everything(),
	}
	c := compiler{policy: compiled}
	path := field.NewPath("spec")
	c.header(spec, path)
	validateLifecycle(&spec.Lifecycle, spec.Product, path.Child("lifecycle"), &c.problems)
	c.releases(spec.Releases, path.Child("releases"))
	compiled.problems = c.problems.list
	if len(compiled.problems) == 0 && spec.Lifecycle.Window != nil {
		compiled.window = int(*spec.Lifecycle.Window.SupportedMinors)
		compiled.timelines = timelines(compiled.lines, compiled.window)
	}
	return compiled
}

// Name is the name of the SupportPolicy.
func (p *Policy) Name() string { return p.name }

// Product is the product that the policy speaks about.
func (p *Policy) Product() string { return p.product }

// compiler reads a spec into a policy and collects problems on the way.
type compiler struct {
	policy   *Policy
	problems problems
}

func (c *compiler) header(spec *v1alpha1.SupportPolicySpec, path *field.Path) {
	validateProduct(spec.Product, path.Child("product"), &c.problems)
	validateURL(spec.DocumentationURL, path.Child("documentationURL"), &c.problems)
	zoneName := defaultTimeZone
	if spec.TimeZone != nil {
		zoneName = *spec.TimeZone
	}
	if zone, err := loadZone(zoneName); err != nil {
		c.problems.add(path.Child("timeZone"), zoneName, "the name of an IANA time zone, such as Europe/Berlin")
	} else {
		c.policy.zone = zone
	}
	if spec.Priority != nil {
		c.policy.priority = *spec.Priority
	}
	if days := spec.ExpiringSoonDays; days != nil {
		if *days < 0 || *days > maxExpiringSoonDays {
			c.problems.add(path.Child("expiringSoonDays"), *days, fmt.Sprintf("a number of days from 0 to %d", maxExpiringSoonDays))
		} else {
			c.policy.expiringSoonDays = int(*days)
		}
	}
	before := len(c.problems.list)
	validateSelector(spec.ClusterSelector, path.Child("clusterSelector"), &c.problems)
	if spec.ClusterSelector != nil && len(c.problems.list) == before {
		if selector, err := metav1.LabelSelectorAsSelector(spec.ClusterSelector); err == nil {
			c.policy.selector = selector
		}
	}
}

func (c *compiler) releases(specs []v1alpha1.Release, path *field.Path) {
	if len(specs) > maxReleases {
		c.problems.add(path, fmt.Sprintf("%d releases", len(specs)), fmt.Sprintf("at most %d", maxReleases))
		return
	}
	seen := map[Minor]bool{}
	type compiledRelease struct {
		release release
		line    line
	}
	all := make([]compiledRelease, 0, len(specs))
	for i := range specs {
		at := path.Key(Printable(specs[i].Version))
		minor, err := ParseMinor(specs[i].Version)
		if err != nil {
			c.problems.add(at.Child("version"), specs[i].Version, allowedMinor)
			continue
		}
		if seen[minor] {
			c.problems.list = append(c.problems.list, field.Duplicate(at, Printable(specs[i].Version)))
			continue
		}
		seen[minor] = true
		all = append(all, compiledRelease{c.release(&specs[i], minor, at), c.line(&specs[i], minor, at)})
	}
	slices.SortFunc(all, func(a, b compiledRelease) int { return b.line.minor.Compare(a.line.minor) })
	for _, r := range all {
		c.policy.releases = append(c.policy.releases, r.release)
		c.policy.lines = append(c.policy.lines, r.line)
	}
	inferAvailability(c.policy.lines, c.policy.releases)
	ranges := 0
	for i := range c.policy.releases {
		ranges += len(c.policy.releases[i].ranges)
	}
	if ranges > maxRanges {
		c.problems.add(path, fmt.Sprintf("%d different Kubernetes ranges", ranges), fmt.Sprintf("at most %d", maxRanges))
	}
}

// inferAvailability finds the minors without a day that must be out, because a newer minor has a day of general
// availability or because a final patch of theirs has a day: they were out by the earliest of these days. Lines are
// ordered newest first.
func inferAvailability(lines []line, releases []release) {
	var newerOut time.Time
	for i := range lines {
		own := &lines[i].availability
		if own.released.IsZero() && own.planned.IsZero() {
			own.outBy = newerOut
			for _, p := range releases[i].patches {
				if p.version.Prerelease() == "" {
					own.outBy = earliest(own.outBy, p.released)
				}
			}
		}
		newerOut = earliest(newerOut, own.provenFrom())
	}
}

// earliest is the earlier of two instants, of which zero ones are unknown.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func (c *compiler) line(spec *v1alpha1.Release, minor Minor, path *field.Path) line {
	compiled := line{minor: minor}
	compiled.availability.released = c.day(spec.GeneralAvailability, path.Child("generalAvailability"))
	compiled.availability.planned = c.day(spec.PlannedGeneralAvailability, path.Child("plannedGeneralAvailability"))
	compiled.withdrawn = c.day(spec.Withdrawn, path.Child("withdrawn"))
	if last := spec.SupportedThrough; last != "" {
		c.day(last, path.Child("supportedThrough"))
		if parsed, err := parseDay(last); err == nil {
			compiled.through = startOfDayOrLater(parsed.plus(1), c.policy.zone)
		}
	}
	c.notBefore(compiled.availability.released, compiled.withdrawn, spec.Withdrawn, path.Child("withdrawn"))
	c.notBefore(compiled.availability.released, compiled.through, spec.SupportedThrough, path.Child("supportedThrough"))
	if spec.PlannedGeneralAvailability != "" && spec.GeneralAvailability != "" {
		c.problems.say(path.Child("plannedGeneralAvailability"), spec.PlannedGeneralAvailability,
			fmt.Sprintf("must be absent beside generalAvailability (%s): a plan is not a fact, remove one of them",
				Printable(spec.GeneralAvailability)))
	}
	return compiled
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
	parsed, err := parseDay(text)
	if err != nil {
		c.problems.add(path, text, allowedDay)
		return time.Time{}
	}
	start, err := startOfDay(parsed, c.policy.zone)
	if err != nil {
		c.problems.add(path, text, "a day that exists in "+c.policy.zone.String())
	}
	return start
}

func (c *compiler) release(spec *v1alpha1.Release, minor Minor, path *field.Path) release {
	compiled := release{minor: minor, kubernetes: c.kubernetes(spec.Kubernetes, path)}
	if !c.problems.bound(path.Child("requires"), len(spec.Requires), maxRequirements, "requirements") ||
		!c.problems.bound(path.Child("upgradesFrom"), len(spec.UpgradesFrom), maxUpgradesFrom, "minors") {
		return compiled
	}
	for i := range spec.Requires {
		compiled.requires = append(compiled.requires, c.requirement(&spec.Requires[i], path.Child("requires").Index(i)))
	}
	if spec.UpgradesFrom != nil {
		compiled.upgradesFrom = []Minor{}
	}
	for i, from := range spec.UpgradesFrom {
		source, err := ParseMinor(from)
		if err != nil || source.Compare(minor) >= 0 {
			c.problems.add(path.Child("upgradesFrom").Index(i), from, "a minor that is older than "+minor.String())
		}
		compiled.upgradesFrom = append(compiled.upgradesFrom, source)
	}
	c.problems.duplicates(path.Child("upgradesFrom"), spec.UpgradesFrom)
	compiled.patches = c.patches(spec, minor, path)
	compiled.ranges = differentRanges(&compiled)
	return compiled
}

func (c *compiler) patches(spec *v1alpha1.Release, minor Minor, path *field.Path) []patch {
	if len(spec.Patches) > maxPatches {
		c.problems.add(path.Child("patches"), fmt.Sprintf("%d patches", len(spec.Patches)), fmt.Sprintf("at most %d", maxPatches))
		return nil
	}
	var compiled []patch
	seen := map[string]bool{}
	for i := range spec.Patches {
		one := &spec.Patches[i]
		at := path.Child("patches").Key(Printable(one.Version))
		version, err := ParseVersion(one.Version)
		if err != nil || minorOf(version) != minor {
			c.problems.add(at.Child("version"), one.Version, allowedVersionOfLine+minor.String()+".1")
			continue
		}
		if seen[version.String()] {
			c.problems.list = append(c.problems.list, field.Duplicate(at, Printable(one.Version)))
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
			version: version, released: released, kubernetes: c.kubernetes(one.Kubernetes, at), avoid: one.Avoid,
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
	if !c.problems.bound(path.Child("versions"), len(spec.Versions), maxRequiredVersions, "versions") {
		return compiled
	}
	c.problems.duplicates(path.Child("versions"), spec.Versions)
	for i, text := range spec.Versions {
		pattern, err := parseVersionPattern(text)
		if err != nil {
			c.problems.add(path.Child("versions").Index(i), text, "MAJOR.MINOR.x or an exact version")
			continue
		}
		compiled.patterns = append(compiled.patterns, pattern)
	}
	return compiled
}

func (c *compiler) kubernetes(spec *v1alpha1.KubernetesRange, path *field.Path) *kubernetesRange {
	return compileRange(spec, func(name, found, allowed string) {
		c.problems.add(path.Child("kubernetes", name), found, allowed)
	})
}

// find gives the index of a minor in the policy, or -1.
func (p *Policy) find(minor Minor) int {
	return slices.IndexFunc(p.releases, func(r release) bool { return r.minor == minor })
}

// rangeFor is the Kubernetes range that holds for a version: its patch's own, else its minor's, else none.
func (r *release) rangeFor(version *semver.Version) *kubernetesRange {
	for i := range r.patches {
		if r.patches[i].version.Equal(version) && r.patches[i].kubernetes != nil {
			return r.patches[i].kubernetes
		}
	}
	return r.kubernetes
}

// differentRanges lists the ranges of a minor and its patches, each once: most patches differ in their default only.
func differentRanges(r *release) []*kubernetesRange {
	var all []*kubernetesRange
	add := func(one *kubernetesRange) {
		if one != nil && !slices.ContainsFunc(all, one.same) {
			all = append(all, one)
		}
	}
	add(r.kubernetes)
	for i := range r.patches {
		add(r.patches[i].kubernetes)
	}
	return all
}

// source names the policy in a sentence that can be quoted.
func (p *Policy) source() string { return "policy " + p.name }

// hasRules tells whether the policy says what a release may run with.
func (p *Policy) hasRules() bool {
	return slices.ContainsFunc(p.releases, func(r release) bool { return len(r.requires) > 0 || len(r.ranges) > 0 })
}

// rests are the products whose policies this one needs for its verdict.
func (p *Policy) rests() []string {
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
	for i := range p.releases {
		for j := range p.releases[i].patches {
			if released := p.releases[i].patches[j].released; !released.IsZero() {
				days = append(days, released)
			}
		}
	}
	return days
}

// warnsFrom is the instant at which the warning of an end begins.
func (p *Policy) warnsFrom(end time.Time) time.Time {
	return daysBefore(end, p.expiringSoonDays, p.zone)
}
