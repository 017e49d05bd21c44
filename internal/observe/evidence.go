package observe

import (
	"cmp"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// maxEvidence is what the status has room for: the deciding piece and 8 others.
const maxEvidence = 1 + 8

// sign is one piece of evidence. The version is foreign text and made printable.
func sign(source v1alpha1.EvidenceSource, object, version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: source, Object: object, Version: support.Printable(version)}
}

// installation is what the evidence, strongest first, shows: nothing when there is none.
func installation(product, name string, evidence []v1alpha1.Evidence) []support.Installation {
	if len(evidence) == 0 {
		return nil
	}
	return []support.Installation{{
		Product:  product,
		Name:     name,
		Evidence: evidence[:min(len(evidence), maxEvidence)],
	}}
}

func ordered(installations []support.Installation) []support.Installation {
	slices.SortFunc(installations, func(a, b support.Installation) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Name, b.Name))
	})
	return installations
}
