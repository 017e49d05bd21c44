// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// TestControlCharactersNeverReachAMessage: names in a policy are foreign text, too.
func TestControlCharactersNeverReachAMessage(t *testing.T) {
	const odd = "Req\n\x1b[31mX"
	s := set(
		policy("kommander").window(3).minor("1.3", ga("2021-02-10"), needs(odd, "1.7.x"), patched("1.3.1", func(p *v1alpha1.Patch) { p.Avoid = odd })),
		kubernetesOf(odd),
	)
	c := cluster().on("v1.19.9").with(kommander("1.3.1"), product(odd, "1.8.0"))
	for _, c := range assess(s, c, "2021-06-01").Conditions {
		if strings.ContainsFunc(c.Message, unicode.IsControl) {
			t.Errorf("%s: %q", c.Type, c.Message)
		}
	}
	for _, r := range assess(s, c, "2021-06-01").Releases {
		for _, f := range r.Findings {
			if strings.ContainsFunc(f.Message, unicode.IsControl) {
				t.Errorf("%s: %q", f.Reason, f.Message)
			}
		}
	}
}

// TestRefusedBounds: what would make one policy slow for all, and what cannot be meant.
func TestRefusedBounds(t *testing.T) {
	ranges := policy("konvoy").window(3)
	for i := range 30 {
		var options []func(*v1alpha1.Release)
		for j := range 20 {
			options = append(options, patched(fmt.Sprintf("1.%d.%d", i, j), runsOn(fmt.Sprintf("1.%d.%d", i, j), "1.90")))
		}
		ranges = ranges.minor(fmt.Sprintf("1.%d", i), options...)
	}
	for _, row := range []struct {
		name   string
		policy policyBuilder
		want   string
	}{
		{"many ranges", ranges, "600 different Kubernetes ranges"},
		{"a wide range", policy("konvoy").window(3).minor("1.0", runs("1.0", "1.999999")), "at most 100 minors above"},
		{
			"withdrawn before it came out", policy("konvoy").window(3).minor("1.0", ga("2021-01-02"), withdrawn("2021-01-01")),
			"spec.releases[1.0].withdrawn: Invalid value: \"2021-01-01\": must be a day that is not before generalAvailability",
		},
		{
			"supported until before it came out", policy("konvoy").window(3).minor("1.0", ga("2021-01-02"), through("2020-12-31")),
			"spec.releases[1.0].supportedThrough",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := facts.JoinProblems(set(row.policy).Problems("konvoy")); !strings.Contains(got, row.want) {
				t.Errorf("%q does not say %q", got, row.want)
			}
		})
	}
}

// TestAllowedBounds: what lies at a bound is allowed.
func TestAllowedBounds(t *testing.T) {
	patches := func(count int, bounds func(int) []string) policyBuilder {
		b := policy("konvoy").window(3)
		for i := 0; i < count; i += maxPatches {
			var options []func(*v1alpha1.Release)
			for j := i; j < min(i+maxPatches, count); j++ {
				options = append(options, patched(fmt.Sprintf("1.%d.%d", i/maxPatches, j%maxPatches), runsOn(bounds(j)...)))
			}
			b = b.minor(fmt.Sprintf("1.%d", i/maxPatches), options...)
		}
		return b
	}
	for name, b := range map[string]policyBuilder{
		"as many ranges":         patches(maxRanges, func(i int) []string { return []string{fmt.Sprintf("1.20.%d", i), "1.30"} }),
		"many times one range":   patches(2*maxRanges, func(i int) []string { return []string{"1.20", "1.30.1", fmt.Sprintf("1.25.%d", i)} }),
		"as long a scope":        policy("konvoy").window(3).terms("Production", v1alpha1.SupportScope{Scope: strings.Repeat("A", facts.MaxProductName), Severities: []int32{1}}),
		"as large an expression": policy("konvoy").window(3).minor("1.0", runsUnder(system("one", fmt.Sprintf("(?:ab){%d}", maxExpressionSize/2)))),
		"as long a default":      policy("konvoy").window(3).minor("1.0", runs("1.19", "1.20", "1.19.1+"+strings.Repeat("a", facts.MaxPrintable-len("1.19.1+")))),
	} {
		t.Run(name, func(t *testing.T) {
			expect.Equal(t, "", facts.JoinProblems(set(b).Problems("konvoy")))
		})
	}
	tag := "stable-" + strings.Repeat("a", facts.MaxPrintable-len("stable-"))
	expect.Equal(t, "",
		facts.JoinProblems(CompileException(exception("e", facts.Konvoy, "2021-12-31").covering(tag).object).problems))
}

// TestUnknownBesideAllowed: one allowed installation does not answer for another one whose version is not known.
func TestUnknownBesideAllowed(t *testing.T) {
	s := validSet(t, policy("kommander").window(3).minor("1.3", ga("2021-02-10"), needs("Other", "1.7.x")))
	c := cluster().on("v1.19.9").with(kommander("1.3.1"),
		found("Other", "a", sign(v1alpha1.SourceLabel, "1.7.2")), found("Other", "b", sign(v1alpha1.SourceLabel, "")))
	expect.Equal(t, "Unknown RequirementUnknown",
		conditionOf(t, assess(s, c, "2021-06-01"), v1alpha1.ConditionCompatible))
}
