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

// Hub is what the hub knows about a cluster. The objects of its evidence are named by OnHub.
type Hub struct {
	// Manager is the Kommander of the hub, where it manages the cluster; nil where it does not.
	Manager *v1alpha1.ManagingKommander
	// Installations are those that the hub describes, infers, or has been told.
	Installations []Installation
}

// WithHub returns the facts about a cluster with what the hub knows of it, in place of what the hub knew before.
func (f *Facts) WithHub(hub Hub) *Facts {
	if f == nil {
		return nil
	}
	joined := *f
	joined.Manager, joined.Installations = hub.Manager, withoutHub(f.Installations)
	for _, described := range hub.Installations {
		joined.Installations = joinInstallation(joined.Installations, described)
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

// joinInstallation puts what the hub says about an installation before what the cluster shows of it. "default" is the
// only one that was found, and so is any name of a product that is installed once.
func joinInstallation(all []Installation, described Installation) []Installation {
	isProduct := func(other Installation) bool { return other.Product == described.Product }
	i := slices.IndexFunc(all, func(other Installation) bool { return isProduct(other) && other.Name == described.Name })
	if only := slices.IndexFunc(all, isProduct); i < 0 && only >= 0 && (described.Name == DefaultInstallation || installedOnce(described.Product)) {
		if slices.ContainsFunc(all[only+1:], isProduct) {
			return all
		}
		i = only
	}
	if i < 0 {
		return append(all, Installation{Product: described.Product, Name: described.Name, Evidence: slices.Clone(described.Evidence)})
	}
	all[i].Evidence = append(slices.Clone(described.Evidence), all[i].Evidence...)
	return all
}

// trust puts evidence into the order in which it is believed, where that is not the one in which it was found: what was
// found, then what the spec declares, then what was declared on the hub, then what follows from another product.
func trust(installation *Installation) {
	slices.SortStableFunc(installation.Evidence, func(a, b v1alpha1.Evidence) int {
		return distrust(installation.Product, a) - distrust(installation.Product, b)
	})
}

func distrust(product string, e v1alpha1.Evidence) int {
	switch {
	case isConcluded(product, e):
		return 3
	case e.Object == declaredIn:
		return 1
	case e.Source == v1alpha1.SourceDeclared && isAnnotated(e):
		return 2
	}
	return 0
}

// declaredOnHub is the annotation by which the hub is told of releases that nothing reveals.
const declaredOnHub = "annotation support.d2iq.io/declared-releases"

// DeclaredOnHub is evidence for a release that an annotation of an object of the hub declares.
func DeclaredOnHub(object, version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{
		Source: v1alpha1.SourceDeclared, Object: OnHub(object) + ", " + declaredOnHub, Version: Printable(version),
	}
}

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
