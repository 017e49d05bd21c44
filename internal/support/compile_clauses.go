// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// experimental is what a policy says about parts of its product that are not meant for production.
type experimental struct {
	// components are by their names in lower case, each with the versions of the product in which it is experimental;
	// none means all.
	components map[string][]versionPattern
	// production chooses production clusters; nil where the policy does not say.
	production labels.Selector
}

// clauses reads what a policy says beyond windows and matrices.
func (c *compiler) clauses(spec *v1alpha1.SupportPolicySpec, path *field.Path) {
	c.policy.terms = c.terms(spec.SupportTerms, path.Child("supportTerms"))
	c.experimental(spec.Experimental, path.Child("experimental"))
	c.detection(spec.Detection, path.Child("detection"))
}

// terms makes one sentence of the support terms.
func (c *compiler) terms(spec *v1alpha1.SupportTerms, path *field.Path) string {
	if spec == nil {
		return ""
	}
	c.problems.required(path.Child("level"), spec.Level, maxShortName, "the name of a level of support, such as Secondary")
	if !c.problems.bound(path.Child("scopes"), len(spec.Scopes), maxScopes, "scopes") {
		return ""
	}
	var words, details []string
	seen := map[string]bool{}
	for i := range spec.Scopes {
		at := path.Child("scopes").Key(facts.Printable(spec.Scopes[i].Scope))
		if seen[spec.Scopes[i].Scope] {
			c.problems.duplicate(at, spec.Scopes[i].Scope)
		}
		seen[spec.Scopes[i].Scope] = true
		words = append(words, c.scope(&spec.Scopes[i], at))
		details = append(details, scopeDetails(&spec.Scopes[i])...)
	}
	sentence := fmt.Sprintf("%s is supported at level %s", c.policy.product, spec.Level)
	if len(words) > 0 {
		sentence += ": " + strings.Join(words, "; ")
	}
	sentence += " (" + c.policy.source() + ")"
	if len(details) > 0 {
		sentence += TermsDetails + strings.Join(details, "; ")
	}
	return facts.Truncate(facts.Escaped(sentence), maxTerms)
}

// TermsDetails stands in the terms between the sentence that says the level and the severities, and what they cover.
const TermsDetails = ". In detail: "

// scopeDetails say what a kind of help covers and excludes.
func scopeDetails(spec *v1alpha1.SupportScope) []string {
	name := camelToWords(spec.Scope)
	var details []string
	if spec.Covers != "" {
		details = append(details, name+", covered: "+spec.Covers)
	}
	if spec.Excludes != "" {
		details = append(details, name+", not covered: "+spec.Excludes)
	}
	return details
}

// camelCase is the schema's pattern of a scope.
var camelCase = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)

// scope is one kind of help in words: "bug fixes at Severity 3, 4".
func (c *compiler) scope(spec *v1alpha1.SupportScope, path *field.Path) string {
	if len(spec.Scope) > facts.MaxProductName || !camelCase.MatchString(spec.Scope) {
		c.problems.add(path.Child("scope"), spec.Scope, "a word in CamelCase, such as BugFixes")
	}
	c.problems.boundText(path.Child("covers"), spec.Covers, maxScopeText)
	c.problems.boundText(path.Child("excludes"), spec.Excludes, maxScopeText)
	if len(spec.Severities) == 0 {
		c.problems.add(path.Child("severities"), "nothing", "at least one severity")
	}
	if !c.problems.bound(path.Child("severities"), len(spec.Severities), maxSeverity, "severities") {
		return ""
	}
	severities := make([]string, 0, len(spec.Severities))
	for i, severity := range spec.Severities {
		if severity < 1 || severity > maxSeverity {
			c.problems.add(path.Child("severities").Index(i), severity, fmt.Sprintf("a severity from 1 to %d", maxSeverity))
		}
		severities = append(severities, fmt.Sprint(severity))
	}
	c.problems.duplicates(path.Child("severities"), severities)
	slices.Sort(severities)
	return camelToWords(spec.Scope) + " at Severity " + strings.Join(severities, ", ")
}

// camelToWords writes BugFixes as "bug fixes".
func camelToWords(camel string) string {
	var words strings.Builder
	for i, r := range camel {
		beginsWord := i > 0 && (unicode.IsLower(rune(camel[i-1])) || i+1 < len(camel) && unicode.IsLower(rune(camel[i+1])))
		if unicode.IsUpper(r) && beginsWord {
			words.WriteByte(' ')
		}
		words.WriteRune(unicode.ToLower(r))
	}
	return words.String()
}

func (c *compiler) experimental(spec *v1alpha1.Experimental, path *field.Path) {
	if spec == nil {
		return
	}
	if spec.ProductionClusters != nil {
		c.policy.experimental.production = c.problems.compileSelector(spec.ProductionClusters, path.Child("productionClusters"))
	}
	path = path.Child("components")
	if !c.problems.bound(path, len(spec.Components), maxExperimental, "components") {
		return
	}
	c.policy.experimental.components = map[string][]versionPattern{}
	for _, component := range spec.Components {
		at := path.Key(facts.Printable(component.Name))
		c.problems.required(at.Child("name"), component.Name, facts.MaxInstallationName, "the name of a component")
		name := strings.ToLower(component.Name)
		if _, known := c.policy.experimental.components[name]; known {
			c.problems.duplicate(at, component.Name)
		}
		if component.Versions != nil && len(component.Versions) == 0 {
			c.problems.add(at.Child("versions"), "an empty list", "absent, which means all versions, or have at least one")
		}
		c.policy.experimental.components[name] = c.problems.patterns(component.Versions, at.Child("versions"))
	}
}

func (c *compiler) detection(spec *v1alpha1.Detection, path *field.Path) {
	if spec == nil {
		return
	}
	before := len(c.problems.list)
	if facts.IsBuiltIn(c.policy.product) {
		c.problems.say(path, c.policy.product, "must be absent: the operator finds this product by itself")
	}
	if spec.HelmRelease == nil && spec.Addon == nil && spec.HelmChart == nil {
		c.problems.add(path, "0 members", "at least one of helmRelease, addon and helmChart")
	}
	if release := spec.HelmRelease; release != nil {
		c.objectName(release.Name, path.Child("helmRelease", "name"), facts.MaxInstallationName)
		if release.Namespace != "" {
			c.namespaceName(release.Namespace, path.Child("helmRelease", "namespace"))
		}
	}
	if spec.Addon != nil {
		c.objectName(spec.Addon.Name, path.Child("addon", "name"), facts.MaxInstallationName)
	}
	if spec.HelmChart != nil {
		c.objectName(spec.HelmChart.Name, path.Child("helmChart", "name"), maxChartName)
	}
	if len(c.problems.list) == before {
		c.policy.detection = spec.DeepCopy()
	}
}

// objectName refuses what no object can be called, which would find nothing and never say so.
func (c *compiler) objectName(name string, path *field.Path, limit int) {
	if !c.problems.boundText(path, name, limit) {
		return
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		c.problems.add(path, name, "the name of an object: lower case letters, digits, '-' and '.'")
	}
}

func (c *compiler) namespaceName(name string, path *field.Path) {
	if len(validation.IsDNS1123Label(name)) > 0 {
		c.problems.add(path, name, "the name of a namespace: lower case letters, digits and '-'")
	}
}
