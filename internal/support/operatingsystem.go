// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// operatingSystem is one that a release supports, and how nodes report it.
type operatingSystem struct {
	name  string
	image *regexp.Regexp
	// kernel is nil where any kernel will do.
	kernel *regexp.Regexp
}

func (o operatingSystem) matches(node *v1alpha1.NodeOperatingSystem) bool {
	return o.image.MatchString(node.OSImage) && (o.kernel == nil || o.kernel.MatchString(node.KernelVersion))
}

func (c *compiler) operatingSystems(specs []v1alpha1.OperatingSystem, path *field.Path) []operatingSystem {
	if !c.problems.bound(path, len(specs), maxSystems, "operating systems") {
		return nil
	}
	compiled := make([]operatingSystem, 0, len(specs))
	for i := range specs {
		spec := &specs[i]
		at := path.Key(facts.Printable(spec.Name))
		if spec.Name == "" {
			c.problems.add(at.Child("name"), spec.Name, "the name of an operating system, such as CentOS 7.9")
		}
		c.problems.boundText(at.Child("name"), spec.Name, maxShortName)
		if slices.ContainsFunc(specs[:i], func(o v1alpha1.OperatingSystem) bool { return o.Name == spec.Name }) {
			c.problems.list = append(c.problems.list, field.Duplicate(at, facts.Printable(spec.Name)))
		}
		one := operatingSystem{name: spec.Name, image: c.expression(spec.OSImage, at.Child("osImage"))}
		if spec.Kernel != "" {
			one.kernel = c.expression(spec.Kernel, at.Child("kernel"))
		}
		if one.image != nil {
			compiled = append(compiled, one)
		}
	}
	return compiled
}

// expression compiles a regular expression that has to match a whole text. The same text is compiled once: most releases
// list the same systems.
func (c *compiler) expression(text string, path *field.Path) *regexp.Regexp {
	if known, ok := c.expressions[text]; ok {
		return known
	}
	if text == "" || !c.problems.boundText(path, text, maxExpression) {
		if text == "" {
			c.problems.add(path, text, "a regular expression that matches what a node reports")
		}
		return nil
	}
	// By itself first: otherwise an expression could close the bracket around it, and errors would quote what nobody wrote.
	tree, err := syntax.Parse(text, syntax.Perl)
	if err == nil && sizeOf(tree) > maxExpressionSize {
		c.problems.add(path, text, fmt.Sprintf("a regular expression that is not larger than %d when its repetitions are written out", maxExpressionSize))
		return nil
	}
	var compiled *regexp.Regexp
	if err == nil {
		compiled, err = regexp.Compile(`^(?:` + text + `)$`)
	}
	if err != nil {
		c.problems.say(path, text, "must be a regular expression (RE2): "+facts.Printable(err.Error()))
		return nil
	}
	if c.expressions == nil {
		c.expressions = map[string]*regexp.Regexp{}
	}
	c.expressions[text] = compiled
	return compiled
}

// maxExpressionSize bounds what an expression can cost: the texts that it is matched against have at most 64 characters.
const maxExpressionSize = 512

// sizeOf is how many characters and operators an expression has when its repetitions are written out.
func sizeOf(tree *syntax.Regexp) int {
	parts := 0
	for _, part := range tree.Sub {
		parts += sizeOf(part)
	}
	switch tree.Op {
	case syntax.OpRepeat:
		parts *= max(tree.Min, tree.Max, 1)
	case syntax.OpLiteral:
		parts += len(tree.Rune)
	default:
		parts++
	}
	return min(parts, math.MaxInt32)
}

// boundSystems bounds how many operating systems all releases name together.
func (c *compiler) boundSystems(path *field.Path) {
	total := 0
	for i := range c.policy.releases {
		r := &c.policy.releases[i]
		total += len(r.systems)
		for j := range r.patches {
			total += len(r.patches[j].systems)
		}
	}
	c.problems.bound(path, total, maxAllSystems, "operating systems in all releases")
}

// systemsFor are the operating systems that hold for a version: its patch's own, else its minor's.
func (r *release) systemsFor(version *semver.Version) []operatingSystem {
	for i := range r.patches {
		if r.patches[i].version.Equal(version) && len(r.patches[i].systems) > 0 {
			return r.patches[i].systems
		}
	}
	return r.systems
}

// checkOperatingSystem: does the release support what the nodes run? The vendor's pages name tested kernels and never say
// that others are unsupported, so another kernel makes the answer Unknown, and so does a system that the policy has
// nowhere.
func checkOperatingSystem(s *subject) []statement {
	if s.release == nil || s.version == nil || s.cluster.nodes == nil {
		return nil
	}
	listed := s.release.systemsFor(s.version)
	if len(listed) == 0 {
		return nil
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingOperatingSystem, reason, predicate)
	}
	if s.cluster.nodes.Count == nil {
		return []statement{state(metav1.ConditionUnknown, v1alpha1.ReasonNodesUnknown,
			"supports certain operating systems only, and the cluster refuses to list its nodes; grant the operator list on nodes")}
	}
	key := [2]string{s.choice.name, s.version.String()}
	odd, known := s.cluster.odd[key]
	if !known {
		odd = s.sortNodes(listed)
		s.cluster.odd[key] = odd
	}
	var statements []statement
	if len(odd.unsupported) > 0 {
		statements = append(statements, state(metav1.ConditionFalse, v1alpha1.ReasonUnsupportedOperatingSystem,
			"does not support what some nodes run: "+facts.ListOf(odd.unsupported, maxOddNodes)+"; replace these nodes"))
	}
	if len(odd.kernels) > 0 {
		statements = append(statements, state(metav1.ConditionUnknown, v1alpha1.ReasonKernelNotListed,
			"supports what some nodes run, but was tested with other kernels: "+facts.ListOf(odd.kernels, maxOddNodes)+
				"; ask the vendor about these kernels"))
	}
	if len(odd.strange) > 0 {
		statements = append(statements, state(metav1.ConditionUnknown, v1alpha1.ReasonOperatingSystemNotInPolicy,
			"cannot be compared with what some nodes run, which the policy lists nowhere: "+
				facts.ListOf(odd.strange, maxOddNodes)+"; ask the vendor, and bring the policy up to date"))
	}
	if omitted := s.cluster.nodes.Omitted; omitted != nil && *omitted > 0 {
		statements = append(statements, state(metav1.ConditionUnknown, v1alpha1.ReasonNodesUnknown, fmt.Sprintf(
			"cannot be compared with what %s: there are too many different ones to tell them apart",
			facts.Plural(int(*omitted), "more node runs", "more nodes run"))))
	}
	if len(statements) == 0 && *s.cluster.nodes.Count > 0 {
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonCompatible,
			"supports what "+facts.Plural(int(*s.cluster.nodes.Count), "node runs", "nodes run")))
	}
	return statements
}

