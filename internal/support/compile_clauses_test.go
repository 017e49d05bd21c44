// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func scopeOf(name, covers, excludes string, severities ...int32) v1alpha1.SupportScope {
	return v1alpha1.SupportScope{Scope: name, Severities: severities, Covers: covers, Excludes: excludes}
}

func TestTerms(t *testing.T) {
	base := policy("Cassandra").listed().minor("1.0")
	for _, row := range []struct {
		name   string
		policy policyBuilder
		want   string
		reason string
	}{
		{"none", base, "", "nothing is published"},
		{"a level", base.terms("Full"), "Cassandra is supported at level Full (policy Cassandra)", "the scopes may be missing"},
		{
			"a scope", base.terms("Secondary", scopeOf("Configuration", "", "", 4)),
			"Cassandra is supported at level Secondary: configuration at Severity 4 (policy Cassandra)", "nothing is said about it",
		},
		{
			"all", base.terms("Secondary",
				scopeOf("BugFixes", "the integration", "forks", 4, 3),
				scopeOf("DocumentationErrors", "pages about the operator", "", 1, 2, 3, 4),
				scopeOf("Version2Upgrades", "", "performance", 2)),
			"Cassandra is supported at level Secondary: bug fixes at Severity 3, 4; documentation errors at Severity 1, 2, 3, 4;" +
				" version2 upgrades at Severity 2 (policy Cassandra). In detail: bug fixes, covered: the integration; bug fixes, not covered:" +
				" forks; documentation errors, covered: pages about the operator; version2 upgrades, not covered: performance",
			"severities in their order, scopes in the policy's; first what is asked most",
		},
		{
			"an acronym", base.terms("Secondary", scopeOf("CVEFixes", "", "", 1), scopeOf("FixesOfCVE", "", "", 2), scopeOf("A", "", "", 3)),
			"Cassandra is supported at level Secondary: cve fixes at Severity 1; fixes of cve at Severity 2; a at Severity 3 (policy Cassandra)",
			"it is one word",
		},
		{
			"control characters", base.terms("Sec\x1b[31mondary"),
			`Cassandra is supported at level Sec\x1b[31mondary (policy Cassandra)`, "a policy is foreign text",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(validSet(t, row.policy), cluster().with(product("Cassandra", "1.0.2")), "2021-06-01"), "Cassandra")
			expect.Equal(t, row.want, got.Terms, row.reason)
		})
	}
}

// TestTermsAreBounded: a status has room for so many letters, of whatever script, and the short sentence comes first.
func TestTermsAreBounded(t *testing.T) {
	for _, letter := range []string{"x", "ä", "\x1b"} {
		var scopes []v1alpha1.SupportScope
		for i := range 8 {
			scopes = append(scopes, scopeOf(fmt.Sprint("S", i), strings.Repeat(letter, 256), strings.Repeat(letter, 256), 1))
		}
		s := validSet(t, policy("Cassandra").listed().minor("1.0").terms("L", scopes...))
		got := rowOf(t, assess(s, cluster().with(product("Cassandra", "1.0.2")), "2021-06-01"), "Cassandra").Terms
		short, details, isLong := strings.Cut(got, TermsDetails)
		if !strings.HasSuffix(short, "; s7 at Severity 1 (policy Cassandra)") || !isLong || !strings.HasPrefix(details, "s0, covered: ") {
			t.Errorf("%q: %s", letter, short)
		}
		if len(got) > 4096 || len(got) < 4090 || !utf8.ValidString(got) || !strings.HasSuffix(got, "...") {
			t.Errorf("%q: %d bytes", letter, len(got))
		}
	}
}

