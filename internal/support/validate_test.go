// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// complete is a valid policy that has every field.
func complete() policyBuilder {
	return policy("kommander").zone("Europe/Berlin").warns(3650).priority(-5).window(100).
		edit(func(spec *v1alpha1.SupportPolicySpec) {
			spec.DocumentationURL = "https://docs.d2iq.com/dkp/kommander/1.4/version-policy/"
			spec.ClusterSelector = &metav1.LabelSelector{
				MatchLabels: map[string]string{"tier": "gold"},
				MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "region", Operator: metav1.LabelSelectorOpIn, Values: []string{"eu", "us"}},
					{Key: "legacy", Operator: metav1.LabelSelectorOpDoesNotExist},
				},
			}
		}).
		minor("1.6", planned("2022-05-05"), patched("1.6.0-rc.1", dated("2022-03-01"))).
		minor("1.5", ga("2021-11-30"), through("2024-02-29"), withdrawn("2023-12-31"), upgradesFrom("1.4", "1.3")).
		minor("1.4", ga("2021-05-05"), runs("1.18", "1.20.x", "1.20.6+d2iq.1"), attaches("1.18.0", "1.21"), needs(facts.Konvoy, "1.8.x", "1.7.5"), needs("Cassandra", "1.0.2"),
			patched("1.4.1", avoided("it never starts"), runsOn("1.18.8", "1.18.8", "1.18.8")), patched("1.4.0", dated("2021-05-05"))).
		minor("1.0")
}

// selectorOf has so many labels, and so many expressions with so many values each.
func selectorOf(labels, expressions, values int) *metav1.LabelSelector {
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := range labels {
		selector.MatchLabels[fmt.Sprint("l", i)] = "x"
	}
	for i := range expressions {
		term := metav1.LabelSelectorRequirement{Key: fmt.Sprint("e", i), Operator: metav1.LabelSelectorOpIn}
		for j := range values {
			term.Values = append(term.Values, fmt.Sprint("v", j))
		}
		selector.MatchExpressions = append(selector.MatchExpressions, term)
	}
	return selector
}

func TestValidPolicies(t *testing.T) {
	for _, b := range []policyBuilder{
		complete(), threeOut(), history(), konvoyRanges(), baseServices(), kubernetesOf(facts.Konvoy), policy("empty").window(1),
		threeOut().warns(0), threeOut().zone("UTC"),
		threeOut().edit(func(s *v1alpha1.SupportPolicySpec) { s.ClusterSelector = selectorOf(20, 12, 64) }),
		threeOut().edit(func(s *v1alpha1.SupportPolicySpec) { s.DocumentationURL = "http://d2iq.com/version-policy" }),
	} {
		if problems := Compile(b.object).problems; len(problems) > 0 {
			t.Errorf("%s: %s", b.object.Name, facts.JoinProblems(problems))
		}
	}
}

