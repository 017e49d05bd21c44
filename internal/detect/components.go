// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// maxComponents is what the status has room for.
const maxComponents = 128

// Components are the parts of products, ordered by object and name.
func Components(objects Objects) []v1alpha1.Component {
	var found []v1alpha1.Component
	for _, addon := range objects.installedAddons() {
		found = append(found, objects.componentsOf(addon)...)
	}
	for _, release := range objects.HelmReleases {
		found = append(found, objects.componentOf(release)...)
	}
	found = slices.DeleteFunc(found, func(c v1alpha1.Component) bool { return c.Name == "" })
	if len(found) > maxComponents {
		// What has a stage is what a policy may have something to say about.
		slices.SortFunc(found, func(a, b v1alpha1.Component) int {
			return cmp.Or(compareBool(a.Stage == "", b.Stage == ""), byObject(a, b))
		})
		found = found[:maxComponents]
	}
	slices.SortFunc(found, byObject)
	return found
}

func byObject(a, b v1alpha1.Component) int {
	return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Name, b.Name))
}

// componentsOf are the addon itself, unless it is an installation, and those of its parts of which it tells the stage.
func (o Objects) componentsOf(addon Addon) []v1alpha1.Component {
	itself := v1alpha1.Component{
		Name: addon.Name, Object: addon.object(), Origin: addon.componentOrigin(), Product: o.productOf(addon),
	}
	var parts []v1alpha1.Component
	for _, name := range slices.Sorted(maps.Keys(addon.Stages)) {
		stage := facts.Printable(strings.TrimSpace(addon.Stages[name]))
		switch {
		case stage == "":
		case name == addon.Name:
			itself.Stage = stage
		default:
			part := itself
			part.Name, part.Stage = facts.Printable(name), stage
			parts = append(parts, part)
		}
	}
	if addon.isInstallation() {
		return parts
	}
	return append([]v1alpha1.Component{itself}, parts...)
}

// isInstallation tells whether a detector of its own finds the addon.
func (a Addon) isInstallation() bool {
	return a.Namespace == "" && a.Name == KommanderName || operatorProduct(a.Package.Name) != ""
}

func (a Addon) componentOrigin() v1alpha1.ComponentOrigin {
	switch {
	case a.Federated:
		return v1alpha1.OriginFederated
	case a.repository() != "":
		return v1alpha1.OriginRepository
	}
	return ""
}

// productOf is the product of which an addon is a part, or that it is; empty when nothing tells.
func (o Objects) productOf(addon Addon) string {
	operator := operatorProduct(addon.Package.Name)
	switch {
	case operator != "":
		return operator
	case addon.isInstallation(), addon.Federated, isRepository(addon.repository(), kommanderRepository):
		return facts.Kommander
	case isRepository(addon.repository(), baseAddonsRepository):
		return facts.BasePlatformServices
	}
	return o.claimantOf(addon)
}

// claimantOf is the product of a rule that finds the addon; empty when there is none.
func (o Objects) claimantOf(addon Addon) string {
	for _, rule := range o.Rules {
		if addon.isFoundBy(rule) {
			return rule.Product
		}
	}
	return ""
}

// componentOf is a HelmRelease beside Kommander's own, which is a part of Kommander 2.x, or of the product of a rule that
// finds it.
func (o Objects) componentOf(release HelmRelease) []v1alpha1.Component {
	product := ""
	for _, rule := range o.Rules {
		if product == "" && release.isFoundBy(rule) {
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
