// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// byRules finds the products for which there are rules.
func byRules(objects Objects) []facts.Installation {
	var found []facts.Installation
	for _, product := range ProductsOf(objects.Rules) {
		rules := RulesFor(product, objects.Rules)
		installations := joined(
			named(product, objects.releasesBy(rules)),
			named(product, objects.addonsBy(rules)),
			named(product, objects.chartsBy(rules)),
		)
		if len(installations) == 0 {
			installations = installation(product, facts.DefaultInstallation, objects.forbidden(ResourcesFor(rules)...))
		}
		found = append(found, installations...)
	}
	return found
}

// ProductsOf are the products for which there are rules, each once.
func ProductsOf(rules []facts.DetectionRule) []string {
	var products []string
	for _, rule := range rules {
		if !slices.Contains(products, rule.Product) {
			products = append(products, rule.Product)
		}
	}
	return products
}

// RulesFor are the rules for one product. Several are as good as one with all their members.
func RulesFor(product string, rules []facts.DetectionRule) []facts.DetectionRule {
	return slices.DeleteFunc(slices.Clone(rules), func(rule facts.DetectionRule) bool { return rule.Product != product })
}

// ResourcesFor are the resources that the rules look at.
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

// sighting is what one kind of object shows of a product.
type sighting struct {
	// namespace is empty for what is in none.
	namespace, name string
	evidence        []v1alpha1.Evidence
}

// named makes installations of sightings. Those of the same name in several namespaces are told apart by these.
func named(product string, sightings []sighting) []facts.Installation {
	var found []facts.Installation
	for _, s := range sightings {
		name := s.name
		isElsewhere := func(other sighting) bool { return other.name == s.name && other.namespace != s.namespace }
		if s.namespace != "" && slices.ContainsFunc(sightings, isElsewhere) {
			name = qualified(s.namespace, s.name)
		}
		found = append(found, installation(product, name, s.evidence)...)
	}
	return merged(found)
}

// joined unites what different kinds of objects, strongest first, show of one product: those of the same name, and,
// where none of them shows more than one installation, all.
func joined(kinds ...[]facts.Installation) []facts.Installation {
	all := slices.Concat(kinds...)
	if !slices.ContainsFunc(kinds, func(kind []facts.Installation) bool { return len(kind) > 1 }) {
		for i := range all {
			all[i].Name = all[0].Name
		}
	}
	return merged(all)
}

// releasesBy are the HelmReleases that the rules find.
func (o Objects) releasesBy(rules []facts.DetectionRule) []sighting {
	var found []sighting
	for _, release := range o.HelmReleases {
		if slices.ContainsFunc(rules, release.isFoundBy) {
			evidence := sign(v1alpha1.SourceHelmRelease, release.object(), coreVersion(release.applied()))
			found = append(found, sighting{release.Namespace, release.Name, []v1alpha1.Evidence{evidence}})
		}
	}
	return found
}

func (r HelmRelease) isFoundBy(rule facts.DetectionRule) bool {
	wanted := rule.HelmRelease
	return wanted != nil && wanted.Name == r.Name && (wanted.Namespace == "" || wanted.Namespace == r.Namespace)
}

// addonsBy are the addons that the rules find.
func (o Objects) addonsBy(rules []facts.DetectionRule) []sighting {
	var found []sighting
	for _, addon := range o.installedAddons() {
		if slices.ContainsFunc(rules, addon.isFoundBy) {
			found = append(found, sighting{addon.Namespace, addon.Name, addon.versions()})
		}
	}
	return found
}

func (a Addon) isFoundBy(rule facts.DetectionRule) bool {
	return rule.Addon != nil && rule.Addon.Name == a.Name
}

// versions is what the addon tells about its own version, strongest first.
//
// A package of KUDO has a version of its own, of which the marks know nothing: they count the application's. The ref of
// a repository of many addons says nothing about one of them, and the chart's version is only a stopgap.
func (a Addon) versions() []v1alpha1.Evidence {
	if a.Package.Name != "" {
		return []v1alpha1.Evidence{a.packaged(v1alpha1.SourceCustomResource)}
	}
	var evidence []v1alpha1.Evidence
	add := func(source v1alpha1.EvidenceSource, version string) {
		if version != "" {
			evidence = append(evidence, sign(source, a.object(), version))
		}
	}
	add(v1alpha1.SourceAnnotation, withoutPackaging(a.Revision))
	add(v1alpha1.SourceAnnotation, coreVersion(a.AppVersion))
	add(a.ownRef())
	if len(evidence) == 0 {
		add(v1alpha1.SourceInferred, coreVersion(a.ChartVersion))
	}
	if len(evidence) == 0 {
		evidence = append(evidence, sign(v1alpha1.SourceCustomResource, a.object(), ""))
	}
	return evidence
}

// ownRef is the version in the ref of the addon's repository, by its label or else its annotation, unless that has many
// addons.
func (a Addon) ownRef() (v1alpha1.EvidenceSource, string) {
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