func TestValidator(t *testing.T) {
	spec := func(change func(*v1alpha1.SupportPolicySpec)) policyBuilder { return threeOut().edit(change) }
	one := func(options ...func(*v1alpha1.Release)) policyBuilder {
		return policy("kommander").window(3).minor("1.4", options...)
	}
	long := strings.Repeat("x", 100)
	cut := strings.Repeat("x", 61) + "..."
	expectProblems(t, []problemsOf{
		{
			"no product", threeOut().about(""),
			[]string{`spec.product: Invalid value: "": must be the name of a product`},
		},
		{
			"product too long", threeOut().about(strings.Repeat("x", 64)),
			[]string{`spec.product: Invalid value: "64 characters": must be at most 63`},
		},
		{
			"address of another kind", spec(func(s *v1alpha1.SupportPolicySpec) { s.DocumentationURL = "javascript:alert(1)" }),
			[]string{`spec.documentationURL: Invalid value: "javascript:alert(1)": must be an http or https address`},
		},
		{
			"address of another scheme", spec(func(s *v1alpha1.SupportPolicySpec) { s.DocumentationURL = "ftp://d2iq.com/version-policy" }),
			[]string{`spec.documentationURL: Invalid value: "ftp://d2iq.com/version-policy": must be an http or https address`},
		},
		{
			"address without host", spec(func(s *v1alpha1.SupportPolicySpec) { s.DocumentationURL = "https:///version-policy" }),
			[]string{`spec.documentationURL: Invalid value: "https:///version-policy": must be an http or https address`},
		},
		{
			"address too long", spec(func(s *v1alpha1.SupportPolicySpec) {
				s.DocumentationURL = "https://d2iq.com/" + strings.Repeat("x", 2032)
			}),
			[]string{`spec.documentationURL: Invalid value: "2049 characters": must be at most 2048`},
		},
		{
			"unknown zone", threeOut().zone("Mars/Olympus"),
			[]string{`spec.timeZone: Invalid value: "Mars/Olympus": must be the name of an IANA time zone, such as Europe/Berlin`},
		},
		{
			"the machine's zone", threeOut().zone("Local"),
			[]string{`spec.timeZone: Invalid value: "Local": must be the name of an IANA time zone, such as Europe/Berlin`},
		},
		{
			"empty zone", threeOut().zone(""),
			[]string{`spec.timeZone: Invalid value: "": must be the name of an IANA time zone, such as Europe/Berlin`},
		},
		{
			"negative warning", threeOut().warns(-1),
			[]string{`spec.expiringSoonDays: Invalid value: -1: must be a number of days from 0 to 3650`},
		},
		{
			"warning too long", threeOut().warns(3651),
			[]string{`spec.expiringSoonDays: Invalid value: 3651: must be a number of days from 0 to 3650`},
		},

		{
			"no lifecycle", policy("kommander").minor("1.4"),
			[]string{`spec.lifecycle: Invalid value: "0 members": must be exactly one of window, rangeOf, follows and listed`},
		},
		{
			"two lifecycles", threeOut().follows(facts.Konvoy),
			[]string{`spec.lifecycle: Invalid value: "2 members": must be exactly one of window, rangeOf, follows and listed`},
		},
		{
			"three lifecycles", threeOut().follows(facts.Konvoy).rangeOf(facts.Konvoy),
			[]string{`spec.lifecycle: Invalid value: "3 members": must be exactly one of window, rangeOf, follows and listed`},
		},
		{
			"window without a number", spec(func(s *v1alpha1.SupportPolicySpec) { s.Lifecycle.Window.SupportedMinors = nil }),
			[]string{`spec.lifecycle.window.supportedMinors: Invalid value: "nothing": must be a number from 1 to 100`},
		},
		{
			"window of none", threeOut().window(0),
			[]string{`spec.lifecycle.window.supportedMinors: Invalid value: "0": must be a number from 1 to 100`},
		},
		{
			"negative window", threeOut().window(-3),
			[]string{`spec.lifecycle.window.supportedMinors: Invalid value: "-3": must be a number from 1 to 100`},
		},
		{
			"window too wide", threeOut().window(101),
			[]string{`spec.lifecycle.window.supportedMinors: Invalid value: "101": must be a number from 1 to 100`},
		},
		{
			"range of nothing", policy("kubernetes").rangeOf(),
			[]string{`spec.lifecycle.rangeOf.products: Invalid value: "nothing": must be at least one product`},
		},
		{
			"range of a nameless product", policy("kubernetes").rangeOf(facts.Konvoy, ""),
			[]string{`spec.lifecycle.rangeOf.products[1]: Invalid value: "": must be the name of a product`},
		},
		{
			"range of a product twice", policy("kubernetes").rangeOf(facts.Konvoy, facts.Konvoy),
			[]string{`spec.lifecycle.rangeOf.products[1]: Duplicate value: "Konvoy"`},
		},
		{
			"range of too many", policy("kubernetes").rangeOf("a", "b", "c", "d", "e", "f", "g", "h", "i"),
			[]string{`spec.lifecycle.rangeOf.products: Invalid value: "9 products": must be at most 8`},
		},
		{
			"range of itself", policy("kubernetes").rangeOf(facts.Konvoy, facts.Kubernetes),
			[]string{`spec.lifecycle.rangeOf.products[1]: Invalid value: "Kubernetes": must be another product: a lifecycle cannot rest on itself`},
		},
		{
			"follows itself", policy("bps").follows(facts.BasePlatformServices),
			[]string{`spec.lifecycle.follows.product: Invalid value: "BasePlatformServices": must be another product: a lifecycle cannot rest on itself`},
		},
		{
			"follows nothing", policy("bps").follows(""),
			[]string{`spec.lifecycle.follows.product: Invalid value: "": must be the name of a product`},
		},

		{
			"selector without sense", spec(func(s *v1alpha1.SupportPolicySpec) {
				s.ClusterSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: "Like", Values: []string{"a", "b"}}}}
			}),
			[]string{`spec.clusterSelector.matchExpressions[0]: Invalid value: "tier Like a,b": must be a term of a label selector: "Like" is not a valid` +
				` label selector operator`},
		},
		{
			"selector with a key that is none", threeOut().selects("not a key", "x"),
			[]string{`spec.clusterSelector.matchLabels[not a key]: Invalid value: "x": must be the value of a label, under its key`},
		},
		{
			"selector with too many terms", spec(func(s *v1alpha1.SupportPolicySpec) {
				labels := map[string]string{}
				for i := range 33 {
					labels[fmt.Sprint("l", i)] = "x"
				}
				s.ClusterSelector = &metav1.LabelSelector{MatchLabels: labels}
			}),
			[]string{`spec.clusterSelector: Invalid value: "33 terms": must be at most 32 terms`},
		},
		{
			"selector with too many terms of both kinds", spec(func(s *v1alpha1.SupportPolicySpec) { s.ClusterSelector = selectorOf(20, 13, 1) }),
			[]string{`spec.clusterSelector: Invalid value: "33 terms": must be at most 32 terms`},
		},
		{
			"selector with too many values", spec(func(s *v1alpha1.SupportPolicySpec) {
				s.ClusterSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "a", Operator: metav1.LabelSelectorOpExists},
					{Key: "b", Operator: metav1.LabelSelectorOpIn, Values: make([]string, 65)},
				}}
			}),
			[]string{`spec.clusterSelector.matchExpressions[1].values: Invalid value: "65 values": must be at most 64 values`},
		},

		{
			"too many releases", spec(func(s *v1alpha1.SupportPolicySpec) { s.Releases = make([]v1alpha1.Release, 101) }),
			[]string{`spec.releases: Invalid value: "101 releases": must be at most 100`},
		},
		{
			"minor that is none", threeOut().minor("1.5.0").minor("1.x").minor("").minor("v1.5"),
			[]string{
				`spec.releases[1.5.0].version: Invalid value: "1.5.0": must be a minor such as 1.4`,
				`spec.releases[1.x].version: Invalid value: "1.x": must be a minor such as 1.4`,
				`spec.releases[].version: Invalid value: "": must be a minor such as 1.4`,
				`spec.releases[v1.5].version: Invalid value: "v1.5": must be a minor such as 1.4`,
			},
		},
		{
			"minor twice", threeOut().minor("1.4"),
			[]string{`spec.releases[1.4]: Duplicate value: "1.4"`},
		},
		{
			"days that do not exist",
			one(ga("2021-02-30"), through("soon"), withdrawn("2021-13-01")),
			[]string{
				`spec.releases[1.4].generalAvailability: Invalid value: "2021-02-30": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`,
				`spec.releases[1.4].withdrawn: Invalid value: "2021-13-01": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`,
				`spec.releases[1.4].supportedThrough: Invalid value: "soon": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`,
			},
		},
		{
			"planned day that is none", one(planned("2021-Q4")),
			[]string{`spec.releases[1.4].plannedGeneralAvailability: Invalid value: "2021-Q4": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`},
		},
		{
			"a day for ever", one(ga("2021-05-05"), through("9999-12-31")),
			[]string{`spec.releases[1.4].supportedThrough: Invalid value: "9999-12-31": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`},
		},
		{
			"days that the zone skipped", one(ga("2011-12-30"), through("2011-12-30")).zone("Pacific/Apia"),
			[]string{
				`spec.releases[1.4].generalAvailability: Invalid value: "2011-12-30": must be a day that exists in Pacific/Apia`,
				`spec.releases[1.4].supportedThrough: Invalid value: "2011-12-30": must be a day that exists in Pacific/Apia`,
			},
		},
		{
			"a patch's day that the zone skipped", one(ga("2011-12-29"), patched("1.4.0", dated("2011-12-30"))).zone("Pacific/Apia"),
			[]string{`spec.releases[1.4].patches[1.4.0].generalAvailability: Invalid value: "2011-12-30": must be a day that exists in Pacific/Apia`},
		},
		{
			"plan beside fact", one(planned("2021-06-01"), ga("2021-05-05")),
			[]string{`spec.releases[1.4].plannedGeneralAvailability: Invalid value: "2021-06-01": must be absent beside generalAvailability (2021-05-05):` +
				` a plan is not a fact, remove one of them`},
		},
		{
			"plan beside a patch that is out", one(planned("2021-06-01"), patched("1.4.0", dated("2021-05-05"))),
			[]string{`spec.releases[1.4].plannedGeneralAvailability: Invalid value: "2021-06-01": must be absent beside the day of patch 1.4.0: the minor` +
				` is out, give its generalAvailability`},
		},

		{
			"range without bounds", one(runs("", "")),
			[]string{
				`spec.releases[1.4].kubernetes.minimum: Invalid value: "": must be a Kubernetes version such as 1.19, 1.19.x or 1.19.7`,
				`spec.releases[1.4].kubernetes.maximum: Invalid value: "": must be a Kubernetes version such as 1.19, 1.19.x or 1.19.7`,
			},
		},
		{
			"bounds that are none", one(runs("v1.18", ">=1.20")),
			[]string{
				`spec.releases[1.4].kubernetes.minimum: Invalid value: "v1.18": must be a Kubernetes version such as 1.19, 1.19.x or 1.19.7`,
				`spec.releases[1.4].kubernetes.maximum: Invalid value: ">=1.20": must be a Kubernetes version such as 1.19, 1.19.x or 1.19.7`,
			},
		},
		{
			"minimum above maximum", one(runs("1.20", "1.18")),
			[]string{`spec.releases[1.4].kubernetes.maximum: Invalid value: "1.18": must be a version that is not below the minimum 1.20`},
		},
		{
			"minimum above maximum by letters only", one(runs("1.9", "1.10")),
			nil,
		},
		{
			"exact minimum above exact maximum", one(runs("1.18.8", "1.18.7")),
			[]string{`spec.releases[1.4].kubernetes.maximum: Invalid value: "1.18.7": must be a version that is not below the minimum 1.18.8`},
		},
		{
			"default outside", one(runs("1.18", "1.20", "1.21.0")),
			[]string{`spec.releases[1.4].kubernetes.default: Invalid value: "1.21.0": must be an exact version from 1.18 to 1.20`},
		},
		{
			"default that is not exact", one(runs("1.18", "1.20", "1.19")),
			[]string{`spec.releases[1.4].kubernetes.default: Invalid value: "1.19": must be an exact version from 1.18 to 1.20`},
		},
		{
			"default too long", one(runs("1.18", "1.20", "1.19.1+"+long)),
			[]string{`spec.releases[1.4].kubernetes.default: Invalid value: "1.19.1+` + cut[7:] + `": must be an exact version from 1.18 to 1.20`},
		},
		{"a range for attached clusters", one(attaches("1.18", "1.20.x")), nil},
		{
			"a range for attached clusters that is none", one(attaches("1.20", "v1.18")),
			[]string{`spec.releases[1.4].attachKubernetes.maximum: Invalid value: "v1.18": must be a Kubernetes version such as 1.19, 1.19.x or 1.19.7`},
		},
		{
			"minimum above maximum for attached clusters", one(attaches("1.20", "1.18")),
			[]string{`spec.releases[1.4].attachKubernetes.maximum: Invalid value: "1.18": must be a version that is not below the minimum 1.20`},
		},
		{
			"default for attached clusters", one(attaches("1.18", "1.20", "1.19.7")),
			[]string{`spec.releases[1.4].attachKubernetes.default: Forbidden: nothing is installed on attached clusters; remove it`},
		},
		{
			"attached clusters of another product", one(attaches("1.18", "1.20")).about(facts.Konvoy),
			[]string{`spec.releases[1.4].attachKubernetes: Forbidden: clusters are attached to Kommander only; remove it`},
		},
		{
			"a patch's range", one(patched("1.4.0", runsOn("1.20", "1.18", "latest"))),
			[]string{
				`spec.releases[1.4].patches[1.4.0].kubernetes.maximum: Invalid value: "1.18": must be a version that is not below the minimum 1.20`,
			},
		},

		{
			"requirement of nothing", one(needs("")),
			[]string{
				`spec.releases[1.4].requires[0].product: Invalid value: "": must be the name of a product`,
				`spec.releases[1.4].requires[0].versions: Invalid value: "nothing": must be at least one version such as 1.8.x`,
			},
		},
		{
			"requirement of itself", one(needs(facts.Kommander, "1.4.x")),
			[]string{`spec.releases[1.4].requires[0].product: Invalid value: "Kommander": must be another product: a release cannot require its own`},
		},
		{
			"requirement in another language", one(needs(facts.Konvoy, "1.8.x", ">=1.7.0", "1.8")),
			[]string{
				`spec.releases[1.4].requires[0].versions[1]: Invalid value: ">=1.7.0": must be MAJOR.MINOR.x or an exact version`,
				`spec.releases[1.4].requires[0].versions[2]: Invalid value: "1.8": must be MAJOR.MINOR.x or an exact version`,
			},
		},
		{
			"requirement twice", one(needs(facts.Konvoy, "1.8.x", "1.8.x")),
			[]string{`spec.releases[1.4].requires[0].versions[1]: Duplicate value: "1.8.x"`},
		},
		{
			"too many requirements", one(func(r *v1alpha1.Release) { r.Requires = make([]v1alpha1.Requirement, 17) }),
			[]string{`spec.releases[1.4].requires: Invalid value: "17 requirements": must be at most 16`},
		},
		{
			"too many versions", one(needs(facts.Konvoy, make([]string, 33)...)),
			[]string{`spec.releases[1.4].requires[0].versions: Invalid value: "33 versions": must be at most 32`},
		},

		{
			"upgrade from a newer one", one(upgradesFrom("1.3", "1.4", "1.5", "x")),
			[]string{
				`spec.releases[1.4].upgradesFrom[1]: Invalid value: "1.4": must be a minor that is older than 1.4`,
				`spec.releases[1.4].upgradesFrom[2]: Invalid value: "1.5": must be a minor that is older than 1.4`,
				`spec.releases[1.4].upgradesFrom[3]: Invalid value: "x": must be a minor that is older than 1.4`,
			},
		},
		{
			"upgrade from one twice", one(upgradesFrom("1.3", "1.3")),
			[]string{`spec.releases[1.4].upgradesFrom[1]: Duplicate value: "1.3"`},
		},
		{
			"too many ways", one(upgradesFrom(make([]string, 17)...)),
			[]string{`spec.releases[1.4].upgradesFrom: Invalid value: "17 minors": must be at most 16`},
		},

		{
			"patch that is none", one(patched("1.4"), patched("")),
			[]string{
				`spec.releases[1.4].patches[1.4].version: Invalid value: "1.4": must be a version of this minor, such as 1.4.1`,
				`spec.releases[1.4].patches[].version: Invalid value: "": must be a version of this minor, such as 1.4.1`,
			},
		},
		{
			"patch of another minor", one(patched("1.5.0")),
			[]string{`spec.releases[1.4].patches[1.5.0].version: Invalid value: "1.5.0": must be a version of this minor, such as 1.4.1`},
		},
		{
			"patch twice", one(patched("1.4.1"), patched("1.4.1")),
			[]string{`spec.releases[1.4].patches[1.4.1]: Duplicate value: "1.4.1"`},
		},
		{
			"patch twice in other words", one(patched("1.4.1"), patched("v1.4.1-36")),
			[]string{`spec.releases[1.4].patches[v1.4.1-36]: Duplicate value: "v1.4.1-36"`},
		},
		{
			"patch with a day that is none", one(patched("1.4.1", dated("May"))),
			[]string{`spec.releases[1.4].patches[1.4.1].generalAvailability: Invalid value: "May": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`},
		},
		{
			"too many patches", one(func(r *v1alpha1.Release) { r.Patches = make([]v1alpha1.Patch, 101) }),
			[]string{`spec.releases[1.4].patches: Invalid value: "101 patches": must be at most 100`},
		},
		{
			"too long a reason", one(patched("1.4.1", avoided(strings.Repeat("x", 513)))),
			[]string{`spec.releases[1.4].patches[1.4.1].avoid: Invalid value: "513 characters": must be at most 512`},
		},

		{
			"control characters", one(ga("2021\x1b[31m")).minor("1.\x005"),
			[]string{
				`spec.releases[1.4].generalAvailability: Invalid value: "2021\\x1b[31m": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`,
				`spec.releases[1.\x005].version: Invalid value: "1.\\x005": must be a minor such as 1.4`,
			},
		},
		{
			"long text", threeOut().minor(long).zone(long),
			[]string{
				`spec.timeZone: Invalid value: "` + cut + `": must be the name of an IANA time zone, such as Europe/Berlin`,
				`spec.releases[` + cut + `].version: Invalid value: "` + cut + `": must be a minor such as 1.4`,
			},
		},
		{
			"long text in a plan", one(ga(long), planned("2021-05-05")),
			[]string{
				`spec.releases[1.4].generalAvailability: Invalid value: "` + cut + `": must be a day that exists, such as 2021-05-05, of the years 1900 to 9998`,
				`spec.releases[1.4].plannedGeneralAvailability: Invalid value: "2021-05-05": must be absent beside generalAvailability (` + cut + `):` +
					` a plan is not a fact, remove one of them`,
			},
		},
	})
}

