// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"fmt"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxDeclared is how many releases an annotation may declare: as many as a spec may.
const maxDeclared = 32

// maxProblems is how many problems of an annotation a warning names before it counts the rest.
const maxProblems = 3

// readAnnotations adds to the hub facts what the annotations of a KommanderCluster declare.
func readAnnotations(described *detect.KommanderCluster, into *facts.HubFacts) {
	id := ID{KommanderCluster, described.Namespace, described.Name}
	warn := func(annotation string, problems ...string) {
		if len(problems) > 0 {
			into.Warnings = append(into.Warnings, warning(annotation, id, problems))
		}
	}
	switch e := v1alpha1.Environment(described.Environment); e {
	case "", v1alpha1.EnvironmentProduction, v1alpha1.EnvironmentNonProduction:
		into.Environment = e
	default:
		warn(v1alpha1.AnnotationEnvironment, facts.Quote(described.Environment)+" is neither Production nor NonProduction")
	}
	declared, problems := parseDeclaredReleases(described.DeclaredReleases)
	if len(declared) > 0 {
		into.Declared, into.DeclaredBy = declared, id.String()
	}
	warn(v1alpha1.AnnotationDeclaredReleases, problems...)
}

// parseDeclaredReleases reads releases that are separated by commas, and returns what is wrong with those it leaves out.
func parseDeclaredReleases(texts string) (declared []v1alpha1.DeclaredRelease, problems []string) {
	for text := range strings.SplitSeq(texts, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		one, err := facts.ParseDeclaredRelease(text)
		isSame := func(other v1alpha1.DeclaredRelease) bool {
			return other.Product == one.Product && other.Name == one.Name
		}
		refuse := func(why string) { problems = append(problems, facts.Quote(text)+" "+why) }
		switch {
		case err != nil:
			problems = append(problems, err.Error())
		case one.Product == facts.Kubernetes:
			refuse("is what the cluster itself tells")
		case slices.ContainsFunc(declared, isSame):
			refuse("is declared already, with another version or the same")
		case len(declared) == maxDeclared:
			refuse(fmt.Sprintf("is more than the %d releases that may be declared", maxDeclared))
		default:
			declared = append(declared, one)
		}
	}
	return declared, problems
}

// warning says that an annotation is not used as it is, and why.
func warning(annotation string, id ID, problems []string) string {
	return "annotation " + annotation + " of " + id.String() + " is not used as it is: " + facts.JoinSome(problems, "; ", maxProblems)
}
