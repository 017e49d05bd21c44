// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

// RuleNames are the names of the rules for bundles.
func RuleNames() []string { return names(bundleRules) }

// CatalogRuleNames are those of the rules for catalogs.
func CatalogRuleNames() []string { return names(catalogRules) }

func names[T any](rules []rule[T]) []string {
	var all []string
	for _, r := range rules {
		all = append(all, r.name)
	}
	return all
}
