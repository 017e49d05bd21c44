// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// kommanderOnKonvoy has a minor with one requirement, one with alternatives, and one that needs two products.
func kommanderOnKonvoy() policyBuilder {
	return policy("kommander").window(3).
		minor("1.5", ga("2021-12-01"), needs(facts.Konvoy, "1.8.x"), needs("Cassandra", "1.0.2")).
		minor("1.4", ga("2021-05-05"), needs(facts.Konvoy, "1.8.x"), needs(facts.Konvoy, "1.7.4", "1.7.5")).
		minor("1.3", ga("2021-02-10"), needs(facts.Konvoy, "1.7.x")).
		minor("1.2", ga("2020-11-16"))
}

func TestRequires(t *testing.T) {
	const now = "2022-01-01"
	for _, row := range []struct {
		name      string
		cluster   clusterBuilder
		reasons   []string
		condition string
		reason    string
	}{
		{
			"allowed", cluster().with(kommander("1.3.1"), konvoy("1.7.0")),
			[]string{"Compatible"}, "True Compatible", "1.7.x allows all patches of 1.7",
		},
		{
			"prohibited", cluster().with(kommander("1.3.1"), konvoy("1.8.0")),
			[]string{"ProhibitedCombination"}, "False ProhibitedCombination", "Kommander 1.3 runs on Konvoy 1.7 only",
		},
		{
			"not there", cluster().with(kommander("1.3.1")),
			nil, "True NothingToCheck", "what a product runs on is not asked where it is not there",
		},
		{
			"version not known", cluster().with(kommander("1.3.1"), found(facts.Konvoy, facts.DefaultInstallation)),
			[]string{"RequirementUnknown"}, "Unknown RequirementUnknown", "Konvoy is there, and its version decides",
		},
		{
			"version unreadable", cluster().with(kommander("1.3.1"), konvoy("1.7")),
			[]string{"RequirementUnknown"}, "Unknown RequirementUnknown", "1.7 may be any patch of it",
		},
		{
			"not to be seen", cluster().with(kommander("1.3.1"), forbidden(facts.Konvoy)),
			[]string{"RequirementUnknown"}, "Unknown RequirementUnknown", "a refusal is not an absence",
		},
		{
			"version declared", cluster().with(kommander("1.3.1"), found(facts.Konvoy, facts.DefaultInstallation)).declaring(facts.Konvoy, "default", "1.7.2"),
			[]string{"Compatible"}, "True Compatible", "a declaration gives the version that nothing tells",
		},
		{
			"first alternative", cluster().with(kommander("1.4.0"), konvoy("1.8.3")),
			[]string{"Compatible"}, "True Compatible", "entries for one product are alternatives",
		},
		{
			"second alternative", cluster().with(kommander("1.4.0"), konvoy("v1.7.5")),
			[]string{"Compatible"}, "True Compatible", "entries for one product are alternatives, a leading v does not count",
		},
		{
			"no alternative", cluster().with(kommander("1.4.0"), konvoy("1.7.3")),
			[]string{"ProhibitedCombination"}, "False ProhibitedCombination", "1.7.3 is in neither entry",
		},
		{
			"packaging revision of the other", cluster().with(kommander("1.4.0"), konvoy("1.7.4-3")),
			[]string{"Compatible"}, "True Compatible", "1.7.4-3 is 1.7.4",
		},
		{
			"products add up: both allowed", cluster().with(kommander("1.5.0"), konvoy("1.8.3"), product("Cassandra", "1.0.2")),
			[]string{"Compatible", "Compatible"}, "True Compatible", "both requirements hold",
		},
		{
			"products add up: one not allowed", cluster().with(kommander("1.5.0"), konvoy("1.8.3"), product("Cassandra", "1.0.3")),
			[]string{"Compatible", "ProhibitedCombination"}, "False ProhibitedCombination", "one that is not allowed is enough",
		},
		{
			"products add up: one not there", cluster().with(kommander("1.5.0"), konvoy("1.8.3")),
			[]string{"Compatible"}, "True Compatible", "the absent one is not asked for",
		},
		{
			"products add up: one unknown, one prohibited",
			cluster().with(kommander("1.5.0"), konvoy("1.7.0"), found("Cassandra", facts.DefaultInstallation)),
			[]string{"ProhibitedCombination", "RequirementUnknown"}, "False ProhibitedCombination", "False before Unknown",
		},
		{
			"nothing required", cluster().with(kommander("1.2.2"), konvoy("1.5.0")),
			nil, "True NothingToCheck", "a minor without requirements runs anywhere",
		},
		{
			"several installations of the other", cluster().with(kommander("1.3.1"),
				found(facts.Konvoy, "a", sign(v1alpha1.SourceLabel, "1.8.0")), found(facts.Konvoy, "b", sign(v1alpha1.SourceLabel, "1.7.0"))),
			[]string{"Compatible"}, "True Compatible", "one that is allowed is enough",
		},
		{
			"unsupported and compatible", cluster().with(kommander("1.3.1-rc.1"), konvoy("1.7.0")),
			[]string{"Compatible"}, "True Compatible", "the combination is judged whatever the support is",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, kommanderOnKonvoy()), row.cluster.on("v1.19.9"), now)
			expect.Equal(t, row.reasons, findings(rowOf(t, assessment, facts.Kommander), v1alpha1.FindingRequires),
				row.reason)
			expect.Equal(t, row.condition, conditionOf(t, assessment, v1alpha1.ConditionCompatible), row.reason)
		})
	}
}

