// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestWhichPolicyDecides(t *testing.T) {
	const now = "2021-06-01"
	general := threeOut()
	long := policy("long").about(facts.Kommander).window(9).minor("1.1", ga("2020-07-16")).minor("1.4", ga("2021-05-05"))
	broken := policy("broken").about(facts.Kommander)
	for _, row := range []struct {
		name     string
		policies []policyBuilder
		cluster  clusterBuilder
		policy   string
		want     answer
		reason   string
	}{
		{
			"one", []policyBuilder{general}, cluster(), "kommander", unsupportedFor("SupportEnded", ""),
			"a policy without selector speaks about all clusters",
		},
		{
			"higher priority", []policyBuilder{general, long.priority(10)}, cluster(), "long", supported("Supported", ""),
			"the highest number wins",
		},
		{
			"higher priority, the other order", []policyBuilder{long.priority(10), general}, cluster(), "long", supported("Supported", ""),
			"the order of the policies means nothing",
		},
		{
			"lower priority", []policyBuilder{general, long.priority(-1)}, cluster(), "kommander", unsupportedFor("SupportEnded", ""),
			"absent means 0, and -1 is lower",
		},
		{
			"equal priority", []policyBuilder{general, long}, cluster(), "", unknownFor("ConflictingPolicies"),
			"neither of two equal policies decides",
		},
		{
			"equal priority, written once", []policyBuilder{general, long.priority(0)}, cluster(), "", unknownFor("ConflictingPolicies"),
			"absent means 0",
		},
		{
			"equal priority below a higher one", []policyBuilder{general, long.priority(3), policy("third").about(facts.Kommander).window(3)}, cluster(),
			"long", supported("Supported", ""), "lower ones do not conflict",
		},
		{
			"three of equal priority", []policyBuilder{general, long, policy("a").about(facts.Kommander).window(3)}, cluster(),
			"", unknownFor("ConflictingPolicies"), "more than two conflict as well",
		},
		{
			"another product", []policyBuilder{general, long.about("Kaptain")}, cluster(), "kommander", unsupportedFor("SupportEnded", ""),
			"policies for different products do not conflict",
		},
		{
			"selected", []policyBuilder{general, long.selects("tier", "gold").priority(1)}, cluster().labelled("tier", "gold"),
			"long", supported("Supported", ""), "the selector matches",
		},
		{
			"not selected", []policyBuilder{general, long.selects("tier", "gold").priority(1)}, cluster().labelled("tier", "iron"),
			"kommander", unsupportedFor("SupportEnded", ""), "the selector does not match",
		},
		{
			"selected elsewhere, equal priority", []policyBuilder{general, long.selects("tier", "gold")}, cluster(),
			"kommander", unsupportedFor("SupportEnded", ""), "policies that do not meet on a cluster do not conflict there",
		},
		{
			"none selects", []policyBuilder{long.selects("tier", "gold")}, cluster(), "", unknownFor("NoPolicy"),
			"no policy speaks about the product on this cluster",
		},
		{
			"invalid", []policyBuilder{broken}, cluster(), "broken", unknownFor("PolicyInvalid"),
			"an invalid policy decides nothing",
		},
		{
			"invalid of higher priority", []policyBuilder{general, broken.priority(1)}, cluster(), "broken", unknownFor("PolicyInvalid"),
			"it does not leave the decision to another one either",
		},
		{
			"invalid of lower priority", []policyBuilder{general, broken.priority(-1)}, cluster(), "kommander", unsupportedFor("SupportEnded", ""),
			"a policy that does not decide may be invalid",
		},
		{
			"invalid selector", []policyBuilder{general.priority(-1), long.edit(func(spec *v1alpha1.SupportPolicySpec) {
				spec.ClusterSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "tier", Operator: "Like"}}}
			})}, cluster().labelled("tier", "iron"), "long", unknownFor("PolicyInvalid"),
			"which clusters are meant cannot be told, so all may be",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(set(row.policies...), row.cluster.with(kommander("1.1.0")), now), facts.Kommander)
			expect.Equal(t, row.want, answerOf(got), row.reason)
			expect.Equal(t, row.policy, got.Policy, row.reason, "policy")
		})
	}
}