// problemsOf is a policy with all that is wrong with it.
type problemsOf struct {
	name   string
	policy policyBuilder
	want   []string
}

// expectProblems wants the problems of each policy, and nothing decided or described by a policy that has some.
func expectProblems(t *testing.T, rows []problemsOf) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			compiled := Compile(row.policy.object)
			expect.Equal(t, row.want, textsOf(compiled.problems))
			if len(compiled.problems) == 0 {
				return
			}
			s := NewSet([]*Policy{compiled})
			installed := product(compiled.product, "1.4.0")
			assessment := assess(s, cluster().with(installed).on("v1.19.9"), "2021-06-01")
			for _, release := range assessment.Releases {
				expect.Equal(t, v1alpha1.StateUnknown, release.State, "an invalid policy decides", release)
			}
			if description, _ := s.describePolicy(compiled.name, at("2021-06-01")); len(description.Releases) > 0 {
				t.Errorf("an invalid policy describes: %+v", description)
			}
		})
	}
}

// textsOf are the texts of problems.
func textsOf[P error](problems []P) []string {
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.Error())
	}
	return texts
}

func TestDescribeProblems(t *testing.T) {
	b := policy("many").window(1)
	for i := range 12 {
		b = b.minor(fmt.Sprintf("x%d", i))
	}
	got := facts.JoinProblems(Compile(b.object).problems)
	if !strings.HasSuffix(got, "; spec.releases[x7].version: Invalid value: \"x7\": must be a minor such as 1.4 and 4 more") {
		t.Error(got)
	}
	expect.Equal(t, "", facts.JoinProblems(nil), "no problem is no text")
}

