// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"regexp"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// nodeComparison compares what the nodes run with the operating systems of one policy. All of it is in words, such as
// "3 nodes run CentOS 8, supported until 1.8.4".
type nodeComparison struct {
	// unsupported, untestedKernels and unlisted are the nodes that the installed version does not clearly support.
	unsupported, untestedKernels, unlisted []string
	// notIn are the nodes that run what a list of the policy does not have and another one has, by the first entry of
	// the list. It knows the lists of the installed minor and of all newer ones.
	notIn map[*operatingSystem][]string
}

// notSupportedBy are the nodes that run what a version of the policy does not list, and the policy does elsewhere: "3 nodes
// run (CentOS 8.2)". Empty as well where nothing is known.
func (c *nodeComparison) notSupportedBy(m *minor, version *semver.Version) []string {
	listed := m.systemsFor(version)
	if len(listed) == 0 {
		return nil
	}
	return c.notIn[&listed[0]]
}

// comparedNode is one kind of node, and where else in the policy what it runs is supported.
type comparedNode struct {
	*v1alpha1.NodeOperatingSystem

	// name is that of the operating system in the policy, when says in which versions; empty: nowhere.
	name, when string
	// hasImage: some version lists the image, with whatever kernel.
	hasImage bool
	matches  matchCache
}

// matchCache remembers which expressions match which texts: most versions list the same systems, and nodes run the same images.
type matchCache map[matchKey]bool

type matchKey struct {
	expression *regexp.Regexp
	text       string
}

func (m matchCache) of(expression *regexp.Regexp, text string) bool {
	key := matchKey{expression, text}
	found, known := m[key]
	if !known {
		found = expression.MatchString(text)
		m[key] = found
	}
	return found
}

func (n *comparedNode) runsImage(o operatingSystem) bool { return n.matches.of(o.image, n.OSImage) }

func (n *comparedNode) runs(o operatingSystem) bool {
	return n.runsImage(o) && (o.kernel == nil || n.matches.of(o.kernel, n.KernelVersion))
}

// compareNodes compares the nodes with the policy of the release. It does not depend on the instant.
func (s *subject) compareNodes() nodeComparison {
	p := s.choice.policy
	if p == nil || s.version == nil || s.cluster.nodes == nil {
		return nodeComparison{}
	}
	versions := p.systemsByVersion()
	nodes := make([]comparedNode, 0, len(s.cluster.nodes.OperatingSystems))
	known := matchCache{}
	for i := range s.cluster.nodes.OperatingSystems {
		node := comparedNode{NodeOperatingSystem: &s.cluster.nodes.OperatingSystems[i], matches: known}
		node.name, node.when = s.supportedElsewhere(versions, node.runs)
		image, _ := s.supportedElsewhere(versions, node.runsImage)
		node.hasImage = image != ""
		nodes = append(nodes, node)
	}
	compared := nodeComparison{notIn: map[*operatingSystem][]string{}}
	for _, m := range p.newerThan(facts.MinorOf(s.version)) {
		compared.addLists(m, nodes)
	}
	if s.minor != nil {
		compared.addLists(s.minor, nodes)
		compared.addInstalled(s.minor.systemsFor(s.version), nodes)
	}
	return compared
}

// addInstalled sorts the nodes by what is wrong with them beside the list of the installed version.
func (c *nodeComparison) addInstalled(listed []operatingSystem, nodes []comparedNode) {
	var unsupported, kernels, unlisted nodeCount
	for i := range nodes {
		node := &nodes[i]
		switch {
		case slices.ContainsFunc(listed, node.runs):
		case node.name != "":
			unsupported.add(node.Nodes, node.name+", "+node.when)
		case slices.ContainsFunc(listed, node.runsImage):
			kernels.add(node.Nodes, node.OSImage+" with kernel "+node.KernelVersion)
		case node.hasImage:
			unsupported.add(node.Nodes, node.OSImage+", which only other releases list")
		default:
			unlisted.add(node.Nodes, node.OSImage)
		}
	}
	c.unsupported, c.untestedKernels, c.unlisted = unsupported.words(), kernels.words(), unlisted.words()
}

// addLists compares the nodes with the lists of a minor and its patches.
func (c *nodeComparison) addLists(m *minor, nodes []comparedNode) {
	c.addList(m.systems, nodes)
	for i := range m.patches {
		c.addList(m.patches[i].systems, nodes)
	}
}

func (c *nodeComparison) addList(listed []operatingSystem, nodes []comparedNode) {
	if len(listed) == 0 {
		return
	}
	var missing nodeCount
	for i := range nodes {
		if node := &nodes[i]; node.name != "" && !slices.ContainsFunc(listed, node.runsImage) {
			missing.add(node.Nodes, "("+node.name+")")
		}
	}
	c.notIn[&listed[0]] = missing.words()
}

// nodeCount counts nodes by what they run, in the order of the first of each.
type nodeCount struct {
	order []string
	nodes map[string]int
}

func (n *nodeCount) add(nodes *int32, what string) {
	if n.nodes == nil {
		n.nodes = map[string]int{}
	}
	if _, known := n.nodes[what]; !known {
		n.order = append(n.order, what)
	}
	if nodes != nil {
		n.nodes[what] += int(*nodes)
	}
}

// words are such as "3 nodes run CentOS 8, supported until 1.8.4".
func (n *nodeCount) words() []string {
	words := make([]string, 0, len(n.order))
	for _, what := range n.order {
		words = append(words, facts.Plural(n.nodes[what], "node runs ", "nodes run ")+what)
	}
	return words
}

// supportedElsewhere finds where else in the policy an operating system is supported: until the newest version before the
// installed one, else from the oldest after it. Empty: nowhere.
func (s *subject) supportedElsewhere(versions []versionSystems, matches func(operatingSystem) bool) (name, when string) {
	var from versionSystems
	for _, v := range versions {
		i := slices.IndexFunc(v.systems, matches)
		if i < 0 {
			continue
		}
		if v.version.LessThan(s.version) {
			return v.systems[i].name, "supported until " + v.text
		}
		name, from = v.systems[i].name, v
	}
	if name != "" {
		when = "supported from " + from.text
	}
	return name, when
}

// versionSystems is one version of a policy with the operating systems that hold for it.
type versionSystems struct {
	version *semver.Version
	text    string
	systems []operatingSystem
}

// systemsByVersion are all versions of the policy, newest first. A minor whose patches do not differ is one version.
func (p *Policy) systemsByVersion() []versionSystems {
	var all []versionSystems
	for _, m := range p.minors {
		differs := slices.ContainsFunc(m.patches, func(one patch) bool { return len(one.systems) > 0 })
		if !differs {
			all = append(all, versionSystems{m.first(), m.String(), m.systems})
			continue
		}
		for i := range m.patches {
			version := m.patches[i].version
			all = append(all, versionSystems{version, version.String(), m.systemsFor(version)})
		}
	}
	return all
}