// TestTermsAreThoseOfTheDecidingPolicy: only where a policy decides, and decides that there is support.
func TestTermsAreThoseOfTheDecidingPolicy(t *testing.T) {
	gold := threeOut().terms("Gold")
	other := policy("rival").about(facts.Kommander).window(3).terms("Silver")
	const want = "Kommander is supported at level Gold (policy kommander)"
	for _, row := range []struct {
		name    string
		set     *Set
		version string
		want    string
		reason  string
	}{
		{"supported", set(gold), "1.4.0", want, "the policy decides"},
		{"ended", set(gold.minor("1.5", ga("2021-05-06"))), "1.2.0", "", "no level of support is left"},
		{"unknown version", set(gold), "", "", "nobody knows whether there is support"},
		{"newer than the policy", set(gold), "1.9.0", "", "nobody knows whether there is support"},
		{"a candidate", set(gold), "1.4.0-rc.1", "", "it is no release"},
		{"lower priority", set(gold.priority(1), other), "1.4.0", want, "the other one decides nothing"},
		{"conflict", set(gold, other), "1.4.0", "", "neither decides"},
		{"invalid", set(gold.zone("Local")), "1.4.0", "", "an invalid policy decides nothing"},
		{"elsewhere", set(gold.selects("tier", "gold")), "1.4.0", "", "the policy speaks about other clusters"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(row.set, cluster().with(kommander(row.version)), "2021-06-01"), facts.Kommander)
			expect.Equal(t, row.want, got.Terms, row.reason)
		})
	}
}

