// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// evaluated is a ClusterSupport with the status that the policies give it.
func evaluated(s *Set, name string, c clusterBuilder, now string) v1alpha1.ClusterSupport {
	var object v1alpha1.ClusterSupport
	object.Namespace, object.Name, object.Labels = "fleet", name, c.Labels
	object.Status = statusOf(assess(s, c, now))
	return object
}

func TestStanding(t *testing.T) {
	const now = "2021-11-01"
	base := threeOut().minor("1.5", planned("2021-11-30")).minor("1.1", ga("2020-07-16"))
	one := validSet(t, base, konvoyRanges())
	near := validSet(t, threeOut().warns(1).minor("1.5", planned("2021-11-30")))
	broken := set(base.zone("Local"))
	conflicting := validSet(t, base.selects("tier", "gold"), policy("rival").about(facts.Kommander).window(3).selects("tier", "gold"))
	for _, row := range []struct {
		name     string
		set      *Set
		clusters []clusterBuilder
		// counts are clusters, supported, expiring soon, unsupported, unknown.
		counts     [5]int32
		first      string
		conditions []string
		messages   []string
	}{
		{
			"none", one, []clusterBuilder{cluster().with(konvoy("1.7.0"))}, [5]int32{}, "",
			[]string{"Supported Unknown NoClusters", "ExpiringSoon Unknown NoClusters"},
			[]string{"the product is installed on no cluster that the policy selects", "the product is installed on no cluster that the policy selects"},
		},
		{
			"all supported", one, []clusterBuilder{cluster().with(kommander("1.4.0")), cluster().with(kommander("1.3.0"))},
			[5]int32{2, 2, 0, 0, 0}, "c0",
			[]string{"Supported True Supported", "ExpiringSoon False EndNotAnnounced"},
			[]string{"all 2 clusters are supported", "no end is announced"},
		},
		{
			"one supported", one, []clusterBuilder{cluster().with(kommander("1.4.0"))}, [5]int32{1, 1, 0, 0, 0}, "c0",
			[]string{"Supported True Supported", "ExpiringSoon False EndNotAnnounced"},
			[]string{"the one cluster is supported", "no end is announced"},
		},
		{
			"worst first", one,
			[]clusterBuilder{
				cluster().with(kommander("1.4.0")), cluster().with(kommander("1.2.0")), cluster().with(found(facts.Kommander, "kommander")),
				cluster().with(kommander("1.1.0")),
			},
			[5]int32{4, 2, 1, 1, 1}, "c3",
			[]string{"Supported False SupportEnded", "ExpiringSoon True SupportEndsSoon"},
			[]string{
				"1 of 4 clusters is not supported: fleet/c3 (Kommander 1.1.0, SupportEnded, 2021-05-05T00:00:00Z)",
				"1 of 4 clusters is about to lose support: fleet/c1 (Kommander 1.2.0, LastInWindow, 2021-11-30T00:00:00Z)",
			},
		},
		{
			"unknown", one, []clusterBuilder{cluster().with(kommander("1.4.0")), cluster().with(found(facts.Kommander, "kommander")), cluster().with(forbidden(facts.Kommander))},
			[5]int32{3, 1, 0, 0, 2}, "c1",
			[]string{"Supported Unknown VersionUnknown", "ExpiringSoon Unknown VersionUnknown"},
			[]string{
				"2 of 3 clusters are of unknown support: fleet/c1 (Kommander, VersionUnknown), fleet/c2 (Kommander, Forbidden)",
				"2 of 3 clusters are of unknown support: fleet/c1 (Kommander, VersionUnknown), fleet/c2 (Kommander, Forbidden)",
			},
		},
		{
			"the worst installation counts", one,
			[]clusterBuilder{cluster().with(found(facts.Kommander, "a", sign(v1alpha1.SourceLabel, "1.4.0")), found(facts.Kommander, "b", sign(v1alpha1.SourceLabel, "1.1.0")))},
			[5]int32{1, 0, 0, 1, 0}, "c0",
			[]string{"Supported False SupportEnded", "ExpiringSoon False SupportEnded"},
			[]string{
				"1 of 1 cluster is not supported: fleet/c0 (Kommander 1.1.0, SupportEnded, 2021-05-05T00:00:00Z)",
				"no cluster is supported, so nothing can expire",
			},
		},
		{
			"an end that is not near", near, []clusterBuilder{cluster().with(kommander("1.2.0"))}, [5]int32{1, 1, 0, 0, 0}, "c0",
			[]string{"Supported True Supported", "ExpiringSoon False EndNotNear"},
			[]string{"the one cluster is supported", "no announced end is near"},
		},
		{
			"invalid", broken, []clusterBuilder{cluster().with(kommander("1.4.0"))}, [5]int32{1, 0, 0, 0, 1}, "c0",
			[]string{"Supported Unknown PolicyInvalid", "ExpiringSoon Unknown PolicyInvalid"},
			[]string{
				`the policy is invalid: spec.timeZone: Invalid value: "Local": must be the name of an IANA time zone, such as Europe/Berlin`,
				`the policy is invalid: spec.timeZone: Invalid value: "Local": must be the name of an IANA time zone, such as Europe/Berlin`,
			},
		},
		{
			"conflict", conflicting, []clusterBuilder{cluster().labelled("tier", "gold").with(kommander("1.4.0")), cluster().with(kommander("1.4.0"))},
			[5]int32{1, 0, 0, 0, 1}, "c0",
			[]string{"Supported Unknown ConflictingPolicies", "ExpiringSoon Unknown ConflictingPolicies", "Conflicting True ConflictingPolicies"},
			[]string{
				"1 of 1 cluster is of unknown support: fleet/c0 (Kommander 1.4.0, ConflictingPolicies)",
				"1 of 1 cluster is of unknown support: fleet/c0 (Kommander 1.4.0, ConflictingPolicies)",
				"has the same priority as rival for the same product on the same cluster; give them different priorities",
			},
		},
		{
			"a cluster without the product among others", one,
			[]clusterBuilder{cluster().with(kommander("1.4.0")), cluster().with(konvoy("1.7.0")), cluster().with(kommander("1.3.0"))},
			[5]int32{2, 2, 0, 0, 0}, "c0",
			[]string{"Supported True Supported", "ExpiringSoon False EndNotAnnounced"},
			[]string{"all 2 clusters are supported", "no end is announced"},
		},
		{
			"another product before it", one, []clusterBuilder{cluster().with(product("Another", "1.0.0"), kommander("1.4.0"))}, [5]int32{1, 1, 0, 0, 0}, "c0",
			[]string{"Supported True Supported", "ExpiringSoon False EndNotAnnounced"},
			[]string{"the one cluster is supported", "no end is announced"},
		},
		{
			"an end before none", near, []clusterBuilder{cluster().with(kommander("1.4.0")), cluster().with(kommander("1.2.0"))}, [5]int32{2, 2, 0, 0, 0}, "c1",
			[]string{"Supported True Supported", "ExpiringSoon False EndNotNear"},
			[]string{"all 2 clusters are supported", "no announced end is near"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			var objects []v1alpha1.ClusterSupport
			for i, c := range row.clusters {
				objects = append(objects, evaluated(row.set, fmt.Sprint("c", i), c, now))
			}
			got := row.set.rollUpPolicy("kommander", objects)
			sum := got.Summary
			counts := [5]int32{*sum.Clusters, *sum.Supported, *sum.ExpiringSoon, *sum.Unsupported, *sum.Unknown}
			expect.Equal(t, row.counts, counts, "counts")
			if row.first != "" && got.Clusters[0].Name != row.first {
				t.Errorf("first: got %s, want %s", got.Clusters[0].Name, row.first)
			}
			var conditions, messages []string
			for _, c := range got.Conditions {
				conditions = append(conditions, fmt.Sprint(c.Type, " ", c.Status, " ", c.Reason))
				messages = append(messages, c.Message)
			}
			expect.Equal(t, row.conditions, conditions)
			expect.Equal(t, row.messages, messages)
			slices.Reverse(objects)
			expect.Equal(t, got, row.set.rollUpPolicy("kommander", objects), "in another order")
		})
	}
}

