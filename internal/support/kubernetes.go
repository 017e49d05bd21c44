// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// kubernetesVersion is what counts of a Kubernetes version: the three numbers. Vendors append parts such as +d2iq.1,
// -gke.1900 or -eks-0389ca3, which never decide.
type kubernetesVersion struct {
	Minor

	patch uint64
}

var kubernetesPattern = regexp.MustCompile(`^v?(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})([-+].*)?$`)

func parseKubernetesVersion(text string) (kubernetesVersion, error) {
	match := kubernetesPattern.FindStringSubmatch(text)
	if match == nil {
		return kubernetesVersion{}, fmt.Errorf("%s is not a Kubernetes version such as v1.19.9", quote(text))
	}
	return kubernetesVersion{Minor{number(match[1]), number(match[2])}, number(match[3])}, nil
}

func (v kubernetesVersion) String() string { return fmt.Sprintf("%s.%d", v.Minor, v.patch) }

// kubernetesBound is one end of a range: a whole minor, or exactly one patch of it.
type kubernetesBound struct {
	Minor

	patch uint64
	exact bool
	text  string
}

var boundPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:\.(x|0|[1-9][0-9]{0,8}))?$`)

func parseKubernetesBound(text string) (kubernetesBound, error) {
	match := boundPattern.FindStringSubmatch(text)
	if match == nil {
		return kubernetesBound{}, fmt.Errorf("%s is not of the form 1.19, 1.19.x or 1.19.7", quote(text))
	}
	bound := kubernetesBound{Minor: Minor{number(match[1]), number(match[2])}, text: text}
	if match[3] != "" && match[3] != "x" {
		bound.patch, bound.exact = number(match[3]), true
	}
	return bound, nil
}

// against tells where a version lies: negative when it is older than everything that the bound covers, positive when it
// is newer, 0 when the bound covers it.
func (b kubernetesBound) against(v kubernetesVersion) int {
	if order := v.Compare(b.Minor); order != 0 || !b.exact {
		return order
	}
	return cmp.Compare(v.patch, b.patch)
}

// kubernetesRange is a closed range of Kubernetes versions.
type kubernetesRange struct {
	minimum, maximum kubernetesBound
	standard         string
}

func (r *kubernetesRange) contains(v kubernetesVersion) bool {
	return r.minimum.against(v) >= 0 && r.maximum.against(v) <= 0
}

// same tells whether two ranges contain the same versions.
func (r *kubernetesRange) same(other *kubernetesRange) bool {
	return r.minimum.kubernetesVersion() == other.minimum.kubernetesVersion() && r.minimum.exact == other.minimum.exact &&
		r.maximum.kubernetesVersion() == other.maximum.kubernetesVersion() && r.maximum.exact == other.maximum.exact
}

func (b kubernetesBound) kubernetesVersion() kubernetesVersion {
	return kubernetesVersion{b.Minor, b.patch}
}

// containsMinor tells whether any patch of the minor is in the range.
func (r *kubernetesRange) containsMinor(m Minor) bool {
	return m.Compare(r.minimum.Minor) >= 0 && m.Compare(r.maximum.Minor) <= 0
}

// bounds writes the range without its default.
func (r *kubernetesRange) bounds() string {
	if r.maximum.text == r.minimum.text {
		return r.minimum.text
	}
	return r.minimum.text + " to " + r.maximum.text
}

func (r *kubernetesRange) String() string {
	text := r.bounds()
	if r.standard != "" {
		text += ", by default " + r.standard
	}
	return text
}

// empty tells whether the range ends before it begins.
func (r *kubernetesRange) empty() bool {
	if order := r.maximum.Compare(r.minimum.Minor); order != 0 {
		return order < 0
	}
	return r.minimum.exact && r.maximum.exact && r.maximum.patch < r.minimum.patch
}

// maxRangeMinors bounds how wide a range may be: a policy that spans more says nothing.
const maxRangeMinors = 100

// compileRange reads a range; problem is called for each field that is wrong.
func compileRange(spec *v1alpha1.KubernetesRange, problem func(field, found, allowed string)) *kubernetesRange {
	if spec == nil {
		return nil
	}
	minimum, errMinimum := parseKubernetesBound(spec.Minimum)
	if errMinimum != nil {
		problem("minimum", spec.Minimum, "a Kubernetes version such as 1.19, 1.19.x or 1.19.7")
	}
	maximum, errMaximum := parseKubernetesBound(spec.Maximum)
	if errMaximum != nil {
		problem("maximum", spec.Maximum, "a Kubernetes version such as 1.19, 1.19.x or 1.19.7")
	}
	if errMinimum != nil || errMaximum != nil {
		return nil
	}
	compiled := &kubernetesRange{minimum: minimum, maximum: maximum, standard: strings.TrimPrefix(spec.Default, "v")}
	if compiled.empty() {
		problem("maximum", spec.Maximum, "a version that is not below the minimum "+spec.Minimum)
		return nil
	}
	if wide := maximum.Minor.Minor - minimum.Minor.Minor; minimum.Major == maximum.Major && wide > maxRangeMinors {
		problem("maximum", spec.Maximum, fmt.Sprintf("a version at most %d minors above the minimum %s", maxRangeMinors, spec.Minimum))
		return nil
	}
	if spec.Default == "" {
		return compiled
	}
	standard, err := parseKubernetesVersion(spec.Default)
	if err != nil || !compiled.contains(standard) || len(spec.Default) > printableLimit {
		problem("default", spec.Default, fmt.Sprintf("an exact version from %s to %s", spec.Minimum, spec.Maximum))
	}
	return compiled
}
