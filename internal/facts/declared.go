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

// InOrder makes the order in which releases are declared meaningless. Those that name an installation come before those
// for "default", which may mean the same one; where a product is installed once "default" means it better than a name.
func InOrder(declared []v1alpha1.DeclaredRelease) []v1alpha1.DeclaredRelease {
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

// SameKubernetes tells whether two texts mean the same Kubernetes version.
func SameKubernetes(a, b string) bool {
	readA, errA := ParseKubernetesVersion(a)
	readB, errB := ParseKubernetesVersion(b)
	return a == b || errA == nil && errB == nil && readA == readB
}

// IsInstalledOnce tells whether a cluster can have only one installation of a product, whatever it is called.
func IsInstalledOnce(product string) bool {
	return product == Konvoy || product == Kommander || product == BasePlatformServices
}

// FindDeclared is the index of the installation that somebody means who names it so, or negative where it is one more. The first
// ones, as many as found says, are certainly there: "default" means the only one of them, and so does any name of a product
// that is installed once. Where there are several it is ambiguous.
func FindDeclared(all []Installation, found int, product, name string) (index int, ambiguous bool) {
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

// ParseDeclaredRelease reads PRODUCT=VERSION, such as Konvoy=1.8.4, or PRODUCT/NAME=VERSION, for an installation with a name
// of its own. The error says what was found and what is allowed.
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

// The longest names that a status has room for.
const (
	MaxProductName      = 63
	MaxInstallationName = 253
)

// ValidateDeclaredRelease finds what is wrong with a declared release at a path; nil is the release itself.
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