// TestStandingIsBounded: a policy names the worst hundred clusters and counts them all.
func TestStandingIsBounded(t *testing.T) {
	s := validSet(t, threeOut().minor("1.5", ga("2021-06-01")))
	var objects []v1alpha1.ClusterSupport
	for i := range 250 {
		objects = append(objects, evaluated(s, fmt.Sprintf("c%03d", i), cluster().with(kommander([]string{"1.4.0", "1.2.0"}[i%2])), "2021-11-01"))
	}
	got := s.rollUpPolicy("kommander", objects)
	if len(got.Clusters) != 100 || got.Omitted != 150 || *got.Summary.Clusters != 250 || *got.Summary.Unsupported != 125 {
		t.Errorf("%d clusters, %d omitted, %d counted, %d unsupported", len(got.Clusters), got.Omitted, *got.Summary.Clusters, *got.Summary.Unsupported)
	}
	for _, c := range got.Clusters {
		expect.Equal(t, v1alpha1.StateUnsupported, c.State, c.Name, "unsupported ones were left out")
	}
	want := "125 of 250 clusters are not supported: fleet/c001 (Kommander 1.2.0, SupportEnded, 2021-06-01T00:00:00Z), fleet/c003 (Kommander 1.2.0," +
		" SupportEnded, 2021-06-01T00:00:00Z), fleet/c005 (Kommander 1.2.0, SupportEnded, 2021-06-01T00:00:00Z) and 122 more"
	expect.Equal(t, want, got.Conditions[0].Message)
	if other := s.rollUpPolicy("nobody", objects); len(other.Conditions) != 0 {
		t.Errorf("a policy that does not exist: %+v", other)
	}
	bare := v1alpha1.ClusterSupport{}
	bare.Status.Releases = []v1alpha1.InstalledRelease{{Product: facts.Kommander, State: v1alpha1.StateUnknown}}
	if other := s.rollUpPolicy("kommander", []v1alpha1.ClusterSupport{bare}); *other.Summary.Unknown != 1 || other.Clusters[0].Reason != "" {
		t.Errorf("a status without findings, which the operator does not write: %+v", other)
	}
}
