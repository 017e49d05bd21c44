// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// HubFacts is what the hub knows about one cluster.
type HubFacts struct {
	// Manager is the Kommander of the hub; nil where it does not manage the cluster.
	Manager *v1alpha1.ManagingKommander
	// Installations are those that objects of the hub describe, or that are inferred. OnHub names the objects of their
	// evidence.
	Installations []Installation
	// Declared are the releases that the user declares in an annotation, and DeclaredBy is the object that has it, such as
	// KommanderCluster/workspace-a/prod.
	Declared   []v1alpha1.DeclaredRelease
	DeclaredBy string
	// Environment is what an annotation of its KommanderCluster says; empty where none does.
	Environment v1alpha1.Environment
	// Warnings are what is wrong with the annotations, at most one of each; what is wrong is not used.
	Warnings []string
}

// WithHub returns the facts merged with hub facts, which replace those of an earlier call. It changes neither. Nil facts stay
// nil.
func (f *Facts) WithHub(hub HubFacts) *Facts {
	if f == nil {
		return nil
	}
	merged := *f
	merged.Manager, merged.Installations = hub.Manager, withoutHubEvidence(f.Installations)
	for _, described := range hub.Installations {
		merged.addDescribed(described)
	}
	found := len(merged.Installations)
	for _, declared := range SortDeclaredReleases(hub.Declared) {
		merged.addDeclared(declared, hub.DeclaredBy, found)
	}
	return &merged
}

// withoutHubEvidence drops the evidence from the hub, and the installations without any other.
func withoutHubEvidence(installations []Installation) []Installation {
	var remaining []Installation
	for _, installation := range installations {
		installation.Evidence = slices.DeleteFunc(slices.Clone(installation.Evidence), IsFromHub)
		if len(installation.Evidence) > 0 {
			remaining = append(remaining, installation)
		}
	}
	return remaining
}

// addDescribed adds an installation that the hub describes, or puts its evidence before that of the same installation in
// the cluster. An ambiguous one it drops.
func (f *Facts) addDescribed(described Installation) {
	i, ambiguous := FindInstallation(f.Installations, len(f.Installations), described.Product, described.Name)
	switch evidence := slices.Clone(described.Evidence); {
	case ambiguous:
	case i < 0:
		f.Installations = append(f.Installations, Installation{Product: described.Product, Name: described.Name, Evidence: evidence})
	default:
		f.Installations[i].Evidence = append(evidence, f.Installations[i].Evidence...)
	}
}

// addDeclared adds a declared installation, or puts the evidence after that of the same installation. The first found
// installations were observed or described. It drops an ambiguous one, and Kubernetes, whose version the API server reports.
func (f *Facts) addDeclared(declared v1alpha1.DeclaredRelease, by string, found int) {
	evidence := v1alpha1.Evidence{
		Source: v1alpha1.SourceDeclared, Object: OnHub(by) + ", " + declaredByAnnotation, Version: Printable(declared.Version),
	}
	i, ambiguous := FindInstallation(f.Installations, found, declared.Product, declared.Name)
	switch {
	case ambiguous || declared.Product == Kubernetes:
	case i < 0:
		f.Installations = append(f.Installations,
			Installation{Product: declared.Product, Name: declared.Name, Evidence: []v1alpha1.Evidence{evidence}})
	default:
		f.Installations[i].Evidence = append(f.Installations[i].Evidence, evidence)
	}
}