// TestRequiresAndWindowAreIndependent: both are reported, in any combination.
func TestRequiresAndWindowAreIndependent(t *testing.T) {
	s := validSet(t, kommanderOnKonvoy())
	for _, row := range []struct {
		name                  string
		konvoy                facts.Installation
		now                   string
		supported, compatible string
	}{
		{"both good", konvoy("1.7.0"), "2021-11-01", "True Supported", "True Compatible"},
		{"prohibited within the window", konvoy("1.8.0"), "2021-11-01", "True Supported", "False ProhibitedCombination"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(s, cluster().with(kommander("1.3.0"), row.konvoy), row.now)
			// Konvoy has no policy here, so the cluster's own condition would be Unknown.
			expect.Equal(t, row.supported, "True "+answerOf(rowOf(t, assessment, facts.Kommander)).reason, "support")
			expect.Equal(t, row.compatible, conditionOf(t, assessment, v1alpha1.ConditionCompatible), "compatibility")
		})
	}
	t.Run("ended and allowed", func(t *testing.T) {
		ended := validSet(t, kommanderOnKonvoy().minor("1.6", ga("2022-02-01")))
		row := rowOf(t, assess(ended, cluster().with(kommander("1.3.0"), konvoy("1.7.0")), "2022-03-01"), facts.Kommander)
		if row.State != v1alpha1.StateUnsupported || messageOf(row, v1alpha1.ReasonCompatible) == "" {
			t.Errorf("the end of support hid the combination: %+v", row)
		}
	})
}

func TestKubernetesRange(t *testing.T) {
	s := validSet(t, policy("konvoy").window(3).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19.x", "1.19.15"),
			patched("1.7.0", runsOn("1.17.4", "1.19.7", "v1.19.7")), patched("1.7.9-rc.1", runsOn("1.20", "1.20"))).
		minor("1.6", ga("2020-11-16")))
	for _, row := range []struct {
		name, version, kubernetes, want string
		reason                          string
	}{
		{"inside", "1.7.2", "v1.18.10", "Compatible", "1.18 is between 1.17 and 1.19"},
		{"first patch of the minimum", "1.7.2", "v1.17.0", "Compatible", "1.17 covers all patches"},
		{"below", "1.7.2", "v1.16.15", "OutsideKubernetesRange", "1.16 is below 1.17"},
		{"last patch of the maximum", "1.7.2", "v1.19.999", "Compatible", "1.19.x covers all patches"},
		{"above", "1.7.2", "v1.20.0", "OutsideKubernetesRange", "1.20 is above 1.19"},
		{"double digits", "1.7.2", "v1.9.11", "OutsideKubernetesRange", "1.9 is below 1.17, not above"},
		{"D2iQ's build", "1.7.2", "v1.19.9+d2iq.1", "Compatible", "build metadata is stripped"},
		{"FIPS build", "1.7.2", "v1.19.9+fips.0", "Compatible", "build metadata is stripped"},
		{"GKE", "1.7.2", "v1.19.9-gke.1900", "Compatible", "what looks like a prerelease is a vendor's mark"},
		{"EKS", "1.7.2", "v1.18.20-eks-8c49e2", "Compatible", "what looks like a prerelease is a vendor's mark"},
		{"EKS at the minimum", "1.7.2", "v1.17.0-eks-0389ca3", "Compatible", "1.17.0-eks is not before 1.17.0"},
		{"K3s", "1.7.2", "v1.19.7+k3s1", "Compatible", "build metadata is stripped"},
		{"without v", "1.7.2", "1.19.7", "Compatible", "the v is not needed"},
		{"patch's own range, inside", "1.7.0", "v1.19.7", "Compatible", "the bound is included"},
		{"patch's own range, exact maximum", "1.7.0", "v1.19.8", "OutsideKubernetesRange", "1.19.7 is exact"},
		{"patch's own range, exact maximum with a build", "1.7.0", "v1.19.7+d2iq.1", "Compatible", "the build does not make it newer"},
		{"patch's own range, exact minimum", "1.7.0", "v1.17.3", "OutsideKubernetesRange", "1.17.4 is exact"},
		{"patch's own range holds for its packaging", "1.7.0-40", "v1.19.8", "OutsideKubernetesRange", "1.7.0-40 is 1.7.0"},
		{"minor's range for other patches", "1.7.1", "v1.19.8", "Compatible", "an override is for its patch only"},
		{"prerelease's own range", "1.7.9-rc.1", "v1.20.1", "Compatible", "a prerelease can be listed with a range"},
		{"no range", "1.6.0", "v1.5.0", "", "a range that is not published is not checked"},
		{"not known", "1.7.2", "", "KubernetesUnknown", "without the cluster's version nothing can be said"},
		{"unreadable", "1.7.2", "v1.19", "KubernetesUnknown", "a minor alone is not a version of a server"},
		{"strange", "1.7.2", "latest", "KubernetesUnknown", "what cannot be read is not guessed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(s, cluster().with(konvoy(row.version)).on(row.kubernetes), "2021-06-01")
			said := findings(rowOf(t, assessment, facts.Konvoy), v1alpha1.FindingKubernetesRange)
			expect.Equal(t, row.want, strings.Join(said, " "), row.reason)
		})
	}
}