func TestClausesValidator(t *testing.T) {
	base := policy("Other").listed().minor("1.0")
	text := strings.Repeat("x", 257)
	many := func(n int, build func(i int) v1alpha1.SupportScope) []v1alpha1.SupportScope {
		var all []v1alpha1.SupportScope
		for i := range n {
			all = append(all, build(i))
		}
		return all
	}
	scope := func(s v1alpha1.SupportScope) policyBuilder { return base.terms("Secondary", s) }
	components := base
	for i := range 65 {
		components = components.experimental(fmt.Sprint("c", i))
	}
	expectProblems(t, []problemsOf{
		{"valid terms", base.terms("Secondary", scopeOf("A", strings.Repeat("ä", 256), strings.Repeat("x", 256), 4, 3, 2, 1)), nil},
		{"no level", base.terms(""), []string{`spec.supportTerms.level: Invalid value: "": must be the name of a level of support, such as Secondary`}},
		{"long level", base.terms(text[:65]), []string{`spec.supportTerms.level: Invalid value: "65 characters": must be at most 64`}},
		{
			"many scopes", base.terms("Secondary", many(9, func(i int) v1alpha1.SupportScope { return scopeOf(fmt.Sprint("S", i), "", "", 1) })...),
			[]string{`spec.supportTerms.scopes: Invalid value: "9 scopes": must be at most 8`},
		},
		{"no scope", scope(scopeOf("", "", "", 1)), []string{`spec.supportTerms.scopes[].scope: Invalid value: "": must be a word in CamelCase, such as BugFixes`}},
		{
			"scope in lower case", scope(scopeOf("bugs", "", "", 1)),
			[]string{`spec.supportTerms.scopes[bugs].scope: Invalid value: "bugs": must be a word in CamelCase, such as BugFixes`},
		},
		{
			"scope of two words", scope(scopeOf("Bug fixes", "", "", 1)),
			[]string{`spec.supportTerms.scopes[Bug fixes].scope: Invalid value: "Bug fixes": must be a word in CamelCase, such as BugFixes`},
		},
		{
			"scope with a dash", scope(scopeOf("Bug-fixes", "", "", 1)),
			[]string{`spec.supportTerms.scopes[Bug-fixes].scope: Invalid value: "Bug-fixes": must be a word in CamelCase, such as BugFixes`},
		},
		{
			"scope in another script", scope(scopeOf("Änderung", "", "", 1)),
			[]string{`spec.supportTerms.scopes[Änderung].scope: Invalid value: "Änderung": must be a word in CamelCase, such as BugFixes`},
		},
		{
			"long scope", scope(scopeOf(strings.Repeat("X", 64), "", "", 1)),
			[]string{`spec.supportTerms.scopes[` + strings.Repeat("X", 64) + `].scope: Invalid value: "` + strings.Repeat("X", 64) +
				`": must be a word in CamelCase, such as BugFixes`},
		},
		{
			"scope twice", base.terms("Secondary", scopeOf("Bugs", "", "", 1), scopeOf("Bugs", "", "", 2)),
			[]string{`spec.supportTerms.scopes[Bugs]: Duplicate value: "Bugs"`},
		},
		{"no severities", scope(scopeOf("Bugs", "", "")), []string{`spec.supportTerms.scopes[Bugs].severities: Invalid value: "nothing": must be at least one severity`}},
		{
			"severities beyond", scope(scopeOf("Bugs", "", "", 0, 1, 4, 5)),
			[]string{
				`spec.supportTerms.scopes[Bugs].severities[0]: Invalid value: 0: must be a severity from 1 to 4`,
				`spec.supportTerms.scopes[Bugs].severities[3]: Invalid value: 5: must be a severity from 1 to 4`,
			},
		},
		{"severity twice", scope(scopeOf("Bugs", "", "", 2, 1, 2)), []string{`spec.supportTerms.scopes[Bugs].severities[2]: Duplicate value: "2"`}},
		{
			"many severities", scope(scopeOf("Bugs", "", "", 1, 2, 3, 4, 1)),
			[]string{`spec.supportTerms.scopes[Bugs].severities: Invalid value: "5 severities": must be at most 4`},
		},
		{
			"long texts", scope(scopeOf("Bugs", text, text, 1)),
			[]string{
				`spec.supportTerms.scopes[Bugs].covers: Invalid value: "257 characters": must be at most 256`,
				`spec.supportTerms.scopes[Bugs].excludes: Invalid value: "257 characters": must be at most 256`,
			},
		},

		{"valid components", base.experimental("istio", "1.8.x", "1.7.3").experimental("kiali").production("tier", "gold"), nil},
		{"no component", base.experimental(""), []string{`spec.experimental.components[].name: Invalid value: "": must be the name of a component`}},
		{
			"long component", base.experimental(text[:254]),
			[]string{`spec.experimental.components[` + text[:61] + `...].name: Invalid value: "254 characters": must be at most 253`},
		},
		{"component twice", base.experimental("istio", "1.8.x").experimental("istio", "1.7.x"), []string{`spec.experimental.components[istio]: Duplicate value: "istio"`}},
		{"component twice in other letters", base.experimental("istio").experimental("Istio"), []string{`spec.experimental.components[Istio]: Duplicate value: "Istio"`}},
		{"many components", components, []string{`spec.experimental.components: Invalid value: "65 components": must be at most 64`}},
		{
			"versions in another language", base.experimental("istio", "1.8", "1.8.x", "1.8.x"),
			[]string{
				`spec.experimental.components[istio].versions[2]: Duplicate value: "1.8.x"`,
				`spec.experimental.components[istio].versions[0]: Invalid value: "1.8": must be MAJOR.MINOR.x or an exact version`,
			},
		},
		{
			"no versions at all", base.experimental("istio").edit(func(spec *v1alpha1.SupportPolicySpec) {
				spec.Experimental.Components[0].Versions = []string{}
			}),
			[]string{`spec.experimental.components[istio].versions: Invalid value: "an empty list": must be absent, which means all versions, or have at least one`},
		},
		{
			"many versions", base.experimental("istio", make([]string, 33)...),
			[]string{`spec.experimental.components[istio].versions: Invalid value: "33 versions": must be at most 32`},
		},
		{
			"production clusters without sense", base.production("not a key", "x"),
			[]string{`spec.experimental.productionClusters.matchLabels[not a key]: Invalid value: "x": must be the value of a label, under its key`},
		},

		{
			"detection in all ways", base.detects(v1alpha1.Detection{
				HelmRelease: &v1alpha1.HelmReleaseDetection{Name: "other", Namespace: "apps"},
				Addon:       &v1alpha1.AddonDetection{Name: "other"}, HelmChart: &v1alpha1.HelmChartDetection{Name: "other"},
			}), nil,
		},
		{"helm release anywhere", base.detects(v1alpha1.Detection{HelmRelease: &v1alpha1.HelmReleaseDetection{Name: "other"}}), nil},
		{"addon", base.detects(v1alpha1.Detection{Addon: &v1alpha1.AddonDetection{Name: "other.v2"}}), nil},
		{"helm chart", base.detects(v1alpha1.Detection{HelmChart: &v1alpha1.HelmChartDetection{Name: "other-chart"}}), nil},
		{
			"detection without a way", base.detects(v1alpha1.Detection{}),
			[]string{`spec.detection: Invalid value: "0 members": must be at least one of helmRelease, addon and helmChart`},
		},
		{
			"detection of what is built in", policy("Spark").listed().detects(v1alpha1.Detection{Addon: &v1alpha1.AddonDetection{Name: "spark"}}),
			[]string{`spec.detection: Invalid value: "Spark": must be absent: the operator finds this product by itself`},
		},
		{
			"names that no object has", base.detects(v1alpha1.Detection{
				HelmRelease: &v1alpha1.HelmReleaseDetection{Name: "Other", Namespace: "my apps"},
				Addon:       &v1alpha1.AddonDetection{}, HelmChart: &v1alpha1.HelmChartDetection{Name: "other_chart"},
			}),
			[]string{
				`spec.detection.helmRelease.name: Invalid value: "Other": must be the name of an object: lower case letters, digits, '-' and '.'`,
				`spec.detection.helmRelease.namespace: Invalid value: "my apps": must be the name of a namespace: lower case letters, digits and '-'`,
				`spec.detection.addon.name: Invalid value: "": must be the name of an object: lower case letters, digits, '-' and '.'`,
				`spec.detection.helmChart.name: Invalid value: "other_chart": must be the name of an object: lower case letters, digits, '-' and '.'`,
			},
		},
		{
			"a namespace with a dot", base.detects(v1alpha1.Detection{HelmRelease: &v1alpha1.HelmReleaseDetection{Name: "a.b", Namespace: "a.b"}}),
			[]string{`spec.detection.helmRelease.namespace: Invalid value: "a.b": must be the name of a namespace: lower case letters, digits and '-'`},
		},
		{
			"long names", base.detects(v1alpha1.Detection{
				HelmRelease: &v1alpha1.HelmReleaseDetection{Name: text[:254], Namespace: text[:64]},
				Addon:       &v1alpha1.AddonDetection{Name: text[:254]}, HelmChart: &v1alpha1.HelmChartDetection{Name: text[:251]},
			}),
			[]string{
				`spec.detection.helmRelease.name: Invalid value: "254 characters": must be at most 253`,
				`spec.detection.helmRelease.namespace: Invalid value: "` + text[:64] + `": must be the name of a namespace: lower case letters, digits and '-'`,
				`spec.detection.addon.name: Invalid value: "254 characters": must be at most 253`,
				`spec.detection.helmChart.name: Invalid value: "251 characters": must be at most 250`,
			},
		},

		{
			"listed beside a window", base.window(3),
			[]string{`spec.lifecycle: Invalid value: "2 members": must be exactly one of window, rangeOf, follows and listed`},
		},
		{
			"all lifecycles", base.window(3).follows(facts.Konvoy).rangeOf(facts.Konvoy),
			[]string{`spec.lifecycle: Invalid value: "4 members": must be exactly one of window, rangeOf, follows and listed`},
		},
	})
}

