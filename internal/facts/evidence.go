// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// DeclaredInSpec is the object of evidence that comes from the ClusterSupport's own spec.
const DeclaredInSpec = "spec.declaredReleases"

// Used is the piece of evidence, of at least one, that gives the version of an installation.
func Used(evidence []v1alpha1.Evidence) v1alpha1.Evidence {
	used, _ := SplitEvidence(evidence)
	return used
}

// SplitEvidence splits evidence into the piece that gives the version, which is the first with a version, else the first, and the
// rest. What stands there twice says no more than once.
func SplitEvidence(evidence []v1alpha1.Evidence) (v1alpha1.Evidence, []v1alpha1.Evidence) {
	used := evidence[max(0, slices.IndexFunc(evidence, func(e v1alpha1.Evidence) bool { return e.Version != "" }))]
	var others []v1alpha1.Evidence
	for _, other := range evidence {
		if other != used && !slices.Contains(others, other) {
			others = append(others, other)
		}
	}
	return used, others
}

// HubPrefix begins the object of evidence that was found on the hub: the cluster in which the operator runs.
const HubPrefix = "hub:"

// OnHub names an object of the hub, such as KonvoyCluster/workspace-a/prod, in evidence about another cluster.
func OnHub(object string) string { return HubPrefix + object }

func IsFromHub(e v1alpha1.Evidence) bool { return strings.HasPrefix(e.Object, HubPrefix) }

// OrderEvidence puts evidence into the order in which it is believed, where that is not the one in which it was found: what was
// found, then what the spec declares, then what was declared on the hub, then what follows from another product. What the
// hub is not allowed to tell comes last: the cluster may show it.
func OrderEvidence(installation *Installation) {
	slices.SortStableFunc(installation.Evidence, func(a, b v1alpha1.Evidence) int {
		return trustRank(installation.Product, a) - trustRank(installation.Product, b)
	})
}

func trustRank(product string, e v1alpha1.Evidence) int {
	switch {
	case IsFromHub(e) && e.Source == v1alpha1.SourceForbidden:
		return 4
	case IsInferred(product, e):
		return 3
	case e.Object == DeclaredInSpec:
		return 1
	case IsDeclaredOnHub(e):
		return 2
	}
	return 0
}

// DeclaredByAnnotation is the annotation by which the hub is told of releases that nothing reveals.
const DeclaredByAnnotation = "annotation support.d2iq.io/declared-releases"

func IsDeclaredOnHub(e v1alpha1.Evidence) bool {
	return IsFromHub(e) && strings.HasSuffix(e.Object, DeclaredByAnnotation)
}

// IsDeclared tells somebody's word from what a product says of itself.
func IsDeclared(e v1alpha1.Evidence) bool { return e.Object == DeclaredInSpec || IsDeclaredOnHub(e) }

// IsInferred tells whether the version was concluded from that of another product: Konvoy 2.x and Kommander 2.x are
// released in lock-step, and nothing in a cluster tells the version of Konvoy.
func IsInferred(product string, e v1alpha1.Evidence) bool {
	return product == Konvoy && e.Source == v1alpha1.SourceInferred
}

// IsFromCluster tells what was found in the cluster from what was declared, or found elsewhere.
func IsFromCluster(e v1alpha1.Evidence) bool { return e.Object != DeclaredInSpec && !IsFromHub(e) }
