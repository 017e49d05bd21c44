// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// attaching is a Kommander with a range for attached clusters in some of its minors.
func attaching() policyBuilder {
	return policy("kommander").window(3).
		minor("1.4", ga("2021-05-05"), attaches("1.18.0", "1.20.x")).
		minor("1.3", ga("2021-02-10"), attaches("1.18", "1.19")).
		minor("1.2", ga("2020-11-16"))
}

// attachFindings are what is said of the cluster itself: "reason: message".
func attachFindings(assessment clusterAssessment) []string {
	var said []string
	for _, f := range assessment.Findings {
		if f.Type == v1alpha1.FindingAttachRange {
			said = append(said, f.Reason+": "+f.Message)
		}
	}
	return said
}

func TestAttachRange(t *testing.T) {
	const now = "2021-06-01"
	const manager = "Kommander 1.4.4"
	fits := func(kubernetes, manager string) []string {
		return []string{"Compatible: the cluster runs Kubernetes " + kubernetes + ", which " + manager + " allows for attached clusters (policy kommander)"}
	}
	outside := func(kubernetes, manager, allowed string) []string {
		return []string{"OutsideAttachRange: the cluster runs Kubernetes " + kubernetes + ", and is attached to " + manager + ", which allows " +
			allowed + " for attached clusters (policy kommander)"}
	}
	unknown := func(manager, what string) []string {
		return []string{"ManagerUnknown: the cluster is attached to " + manager +
			", and which Kubernetes it allows for attached clusters is not known; " + what + " (policy kommander)"}
	}
	const nobody = "a Kommander of unknown version (hub:HelmRelease/kommander/kommander)"
	one := validSet(t, attaching())
	byTier := validSet(t, attaching().selects("tier", "gold"),
		policy("iron").about(facts.Kommander).window(3).selects("tier", "iron").minor("1.4", ga("2021-05-05"), attaches("1.16", "1.16")))
	for _, row := range []struct {
		name      string
		set       *Set
		cluster   clusterBuilder
		want      []string
		condition string
		reason    string
	}{
		{"inside", one, cluster().on("v1.19.9").managedBy("1.4.4"), fits("1.19.9", manager), "True Compatible", "as published"},
		{
			"below", one, cluster().on("v1.17.17").managedBy("1.4.4"), outside("1.17.17", manager, "1.18.0 to 1.20.x"),
			"False OutsideAttachRange", "older than all that may be attached",
		},
		{
			"above", one, cluster().on("v1.21.0").managedBy("1.4.4"), outside("1.21.0", manager, "1.18.0 to 1.20.x"),
			"False OutsideAttachRange", "newer than all that may be attached",
		},
		{"lower border", one, cluster().on("v1.18.0").managedBy("1.4.4"), fits("1.18.0", manager), "True Compatible", "the minimum is inside"},
		{"upper border", one, cluster().on("v1.20.99").managedBy("1.4.4"), fits("1.20.99", manager), "True Compatible", "1.20.x are all patches"},
		{
			"border without a patch", one, cluster().on("v1.19.16").managedBy("1.3.0"), fits("1.19.16", "Kommander 1.3.0"), "True Compatible",
			"1.19 are all patches, too",
		},
		{
			"another minor has another range", one, cluster().on("v1.20.6").managedBy("1.3.4"),
			outside("1.20.6", "Kommander 1.3.4", "1.18 to 1.19"), "False OutsideAttachRange", "it is that of this Kommander",
		},
		{
			"of another vendor", one, cluster().on("v1.20.2-gke.1900").managedBy("1.4.4"), fits("1.20.2", manager), "True Compatible",
			"vendors' parts never decide",
		},

		{"no manager", one, cluster().on("v1.15.0"), nil, "True NothingToCheck", "nobody manages it"},
		{"no range published", one, cluster().on("v1.15.0").managedBy("1.2.2"), nil, "True NothingToCheck", "that minor has none"},
		{
			"no range in any minor", validSet(t, threeOut()), cluster().on("v1.15.0").managedBy("2.9.0"), nil, "True NothingToCheck",
			"nothing is published at all, whatever the manager is",
		},
		{"no policy", validSet(t, konvoyRanges()), cluster().on("v1.15.0").managedBy("1.4.4"), nil, "True NothingToCheck", "nobody says anything"},

		{
			"minor not listed", one, cluster().on("v1.19.9").managedBy("2.2.0"), unknown("Kommander 2.2.0", "bring the policy up to date"), "Unknown ManagerUnknown",
			"the policy is out of date",
		},
		{"version not known", one, cluster().on("v1.19.9").managedBy(""), unknown(nobody, "let the operator see its version"), "Unknown ManagerUnknown", "which range it is nobody knows"},
		{
			"version unreadable", one, cluster().on("v1.19.9").managedBy("latest"), unknown("Kommander latest", "its version cannot be read"), "Unknown ManagerUnknown",
			"which range it is nobody knows",
		},
		{
			"version cut short", one, cluster().on("v1.19.9").managedBy("1.4"), unknown("Kommander 1.4", "its version cannot be read"), "Unknown ManagerUnknown",
			"no release is called so",
		},
		{
			"packaging revision", one, cluster().on("v1.19.9").managedBy("1.4.0-22"), fits("1.19.9", "Kommander 1.4.0-22"), "True Compatible",
			"it is 1.4.0",
		},
		{
			"prerelease", one, cluster().on("v1.21.0").managedBy("1.4.0-rc.1"), outside("1.21.0", "Kommander 1.4.0-rc.1", "1.18.0 to 1.20.x"),
			"False OutsideAttachRange", "a prerelease allows what its minor does; whether it is supported is asked where it is installed",
		},

		{
			"invalid policy", set(attaching().zone("Local")), cluster().on("v1.15.0").managedBy("1.4.4"),
			[]string{"PolicyInvalid: the cluster is attached to Kommander 1.4.4, and which Kubernetes it allows cannot be judged: policy kommander is" +
				" invalid and decides nothing until it is mended"},
			"Unknown PolicyInvalid", "it decides nothing here either",
		},
		{
			"conflicting policies", validSet(t, attaching(), attaching().named("rival")), cluster().on("v1.15.0").managedBy("1.4.4"),
			[]string{"ConflictingPolicies: the cluster is attached to Kommander 1.4.4, and which Kubernetes it allows cannot be judged: policies kommander," +
				" rival speak about Kommander on this cluster with the same priority; give them different priorities"},
			"Unknown ConflictingPolicies", "neither decides",
		},
		{
			"higher priority", validSet(t, attaching(), attaching().named("rival").priority(1).minor("1.5", planned("2022-01-01"), attaches("1.21", "1.21"))),
			cluster().on("v1.21.0").managedBy("1.5.0"),
			[]string{"Compatible: the cluster runs Kubernetes 1.21.0, which Kommander 1.5.0 allows for attached clusters (policy rival)"},
			"True Compatible", "as for every other question",
		},

		{
			"Kubernetes not known", one, cluster().managedBy("1.4.4"),
			[]string{"KubernetesUnknown: the cluster is attached to Kommander 1.4.4, which allows Kubernetes 1.18.0 to 1.20.x for attached" +
				" clusters, and its own version is not known: the API server did not tell it (policy kommander)"},
			"Unknown KubernetesUnknown", "nothing known is never compatible",
		},
		{
			"Kubernetes unreadable", one, cluster().on("v1.19").managedBy("1.4.4"),
			[]string{"KubernetesUnknown: the cluster is attached to Kommander 1.4.4, which allows Kubernetes 1.18.0 to 1.20.x for attached" +
				" clusters, and its own version is not known: \"v1.19\" is not a Kubernetes version such as v1.19.9 (policy kommander)"},
			"Unknown KubernetesUnknown", "it may be any patch",
		},
		{
			"neither is known", one, cluster().managedBy(""), unknown(nobody, "let the operator see its version"), "Unknown ManagerUnknown",
			"one of the two sentences is enough",
		},
		{
			"Kubernetes declared", one, cluster().managedBy("1.4.4").declaring(facts.Kubernetes, "default", "v1.17.1"),
			outside("1.17.1", manager, "1.18.0 to 1.20.x"), "False OutsideAttachRange", "a declaration stands for what the server keeps to itself",
		},

		{
			"selected", byTier, cluster().on("v1.19.9").managedBy("1.4.4").labelled("tier", "gold"), fits("1.19.9", manager), "True Compatible",
			"the labels are those of the attached cluster",
		},
		{
			"selected by another policy", byTier, cluster().on("v1.19.9").managedBy("1.4.4").labelled("tier", "iron"),
			[]string{"OutsideAttachRange: the cluster runs Kubernetes 1.19.9, and is attached to Kommander 1.4.4, which allows 1.16 for attached" +
				" clusters (policy iron)"},
			"False OutsideAttachRange", "the labels are those of the attached cluster",
		},
		{
			"selected by none", byTier, cluster().on("v1.19.9").managedBy("1.4.4").labelled("tier", "tin"), nil, "True NothingToCheck",
			"no policy speaks about Kommander on this cluster",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(row.set, row.cluster, now)
			expect.Equal(t, row.want, attachFindings(assessment), row.reason)
			expect.Equal(t, row.condition, conditionOf(t, assessment, v1alpha1.ConditionCompatible), row.reason)
			expect.Equal(t, "True NothingToCheck", conditionOf(t, assessment, v1alpha1.ConditionSupported),
				"it is no question of support")
		})
	}
}

