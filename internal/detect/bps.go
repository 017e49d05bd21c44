// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// basePlatformServices detects the base addons. The release is the tag of the repository from which they were installed
// as a whole. What Kommander federates is its own, wherever that comes from.
//
// AddonRepository objects are not read: they say what could be installed. The revisions of the addons together would be
// a fingerprint of the release, too; there is no published table of them, and it would not tell the Kubernetes part.
func basePlatformServices(objects Objects) []facts.Installation {
	addons := slices.DeleteFunc(objects.installedAddons(), func(addon Addon) bool { return addon.Federated })
	evidence := slices.Concat(
		refsOf(addons, v1alpha1.SourceLabel, repositoryLabels),
		refsOf(addons, v1alpha1.SourceAnnotation, originAnnotations),
		declaredRefs(objects.KonvoyClusters),
	)
	if len(evidence) == 0 {
		unclaimed := slices.DeleteFunc(addons, func(addon Addon) bool { return objects.claimantOf(addon) != "" })
		evidence = unmarkedAddons(unclaimed, showsKonvoy(objects))
	}
	if len(evidence) == 0 {
		evidence = objects.forbidden(ClusterAddons, Addons)
	}
	return installation(facts.BasePlatformServices, facts.DefaultInstallation, evidence)
}

// repositoryLabels are what the Konvoy CLI writes.
func repositoryLabels(addon Addon) (repository, ref string) {
	return addon.Repository, addon.Ref
}

// originAnnotations are what Kommander's catalog writes.
func originAnnotations(addon Addon) (repository, ref string) {
	return addon.OriginRepository, addon.OriginRef
}

// declaredRefs are what the description of the cluster asks for, which is not proved to be there. Without knowing which
// of several descriptions holds, only that much is known.
func declaredRefs(clusters []KonvoyCluster) []v1alpha1.Evidence {
	candidates, certain := current(clusters)
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
			declared := sign(v1alpha1.SourceDeclared, cluster.object(), version)
			declared.Repository = foreignCopy(repository.URL, baseAddonsRepository)
			evidence = append(evidence, declared)
		}
	}
	return evidence
}

// unmarkedAddons is the evidence of base addons that tell nothing about their repository. An addon alone proves little:
// it takes a cluster of Konvoy 1.x, or the revision that addons from a repository carry.
func unmarkedAddons(addons []Addon, onKonvoy bool) []v1alpha1.Evidence {
	for _, addon := range addons {
		if couldBeBase(addon) && (onKonvoy || addon.Revision != "") {
			return []v1alpha1.Evidence{sign(v1alpha1.SourceInferred, addon.object(), "")}
		}
	}
	return nil
}

// couldBeBase tells whether an addon without marks may be one of the base addons. What Kommander 1.x federates to its
// clusters (Prometheus, Traefik, cert-manager and more, Konvoy's or not) is part of Kommander, and KUDO operators come
// from the enterprise repository.
func couldBeBase(addon Addon) bool {
	switch {
	case addon.repository() != "", addon.Federated, addon.Package.Name != "":
		return false
	}
	return addon.Name != "kommander" && addon.Name != "dispatch"
}
