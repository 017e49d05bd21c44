// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxComponents is how many components a status can hold.
const maxComponents = 128

// Components returns the parts of products, at most 128, ordered by object and name.
func Components(input Input) []v1alpha1.Component {
	var found []v1alpha1.Component
	for _, addon := range input.installedAddons() {
		found = append(found, input.componentsOf(addon)...)
	}
	for _, release := range input.HelmReleases {
		found = append(found, input.componentOf(release)...)
	}
	found = slices.DeleteFunc(found, func(c v1alpha1.Component) bool { return c.Name == "" })
	if len(found) > maxComponents {
		// Those with a stage come first: policies have rules about stages.
		slices.SortFunc(found, func(a, b v1alpha1.Component) int {
			return cmp.Or(compareBool(a.Stage == "", b.Stage == ""), byObject(a, b))
		})
		found = found[:maxComponents]
	}
	slices.SortFunc(found, byObject)
	return found
}

// byObject orders components by object and name.
func byObject(a, b v1alpha1.Component) int {
	return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Name, b.Name))
}

// componentsOf returns the addon, unless it is an installation, and those of its parts for which it names a stage.
func (in Input) componentsOf(addon Addon) []v1alpha1.Component {
	whole := v1alpha1.Component{
		Name: addon.Name, Object: addon.object(), Origin: addon.componentOrigin(), Product: in.productOf(addon),
	}
	var parts []v1alpha1.Component
	for _, name := range slices.Sorted(maps.Keys(addon.Stages)) {
		stage := facts.Printable(strings.TrimSpace(addon.Stages[name]))
		switch {
		case stage == "":
		case name == addon.Name:
			whole.Stage = stage
		default:
			part := whole
			part.Name, part.Stage = facts.Printable(name), stage
			parts = append(parts, part)
		}
	}
	if addon.isInstallation() {
		return parts
	}
	return append([]v1alpha1.Component{whole}, parts...)
}

// isInstallation tells whether a detector finds the addon as an installation of a product.
func (a Addon) isInstallation() bool {
	return a.Namespace == "" && a.Name == KommanderName || operatorProduct(a.Package.Name) != ""
}

// componentOrigin tells how the addon got into the cluster; empty where nothing says so.
func (a Addon) componentOrigin() v1alpha1.ComponentOrigin {
	switch {
	case a.Federated:
		return v1alpha1.OriginFederated
	case a.repository() != "":
		return v1alpha1.OriginRepository
	}
	return ""
}

// productOf returns the product that the addon is, or of which it is a part; empty where that is not known.
func (in Input) productOf(addon Addon) string {
	operator := operatorProduct(addon.Package.Name)
	switch {
	case operator != "":
		return operator
	case addon.isInstallation(), addon.Federated, isRepository(addon.repository(), kommanderRepository):
		return facts.Kommander
	case isRepository(addon.repository(), baseAddonsRepository):
		return facts.BasePlatformServices
	}
	return in.productByRule(addon)
}

// productByRule returns the product of the first rule that matches the addon; empty where none does.
func (in Input) productByRule(addon Addon) string {
	for _, rule := range in.Rules {
		if addon.matches(rule) {
			return rule.Product
		}
	}
	return ""
}

// componentOf returns a HelmRelease as a part of the product whose rule matches it, or of Kommander 2.x, whose platform
// applications are in its namespace. Other HelmReleases are components of nothing.
func (in Input) componentOf(release HelmRelease) []v1alpha1.Component {
	product := ""
	for _, rule := range in.Rules {
		if product == "" && release.matches(rule) {
			product = rule.Product
		}
	}
	if product == "" && release.Namespace == KommanderName && !release.isKommander() {
		product = facts.Kommander
	}
	if product == "" {
		return nil
	}
	return []v1alpha1.Component{{
		Name: release.Name, Object: release.object(), Origin: v1alpha1.OriginHelmRelease, Product: product,
	}}
}
