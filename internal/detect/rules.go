// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// Products that the operator does not know, and that a policy says how to find. Evidence, strongest first:
//
//  1. HelmRelease: the deployed chart of a HelmRelease that a rule names.
//  2. An addon that a rule names: the version of its KUDO package (CustomResource); or its revision, its appversion
//     (Annotation) and the version in its ref (Label, Annotation), or else the version of its chart (Inferred).
//  3. Label: the Helm chart of workloads, see charts.go.
//  4. Forbidden, where there is nothing else: the API server denies the operator a resource that a rule names.

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// detectByRules finds the installations of all products for which there are rules.
func detectByRules(input Input) []facts.Installation {
	var found []facts.Installation
	for _, product := range ProductsOf(input.Rules) {
		rules := RulesFor(product, input.Rules)
		installations := mergeKinds(
			installationsOf(product, input.matchHelmReleases(rules)),
			installationsOf(product, input.matchAddons(rules)),
			installationsOf(product, input.matchCharts(rules)),
		)
		if len(installations) == 0 {
			installations = installationFrom(product, facts.DefaultInstallation, input.forbiddenEvidence(ResourcesFor(rules)...))
		}
		found = append(found, installations...)
	}
	return found
}

// ProductsOf returns the products for which there are rules, each once, in the order of the rules.
func ProductsOf(rules []facts.DetectionRule) []string {
	var products []string
	for _, rule := range rules {
		if !slices.Contains(products, rule.Product) {
			products = append(products, rule.Product)
		}
	}
	return products
}

// RulesFor returns the rules for one product. Several rules mean the same as one with all their members.
func RulesFor(product string, rules []facts.DetectionRule) []facts.DetectionRule {
	return slices.DeleteFunc(slices.Clone(rules), func(rule facts.DetectionRule) bool { return rule.Product != product })
}

// ResourcesFor returns the names of the resources that the rules read, each once.
func ResourcesFor(rules []facts.DetectionRule) []string {
	var resources []string
	need := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(resources, name) {
				resources = append(resources, name)
			}
		}
	}
	for _, rule := range rules {
		if rule.HelmRelease != nil {
			need(HelmReleases)
		}
		if rule.Addon != nil {
			need(ClusterAddons, Addons)
		}
		if rule.HelmChart != nil {
			need(Deployments, StatefulSets, DaemonSets)
		}
	}
	return resources
}

// ruleMatch is an object, or the workloads of a chart, that a rule names.
type ruleMatch struct {
	// namespace is empty for an object that is in none.
	namespace, name string
	evidence        []v1alpha1.Evidence
}

// installationsOf returns the installations that matches of one kind show. Where a name is in several namespaces, the
// namespace becomes a part of it.
func installationsOf(product string, matches []ruleMatch) []facts.Installation {
	var found []facts.Installation
	for _, match := range matches {
		name := match.name
		isElsewhere := func(other ruleMatch) bool { return other.name == match.name && other.namespace != match.namespace }
		if match.namespace != "" && slices.ContainsFunc(matches, isElsewhere) {
			name = qualifiedName(match.namespace, match.name)
		}
		found = append(found, installationFrom(product, name, match.evidence)...)
	}
	return mergeByName(found)
}

// mergeKinds merges the installations that different kinds of objects, strongest first, show of one product: those of the
// same name, and all of them where no kind shows more than one.
func mergeKinds(kinds ...[]facts.Installation) []facts.Installation {
	all := slices.Concat(kinds...)
	if !slices.ContainsFunc(kinds, func(kind []facts.Installation) bool { return len(kind) > 1 }) {
		for i := range all {
			all[i].Name = all[0].Name
		}
	}
	return mergeByName(all)
}

// matchHelmReleases finds the HelmReleases that the rules name.
func (in Input) matchHelmReleases(rules []facts.DetectionRule) []ruleMatch {
	var matched []ruleMatch
	for _, release := range in.HelmReleases {
		if slices.ContainsFunc(rules, release.matches) {
			evidence := newEvidence(v1alpha1.SourceHelmRelease, release.object(), coreVersion(release.applied()))
			matched = append(matched, ruleMatch{release.Namespace, release.Name, []v1alpha1.Evidence{evidence}})
		}
	}
	return matched
}

// matches tells whether the rule names the HelmRelease.
func (r HelmRelease) matches(rule facts.DetectionRule) bool {
	wanted := rule.HelmRelease
	return wanted != nil && wanted.Name == r.Name && (wanted.Namespace == "" || wanted.Namespace == r.Namespace)
}

// matchAddons finds the installed addons that the rules name.
func (in Input) matchAddons(rules []facts.DetectionRule) []ruleMatch {
	var matched []ruleMatch
	for _, addon := range in.installedAddons() {
		if slices.ContainsFunc(rules, addon.matches) {
			matched = append(matched, ruleMatch{addon.Namespace, addon.Name, addon.versionEvidence()})
		}
	}
	return matched
}

// matches tells whether the rule names the addon.
func (a Addon) matches(rule facts.DetectionRule) bool {
	return rule.Addon != nil && rule.Addon.Name == a.Name
}

// versionEvidence is what the addon shows of its own version, strongest first. Of an addon with a KUDO package only the
// version of the package counts: revision and appversion are those of the application.
func (a Addon) versionEvidence() []v1alpha1.Evidence {
	if a.Package.Name != "" {
		return []v1alpha1.Evidence{a.packageEvidence(v1alpha1.SourceCustomResource)}
	}
	var evidence []v1alpha1.Evidence
	add := func(source v1alpha1.EvidenceSource, version string) {
		if version != "" {
			evidence = append(evidence, newEvidence(source, a.object(), version))
		}
	}
	add(v1alpha1.SourceAnnotation, withoutPackaging(a.Revision))
	add(v1alpha1.SourceAnnotation, coreVersion(a.AppVersion))
	add(a.versionOfRef())
	if len(evidence) == 0 {
		add(v1alpha1.SourceInferred, coreVersion(a.ChartVersion))
	}
	if len(evidence) == 0 {
		evidence = append(evidence, newEvidence(v1alpha1.SourceCustomResource, a.object(), ""))
	}
	return evidence
}

// versionOfRef returns the version in the ref of the addon's repository, and where the ref was found. The version is empty
// for a repository of many addons: its ref says nothing about one of them.
func (a Addon) versionOfRef() (v1alpha1.EvidenceSource, string) {
	source := v1alpha1.SourceLabel
	repository, text := repositoryLabels(a)
	if repository == "" {
		source = v1alpha1.SourceAnnotation
		repository, text = originAnnotations(a)
	}
	parsed := parseRef(text)
	if isRepository(repository, baseAddonsRepository) || isRepository(repository, enterpriseRepository) || parsed.version == nil {
		return source, ""
	}
	return source, parsed.version.String()
}
