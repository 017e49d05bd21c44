package support

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// prohibitions are the reasons of findings that make Compatible False.
var prohibitions = []string{
	v1alpha1.ReasonProhibitedCombination, v1alpha1.ReasonOutsideKubernetesRange, v1alpha1.ReasonOutsideAttachRange,
	v1alpha1.ReasonKubernetesMismatch, v1alpha1.ReasonUnsupportedOperatingSystem,
}

// Prohibits tells whether the finding says that the release must not run with what is there: another product, the version
// of Kubernetes, or the operating system of the nodes. Such a finding makes Compatible False.
func Prohibits(finding *v1alpha1.Finding) bool { return slices.Contains(prohibitions, finding.Reason) }