// TestBuiltInProductsAreFoundByThemselves: each product with a detector of its own refuses another one.
func TestBuiltInProductsAreFoundByThemselves(t *testing.T) {
	for _, name := range []string{facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Kubernetes, facts.Cassandra, facts.Kafka, facts.Spark} {
		b := policy("p").about(name).listed().detects(v1alpha1.Detection{Addon: &v1alpha1.AddonDetection{Name: "x"}})
		if len(Compile(b.object).problems) != 1 {
			t.Errorf("%s may be detected in another way", name)
		}
	}
}

func TestDetections(t *testing.T) {
	addon := func(name string) v1alpha1.Detection {
		return v1alpha1.Detection{Addon: &v1alpha1.AddonDetection{Name: name}}
	}
	s := set(
		policy("z").about("Kaptain").listed().detects(addon("second")),
		policy("b").about("Kaptain").listed().detects(addon("first")),
		policy("c").about("Dispatch").listed().detects(addon("dispatch")),
		policy("a").about("Silent").listed(),
		policy("invalid").about("Alpha").listed().zone("Local").detects(addon("invalid")),
		policy("circle").about("Circle").follows("Square").detects(addon("circle")),
		policy("square").about("Square").follows("Circle").detects(addon("square")),
		policy("followed").about("Followed").rangeOf("Kaptain").detects(addon("followed")),
		policy("wrong").about("Wrong").listed().detects(addon("No Name")),
		policy("elsewhere").about("Elsewhere").listed().selects("stage", "dev").detects(addon("elsewhere")),
		policy("low").about("Ranked").listed().detects(addon("low")),
		policy("high").about("Ranked").listed().priority(1).detects(addon("high")),
	)
	want := []facts.DetectionRule{
		{Product: "Alpha", Detection: addon("invalid")},
		{Product: "Circle", Detection: addon("circle")},
		{Product: "Dispatch", Detection: addon("dispatch")},
		{Product: "Followed", Detection: addon("followed")},
		{Product: "Kaptain", Detection: addon("first")},
		{Product: "Kaptain", Detection: addon("second")},
		{Product: "Ranked", Detection: addon("high")},
		{Product: "Square", Detection: addon("square")},
	}
	expect.Equal(t, want, s.Detections(nil),
		"by product, then by policy, of all that speak about the cluster and whose detection is valid")
	if all := s.Detections(map[string]string{"stage": "dev"}); len(all) != len(want)+1 {
		t.Errorf("a policy that selects the cluster finds its product there, too: %v", all)
	}
	if none := set(threeOut()).Detections(nil); len(none) != 0 {
		t.Errorf("%v", none)
	}
}

