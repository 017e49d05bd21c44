// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// hubPrefix begins the object of evidence that was found on the hub: the cluster in which the operator runs.
const hubPrefix = "hub:"

// OnHub names an object of the hub, such as KonvoyCluster/workspace-a/prod, in evidence about another cluster.
func OnHub(object string) string { return hubPrefix + object }

// Hub is what the hub knows about a cluster.
type Hub struct {
	// Manager is the Kommander of the hub, where it manages the cluster; nil where it does not.
	Manager *v1alpha1.ManagingKommander
	// Installations are those that the hub describes or infers. The objects of their evidence are named by OnHub.
	Installations []Installation
	// Declared are the releases of which somebody has told the hub, and DeclaredBy is the object that says so, such as
	// KommanderCluster/workspace-a/prod.
	Declared   []v1alpha1.DeclaredRelease
	DeclaredBy string
}

// WithHub returns the facts about a cluster with what the hub knows of it, in place of what the hub knew before.
func (f *Facts) WithHub(hub Hub) *Facts {
	if f == nil {
		return nil
	}
	joined := *f
	joined.Manager, joined.Installations = hub.Manager, withoutHub(f.Installations)
	for _, described := range hub.Installations {
		joined.describe(described)
	}
	found := len(joined.Installations)
	for _, declared := range inOrder(hub.Declared) {
		joined.declare(declared, hub.DeclaredBy, found)
	}
	return &joined
}

// withoutHub drops the evidence that the hub gave, and the installations of which nothing else tells.
func withoutHub(installations []Installation) []Installation {
	var own []Installation
	for _, installation := range installations {
		installation.Evidence = slices.DeleteFunc(slices.Clone(installation.Evidence), isFromHub)
		if len(installation.Evidence) > 0 {
			own = append(own, installation)
		}
	}
	return own
}

func isFromHub(e v1alpha1.Evidence) bool { return strings.HasPrefix(e.Object, hubPrefix) }

// describe puts what the hub says about an installation before what the cluster shows of it. Where several could be meant
// it says nothing.
func (f *Facts) describe(described Installation) {
	i, ambiguous := meant(f.Installations, len(f.Installations), described.Product, described.Name)
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
		Source: v1alpha1.SourceDeclared, Object: OnHub(by) + ", " + declaredOnHub, Version: Printable(declared.Version),
	}
	i, ambiguous := meant(f.Installations, found, declared.Product, declared.Name)
	switch {
	case ambiguous || declared.Product == Kubernetes:
	case i < 0:
		f.Installations = append(f.Installations,
			Installation{Product: declared.Product, Name: declared.Name, Evidence: []v1alpha1.Evidence{evidence}})
	default:
		f.Installations[i].Evidence = append(f.Installations[i].Evidence, evidence)
	}
}

// meant is the index of the installation that somebody means who names it so, or negative where it is one more. The first
// ones, as many as found says, are certainly there: "default" means the only one of them, and so does any name of a product
// that is installed once. Where there are several it is ambiguous.
func meant(all []Installation, found int, product, name string) (index int, ambiguous bool) {
	candidates := 0
	index = -1
	for i := range all {
		switch {
		case all[i].Product != product:
		case all[i].Name == name:
			return i, false
		case i < found:
			candidates++
			index = i
		}
	}
	isAny := name == DefaultInstallation || installedOnce(product)
	if !isAny || candidates > 1 {
		return -1, isAny && candidates > 1
	}
	return index, false
}

// trust puts evidence into the order in which it is believed, where that is not the one in which it was found: what was
// found, then what the spec declares, then what was declared on the hub, then what follows from another product. What the
// hub is not allowed to tell comes last: the cluster may show it.
func trust(installation *Installation) {
	slices.SortStableFunc(installation.Evidence, func(a, b v1alpha1.Evidence) int {
		return distrust(installation.Product, a) - distrust(installation.Product, b)
	})
}

func distrust(product string, e v1alpha1.Evidence) int {
	switch {
	case isFromHub(e) && e.Source == v1alpha1.SourceForbidden:
		return 4
	case isConcluded(product, e):
		return 3
	case e.Object == declaredIn:
		return 1
	case isAnnotated(e):
		return 2
	}
	return 0
}

// declaredOnHub is the annotation by which the hub is told of releases that nothing reveals.
const declaredOnHub = "annotation support.d2iq.io/declared-releases"

func isAnnotated(e v1alpha1.Evidence) bool {
	return isFromHub(e) && strings.HasSuffix(e.Object, declaredOnHub)
}

// isDeclared tells somebody's word from what a product says of itself.
func isDeclared(e v1alpha1.Evidence) bool { return e.Object == declaredIn || isAnnotated(e) }

// isConcluded tells whether the version was concluded from that of another product: Konvoy 2.x and Kommander 2.x are
// released in lock-step, and nothing in a cluster tells the version of Konvoy.
func isConcluded(product string, e v1alpha1.Evidence) bool {
	return product == Konvoy && e.Source == v1alpha1.SourceInferred
}
