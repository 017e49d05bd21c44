// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// BasePlatformServices (BPS), the base addons. The release is the git tag of the repository from which the addons were
// installed as a whole. Evidence, strongest first:
//
//  1. Label: the labels repository-name and repository-ref, which the Konvoy CLI writes on Addons and ClusterAddons.
//  2. Annotation: origin-repository and origin-repository-version, which Kommander's catalog writes.
//  3. Declared: the addons in the spec of a KonvoyCluster. They are wanted, and not proved to be installed.
//  4. Inferred: an addon without any of these, on Konvoy 1.x or with a revision. It proves the product, not the version.
//  5. Forbidden, where there is nothing else: the API server denies the operator the addons.
//
// Addons that Kommander federated are part of Kommander, whatever repository they come from. AddonRepositories are not
// read: they say what could be installed. The revisions of all addons together would identify a release, but no table of
// them is published, and they do not say for which Kubernetes the tag is.

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// detectBasePlatformServices finds at most one installation: a cluster has one set of base addons.
func detectBasePlatformServices(input Input) []facts.Installation {
	addons := slices.DeleteFunc(input.installedAddons(), func(addon Addon) bool { return addon.Federated })
	evidence := slices.Concat(
		refEvidence(addons, v1alpha1.SourceLabel, repositoryLabels),
		refEvidence(addons, v1alpha1.SourceAnnotation, originAnnotations),
		declaredRefEvidence(input.KonvoyClusters),
	)
	if len(evidence) == 0 {
		withoutRule := slices.DeleteFunc(addons, func(addon Addon) bool { return input.productByRule(addon) != "" })
		evidence = inferredEvidence(withoutRule, isKonvoy(input))
	}
	if len(evidence) == 0 {
		evidence = input.forbiddenEvidence(ClusterAddons, Addons)
	}
	return installationFrom(facts.BasePlatformServices, facts.DefaultInstallation, evidence)
}

// repositoryLabels returns what the Konvoy CLI writes on an addon.
func repositoryLabels(addon Addon) (repository, ref string) {
	return addon.Repository, addon.Ref
}

// originAnnotations returns what Kommander's catalog writes on an addon.
func originAnnotations(addon Addon) (repository, ref string) {
	return addon.OriginRepository, addon.OriginRef
}

// declaredRefEvidence is what the spec of the cluster asks for. The version is empty where several KonvoyClusters could
// describe the cluster.
func declaredRefEvidence(clusters []KonvoyCluster) []v1alpha1.Evidence {
	candidates, certain := currentKonvoyClusters(clusters)
	var evidence []v1alpha1.Evidence
	for _, cluster := range candidates {
		for _, repository := range cluster.Repositories {
			if !isRepository(repository.URL, baseAddonsRepository) {
				continue
			}
			version := repository.Ref
			if !certain {
				version = ""
			}
			piece := newEvidence(v1alpha1.SourceDeclared, cluster.object(), version)
			piece.Repository = forkName(repository.URL, baseAddonsRepository)
			evidence = append(evidence, piece)
		}
	}
	return evidence
}

// inferredEvidence is the first addon that shows base addons of an unknown release. On a cluster that Konvoy 1.x did not
// make, only an addon with a revision counts: addons from a repository have one.
func inferredEvidence(addons []Addon, onKonvoy bool) []v1alpha1.Evidence {
	for _, addon := range addons {
		if mayBeBaseAddon(addon) && (onKonvoy || addon.Revision != "") {
			return []v1alpha1.Evidence{newEvidence(v1alpha1.SourceInferred, addon.object(), "")}
		}
	}
	return nil
}

// mayBeBaseAddon tells whether an addon that names no repository may be a base addon. Kommander and Dispatch have
// repositories of their own, KUDO operators come from the enterprise repository, and what Kommander 1.x federates
// (Prometheus, Traefik, cert-manager and more) is part of Kommander.
func mayBeBaseAddon(addon Addon) bool {
	switch {
	case addon.repository() != "", addon.Federated, addon.Package.Name != "":
		return false
	}
	return addon.Name != "kommander" && addon.Name != "dispatch"
}