// TestDetectionIsACopy: what a policy says does not change under the observer when the object is changed.
func TestDetectionIsACopy(t *testing.T) {
	b := policy("Other").listed().detects(v1alpha1.Detection{Addon: &v1alpha1.AddonDetection{Name: "other"}})
	s := validSet(t, b)
	b.object.Spec.Detection.Addon.Name = "changed"
	expect.Equal(t, "other", s.Detections(nil)[0].Addon.Name, "a write to the policy reached its rule")
}

func TestExperimental(t *testing.T) {
	base := konvoyRanges()
	istio := base.experimental("istio", "1.7.x", "1.8.1")
	const (
		undeclared = "; its support is level Limited, Severity 4, Standard, and on a production cluster it is prohibited: declare in" +
			" spec.environment whether this is one (Production or NonProduction) (policy konvoy)"
		declared   = "; its support is level Limited, Severity 4, Standard (policy konvoy)"
		prohibited = "; that is prohibited on a production cluster: remove it (policy konvoy)"
		what       = "Konvoy 1.7.2 contains what is experimental: "
	)
	on := func(version string) clusterBuilder { return cluster().on("v1.18.9").with(konvoy(version)) }
	production, other := v1alpha1.EnvironmentProduction, v1alpha1.EnvironmentNonProduction
	for _, row := range []struct {
		name    string
		policy  policyBuilder
		cluster clusterBuilder
		want    string
		message string
		reason  string
	}{
		{"nothing", istio, on("1.7.2"), "", "", "no component at all"},
		{"a component as any other", istio, on("1.7.2").containing("traefik", facts.Konvoy, ""), "", "", "neither the object nor the policy calls it so"},
		{"a stage", base, on("1.7.2").containing("kiali", facts.Konvoy, "Preview"), "ExperimentalUndeclared", what + "kiali (Preview)" + undeclared, "the object says it"},
		{"a stage in other letters", base, on("1.7.2").containing("kiali", facts.Konvoy, "EXPERIMENTAL"), "ExperimentalUndeclared", what + "kiali (EXPERIMENTAL)" + undeclared, "stages are compared without case"},
		{"a stage of no consequence", base, on("1.7.2").containing("kiali", facts.Konvoy, "GA").containing("a", facts.Konvoy, "Alpha").containing("b", facts.Konvoy, "\x1b[31m"), "", "", "it is on record, and means nothing"},
		{"a stage of no consequence in production", base, on("1.7.2").containing("kiali", facts.Konvoy, "Stable").in(production), "", "", "nothing is experimental"},
		{"named, a stage of no consequence", istio, on("1.7.2").containing("istio", facts.Konvoy, "GA"), "ExperimentalUndeclared", what + "istio" + undeclared, "the policy says it, and the stage is no reason"},
		{"named", istio, on("1.7.2").containing("istio", facts.Konvoy, ""), "ExperimentalUndeclared", what + "istio" + undeclared, "the policy says it"},
		{"both", istio, on("1.7.2").containing("istio", facts.Konvoy, "Beta"), "ExperimentalUndeclared", what + "istio (Beta)" + undeclared, "once, with its stage"},
		{"in other letters", istio, on("1.7.2").containing("Istio", facts.Konvoy, ""), "ExperimentalUndeclared", what + "Istio" + undeclared, "names are compared without case"},
		{"of no product, named", istio, on("1.7.2").containing("istio", "", ""), "ExperimentalUndeclared", what + "istio" + undeclared, "the name is enough"},
		{"of another product, named", istio, on("1.7.2").containing("istio", "Other", ""), "ExperimentalUndeclared", what + "istio" + undeclared, "the policy means it, wherever it came from"},
		{"of another product, named, a stage", istio, on("1.7.2").containing("istio", "Other", "Beta"), "ExperimentalUndeclared", what + "istio (Beta)" + undeclared, "and its stage is told"},
		{"of no product, a stage", base, on("1.7.2").containing("kiali", "", "Preview"), "", "", "it belongs to nothing that is known"},
		{"of another product, a stage", base, on("1.7.2").containing("kiali", "Other", "Preview"), "", "", "it belongs to the other"},
		{"another version", istio, on("1.8.2").containing("istio", facts.Konvoy, ""), "", "", "1.8.2 is not in the list of versions"},
		{"an exact version", istio, on("1.8.1").containing("istio", facts.Konvoy, ""), "ExperimentalUndeclared", strings.Replace(what, "1.7.2", "1.8.1", 1) + "istio" + undeclared, "1.8.1 is"},
		{"version unknown, limited", istio, cluster().with(found(facts.Konvoy, "default")).containing("istio", facts.Konvoy, ""), "", "", "which version it is nobody knows"},
		{
			"version unknown, all versions", base.experimental("istio"), cluster().with(found(facts.Konvoy, "default")).containing("istio", facts.Konvoy, ""),
			"ExperimentalUndeclared", "Konvoy contains what is experimental: istio" + undeclared, "it is so in all of them",
		},
		{"several", istio, on("1.7.2").containing("zipkin", facts.Konvoy, "Beta").containing("istio", "", "").containing("istio", "", ""), "ExperimentalUndeclared", what + "istio, zipkin (Beta)" + undeclared, "sorted, each once"},
		{
			"many", base, on("1.7.2").containing("a", facts.Konvoy, "Preview").containing("b", facts.Konvoy, "Preview").containing("c", facts.Konvoy, "Preview").containing("d", facts.Konvoy, "Preview").
				containing("e", facts.Konvoy, "Preview").containing("f", facts.Konvoy, "Preview").containing("g", facts.Konvoy, "Preview"),
			"ExperimentalUndeclared", what + "a (Preview), b (Preview), c (Preview), d (Preview), e (Preview), f (Preview) and 1 more" + undeclared, "six are named",
		},
		{"not production", istio, on("1.7.2").containing("istio", facts.Konvoy, "").in(other), "Experimental", what + "istio" + declared, "it is allowed there"},
		{"production", istio, on("1.7.2").containing("istio", facts.Konvoy, "").in(production), "ExperimentalInProduction", what + "istio" + prohibited, "it is prohibited"},
		{
			"production by the policy", istio.production("tier", "gold"), on("1.7.2").containing("istio", facts.Konvoy, "").labelled("tier", "gold"),
			"ExperimentalInProduction", what + "istio" + prohibited, "the policy chooses the cluster",
		},
		{
			"not chosen by the policy", istio.production("tier", "gold"), on("1.7.2").containing("istio", facts.Konvoy, "").labelled("tier", "iron"),
			"Experimental", what + "istio" + declared, "whoever chooses production clusters says of all others that they are none",
		},
		{
			"not production, chosen by the policy", istio.production("tier", "gold"),
			on("1.7.2").containing("istio", facts.Konvoy, "").labelled("tier", "gold").in(other),
			"ExperimentalInProduction", what + "istio" + prohibited, "the stricter of two words counts",
		},
		{
			"production, not chosen by the policy", istio.production("tier", "gold"),
			on("1.7.2").containing("istio", facts.Konvoy, "").labelled("tier", "iron").in(production),
			"ExperimentalInProduction", what + "istio" + prohibited, "the stricter of two words counts",
		},
		{
			"production of all clusters", istio.edit(func(spec *v1alpha1.SupportPolicySpec) {
				spec.Experimental.ProductionClusters = &metav1.LabelSelector{}
			}), on("1.7.2").containing("istio", facts.Konvoy, ""),
			"ExperimentalInProduction", what + "istio" + prohibited, "an empty selector chooses all",
		},
		{
			"control characters", base, on("1.7.2").containing("is\ntio", facts.Konvoy, "Beta").in(production),
			"ExperimentalInProduction", what + `is\ntio (Beta)` + prohibited, "names are foreign text",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, row.policy), row.cluster, "2021-06-01")
			got := rowOf(t, assessment, facts.Konvoy)
			expect.Equal(t, row.want, strings.Join(findings(got, v1alpha1.FindingExperimental), " "), row.reason)
			expect.Equal(t, row.message, byType(v1alpha1.FindingExperimental)(got), row.reason)
			expect.Equal(t, row.want == "ExperimentalInProduction", got.State == v1alpha1.StateUnsupported, row.reason)
		})
	}
}

