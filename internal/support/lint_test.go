// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestLint(t *testing.T) {
	// Three minors of each, the newest pair on the newest.
	konvoy := policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20")).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19")).minor("1.6", ga("2020-11-16"), runs("1.16", "1.18"))
	kommander := policy("kommander").window(3).minor("1.4", ga("2021-05-05"), needs(facts.Konvoy, "1.8.x"))
	listed := policy("Cassandra").edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Lifecycle.Listed = &v1alpha1.ListedLifecycle{} })
	tests := []struct {
		name, reason string
		policies     []policyBuilder
		at           string
		want         []string
	}{
		{"nothing", "a policy in order", []policyBuilder{kommander, konvoy}, "2021-06-01", nil},

		{"no day", "a newer minor proves it out", []policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05")).minor("1.3")},
			"2021-05-05", []string{"spec.releases[1.3].generalAvailability: is missing, although the minor was out by 2021-05-05; give the day"}},
		{"no day, by its patch", "a day of a patch proves it out",
			[]policyBuilder{policy("kommander").window(3).minor("1.3", patched("1.3.1", dated("2021-03-01")))},
			"2021-06-01", []string{"spec.releases[1.3].generalAvailability: is missing"}},
		{"no day, not out yet", "nothing proves it out before the newer one is", []policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05")).minor("1.3")},
			"2021-05-04", nil},
		{"no day, newest", "it is not announced", []policyBuilder{kommander.minor("1.5"), konvoy}, "2021-06-01", nil},
		{"no day in a list", "no window counts it", []policyBuilder{listed.minor("4.0").minor("3.11", patched("3.11.6", dated("2021-03-01")))}, "2021-06-01", nil},
		{"no day in tags", "no window counts it", []policyBuilder{policy("bps").follows(facts.Kubernetes).minor("3.2", patched("3.2.1", dated("2021-03-01"))),
			kubernetesOf(facts.Konvoy), konvoy}, "2021-06-01", nil},

		{"a gap", "the window counts over the list", []policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05")).minor("1.2", ga("2020-11-16"))},
			"2021-06-01", []string{"spec.releases[1.4]: comes right after 1.2 in the list"}},
		{"a gap in the next MAJOR", "it cannot begin with 2.1", []policyBuilder{policy("kommander").window(3).minor("2.1", ga("2021-05-05")).minor("1.4", ga("2020-11-16"))},
			"2021-06-01", []string{"spec.releases[2.1]: comes right after 1.4 in the list"}},
		{"the next MAJOR", "2.0 may follow any 1.x", []policyBuilder{policy("kommander").window(3).minor("2.0", ga("2021-05-05")).minor("1.4", ga("2020-11-16"))},
			"2021-06-01", nil},
		{"a gap in a list", "nothing counts over it", []policyBuilder{listed.minor("4.0").minor("3.2").minor("3.0")}, "2021-06-01", nil},

		{"an older minor after a newer one", "one of both days is wrong",
			[]policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05")).minor("1.3", ga("2021-05-06"))}, "2021-06-01",
			[]string{"spec.releases[1.3].generalAvailability: 2021-05-06 is after that of the newer 1.4 (2021-05-05); correct the one that is wrong"}},
		{"minors of one day", "a vendor may release two at once",
			[]policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05")).minor("1.3", ga("2021-05-05"))}, "2021-06-01", nil},
		{"a patch before its minor", "the first final version makes the minor's day",
			[]policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05"), patched("1.4.1", dated("2021-05-04")), patched("1.4.0-rc.1", dated("2021-05-01")))},
			"2021-06-01", []string{"spec.releases[1.4].patches[1.4.1].generalAvailability: 2021-05-04 is before that of the minor (2021-05-05)"}},
		{"paths from what is not listed", "they mean nothing", []policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05"), upgradesFrom("1.3", "1.2"),
			patched("1.4.1", func(p *v1alpha1.Patch) { p.UpgradesFrom = []string{"1.4.0", "1.1.x"} })).minor("1.3", ga("2021-02-10"))},
			"2021-06-01", []string{"spec.releases[1.4].upgradesFrom[1]: names 1.2, which the policy does not list",
				"spec.releases[1.4].patches[1.4.1].upgradesFrom[1]: names 1.1, which the policy does not list"}},
		{"an experimental component of what is not listed", "it means nothing", []policyBuilder{policy("kommander").window(3).minor("1.4", ga("2021-05-05")).
			edit(func(spec *v1alpha1.SupportPolicySpec) {
				spec.Experimental = &v1alpha1.Experimental{Components: []v1alpha1.ExperimentalComponent{{Name: "istio", Versions: []string{"1.4.x", "2.4.x"}}}}
			})}, "2021-06-01", []string{"spec.experimental.components[istio].versions[1]: names 2.4, which the policy does not list"}},

		{"a pair with an unlisted minor", "nothing can be installed that is both", []policyBuilder{konvoy, kommander.minor("1.3", ga("2021-02-10"), needs(facts.Konvoy, "1.7.x", "1.17.x"))},
			"2021-06-01", []string{"spec.releases[1.3].requires[0].versions[1]: 1.17.x of Konvoy can never be met: policy konvoy does not list 1.17"}},
		{"a pair without common support", "one has ended before the other came", []policyBuilder{
			policy("konvoy").window(1).minor("1.8", ga("2021-05-05")).minor("1.7", ga("2021-02-10")),
			policy("kommander").window(1).minor("1.4", ga("2021-05-05"), needs(facts.Konvoy, "1.7.x")),
		}, "2021-06-01", []string{"spec.releases[1.4].requires[0].versions[0]: 1.7.x of Konvoy can never be met: 1.4 and 1.7 by policy konvoy were never supported at the same time"}},
		{"a pair with one day in common", "the intervals are half-open, and one instant is enough", []policyBuilder{
			policy("konvoy").window(1).minor("1.8", ga("2021-05-06")).minor("1.7", ga("2021-02-10")),
			policy("kommander").window(1).minor("1.4", ga("2021-05-05"), needs(facts.Konvoy, "1.7.x")),
		}, "2021-06-01", nil},
		{"a pair to come", "what is not out yet may still meet", []policyBuilder{
			policy("konvoy").window(1).minor("1.8", ga("2021-05-05")).minor("1.7", ga("2021-02-10")),
			policy("kommander").window(1).minor("1.5", planned("2021-12-01"), needs(facts.Konvoy, "1.7.x")).minor("1.4", ga("2021-04-01")),
		}, "2021-06-01", nil},
		{"a pair without a common Kubernetes", "no cluster runs both", []policyBuilder{konvoy, kommander.minor("1.3", ga("2021-02-10"), runs("1.20", "1.21"), needs(facts.Konvoy, "1.7.x"))},
			"2021-06-01", []string{"spec.releases[1.3].requires[0].versions[0]: 1.7.x of Konvoy can never be met: no Kubernetes version is in the range of both (1.20 to 1.21, and 1.17 to 1.19 by policy konvoy)"}},
		{"a pair with one Kubernetes in common", "the ranges are closed", []policyBuilder{konvoy, kommander.minor("1.3", ga("2021-02-10"), runs("1.19", "1.21"), needs(facts.Konvoy, "1.7.x"))},
			"2021-06-01", nil},
		{"an exact version", "its own patch's range counts", []policyBuilder{
			policy("konvoy").window(3).minor("1.7", ga("2021-02-10"), runs("1.17", "1.19"), patched("1.7.1", runsOn("1.17", "1.17"))),
			policy("kommander").window(3).minor("1.4", ga("2021-05-05"), runs("1.18", "1.19"), needs(facts.Konvoy, "1.7.1", "1.7.2")),
		}, "2021-06-01", []string{"spec.releases[1.4].requires[0].versions[0]: 1.7.1 of Konvoy can never be met: no Kubernetes version"}},
		{"another policy that allows it", "clusters with a label may have it", []policyBuilder{konvoy, kommander.minor("1.3", ga("2021-02-10"), needs(facts.Konvoy, "1.5.x")),
			policy("legacy").about(facts.Konvoy).selects("tier", "legacy").window(3).minor("1.5", ga("2020-07-20"), through("2022-01-01")).minor("1.6", ga("2020-11-16"))},
			"2021-06-01", nil},
		{"a pair with nobody", "nothing is known about the other product", []policyBuilder{kommander}, "2021-06-01", nil},

		{"an overdue plan", "the day begins", []policyBuilder{kommander.minor("1.5", planned("2021-11-30")), konvoy}, "2021-11-30",
			[]string{"spec.releases[1.5].plannedGeneralAvailability: has passed (2021-11-30) and nothing confirms it"}},
		{"a plan", "the day has not begun", []policyBuilder{kommander.minor("1.5", planned("2021-11-30")), konvoy}, "2021-11-29T23:59:59Z", nil},
		{"an overdue plan in a zone", "the day is that of the zone", []policyBuilder{kommander.zone("America/New_York").minor("1.5", planned("2021-11-30")), konvoy},
			"2021-11-30T04:00:00Z", nil},

		{"a year later", "the policy may have been forgotten", []policyBuilder{kommander, konvoy.edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Product = "Other" })},
			"2022-05-05", []string{"spec.releases[1.4].generalAvailability: 2021-05-05 is the newest of the policy"}},
		{"nearly a year later", "not yet", []policyBuilder{kommander, konvoy}, "2022-05-04T23:59:59Z", nil},
		{"a year later, with a plan", "somebody thinks of it", []policyBuilder{kommander.minor("1.5", planned("2023-01-01")), konvoy}, "2022-05-05", nil},
		{"a pair with nobody beside another", "each requirement is looked at",
			[]policyBuilder{konvoy, kommander.minor("1.3", ga("2021-02-10"), needs("Nobody", "1.0.x"), needs(facts.Konvoy, "1.17.x"))},
			"2021-06-01", []string{"spec.releases[1.3].requires[1].versions[0]: 1.17.x of Konvoy can never be met"}},
		{"a pair without a range", "nothing is known about its Kubernetes", []policyBuilder{policy("konvoy").window(3).minor("1.8", ga("2021-05-05")),
			policy("kommander").window(3).minor("1.4", ga("2021-05-05"), runs("1.18", "1.19"), needs(facts.Konvoy, "1.8.x"))}, "2021-06-01", nil},
		{"an older minor after a newer one, behind one to come", "each minor is looked at",
			[]policyBuilder{policy("kommander").window(3).minor("1.5", planned("2021-12-01")).minor("1.4", ga("2021-05-05")).minor("1.3", ga("2021-05-06"))}, "2021-06-01",
			[]string{"spec.releases[1.3].generalAvailability: 2021-05-06 is after that of the newer 1.4"}},
		{"one priority", "both decide everywhere, so none does", []policyBuilder{kommander, konvoy, kommander.named("other")}, "2021-06-01",
			[]string{"spec.priority: is 0, as in other for the same product, and all of them select the same clusters; none of them decides there"}},
		{"one priority, one selector", "both decide there, so none does", []policyBuilder{kommander.selects("tier", "a"), konvoy,
			kommander.named("other").selects("tier", "a")}, "2021-06-01",
			[]string{"spec.priority: is 0, as in other for the same product, and all of them select the same clusters"}},
		{"one priority on some clusters", "one selects all", []policyBuilder{kommander.priority(3), konvoy, kommander.named("other").priority(3).selects("tier", "a")},
			"2021-06-01", []string{"spec.priority: is 3, as in other for the same product, and they can select the same cluster"}},
		{"one priority, other keys", "a cluster can have both labels", []policyBuilder{kommander.selects("tier", "a"), konvoy, kommander.named("other").selects("region", "b")},
			"2021-06-01", []string{"spec.priority: is 0, as in other for the same product, and they can select the same cluster"}},
		{"one priority, other values", "no cluster has both", []policyBuilder{kommander.selects("tier", "a"), konvoy, kommander.named("other").selects("tier", "b")},
			"2021-06-01", nil},
		{"other priorities", "the higher one decides", []policyBuilder{kommander, konvoy, kommander.named("other").priority(1)}, "2021-06-01", nil},
		{"one priority, below another everywhere", "the highest decides", []policyBuilder{kommander, konvoy, kommander.named("other"), kommander.named("third").priority(1)},
			"2021-06-01", nil},
		{"one priority, below another somewhere", "elsewhere they decide", []policyBuilder{kommander, konvoy, kommander.named("other"),
			kommander.named("third").priority(1).selects("tier", "a")}, "2021-06-01", []string{"spec.priority: is 0, as in other for the same product"}},
		{"one priority, other products", "each decides about its own", []policyBuilder{kommander, konvoy, policy("other").window(3).minor("1.4", ga("2021-05-05"))},
			"2021-06-01", nil},
		{"no days at all", "nothing tells its age", []policyBuilder{listed.minor("4.0")}, "2030-01-01", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := validSet(t, test.policies...)
			// What the case is about is the policy for Kommander, or else the first one.
			name := test.policies[0].object.Name
			for _, b := range test.policies {
				if b.object.Name == "kommander" {
					name = "kommander"
				}
			}
			var got []string
			for _, warning := range s.Lint(name, at(test.at)) {
				got = append(got, warning.Error())
			}
			if len(got) != len(test.want) {
				t.Fatalf("%s (-want +got):\n%s", test.reason, cmp.Diff(test.want, got))
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("%s: got %s, want %s", test.reason, got[i], want)
				}
			}
		})
	}
}