func TestValidateClusterSupport(t *testing.T) {
	host := v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}}
	declared := func(all ...v1alpha1.DeclaredRelease) *v1alpha1.ClusterSupportSpec {
		return &v1alpha1.ClusterSupportSpec{Cluster: host, DeclaredReleases: all}
	}
	for _, row := range []struct {
		name string
		spec *v1alpha1.ClusterSupportSpec
		want []string
	}{
		{"valid", declared(), nil},
		{
			"valid declarations",
			declared(v1alpha1.DeclaredRelease{Product: facts.Konvoy, Name: "default", Version: "1.7.2"}, v1alpha1.DeclaredRelease{Product: facts.Konvoy, Name: "b", Version: "1.7.2"}),
			nil,
		},
		{"no cluster", &v1alpha1.ClusterSupportSpec{}, []string{`spec.cluster: Invalid value: "0 members": must be exactly one member: host, kommanderCluster, clusterAPICluster or kubeconfigSecret`}},
		{"environment", &v1alpha1.ClusterSupportSpec{Cluster: host, Environment: v1alpha1.EnvironmentProduction}, nil},
		{"another environment", &v1alpha1.ClusterSupportSpec{Cluster: host, Environment: v1alpha1.EnvironmentNonProduction}, nil},
		{
			"unknown environment", &v1alpha1.ClusterSupportSpec{Cluster: host, Environment: "production"},
			[]string{`spec.environment: Invalid value: "production": must be Production or NonProduction`},
		},
		{
			"empty declaration", declared(v1alpha1.DeclaredRelease{}),
			[]string{
				`spec.declaredReleases[0].product: Invalid value: "": must be the name of a product`,
				`spec.declaredReleases[0].name: Invalid value: "": must be the name of an installation, or default`,
				`spec.declaredReleases[0].version: Invalid value: "": must be a version`,
			},
		},
		{
			"twice",
			declared(v1alpha1.DeclaredRelease{Product: facts.Konvoy, Name: "default", Version: "1.7.2"}, v1alpha1.DeclaredRelease{Product: facts.Konvoy, Name: "default", Version: "1.8.0"}),
			[]string{`spec.declaredReleases[1]: Duplicate value: "Konvoy/default"`},
		},
		{
			"too long",
			declared(v1alpha1.DeclaredRelease{Product: strings.Repeat("x", 64), Name: strings.Repeat("x", 254), Version: strings.Repeat("1", 65)}),
			[]string{
				`spec.declaredReleases[0].product: Invalid value: "64 characters": must be at most 63`,
				`spec.declaredReleases[0].name: Invalid value: "254 characters": must be at most 253`,
				`spec.declaredReleases[0].version: Invalid value: "65 characters": must be at most 64`,
			},
		},
		{
			"too many", declared(make([]v1alpha1.DeclaredRelease, 33)...),
			[]string{`spec.declaredReleases: Invalid value: "33 releases": must be at most 32`},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			expect.Equal(t, row.want, textsOf(validateSpec(row.spec)))
		})
	}
}