// TestAttachRangeIsRecorded: the statement is about the cluster, stands in its status, and can be repeated from there.
func TestAttachRangeIsRecorded(t *testing.T) {
	s := validSet(t, attaching(), konvoyRanges())
	c := cluster().on("v1.21.0").with(konvoy("1.9.0")).managedBy("1.4.4")
	object := written(t, &v1alpha1.ClusterSupport{}, assess(s, c, "2022-06-01"), "2022-06-01")
	expect.Equal(t, c.Facts.Manager, object.Status.Manager, "the manager")
	if len(object.Status.Findings) != 1 || object.Status.Findings[0].Reason != v1alpha1.ReasonOutsideAttachRange {
		t.Errorf("the findings are %+v", object.Status.Findings)
	}
	c.Facts = FactsOf(&object.Status)
	expect.Equal(t, object.Status.Findings, assess(s, c, "2022-06-01").Findings, "again")
	if message := conditionMessage(t, assess(s, c, "2022-06-01"), v1alpha1.ConditionCompatible); !strings.Contains(message, "is attached to Kommander 1.4.4") {
		t.Errorf("the condition does not say it: %s", message)
	}
}

// TestAttachRangeOfManifest: of a cluster that nobody looked into, only what is declared is asked.
func TestAttachRangeOfManifest(t *testing.T) {
	s := validSet(t, attaching())
	c := cluster().managedBy("1.4.4")
	c.Facts.OnlyDeclared = true
	expect.Equal(t, nil, attachFindings(assess(s, c, "2021-06-01")), "nobody asked for its Kubernetes")
	if said := attachFindings(assess(s, c.declaring(facts.Kubernetes, "default", "1.17.0"), "2021-06-01")); len(said) != 1 {
		t.Errorf("its Kubernetes is declared: %v", said)
	}
}

// TestAttachRangeIsEscaped: the words of a hub never reach a message as they are.
func TestAttachRangeIsEscaped(t *testing.T) {
	s := validSet(t, attaching())
	c := cluster().on("v1.19.9").managedBy("1.4\x1b[31m" + strings.Repeat("x", 400))
	said := attachFindings(assess(s, c, "2021-06-01"))
	if len(said) != 1 || strings.Contains(said[0], "\x1b") || len(said[0]) > 300 {
		t.Errorf("%q", said)
	}
}
