// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Input is what the detectors read of one cluster. Its lists are ordered by namespace and name.
type Input struct {
	ClusterAddons []Addon
	Addons        []Addon
	// KonvoyClusters are those of the namespace konvoy, where Konvoy 1.x keeps the spec of the cluster itself.
	KonvoyClusters []KonvoyCluster
	HelmReleases   []HelmRelease
	KommanderCores []KommanderCore
	// Instances are KUDO's. An OperatorVersion to which no Instance refers is not installed.
	Instances        []Instance
	OperatorVersions []OperatorVersion
	// Workloads are what Helm charts have installed, by kind; empty while no rule asks for a chart.
	Workloads []Workload
	// NodeLabel is the label of Konvoy 1.x that some node has; empty where none has.
	NodeLabel string
	// Forbidden names the resources that the API server denies the operator (403).
	Forbidden []string
	// Rules say how to find the products without a detector of their own.
	Rules []facts.DetectionRule
}

// NewInput gathers the input of the detectors. The function found returns what Trim made of the objects of one resource,
// ordered by namespace and name, and nothing for a resource that is forbidden, not served or not watched.
func NewInput(found func(resource string) []any, forbidden []string, nodeLabel string, rules []facts.DetectionRule) Input {
	input := Input{
		ClusterAddons:    ofType[Addon](found(ClusterAddons)),
		Addons:           ofType[Addon](found(Addons)),
		KonvoyClusters:   inNamespace(konvoyNamespace, ofType[KonvoyCluster](found(KonvoyClusters))),
		HelmReleases:     ofType[HelmRelease](found(HelmReleases)),
		KommanderCores:   ofType[KommanderCore](found(KommanderCores)),
		Instances:        ofType[Instance](found(Instances)),
		OperatorVersions: ofType[OperatorVersion](found(OperatorVersions)),
		NodeLabel:        nodeLabel,
		Forbidden:        forbidden,
		Rules:            rules,
	}
	for _, resource := range WorkloadResources() {
		input.Workloads = append(input.Workloads, ofType[Workload](found(resource.Name))...)
	}
	return input
}

// ofType returns the objects of one type. Trim makes objects of one type for each resource.
func ofType[T any](trimmed []any) []T {
	var all []T
	for _, one := range trimmed {
		if object, ok := one.(T); ok {
			all = append(all, object)
		}
	}
	return all
}

// detectors has one detector for each product, or family of products, that the operator knows, and one for the rules of
// policies. A detector returns nothing where its product is not installed, and an installation whose only evidence is
// Forbidden where it cannot tell.
var detectors = []func(Input) []facts.Installation{
	detectBasePlatformServices,
	detectKommander,
	detectKonvoy,
	detectKUDO,
	detectByRules,
}

// Installations returns the installations that the input shows, ordered by product and name, each pair once.
func Installations(input Input) []facts.Installation {
	var found []facts.Installation
	for _, detector := range detectors {
		found = append(found, detector(input)...)
	}
	return SortInstallations(found)
}

// installedAddons returns the ClusterAddons and Addons that are not of stage absent. An object of that stage says that the
// addon is not to be installed.
func (in Input) installedAddons() []Addon {
	var installed []Addon
	for _, addons := range [][]Addon{in.ClusterAddons, in.Addons} {
		for _, addon := range addons {
			if addon.Stage != "absent" {
				installed = append(installed, addon)
			}
		}
	}
	return installed
}

// forbiddenEvidence returns evidence that a product may be installed: those of the resources that would show it which the
// API server denies.
func (in Input) forbiddenEvidence(resources ...string) []v1alpha1.Evidence {
	var evidence []v1alpha1.Evidence
	for _, resource := range resources {
		for _, forbidden := range in.Forbidden {
			if forbidden == resource {
				evidence = append(evidence, newEvidence(v1alpha1.SourceForbidden, resource, ""))
			}
		}
	}
	return evidence
}

// SortInstallations sorts installations in place by product and name, and returns them.
func SortInstallations(installations []facts.Installation) []facts.Installation {
	slices.SortFunc(installations, func(a, b facts.Installation) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Name, b.Name))
	})
	return installations
}