// maxOddNodes is how many kinds of nodes a finding names.
const maxOddNodes = 4

// oddNodes are the nodes that a release does not clearly support, in words, by what is wrong with them.
type oddNodes struct{ unsupported, kernels, strange []string }

func (s *subject) sortNodes(listed []operatingSystem) oddNodes {
	var unsupported, kernels, strange tally
	for i := range s.cluster.nodes.OperatingSystems {
		node := &s.cluster.nodes.OperatingSystems[i]
		if slices.ContainsFunc(listed, func(o operatingSystem) bool { return o.matches(node) }) {
			continue
		}
		isImage := func(o operatingSystem) bool { return o.image.MatchString(node.OSImage) }
		name, when := s.elsewhere(func(o operatingSystem) bool { return o.matches(node) })
		other, _ := s.elsewhere(isImage)
		switch {
		case name != "":
			unsupported.add(node.Nodes, name+", "+when)
		case slices.ContainsFunc(listed, isImage):
			kernels.add(node.Nodes, node.OSImage+" with kernel "+node.KernelVersion)
		case other != "":
			unsupported.add(node.Nodes, node.OSImage+", which only other releases list")
		default:
			strange.add(node.Nodes, node.OSImage)
		}
	}
	return oddNodes{unsupported.words(), kernels.words(), strange.words()}
}

// tally counts nodes by what they run, in the order of the first of each.
type tally struct {
	order []string
	nodes map[string]int
}

func (t *tally) add(nodes *int32, what string) {
	if t.nodes == nil {
		t.nodes = map[string]int{}
	}
	if _, known := t.nodes[what]; !known {
		t.order = append(t.order, what)
	}
	if nodes != nil {
		t.nodes[what] += int(*nodes)
	}
}

// words are such as "3 nodes run CentOS 8, supported until 1.8.4".
func (t *tally) words() []string {
	words := make([]string, 0, len(t.order))
	for _, what := range t.order {
		words = append(words, facts.Plural(t.nodes[what], "node runs ", "nodes run ")+what)
	}
	return words
}

// elsewhere finds where else in the policy an operating system is supported: until the newest version before the
// installed one, else from the oldest after it. Empty: nowhere.
func (s *subject) elsewhere(matches func(operatingSystem) bool) (name, when string) {
	var from edition
	for _, e := range s.choice.policy.editions() {
		i := slices.IndexFunc(e.systems, matches)
		if i < 0 {
			continue
		}
		if e.version.LessThan(s.version) {
			return e.systems[i].name, "supported until " + e.text
		}
		name, from = e.systems[i].name, e
	}
	if name != "" {
		when = "supported from " + from.text
	}
	return name, when
}

// unfitNodes are the nodes that run what another version of the installed release's policy does not list, and the policy
// does elsewhere: "3 nodes run (CentOS 8.2)". Empty as well where nothing is known.
func (s *subject) unfitNodes(r *release, version *semver.Version) []string {
	listed := r.systemsFor(version)
	if len(listed) == 0 || s.cluster.nodes == nil {
		return nil
	}
	key := [2]string{s.choice.name, version.String()}
	if known, ok := s.cluster.unfit[key]; ok {
		return known
	}
	var unfit tally
	for i := range s.cluster.nodes.OperatingSystems {
		node := &s.cluster.nodes.OperatingSystems[i]
		if slices.ContainsFunc(listed, func(o operatingSystem) bool { return o.image.MatchString(node.OSImage) }) {
			continue
		}
		if name, _ := s.elsewhere(func(o operatingSystem) bool { return o.matches(node) }); name != "" {
			unfit.add(node.Nodes, "("+name+")")
		}
	}
	s.cluster.unfit[key] = unfit.words()
	return s.cluster.unfit[key]
}

// edition is one version of the policy with the operating systems that hold for it.
type edition struct {
	version *semver.Version
	text    string
	systems []operatingSystem
}

// editions are all versions of the policy, newest first. A minor whose patches do not differ is one edition.
func (p *Policy) editions() []edition {
	var all []edition
	for i := range p.releases {
		r := &p.releases[i]
		differs := slices.ContainsFunc(r.patches, func(one patch) bool { return len(one.systems) > 0 })
		if !differs {
			all = append(all, edition{semver.New(r.minor.Major, r.minor.Minor, 0, "", ""), r.minor.String(), r.systems})
			continue
		}
		for j := range r.patches {
			version := r.patches[j].version
			all = append(all, edition{version, version.String(), r.systemsFor(version)})
		}
	}
	return all
}
