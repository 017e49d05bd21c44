// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// SortDeclaredReleases returns the releases in an order that does not depend on the given one, for FindInstallation. Those
// with the name of an installation come before "default", which can stand for the same one. For a product that is installed
// once it is the other way round: there "default" is the exact name.
func SortDeclaredReleases(declared []v1alpha1.DeclaredRelease) []v1alpha1.DeclaredRelease {
	rank := func(d v1alpha1.DeclaredRelease) int {
		switch {
		case d.Name != DefaultInstallation:
			return 1
		case IsInstalledOnce(d.Product):
			return 0
		}
		return 2
	}
	sorted := slices.Clone(declared)
	slices.SortStableFunc(sorted, func(a, b v1alpha1.DeclaredRelease) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.Name, b.Name), strings.Compare(a.Product, b.Product))
	})
	return sorted
}

// SameKubernetes tells whether two texts are the same Kubernetes version: v1.19.9 is v1.19.9+d2iq.1.
func SameKubernetes(a, b string) bool {
	readA, errA := ParseKubernetesVersion(a)
	readB, errB := ParseKubernetesVersion(b)
	return a == b || errA == nil && errB == nil && readA == readB
}

// IsInstalledOnce tells whether a cluster can have only one installation of a product, under any name.
func IsInstalledOnce(product string) bool {
	return product == Konvoy || product == Kommander || product == BasePlatformServices
}

// FindInstallation returns the index of the installation that a product and a name stand for, or a negative index where
// there is none. Only the first found installations were found, the others declared. "default" stands for the only one
// found, and so does any name of a product that is installed once. Where several were found, these are ambiguous.
func FindInstallation(all []Installation, found int, product, name string) (index int, ambiguous bool) {
	candidates := 0
	index = -1
	for i := range all {
		switch {
		case all[i].Product != product:
		case all[i].Name == name:
			return i, false
		case i < found:
			candidates++
			index = i
		}
	}
	isAny := name == DefaultInstallation || IsInstalledOnce(product)
	if !isAny || candidates > 1 {
		return -1, isAny && candidates > 1
	}
	return index, false
}

// ParseDeclaredRelease reads PRODUCT=VERSION, such as Konvoy=1.8.4, or PRODUCT/NAME=VERSION for a named installation. The
// error says what was found and what is allowed.
func ParseDeclaredRelease(text string) (v1alpha1.DeclaredRelease, error) {
	if Escaped(text) != text {
		return v1alpha1.DeclaredRelease{}, fmt.Errorf("%s has characters that cannot be printed", Quote(text))
	}
	installation, version, _ := strings.Cut(text, "=")
	product, name, named := strings.Cut(installation, "/")
	if !named {
		name = DefaultInstallation
	}
	declared := v1alpha1.DeclaredRelease{
		Product: strings.TrimSpace(product), Name: strings.TrimSpace(name), Version: strings.TrimSpace(version),
	}
	if declared.Product == "" || declared.Name == "" || declared.Version == "" {
		return v1alpha1.DeclaredRelease{}, fmt.Errorf(
			"%s is neither PRODUCT=VERSION, such as Konvoy=1.8.4, nor PRODUCT/NAME=VERSION", Quote(text))
	}
	if problems := ValidateDeclaredRelease(&declared, nil); len(problems) > 0 {
		return v1alpha1.DeclaredRelease{}, fmt.Errorf("%s: %s", Quote(text), JoinProblems(problems))
	}
	return declared, nil
}

// The longest names that a status can hold, in characters.
const (
	MaxProductName      = 63
	MaxInstallationName = 253
)

// ValidateDeclaredRelease returns what is wrong with a declared release. The path is that of the release; nil for none.
func ValidateDeclaredRelease(declared *v1alpha1.DeclaredRelease, at *field.Path) field.ErrorList {
	var problems field.ErrorList
	check := func(name, text string, limit int, wanted string) {
		if text == "" {
			problems = append(problems, field.Invalid(at.Child(name), text, "must be "+wanted))
		}
		if n := utf8.RuneCountInString(text); n > limit {
			problems = append(problems, field.Invalid(at.Child(name), fmt.Sprintf("%d characters", n), fmt.Sprintf("must be at most %d", limit)))
		}
	}
	check("product", declared.Product, MaxProductName, "the name of a product")
	check("name", declared.Name, MaxInstallationName, "the name of an installation, or "+DefaultInstallation)
	check("version", declared.Version, MaxPrintable, "a version")
	return problems
}
