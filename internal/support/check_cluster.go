// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// checkOrphanedComponents: are there experimental components that belong to nothing that is installed?
func checkOrphanedComponents(s *subject) []statement {
	var parts []string
	for i := range s.cluster.components {
		c := &s.cluster.components[i]
		isNamed := slices.ContainsFunc(s.cluster.subjects, func(one *subject) bool { return one.listsExperimental(c) })
		if isExperimentalStage(c.Stage) && !s.cluster.has(c.Product) && !isNamed {
			parts = append(parts, facts.Printable(c.Name)+" ("+facts.Printable(c.Stage)+")")
		}
	}
	return s.experimentalStatements(parts)
}

// checkFederatedAddons: did a Kommander elsewhere put addons here? They tell no release of their own.
func checkFederatedAddons(s *subject) []statement {
	var federated []string
	for i := range s.cluster.components {
		if c := &s.cluster.components[i]; c.Origin == v1alpha1.OriginFederated {
			federated = append(federated, facts.Printable(c.Name))
		}
	}
	if len(federated) == 0 {
		return nil
	}
	slices.Sort(federated)
	return []statement{s.state("", "", v1alpha1.FindingEvidence, v1alpha1.ReasonFederatedAddons,
		"has addons that a Kommander put there, which tell no release: "+facts.ListOf(slices.Compact(federated), maxExperimentalNamed)+
			"; they are part of that Kommander, look at the cluster on which it runs")}
}

// checkIgnoredDeclarations: does a declaration have no effect?
func checkIgnoredDeclarations(s *subject) []statement {
	var statements []statement
	ignored := func(declared []string, why string) {
		if len(declared) > 0 {
			statements = append(statements, s.state("", "", v1alpha1.FindingEvidence, v1alpha1.ReasonDeclarationIgnored,
				"does not use what "+facts.DeclaredInSpec+" says of "+facts.ListOf(declared, 4)+why))
		}
	}
	ignored(s.cluster.redundantDeclarations, ": it shows another version itself; remove the declaration")
	ignored(s.cluster.ambiguousDeclarations, ": several installations of it are there; name the one that is meant")
	return statements
}
