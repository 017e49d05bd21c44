// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// maxEvidence is what the status has room for: the deciding piece and 8 others.
const maxEvidence = 1 + 8

// maxNameBytes is how long the name of an installation may be in the status.
const maxNameBytes = 253

// sign is one piece of evidence. The version is foreign text and made printable.
func sign(source v1alpha1.EvidenceSource, object, version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: source, Object: object, Version: facts.Printable(version)}
}

// installation is what the evidence, strongest first, shows: nothing when there is none.
func installation(product, name string, evidence []v1alpha1.Evidence) []facts.Installation {
	if len(evidence) == 0 {
		return nil
	}
	return []facts.Installation{{
		Product:  product,
		Name:     name,
		Evidence: evidence[:min(len(evidence), maxEvidence)],
	}}
}

// qualified is the name of an installation that its own name does not tell apart from others.
func qualified(namespace, name string) string {
	full := namespace + "." + name
	if len(full) <= maxNameBytes {
		return full
	}
	digest := fnv.New32a()
	// A hash takes everything.
	_, _ = digest.Write([]byte(full))
	mark := fmt.Sprintf("-%08x", digest.Sum32())
	return full[:maxNameBytes-len(mark)] + mark
}

// merged makes one of the installations of the same product and name, with the evidence of all, in their order.
func merged(installations []facts.Installation) []facts.Installation {
	var one []facts.Installation
	for _, found := range installations {
		same := func(known facts.Installation) bool {
			return known.Product == found.Product && known.Name == found.Name
		}
		if i := slices.IndexFunc(one, same); i >= 0 {
			evidence := slices.Clone(one[i].Evidence)
			for _, piece := range found.Evidence {
				if !slices.Contains(evidence, piece) {
					evidence = append(evidence, piece)
				}
			}
			one[i].Evidence = evidence[:min(len(evidence), maxEvidence)]
			continue
		}
		one = append(one, found)
	}
	return one
}

func Ordered(installations []facts.Installation) []facts.Installation {
	slices.SortFunc(installations, func(a, b facts.Installation) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Name, b.Name))
	})
	return installations
}
