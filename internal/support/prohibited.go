// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

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

// unsupports are the reasons of findings that make Supported False, but for those about experimental parts.
var unsupports = []string{
	v1alpha1.ReasonSupportEnded, v1alpha1.ReasonWithdrawn, v1alpha1.ReasonPreRelease, v1alpha1.ReasonUnsupportedChannel,
	v1alpha1.ReasonNotYetSupported, v1alpha1.ReasonNotInAnyRange,
}

// Unsupports tells whether the finding says that the vendor does not support the version of the release, whatever parts it
// has.
func Unsupports(finding *v1alpha1.Finding) bool {
	about := []v1alpha1.FindingType{v1alpha1.FindingLifecycle, v1alpha1.FindingPreRelease, v1alpha1.FindingChannel}
	return slices.Contains(about, finding.Type) && slices.Contains(unsupports, finding.Reason)
}

// Prohibits tells whether the finding says that the release, or the cluster, must not run with what is there: another
// product, the version of Kubernetes, or the operating system of the nodes. Such a finding makes Compatible False.
func Prohibits(finding *v1alpha1.Finding) bool { return slices.Contains(prohibitions, finding.Reason) }
