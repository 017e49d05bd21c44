// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// kubernetesBound is one end of a range: a whole minor, or exactly one patch of it.
type kubernetesBound struct {
	facts.Minor

	patch uint64
	exact bool
	text  string
}

var boundPattern = regexp.MustCompile(`^((?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8}))(?:\.(x|0|[1-9][0-9]{0,8}))?$`)

func parseKubernetesBound(text string) (kubernetesBound, error) {
	match := boundPattern.FindStringSubmatch(text)
	if match == nil {
		return kubernetesBound{}, fmt.Errorf("%s is not of the form 1.19, 1.19.x or 1.19.7", facts.Quote(text))
	}
	number, err := facts.ParseMinor(match[1])
	if err != nil {
		return kubernetesBound{}, err
	}
	bound := kubernetesBound{Minor: number, text: text}
	if match[2] != "" && match[2] != "x" {
		bound.exact = true
		bound.patch, err = strconv.ParseUint(match[2], 10, 64)
	}
	return bound, err
}

// compareTo tells where a version lies: negative when it is older than everything that the bound covers, positive when it
// is newer, 0 when the bound covers it.
func (b kubernetesBound) compareTo(v facts.KubernetesVersion) int {
	if order := v.Compare(b.Minor); order != 0 || !b.exact {
		return order
	}
	return cmp.Compare(v.Patch, b.patch)
}

// kubernetesRange is a closed range of Kubernetes versions.
type kubernetesRange struct {
	minimum, maximum kubernetesBound
	defaultVersion   string
}

func (r *kubernetesRange) contains(v facts.KubernetesVersion) bool {
	return r.minimum.compareTo(v) >= 0 && r.maximum.compareTo(v) <= 0
}

// equal tells whether two ranges contain the same versions.
func (r *kubernetesRange) equal(other *kubernetesRange) bool {
	return r.minimum.kubernetesVersion() == other.minimum.kubernetesVersion() && r.minimum.exact == other.minimum.exact &&
		r.maximum.kubernetesVersion() == other.maximum.kubernetesVersion() && r.maximum.exact == other.maximum.exact
}

func (b kubernetesBound) kubernetesVersion() facts.KubernetesVersion {
	return facts.KubernetesVersion{Minor: b.Minor, Patch: b.patch}
}

// containsMinor tells whether any patch of the minor is in the range.
func (r *kubernetesRange) containsMinor(m facts.Minor) bool {
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
	if r.defaultVersion != "" {
		text += ", by default " + r.defaultVersion
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
	compiled := &kubernetesRange{minimum: minimum, maximum: maximum, defaultVersion: strings.TrimPrefix(spec.Default, "v")}
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
	standard, err := facts.ParseKubernetesVersion(spec.Default)
	if err != nil || !compiled.contains(standard) || len(spec.Default) > facts.MaxPrintable {
		problem("default", spec.Default, fmt.Sprintf("an exact version from %s to %s", spec.Minimum, spec.Maximum))
	}
	return compiled
}