// TestCompatibleMessages holds the sentences that somebody quotes.
func TestCompatibleMessages(t *testing.T) {
	konvoyPolicy := policy("konvoy").window(3).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19.x", "v1.19.15")).
		minor("1.6", ga("2020-11-16"), runs("1.18.8", "1.18.8"))
	s := validSet(t, konvoyPolicy, kommanderOnKonvoy())
	for _, row := range []struct {
		name             string
		cluster          clusterBuilder
		product, finding string
		want             string
	}{
		{
			"outside", cluster().with(konvoy("1.7.2")).on("v1.20.6+d2iq.1"), facts.Konvoy, v1alpha1.ReasonOutsideKubernetesRange,
			"Konvoy 1.7.2 supports Kubernetes 1.17 to 1.19.x, by default 1.19.15, and the cluster runs 1.20.6 (policy konvoy)",
		},
		{
			"outside one version", cluster().with(konvoy("1.6.0")).on("v1.18.9"), facts.Konvoy, v1alpha1.ReasonOutsideKubernetesRange,
			"Konvoy 1.6.0 supports Kubernetes 1.18.8, and the cluster runs 1.18.9 (policy konvoy)",
		},
		{
			"inside", cluster().with(konvoy("1.7.2")).on("v1.19.9-gke.1900"), facts.Konvoy, v1alpha1.ReasonCompatible,
			"Konvoy 1.7.2 supports the cluster's Kubernetes 1.19.9 (policy konvoy)",
		},
		{
			"not known", cluster().with(konvoy("1.7.2")), facts.Konvoy, v1alpha1.ReasonKubernetesUnknown,
			"Konvoy 1.7.2 supports Kubernetes 1.17 to 1.19.x, by default 1.19.15, and the cluster's version is not known: the API" +
				" server did not tell it (policy konvoy)",
		},
		{
			"unreadable", cluster().with(konvoy("1.7.2")).on("v1.x"), facts.Konvoy, v1alpha1.ReasonKubernetesUnknown,
			"Konvoy 1.7.2 supports Kubernetes 1.17 to 1.19.x, by default 1.19.15, and the cluster's version is not known:" +
				` "v1.x" is not a Kubernetes version such as v1.19.9 (policy konvoy)`,
		},
		{
			"prohibited", cluster().with(kommander("1.4.0"), konvoy("1.6.0")), facts.Kommander, v1alpha1.ReasonProhibitedCombination,
			"Kommander 1.4.0 requires Konvoy 1.8.x or 1.7.4 or 1.7.5, and Konvoy 1.6.0 is installed (policy kommander)",
		},
		{
			"allowed", cluster().with(kommander("1.3.0"), konvoy("v1.7.2")), facts.Kommander, v1alpha1.ReasonCompatible,
			"Kommander 1.3.0 runs on Konvoy v1.7.2, as it must (policy kommander)",
		},
		{
			"unknown", cluster().with(kommander("1.3.0"), found(facts.Konvoy, facts.DefaultInstallation)), facts.Kommander, v1alpha1.ReasonRequirementUnknown,
			"Kommander 1.3.0 requires Konvoy 1.7.x, and the installed Konvoy has an unknown version (policy kommander)",
		},
		{
			"not to be seen", cluster().with(kommander("1.3.0"), forbidden(facts.Konvoy)), facts.Kommander, v1alpha1.ReasonRequirementUnknown,
			"Kommander 1.3.0 requires Konvoy 1.7.x, and the cluster refuses to tell whether Konvoy is installed (policy kommander)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := messageOf(rowOf(t, assess(s, row.cluster, "2021-11-01"), row.product), row.finding)
			expect.Equal(t, row.want, got)
		})
	}
}