func TestPolicyMessages(t *testing.T) {
	for _, row := range []struct {
		name     string
		policies []policyBuilder
		want     string
	}{
		{
			"no policy", nil,
			"Kommander 1.3.0 cannot be judged: no policy speaks about Kommander on this cluster",
		},
		{
			"conflict", []policyBuilder{threeOut(), policy("b").about(facts.Kommander), policy("a").about(facts.Kommander)},
			"Kommander 1.3.0 cannot be judged: policies a, b, kommander speak about Kommander on this cluster with the same priority;" +
				" give them different priorities",
		},
		{
			"invalid", []policyBuilder{threeOut().zone("Local")},
			"Kommander 1.3.0 cannot be judged: policy kommander is invalid and decides nothing until it is mended",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(set(row.policies...), cluster().with(kommander("1.3.0")), "2021-06-01"), facts.Kommander)
			expect.Equal(t, row.want, got.Findings[0].Message)
		})
	}
}

// TestInvalidPolicyDecidesNothing: not the support, not the combination, not the upgrade.
func TestInvalidPolicyDecidesNothing(t *testing.T) {
	invalid := policy("kommander").window(3).
		minor("1.4", ga("2021-05-05"), runs("1.18", "1.20"), needs(facts.Konvoy, "1.8.x"), patched("1.4.4")).
		minor("1.3", ga("2021-02-30"))
	assessment := assess(set(invalid), cluster().with(kommander("1.4.0"), konvoy("1.7.0")).on("v1.30.0"), "2021-06-01")
	row := rowOf(t, assessment, facts.Kommander)
	var reasons []string
	for _, f := range row.Findings {
		reasons = append(reasons, string(f.Type)+" "+f.Reason)
	}
	expect.Equal(t, []string{"Lifecycle PolicyInvalid"}, reasons)
	if row.UpgradeTo != "" || row.SupportEndTime != nil {
		t.Errorf("upgradeTo %q, end %v", row.UpgradeTo, row.SupportEndTime)
	}
	for _, kind := range []string{v1alpha1.ConditionSupported, v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended} {
		if got := conditionOf(t, assessment, kind); !strings.HasPrefix(got, "Unknown ") {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestCycles(t *testing.T) {
	problemsOf := func(s *Set) map[string]string {
		all := map[string]string{}
		for _, p := range s.policies {
			if problems := s.Problems(p.name); len(problems) > 0 {
				all[p.name] = facts.JoinProblems(problems)
			}
		}
		return all
	}
	for _, row := range []struct {
		name     string
		policies []policyBuilder
		want     map[string]string
		reason   string
	}{
		{
			"chain", []policyBuilder{policy("a").follows("b"), policy("b").rangeOf("c"), policy("c").window(1)},
			map[string]string{}, "a chain has an end",
		},
		{
			"two", []policyBuilder{policy("a").follows("b"), policy("b").rangeOf("a")},
			map[string]string{
				"a": `spec.lifecycle.follows.product: Invalid value: "b": must not lead back to the policy's own product: a, b, a`,
				"b": `spec.lifecycle.rangeOf.products: Invalid value: "a": must not lead back to the policy's own product: b, a, b`,
			},
			"each of two rests on the other",
		},
		{
			"three", []policyBuilder{policy("a").follows("b"), policy("b").rangeOf("x", "c"), policy("c").follows("a"), policy("x").window(1)},
			map[string]string{
				"a": `spec.lifecycle.follows.product: Invalid value: "b": must not lead back to the policy's own product: a, b, c, a`,
				"b": `spec.lifecycle.rangeOf.products: Invalid value: "c": must not lead back to the policy's own product: b, c, a, b`,
				"c": `spec.lifecycle.follows.product: Invalid value: "a": must not lead back to the policy's own product: c, a, b, c`,
			},
			"each of three rests on the next",
		},
		{
			"into a cycle", []policyBuilder{policy("in").follows("a"), policy("a").follows("b"), policy("b").follows("a")},
			map[string]string{
				"a": `spec.lifecycle.follows.product: Invalid value: "b": must not lead back to the policy's own product: a, b, a`,
				"b": `spec.lifecycle.follows.product: Invalid value: "a": must not lead back to the policy's own product: b, a, b`,
			},
			"a policy that leads into a cycle is not part of it",
		},
		{
			"itself", []policyBuilder{policy("a").follows("a")},
			map[string]string{"a": `spec.lifecycle.follows.product: Invalid value: "a": must be another product: a lifecycle cannot rest on itself`},
			"said once",
		},
		{
			"one of several policies for a product",
			[]policyBuilder{policy("a").follows("b"), policy("b1").about("b").window(1), policy("b2").about("b").follows("a")},
			map[string]string{
				"a":  `spec.lifecycle.follows.product: Invalid value: "b": must not lead back to the policy's own product: a, b, a`,
				"b2": `spec.lifecycle.follows.product: Invalid value: "a": must not lead back to the policy's own product: b, a, b`,
			},
			"on some cluster it may be the one that decides",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			expect.Equal(t, row.want, problemsOf(set(row.policies...)), row.reason)
			slices.Reverse(row.policies)
			expect.Equal(t, row.want, problemsOf(set(row.policies...)), "in another order")
		})
	}
	t.Run("decides nothing", func(t *testing.T) {
		s := set(policy("kubernetes").rangeOf(facts.Konvoy), policy("konvoy").follows(facts.Kubernetes), baseServices())
		assessment := assess(s, cluster().with(konvoy("1.7.0"), bps("stable-1.19-3.2.0")).on("v1.19.9"), "2021-06-01")
		for _, row := range assessment.Releases {
			if row.State != v1alpha1.StateUnknown || row.Findings[0].Reason != v1alpha1.ReasonPolicyInvalid {
				t.Errorf("%s: %+v", row.Product, answerOf(row))
			}
		}
	})
}

// TestSetLeavesPoliciesAlone: a compiled policy is shared by many sets, at the same time.
func TestSetLeavesPoliciesAlone(t *testing.T) {
	// Three problems leave room in the list for a fourth.
	a := Compile(policy("a").follows("b").zone("").warns(-1).minor("x").object)
	if len(a.problems) != 3 {
		t.Fatalf("%d problems", len(a.problems))
	}
	b, c := Compile(policy("b").follows("a").object), Compile(policy("b").rangeOf("c", "a").object)
	first := NewSet([]*Policy{a, b})
	before := facts.JoinProblems(first.Problems("a"))
	NewSet([]*Policy{a, c, Compile(policy("c").window(1).object)})
	NewSet([]*Policy{Compile(policy("b").follows("z").object), a, Compile(policy("z").follows("a").object)})
	expect.Equal(t, before, facts.JoinProblems(first.Problems("a")), "another set changed the problems of this one")
	expect.Equal(t, 3, len(a.problems), "problems of the policy's own")
}

func TestClaims(t *testing.T) {
	s := set(policy("b").about("X"), policy("a").about("X"), policy("c").about("X").priority(-1), policy("d").about("Y").priority(9),
		policy("e").about("X").selects("tier", "gold").priority(7))
	for _, row := range []struct {
		labels  map[string]string
		product string
		want    string
	}{
		{nil, "X", "[a b]"},
		{map[string]string{"tier": "gold"}, "X", "[e]"},
		{nil, "Y", "[d]"},
		{nil, "Z", "[]"},
	} {
		names := []string{}
		for _, p := range s.claims(row.labels, row.product) {
			names = append(names, p.name)
			expect.Equal(t, row.product, p.product, p.name, "is about")
		}
		expect.Equal(t, row.want, fmt.Sprint(names), row.labels, row.product)
	}
}
