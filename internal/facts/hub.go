// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// HubFacts is what the hub knows about a cluster.
type HubFacts struct {
	// Manager is the Kommander of the hub, where it manages the cluster; nil where it does not.
	Manager *v1alpha1.ManagingKommander
	// Installations are those that the hub describes or infers. The objects of their evidence are named by OnHub.
	Installations []Installation
	// Declared are the releases of which somebody has told the hub, and DeclaredBy is the object that says so, such as
	// KommanderCluster/workspace-a/prod.
	Declared   []v1alpha1.DeclaredRelease
	DeclaredBy string
	// Environment is what an annotation of its KommanderCluster says; empty where none does.
	Environment v1alpha1.Environment
	// Warnings are what is wrong with the annotations, at most one of each; what is wrong is not used.
	Warnings []string
}

// WithHub returns the facts about a cluster with what the hub knows of it, in place of what the hub knew before.
func (f *Facts) WithHub(hub HubFacts) *Facts {
	if f == nil {
		return nil
	}
	joined := *f
	joined.Manager, joined.Installations = hub.Manager, withoutHub(f.Installations)
	for _, described := range hub.Installations {
		joined.describe(described)
	}
	found := len(joined.Installations)
	for _, declared := range InOrder(hub.Declared) {
		joined.declare(declared, hub.DeclaredBy, found)
	}
	return &joined
}

// withoutHub drops the evidence that the hub gave, and the installations of which nothing else tells.
func withoutHub(installations []Installation) []Installation {
	var own []Installation
	for _, installation := range installations {
		installation.Evidence = slices.DeleteFunc(slices.Clone(installation.Evidence), IsFromHub)
		if len(installation.Evidence) > 0 {
			own = append(own, installation)
		}
	}
	return own
}

// describe puts what the hub says about an installation before what the cluster shows of it. Where several could be meant
// it says nothing.
func (f *Facts) describe(described Installation) {
	i, ambiguous := FindDeclared(f.Installations, len(f.Installations), described.Product, described.Name)
	switch evidence := slices.Clone(described.Evidence); {
	case ambiguous:
	case i < 0:
		f.Installations = append(f.Installations, Installation{Product: described.Product, Name: described.Name, Evidence: evidence})
	default:
		f.Installations[i].Evidence = append(evidence, f.Installations[i].Evidence...)
	}
}

// declare puts what the hub was told behind what was found, which are the first installations, as many as found says.
// Kubernetes is no installation, and tells its version itself.
func (f *Facts) declare(declared v1alpha1.DeclaredRelease, by string, found int) {
	evidence := v1alpha1.Evidence{
		Source: v1alpha1.SourceDeclared, Object: OnHub(by) + ", " + DeclaredByAnnotation, Version: Printable(declared.Version),
	}
	i, ambiguous := FindDeclared(f.Installations, found, declared.Product, declared.Name)
	switch {
	case ambiguous || declared.Product == Kubernetes:
	case i < 0:
		f.Installations = append(f.Installations,
			Installation{Product: declared.Product, Name: declared.Name, Evidence: []v1alpha1.Evidence{evidence}})
	default:
		f.Installations[i].Evidence = append(f.Installations[i].Evidence, evidence)
	}
}