// TestExperimentalInProduction: the finding that makes the release unsupported comes first, beside the one about its minor,
// which stays as it is; conditions and the policy's counts follow the release.
func TestExperimentalInProduction(t *testing.T) {
	s := validSet(t, konvoyRanges().experimental("istio"))
	c := cluster().on("v1.18.9").with(konvoy("1.6.2")).containing("istio", facts.Konvoy, "").in(v1alpha1.EnvironmentProduction)
	assessment := assess(s, c, "2021-06-01")
	got := rowOf(t, assessment, facts.Konvoy)
	var said []string
	for _, f := range got.Findings {
		said = append(said, string(f.Type)+" "+f.Reason)
	}
	want := []string{
		"Experimental ExperimentalInProduction", "Lifecycle LastInWindow", "KubernetesRange Compatible", "Upgrade LastInWindow",
	}
	expect.Equal(t, want, said)
	// The end of the version is on record: who removes the part has it before him.
	if got.State != v1alpha1.StateUnsupported || endText(got.SupportEndTime) != "2022-03-01" || got.Terms != "" {
		t.Errorf("%s until %s", got.State, endText(got.SupportEndTime))
	}
	expect.Equal(t, "False NotSupported", conditionOf(t, assessment, v1alpha1.ConditionExpiringSoon),
		"ExpiringSoon", "nothing ends that is not there")
	without := assess(s, cluster().on("v1.18.9").with(konvoy("1.6.2")).in(v1alpha1.EnvironmentProduction), "2022-02-01")
	expect.Equal(t, "True SupportEndsSoon", conditionOf(t, without, v1alpha1.ConditionExpiringSoon),
		"ExpiringSoon", "in production, where nothing is experimental")
	elsewhere := assess(s, c.in(v1alpha1.EnvironmentNonProduction), "2021-06-01")
	expect.Equal(t, "2022-03-01", endText(rowOf(t, elsewhere, facts.Konvoy).SupportEndTime), "elsewhere it ends")
	expect.Equal(t, "False ExperimentalInProduction", conditionOf(t, assessment, v1alpha1.ConditionSupported),
		"Supported")
	expect.Equal(t, got.Findings[0].Message, conditionMessage(t, assessment, v1alpha1.ConditionSupported))
	object := evaluated(s, "prod", c, "2021-06-01")
	rollup := s.rollUpPolicy("konvoy", []v1alpha1.ClusterSupport{object})
	if *rollup.Summary.Unsupported != 1 || *rollup.Summary.Supported != 0 || rollup.Clusters[0].Reason != "ExperimentalInProduction" {
		t.Errorf("%+v", rollup)
	}
	expect.Equal(t, "1 of 1 cluster is not supported: fleet/prod (Konvoy 1.6.2, ExperimentalInProduction)",
		rollup.Conditions[0].Message)
}