// TestMessagesAreBounded: the schema has room for 1024 characters.
func TestMessagesAreBounded(t *testing.T) {
	var versions []string
	for i := range 32 {
		versions = append(versions, fmt.Sprintf("1.7.%d-%s", i, strings.Repeat("x", 50)))
	}
	s := validSet(t, policy("kommander").window(1).minor("1.4", ga("2021-05-05"), needs(facts.Konvoy, versions...)))
	assessment := assess(s, cluster().with(kommander("1.4.0"), konvoy("1.8.0")), "2021-06-01")
	message := messageOf(rowOf(t, assessment, facts.Kommander), v1alpha1.ReasonProhibitedCombination)
	if len(message) > 1024 || !strings.HasSuffix(message, "...") {
		t.Errorf("%d bytes: %s", len(message), message)
	}
	if got := facts.Truncate(strings.Repeat("é", 600), 1024); len(got) > 1024 || !utf8.ValidString(got) {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

// TestNothingToCheck: the condition must not deny what is installed.
func TestNothingToCheck(t *testing.T) {
	s := validSet(t, kommanderOnKonvoy())
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		kind    string
		want    string
		message string
	}{
		{
			"nothing installed", cluster(), v1alpha1.ConditionSupported, "True NothingToCheck",
			"nothing is installed that a policy could speak about",
		},
		{
			"nothing installed", cluster(), v1alpha1.ConditionCompatible, "True NothingToCheck",
			"nothing is installed that a policy could speak about",
		},
		{
			"nothing installed", cluster(), v1alpha1.ConditionExpiringSoon, "False NothingToCheck",
			"nothing is installed that a policy could speak about",
		},
		{
			"nothing installed", cluster(), v1alpha1.ConditionUpgradeRecommended, "False NothingToCheck",
			"nothing is installed that a policy could speak about",
		},
		{
			"installed and free", cluster().with(kommander("1.2.2")), v1alpha1.ConditionCompatible, "True NothingToCheck",
			"no requirement is known for what is installed",
		},
	} {
		t.Run(row.name+" "+row.kind, func(t *testing.T) {
			assessment := assess(s, row.cluster, "2021-06-01")
			expect.Equal(t, row.want, conditionOf(t, assessment, row.kind))
			expect.Equal(t, row.message, conditionMessage(t, assessment, row.kind))
		})
	}
}

func TestNotContacted(t *testing.T) {
	assessment, next := validSet(t, kommanderOnKonvoy()).evaluate(evaluationInput{}, at("2021-06-01"))
	for _, kind := range []string{
		v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible, v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended,
	} {
		expect.Equal(t, "Unknown NotContacted", conditionOf(t, assessment, kind), kind)
	}
	if len(assessment.Conditions) != 4 || len(assessment.Releases) != 0 || !next.IsZero() {
		t.Errorf("nothing is known of the cluster, and yet: %+v, next %s", assessment, next)
	}
	t.Run("environment", func(t *testing.T) {
		assessment, _ := validSet(t, kommanderOnKonvoy()).evaluate(evaluationInput{Environment: v1alpha1.EnvironmentProduction}, at("2021-06-01"))
		expect.Equal(t, v1alpha1.EnvironmentProduction, assessment.Environment,
			"what it is used for was declared, contacted or not")
	})
	t.Run("declared", func(t *testing.T) {
		c := evaluationInput{Declared: []v1alpha1.DeclaredRelease{{Product: facts.Kommander, Name: facts.DefaultInstallation, Version: "1.4.0"}}}
		assessment, _ := validSet(t, kommanderOnKonvoy()).evaluate(c, at("2021-06-01"))
		expect.Equal(t, "Unknown NotContacted", conditionOf(t, assessment, v1alpha1.ConditionSupported),
			"a declaration does not stand for a contact")
	})
}
