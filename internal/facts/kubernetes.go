// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"regexp"
)

// KubernetesVersion is the three numbers of a Kubernetes version. What vendors append, such as +d2iq.1, -gke.1900 or
// -eks-0389ca3, decides nothing.
type KubernetesVersion struct {
	Minor

	Patch uint64
}

var kubernetesPattern = regexp.MustCompile(`^v?(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})([-+].*)?$`)

// ParseKubernetesVersion reads a gitVersion such as v1.19.9 or v1.20.13+d2iq.1, with or without the v.
func ParseKubernetesVersion(text string) (KubernetesVersion, error) {
	match := kubernetesPattern.FindStringSubmatch(text)
	if match == nil {
		return KubernetesVersion{}, fmt.Errorf("%s is not a Kubernetes version such as v1.19.9", Quote(text))
	}
	return KubernetesVersion{Minor{parseDigits(match[1]), parseDigits(match[2])}, parseDigits(match[3])}, nil
}

// String returns the version such as 1.19.9.
func (v KubernetesVersion) String() string { return fmt.Sprintf("%s.%d", v.Minor, v.Patch) }