// TestExperimentalBesideOtherStates: what is worse than experimental stays first, and Unknown does not hide it.
func TestExperimentalBesideOtherStates(t *testing.T) {
	s := validSet(t, history().experimental("istio"))
	for _, row := range []struct {
		found facts.Installation
		want  []string
	}{
		{konvoy("1.5.0"), []string{"SupportEnded", "ExperimentalInProduction"}},
		{konvoy("1.8.0-rc.1"), []string{"PreRelease", "ExperimentalInProduction"}},
		{konvoy("1.9.0"), []string{"ExperimentalInProduction", "NotInPolicy"}},
		{found(facts.Konvoy, "default"), []string{"ExperimentalInProduction", "VersionUnknown"}},
	} {
		c := cluster().with(row.found).containing("istio", facts.Konvoy, "").in(v1alpha1.EnvironmentProduction)
		got := rowOf(t, assess(s, c, "2021-09-01"), facts.Konvoy)
		var said []string
		for _, f := range got.Findings[:2] {
			said = append(said, f.Reason)
		}
		if diff := cmp.Diff(row.want, said); diff != "" || got.State != v1alpha1.StateUnsupported {
			t.Errorf("%s (-want +got):\n%s", got.State, diff)
		}
	}
}

func TestOrphanedComponents(t *testing.T) {
	named := policy("Other").listed().minor("1.0").experimental("kiali")
	production := v1alpha1.EnvironmentProduction
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{"none", cluster(), nil, "nothing is there"},
		{"a stage of no consequence", cluster().containing("kiali", "", "GA"), nil, "it is on record"},
		{"without a stage", cluster().containing("kiali", "", ""), nil, "it is as any other, and no installed release names it"},
		{
			"of no product", cluster().containing("kiali", "", "Preview"),
			[]string{"ExperimentalUndeclared the cluster contains what is experimental: kiali (Preview); its support is level Limited, Severity 4, Standard," +
				" and on a production cluster it is prohibited: declare in spec.environment whether this is one (Production or NonProduction)"},
			"it belongs to nothing that is known",
		},
		{
			"of a product that is not there", cluster().containing("kiali", facts.Konvoy, "Preview").in(v1alpha1.EnvironmentNonProduction),
			[]string{"Experimental the cluster contains what is experimental: kiali (Preview); its support is level Limited, Severity 4, Standard"},
			"no release could say it",
		},
		{
			"on a production cluster", cluster().containing("kiali", "", "Preview").containing("alpha", "", "Beta").in(production),
			[]string{"ExperimentalInProduction the cluster contains what is experimental: alpha (Beta), kiali (Preview); that is prohibited on a production" +
				" cluster: remove it"},
			"it is prohibited whatever it belongs to",
		},
		{"of a product that is there", cluster().with(product("Other", "1.0.0")).containing("zipkin", "Other", "Preview"), nil, "the release says it"},
		{"named by a release that is there", cluster().with(product("Other", "1.0.0")).containing("kiali", "", "Preview"), nil, "the release says it"},
		{
			"named by a release that is not there", cluster().with(konvoy("1.7.0")).containing("kiali", "", "Preview").in(production),
			[]string{"ExperimentalInProduction the cluster contains what is experimental: kiali (Preview); that is prohibited on a production cluster: remove it"},
			"nobody else says it",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, named, konvoyRanges()), row.cluster, "2021-06-01")
			var got []string
			for _, f := range assessment.Findings {
				got = append(got, f.Reason+" "+f.Message)
			}
			expect.Equal(t, row.want, got, row.reason)
			prohibited := len(got) > 0 && strings.HasPrefix(got[0], "ExperimentalInProduction")
			if condition := conditionOf(t, assessment, v1alpha1.ConditionSupported); prohibited != (condition == "False ExperimentalInProduction") {
				t.Errorf("%s: Supported is %s", row.reason, condition)
			}
		})
	}
}

// TestFindingsOfTheClusterAreBounded: a status has room for so many letters.
func TestFindingsOfTheClusterAreBounded(t *testing.T) {
	c := cluster()
	for i := range 7 {
		c = c.containing(fmt.Sprint(i, strings.Repeat("x", 100)), "", "Preview").federated(fmt.Sprint(i, strings.Repeat("z", 100)))
	}
	assessment := assess(validSet(t), c, "2021-06-01")
	if len(assessment.Findings) != 2 {
		t.Fatalf("%+v", assessment.Findings)
	}
	for _, f := range assessment.Findings {
		if len(f.Message) > 1024 {
			t.Errorf("%d letters: %s", len(f.Message), f.Message)
		}
	}
}
