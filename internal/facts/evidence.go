// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// DeclaredInSpec is the object of evidence from the spec of the ClusterSupport.
const DeclaredInSpec = "spec.declaredReleases"

// UsedEvidence returns the piece of evidence that gives the version of an installation. There must be at least one piece.
func UsedEvidence(evidence []v1alpha1.Evidence) v1alpha1.Evidence {
	used, _ := SplitEvidence(evidence)
	return used
}

// SplitEvidence returns the piece of evidence that gives the version, which is the first with a version or else the first,
// and the others without repetitions. There must be at least one piece.
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

// HubPrefix begins the object of evidence that was found on the hub, the cluster in which the operator runs.
const HubPrefix = "hub:"

// OnHub returns the name in evidence of an object on the hub, such as KonvoyCluster/workspace-a/prod.
func OnHub(object string) string { return HubPrefix + object }

// IsFromHub tells whether the evidence was found on the hub.
func IsFromHub(e v1alpha1.Evidence) bool { return strings.HasPrefix(e.Object, HubPrefix) }

// OrderEvidence sorts the evidence of an installation by strength: what was found, what the spec of the ClusterSupport
// declares, what an annotation on the hub declares, what is inferred from another product, and what the hub's API server
// denies, since the cluster itself can show it. Within each it keeps the order.
func OrderEvidence(installation *Installation) {
	slices.SortStableFunc(installation.Evidence, func(a, b v1alpha1.Evidence) int {
		return evidenceRank(installation.Product, a) - evidenceRank(installation.Product, b)
	})
}

// evidenceRank is 0 for the strongest evidence.
func evidenceRank(product string, e v1alpha1.Evidence) int {
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

// declaredByAnnotation ends the object of evidence from the annotation by which the user declares releases on the hub.
const declaredByAnnotation = "annotation " + v1alpha1.AnnotationDeclaredReleases

// IsDeclaredOnHub tells whether an annotation on the hub declares the version.
func IsDeclaredOnHub(e v1alpha1.Evidence) bool {
	return IsFromHub(e) && strings.HasSuffix(e.Object, declaredByAnnotation)
}

// IsDeclared tells whether the user declares the version, in the spec or on the hub.
func IsDeclared(e v1alpha1.Evidence) bool { return e.Object == DeclaredInSpec || IsDeclaredOnHub(e) }

// IsInferred tells whether the version is inferred from that of another product. Konvoy 2.x and Kommander 2.x are released
// in lock-step, and nothing in a cluster shows the version of Konvoy.
func IsInferred(product string, e v1alpha1.Evidence) bool {
	return product == Konvoy && e.Source == v1alpha1.SourceInferred
}

// IsFromCluster tells whether the evidence was found in the cluster itself.
func IsFromCluster(e v1alpha1.Evidence) bool { return e.Object != DeclaredInSpec && !IsFromHub(e) }