// TestCanOverlap compares with all clusters that have one of few labels.
func TestCanOverlap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	keys, values := []string{"a", "b"}, []string{"x", "y", "z"}
	var clusters []labels.Set
	for _, a := range append(values, "other", "") {
		for _, b := range append(values, "other", "") {
			cluster := labels.Set{"a": a, "b": b}
			maps.DeleteFunc(cluster, func(_, value string) bool { return value == "" })
			clusters = append(clusters, cluster)
		}
	}
	selector := func() labels.Selector {
		var terms []metav1.LabelSelectorRequirement
		for range rng.IntN(4) {
			term := metav1.LabelSelectorRequirement{Key: keys[rng.IntN(2)], Operator: []metav1.LabelSelectorOperator{
				metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist}[rng.IntN(4)]}
			if term.Operator == metav1.LabelSelectorOpIn || term.Operator == metav1.LabelSelectorOpNotIn {
				term.Values = values[rng.IntN(2) : 2+rng.IntN(2)]
			}
			terms = append(terms, term)
		}
		compiled, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: terms})
		if err != nil {
			t.Fatal(err)
		}
		return compiled
	}
	answers := map[bool]int{}
	for range 20_000 {
		one, other := selector(), selector()
		want := slices.ContainsFunc(clusters, func(cluster labels.Set) bool { return one.Matches(cluster) && other.Matches(cluster) })
		if got := canOverlap(one, other); got != want {
			t.Fatalf("%q and %q: %t, want %t", one, other, got, want)
		}
		answers[want]++
	}
	if answers[true] < 1000 || answers[false] < 1000 {
		t.Errorf("the selectors show little: %v", answers)
	}
}

// TestLintNothing: what is invalid has problems and no warnings, and what is not there has neither.
func TestLintNothing(t *testing.T) {
	s := set(policy("kommander").window(3).zone("Local").minor("1.4", ga("2021-05-05")).minor("1.2", ga("2020-11-16")))
	for _, name := range []string{"kommander", "none"} {
		expect.Equal(t, nil, s.Lint(name, at("2030-01-01")), name)
	}
}

// TestShippedPoliciesAreKeptWell: the vendor's policies have no pair that cannot be met, no gap and no overdue plan.
func TestShippedPoliciesAreKeptWell(t *testing.T) {
	s := loadShipped(t).set
	for _, p := range s.policies {
		for _, warning := range s.Lint(p.name, at("2022-06-01")) {
			if !strings.Contains(warning.Error(), ".generalAvailability: is missing") {
				t.Errorf("%s: %s", p.name, warning.Error())
			}
		}
	}
}
