// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxEvidence is how many pieces of evidence a status can hold: the one that gives the version and 8 others.
const maxEvidence = 1 + 8

// maxNameBytes is the longest name of an installation that a status can hold.
const maxNameBytes = 253

// newEvidence returns one piece of evidence. The version comes from the cluster and is made printable.
func newEvidence(source v1alpha1.EvidenceSource, object, version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: source, Object: object, Version: facts.Printable(version)}
}

// installationFrom returns an installation with its evidence, strongest first, or nothing where there is no evidence.
func installationFrom(product, name string, evidence []v1alpha1.Evidence) []facts.Installation {
	if len(evidence) == 0 {
		return nil
	}
	return []facts.Installation{{
		Product:  product,
		Name:     name,
		Evidence: evidence[:min(len(evidence), maxEvidence)],
	}}
}

// qualifiedName is the name of an installation whose own name is not unique in the cluster. A name that is too long ends
// with a hash of the whole.
func qualifiedName(namespace, name string) string {
	full := namespace + "." + name
	if len(full) <= maxNameBytes {
		return full
	}
	digest := fnv.New32a()
	// Writing to a hash cannot fail.
	_, _ = digest.Write([]byte(full))
	suffix := fmt.Sprintf("-%08x", digest.Sum32())
	return full[:maxNameBytes-len(suffix)] + suffix
}

// mergeByName makes one installation of those with the same product and name. It keeps the order of their evidence and
// drops repeated pieces.
func mergeByName(installations []facts.Installation) []facts.Installation {
	var merged []facts.Installation
	for _, found := range installations {
		isSame := func(known facts.Installation) bool {
			return known.Product == found.Product && known.Name == found.Name
		}
		if i := slices.IndexFunc(merged, isSame); i >= 0 {
			evidence := slices.Clone(merged[i].Evidence)
			for _, piece := range found.Evidence {
				if !slices.Contains(evidence, piece) {
					evidence = append(evidence, piece)
				}
			}
			merged[i].Evidence = evidence[:min(len(evidence), maxEvidence)]
			continue
		}
		merged = append(merged, found)
	}
	return merged
}
