// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"regexp"
)

// KubernetesVersion is what counts of a Kubernetes version: the three numbers. Vendors append parts such as +d2iq.1,
// -gke.1900 or -eks-0389ca3, which never decide.
type KubernetesVersion struct {
	Minor

	Patch uint64
}

var kubernetesPattern = regexp.MustCompile(`^v?(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})([-+].*)?$`)

func ParseKubernetesVersion(text string) (KubernetesVersion, error) {
	match := kubernetesPattern.FindStringSubmatch(text)
	if match == nil {
		return KubernetesVersion{}, fmt.Errorf("%s is not a Kubernetes version such as v1.19.9", Quote(text))
	}
	return KubernetesVersion{Minor{parseDigits(match[1]), parseDigits(match[2])}, parseDigits(match[3])}, nil
}

func (v KubernetesVersion) String() string { return fmt.Sprintf("%s.%d", v.Minor, v.Patch) }
