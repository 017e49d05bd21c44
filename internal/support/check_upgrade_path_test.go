// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// upgradeOf are all sentences about upgrades of a product.
func upgradeOf(t *testing.T, assessment clusterAssessment, product string) []string {
	t.Helper()
	var said []string
	for _, f := range rowOf(t, assessment, product).Findings {
		if f.Type == v1alpha1.FindingUpgrade {
			said = append(said, f.Message)
		}
	}
	return said
}

// stepwise is a product of which a patch says from where it can be reached.
func stepwise() policyBuilder {
	return policy("konvoy").window(1).
		minor("1.8", ga("2021-05-05"), upgradesFrom("1.7"),
			patched("1.8.5", dated("2022-02-01")),
			patched("1.8.4", dated("2022-01-01"), from("1.8.3", "1.8.2")),
			patched("1.8.3", dated("2021-10-01"), from("1.8.x", "1.7.6")),
			patched("1.8.2", dated("2021-09-01"), from()),
			patched("1.8.1", dated("2021-08-01"), avoided("it loses data")),
			patched("1.8.0", dated("2021-05-05"))).
		minor("1.7", ga("2021-02-10"), patched("1.7.6"), patched("1.7.5"), patched("1.7.4", from("1.7.3"))).
		minor("1.6", ga("2020-11-16"), patched("1.6.2", from("1.6.1")))
}

func TestUpgradesBetweenPatches(t *testing.T) {
	s := validSet(t, stepwise())
	for _, row := range []struct{ installed, now, want, reason string }{
		{"1.8.0", "2021-11-01", "1.8.3", "1.8.3 can be reached from all patches of its minor"},
		{"1.8.1", "2021-11-01", "1.8.3", "and from the one to avoid"},
		{"1.8.1", "2021-09-15", "", "1.8.2 can be reached from nowhere"},
		{"1.8.0", "2021-09-15", "", "1.8.2 can be reached from nowhere, 1.8.1 is to be avoided, 1.8.0 is not newer"},
		{"1.8.0", "2022-01-15", "1.8.3", "1.8.4 can be reached from 1.8.3 and 1.8.2 only"},
		{"1.8.2", "2022-01-15", "1.8.4", "1.8.2 is one of them"},
		{"1.8.3", "2021-12-31T23:59:59.999999999Z", "", "1.8.4 is not out yet"},
		{"1.8.3", "2022-01-01", "1.8.4", "now it is"},
		{"1.8.0", "2022-02-01", "1.8.5", "a patch that says nothing can be reached from all older ones"},
		{"1.7.3", "2021-11-01", "1.7.6", "1.7.6 says nothing"},
	} {
		got := rowOf(t, assess(s, cluster().with(konvoy(row.installed)), row.now), facts.Konvoy).UpgradeTo
		expect.Equal(t, row.want, got, "from", row.installed, "at", row.now, row.reason)
	}
}

func TestUpgradesToPatches(t *testing.T) {
	for _, row := range []struct {
		name, installed, now string
		want                 []string
		reason               string
	}{
		{
			"the minor's word", "1.7.6", "2021-08-15",
			[]string{"Konvoy 1.7.6 has lost its support; upgrade to 1.8.0 (policy konvoy)"},
			"1.8.1 is to be avoided; 1.8.0 says nothing, so its minor's word holds",
		},
		{
			"the patch's own word", "1.7.6", "2021-11-01",
			[]string{"Konvoy 1.7.6 has lost its support; upgrade to 1.8.3 (policy konvoy)"}, "1.8.3 names 1.7.6",
		},
		{
			"the patch's own word, from another patch", "1.7.5", "2021-11-01",
			[]string{
				"Konvoy 1.7.5 has lost its support; upgrade to 1.8.0 (policy konvoy)",
				"Konvoy 1.7.5 has a newer patch: 1.7.6 (policy konvoy)",
			},
			"1.8.3 does not name 1.7.5",
		},
		{
			"a way over a patch's word only", "1.6.2", "2021-11-01",
			[]string{"Konvoy 1.6.2 has lost its support; upgrade to 1.7.6, which is not supported either, on the way to a supported minor (policy konvoy)"},
			"1.7 says nothing, so the way begins at the minor before",
		},
		{
			"none", "1.8.3", "2021-11-01",
			[]string{
				"Konvoy 1.8.3 loses its support with the next minor; no minor to which an upgrade is documented is generally available" +
					" (policy konvoy)",
			},
			"nothing is newer",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := upgradeOf(t, assess(validSet(t, stepwise()), cluster().with(konvoy(row.installed)), row.now), facts.Konvoy)
			expect.Equal(t, row.want, got, row.reason)
		})
	}
}

// TestPatchFirst: where no way leads on from the installed patch, but one does from the newest.
func TestPatchFirst(t *testing.T) {
	base := policy("konvoy").window(1).
		minor("1.8", ga("2021-05-05"), upgradesFrom(), patched("1.8.3", from("1.7.6")), patched("1.8.2", from())).
		minor("1.7", ga("2021-02-10"), patched("1.7.6"), patched("1.7.5"))
	for _, row := range []struct {
		installed string
		want      []string
		reason    string
	}{
		{
			"1.7.5", []string{
				"Konvoy 1.7.5 has lost its support; upgrade to 1.7.6 first: from 1.7.5 no way to a newer minor is documented (policy konvoy)",
				"Konvoy 1.7.5 has a newer patch: 1.7.6 (policy konvoy)",
			},
			"1.8.3 can be reached from 1.7.6",
		},
		{"1.7.6", []string{"Konvoy 1.7.6 has lost its support; upgrade to 1.8.3 (policy konvoy)"}, "this is it"},
		{
			"1.7.7", []string{"Konvoy 1.7.7 has lost its support; no minor to which an upgrade is documented is generally available (policy konvoy)"},
			"no way leads back",
		},
	} {
		got := upgradeOf(t, assess(validSet(t, base), cluster().with(konvoy(row.installed)), "2021-11-01"), facts.Konvoy)
		expect.Equal(t, row.want, got, row.reason)
	}
	// The newest patch that leads on is not always the newest patch.
	older := policy("konvoy").window(1).
		minor("1.8", ga("2021-05-05"), upgradesFrom(), patched("1.8.3", from("1.7.6"))).
		minor("1.7", ga("2021-02-10"), patched("1.7.9", from("1.7.8")), patched("1.7.8", from("1.7.7")), patched("1.7.7"), patched("1.7.6"), patched("1.7.5"))
	got := upgradeOf(t, assess(validSet(t, older), cluster().with(konvoy("1.7.5")), "2021-11-01"), facts.Konvoy)
	expect.Equal(t, []string{
		"Konvoy 1.7.5 has lost its support; upgrade to 1.7.6 first: from 1.7.5 no way to a newer minor is documented (policy konvoy)",
		"Konvoy 1.7.5 has a newer patch: 1.7.7 (policy konvoy)",
	}, got, "1.7.7 is newer and leads nowhere")
	dead := policy("konvoy").window(1).minor("1.8", ga("2021-05-05"), upgradesFrom()).minor("1.7", ga("2021-02-10"), patched("1.7.6"))
	got = upgradeOf(t, assess(validSet(t, dead), cluster().with(konvoy("1.7.5")), "2021-11-01"), facts.Konvoy)
	expect.Equal(t, []string{
		"Konvoy 1.7.5 has lost its support; no minor to which an upgrade is documented is generally available (policy konvoy)",
		"Konvoy 1.7.5 has a newer patch: 1.7.6 (policy konvoy)",
	}, got, "the patch leads nowhere either")
}

// pair are products of which each says which versions of the other it allows.
func pair() []policyBuilder {
	return []policyBuilder{
		policy("konvoy").window(2).
			minor("2.1", ga("2021-11-18"), upgradesFrom("1.8", "1.7"), runs("1.21", "1.21")).
			minor("1.8", ga("2021-05-05"), runs("1.18", "1.20")).
			minor("1.7", ga("2021-02-10"), runs("1.17", "1.19")),
		policy("kommander").window(9).
			minor("1.4", ga("2021-05-06"), needs(facts.Konvoy, "1.8.x")).
			minor("1.3", ga("2021-02-11"), needs(facts.Konvoy, "1.7.x", "1.8.x"), runs("1.17", "1.20")).
			minor("1.2", ga("2020-11-17")),
		policy("Other").window(9).
			minor("1.1", ga("2021-01-01"), needs(facts.Konvoy, "1.7.x")).
			minor("1.0", ga("2020-01-01")),
	}
}

// onlyDeclared is a cluster that nobody can look into.
func onlyDeclared(c clusterBuilder) clusterBuilder {
	c.Facts = &facts.Facts{OnlyDeclared: true}
	return c
}

func TestUpgradesThatNeighboursAllow(t *testing.T) {
	const begin = "Konvoy 1.7.2 has lost its support; "
	target := func(options ...func(*v1alpha1.Release)) []policyBuilder {
		return []policyBuilder{
			policy("konvoy").window(1).minor("1.8", append(options, ga("2021-05-05"))...).minor("1.7", ga("2021-02-10")),
			policy("kommander").window(9).minor("1.3", ga("2021-02-11")),
		}
	}
	for _, row := range []struct {
		name     string
		policies []policyBuilder
		cluster  clusterBuilder
		want     string
		reason   string
	}{
		{
			"alone", pair(), cluster().with(konvoy("1.7.2")).on("v1.21.9"), begin + "upgrade to 2.1 (policy konvoy)",
			"nothing speaks against the newest",
		},
		{
			"a neighbour allows an older one", pair(), cluster().with(konvoy("1.7.2"), kommander("1.3.1")).on("v1.21.9"),
			begin + "upgrade to 2.1 together with its neighbours: Kommander 1.3.1 requires Konvoy 1.7.x or 1.8.x (policy konvoy)",
			"1.8 does not run on this Kubernetes",
		},
		{
			"the newest together, an older one alone", pair(), cluster().with(konvoy("1.7.2"), kommander("1.3.1")).on("v1.19.9"),
			begin + "upgrade to 1.8, or upgrade to 2.1 together with its neighbours: Kommander 1.3.1 requires Konvoy 1.7.x or 1.8.x;" +
				" Konvoy 2.1 supports Kubernetes 1.21, and the cluster runs 1.19.9 (policy konvoy)",
			"what the neighbours allow comes first",
		},
		{
			"an older one that is not supported", []policyBuilder{pair()[0].window(1), pair()[1]},
			cluster().with(konvoy("1.7.2"), kommander("1.3.1")).on("v1.19.9"),
			begin + "upgrade to 2.1 together with its neighbours: Kommander 1.3.1 requires Konvoy 1.7.x or 1.8.x;" +
				" Konvoy 2.1 supports Kubernetes 1.21, and the cluster runs 1.19.9 (policy konvoy)",
			"it would help nothing",
		},
		{
			"a neighbour without requirements", pair(), cluster().with(konvoy("1.7.2"), kommander("1.2.0")).on("v1.21.9"),
			begin + "upgrade to 2.1 (policy konvoy)", "it asks for nothing",
		},
		{
			"several neighbours", pair(), cluster().with(konvoy("1.7.2"), kommander("1.3.1"), product("Other", "1.1.0")).on("v1.19.9"),
			begin + "upgrade to 2.1 together with its neighbours: Kommander 1.3.1 requires Konvoy 1.7.x or 1.8.x;" +
				" Other 1.1.0 requires Konvoy 1.7.x and 1 more (policy konvoy)",
			"Other allows neither; two reasons are named",
		},
		{
			"a neighbour of an unknown version", pair(), cluster().with(konvoy("1.7.2"), found(facts.Kommander, "kommander")).on("v1.21.9"),
			begin + "upgrade to 2.1 (policy konvoy)", "nobody knows what it asks for",
		},
		{
			"a neighbour that no policy lists", pair(), cluster().with(konvoy("1.7.2"), kommander("1.9.0")).on("v1.21.9"),
			begin + "upgrade to 2.1 (policy konvoy)", "its requirements are not known",
		},
		{
			"what the target requires", target(needs(facts.Kommander, "1.4.x", "1.5.x")), cluster().with(konvoy("1.7.2"), kommander("1.3.1")),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 requires Kommander 1.4.x or 1.5.x, and 1.3.1 is installed" +
				" (policy konvoy)",
			"the other way round",
		},
		{
			"what the target requires, version unknown", target(needs(facts.Kommander, "1.4.x", "1.5.x")), cluster().with(konvoy("1.7.2"), found(facts.Kommander, "kommander")),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 requires Kommander 1.4.x or 1.5.x, and the installed version is not known" +
				" (policy konvoy)",
			"what is not known satisfies nothing",
		},
		{
			"what the target requires, not to be seen", target(needs(facts.Kommander, "1.4.x")), cluster().with(konvoy("1.7.2"), forbidden(facts.Kommander)),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 requires Kommander 1.4.x, and the installed version is not known (policy konvoy)",
			"it may be there",
		},
		{
			"what the target requires and has", target(needs(facts.Kommander, "1.3.x")), cluster().with(konvoy("1.7.2"), kommander("1.3.1")),
			begin + "upgrade to 1.8 (policy konvoy)", "it is there",
		},
		{
			"alternatives", target(needs(facts.Kommander, "1.4.x"), needs(facts.Kommander, "1.3.1")), cluster().with(konvoy("1.7.2"), kommander("1.3.1")),
			begin + "upgrade to 1.8 (policy konvoy)", "entries of one product are alternatives",
		},
		{
			"what the target requires and is not there", target(needs(facts.Kommander, "1.4.x")), cluster().with(konvoy("1.7.2")),
			begin + "upgrade to 1.8 (policy konvoy)", "a product that is not there is not asked for",
		},
		{
			"the target's Kubernetes", target(runs("1.20", "1.21", "1.20.6")), cluster().with(konvoy("1.7.2")).on("v1.19.9+d2iq.1"),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 supports Kubernetes 1.20 to 1.21," +
				" and the cluster runs 1.19.9 (policy konvoy)",
			"the Kubernetes of the cluster is a neighbour, too",
		},
		{
			"the Kubernetes of the target's patch", target(runs("1.20", "1.21"), patched("1.8.1", runsOn("1.19", "1.21"))),
			cluster().with(konvoy("1.7.2")).on("v1.19.9"), begin + "upgrade to 1.8.1 (policy konvoy)", "the patch has a range of its own",
		},
		{
			"Kubernetes unknown", target(runs("1.20", "1.21")), cluster().with(konvoy("1.7.2")),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 supports Kubernetes 1.20 to 1.21, and the cluster's version is not known" +
				" (policy konvoy)",
			"nobody knows whether it may",
		},
		{
			"Kubernetes unreadable", target(runs("1.20", "1.21")), cluster().with(konvoy("1.7.2")).on("new"),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 supports Kubernetes 1.20 to 1.21, and the cluster's version is not known" +
				" (policy konvoy)",
			"nobody knows whether it may",
		},
		{
			"only declared, without Kubernetes", target(runs("1.20", "1.21")), onlyDeclared(cluster().declaring(facts.Konvoy, "default", "1.7.2")),
			begin + "upgrade to 1.8 (policy konvoy)", "nobody asked about it",
		},
		{
			"only declared, with Kubernetes", target(runs("1.20", "1.21")),
			onlyDeclared(cluster().declaring(facts.Konvoy, "default", "1.7.2").declaring(facts.Kubernetes, "default", "v1.19.9")),
			begin + "upgrade to 1.8 together with its neighbours: Konvoy 1.8 supports Kubernetes 1.20 to 1.21, and the cluster runs 1.19.9 (policy konvoy)",
			"somebody did",
		},
		{
			"an older patch without blockers", target(runs("1.20", "1.21"), patched("1.8.3"), patched("1.8.2", runsOn("1.19", "1.20")), patched("1.8.1", runsOn("1.19", "1.20"))),
			cluster().with(konvoy("1.7.2")).on("v1.19.9"), begin + "upgrade to 1.8.2 (policy konvoy)", "the newest of those that run here",
		},
		{
			"no patch without blockers", target(runs("1.20", "1.21"), patched("1.8.3"), patched("1.8.2")), cluster().with(konvoy("1.7.2")).on("v1.19.9"),
			begin + "upgrade to 1.8.3 together with its neighbours: Konvoy 1.8.3 supports Kubernetes 1.20 to 1.21, and the cluster runs 1.19.9" +
				" (policy konvoy)",
			"the newest, then",
		},
		{
			"an exact requirement of an older patch", []policyBuilder{
				policy("konvoy").window(1).minor("1.8", ga("2021-05-05"), patched("1.8.3"), patched("1.8.2")).minor("1.7", ga("2021-02-10")),
				policy("kommander").window(9).minor("1.3", ga("2021-02-11"), needs(facts.Konvoy, "1.8.2", "1.7.2")),
			},
			cluster().with(konvoy("1.7.2"), kommander("1.3.1")), begin + "upgrade to 1.8.2 (policy konvoy)", "the newest would not be allowed",
		},
		{
			"an exact requirement", []policyBuilder{
				policy("konvoy").window(1).minor("1.8", ga("2021-05-05"), patched("1.8.3"), patched("1.8.2")).minor("1.7", ga("2021-02-10")),
				policy("kommander").window(9).minor("1.3", ga("2021-02-11"), needs(facts.Konvoy, "1.8.3", "1.7.2")),
			},
			cluster().with(konvoy("1.7.2"), kommander("1.3.1")), begin + "upgrade to 1.8.3 (policy konvoy)", "it is the newest patch",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := upgradeOf(t, assess(validSet(t, row.policies...), row.cluster, "2022-01-01"), facts.Konvoy)
			expect.Equal(t, []string{row.want}, got, row.reason)
		})
	}
}

// TestPatchesThatRunHere: a patch that does not run on the cluster's Kubernetes is none to go to.
func TestPatchesThatRunHere(t *testing.T) {
	s := validSet(t, policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.21"),
		patched("1.8.4", runsOn("1.21", "1.21")), patched("1.8.3", runsOn("1.20", "1.20.6")), patched("1.8.2"), patched("1.8.1", runsOn("1.18", "1.18"))))
	for _, row := range []struct{ installed, kubernetes, want, reason string }{
		{"1.8.0", "v1.21.0", "1.8.4", "it runs there"},
		{"1.8.0", "v1.20.6", "1.8.3", "1.8.4 does not"},
		{"1.8.0", "v1.20.7", "1.8.2", "patches of Kubernetes count, and 1.8.2 has no range of its own"},
		{"1.8.2", "v1.19.9", "", "nothing newer runs there"},
		{"1.8.0", "v1.18.9", "1.8.2", "1.8.2 is newer than 1.8.1"},
		{"1.8.0", "v1.30.0", "1.8.2", "beside the range of the minor, which is another finding"},
		{"1.8.0", "", "1.8.4", "what is not known excludes nothing of the minor that is there already"},
	} {
		assessment := assess(s, cluster().with(konvoy(row.installed)).on(row.kubernetes), "2021-06-01")
		expect.Equal(t, row.want, rowOf(t, assessment, facts.Konvoy).UpgradeTo,
			"from", row.installed, "on", row.kubernetes, row.reason)
	}
}

// TestInsteadOfWhatIsToBeAvoided: who is told to avoid a release is told where to go.
func TestInsteadOfWhatIsToBeAvoided(t *testing.T) {
	s := validSet(t,
		policy("konvoy").window(2).
			minor("1.8", ga("2021-05-05"), patched("1.8.1", avoided("it loses data")), patched("1.8.0")).
			minor("1.7", ga("2021-02-10"), patched("1.7.6", avoided("it never starts")), patched("1.7.5")).
			minor("1.6", ga("2020-11-16"), patched("1.6.3", avoided("it is slow"))),
		policy("kommander").window(9).minor("1.4", ga("2021-05-06"), needs(facts.Konvoy, "1.7.x")).minor("1.3", ga("2021-01-01")))
	for _, row := range []struct {
		cluster clusterBuilder
		now     string
		want    []string
		reason  string
	}{
		{
			cluster().with(konvoy("1.7.6")), "2021-04-01",
			[]string{"Konvoy 1.7.6 is to be avoided: it never starts (policy konvoy)"}, "1.7.5 is older and 1.8 is not out",
		},
		{
			cluster().with(konvoy("1.8.1")), "2021-06-01",
			[]string{"Konvoy 1.8.1 is to be avoided: it loses data (policy konvoy)"}, "nothing is newer",
		},
		{
			cluster().with(konvoy("1.6.3")), "2021-03-01",
			[]string{
				"Konvoy 1.6.3 loses its support with the next minor; upgrade to 1.7.5 (policy konvoy)",
				"Konvoy 1.6.3 is to be avoided: it is slow; go to 1.7.5 (policy konvoy)",
			},
			"the newest patch of the next minor that is not to be avoided",
		},
		{
			cluster().with(konvoy("1.7.6"), kommander("1.3.0")), "2021-06-01",
			[]string{
				"Konvoy 1.7.6 loses its support with the next minor; upgrade to 1.8.0 (policy konvoy)",
				"Konvoy 1.7.6 is to be avoided: it never starts; go to 1.8.0 (policy konvoy)",
			},
			"nothing speaks against it",
		},
		{
			cluster().with(konvoy("1.7.6"), kommander("1.4.0")), "2021-06-01",
			[]string{
				"Konvoy 1.7.6 loses its support with the next minor; upgrade to 1.8.0 together with its neighbours: Kommander 1.4.0 requires" +
					" Konvoy 1.7.x (policy konvoy)",
				"Konvoy 1.7.6 is to be avoided: it never starts (policy konvoy)",
			},
			"Kommander does not allow it",
		},
	} {
		expect.Equal(t, row.want, upgradeOf(t, assess(s, row.cluster, row.now), facts.Konvoy), row.reason)
	}
}

// TestNewestMinorBesideAPatch: where only a patch is recommended, the newest minor that is allowed is named beside it.
func TestNewestMinorBesideAPatch(t *testing.T) {
	konvoyPolicy := policy("konvoy").window(9).
		minor("1.8", ga("2021-05-05"), patched("1.8.0", avoided("it never starts"))).
		minor("1.7", ga("2021-02-10"), patched("1.7.5"), patched("1.7.4")).
		minor("1.6", ga("2020-11-16"), patched("1.6.2"), patched("1.6.1", avoided("it loses data")))
	kommanderPolicy := policy("kommander").window(9).minor("1.2", ga("2020-11-17"), needs(facts.Konvoy, "1.6.x"))
	for _, row := range []struct {
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{
			cluster().with(konvoy("1.6.0")),
			[]string{"Konvoy 1.6.0 has a newer patch: 1.6.2; the newest minor that the installed releases allow: 1.7.5 (policy konvoy)"},
			"the newest patch of 1.7",
		},
		{
			cluster().with(konvoy("1.6.0"), kommander("1.2.0")),
			[]string{"Konvoy 1.6.0 has a newer patch: 1.6.2 (policy konvoy)"}, "Kommander does not allow 1.7",
		},
		{
			cluster().with(konvoy("1.6.1")),
			[]string{
				"Konvoy 1.6.1 is to be avoided: it loses data (policy konvoy)", "Konvoy 1.6.1 has a newer patch: 1.6.2 (policy konvoy)",
			},
			"there is a reason of its own to go",
		},
		{
			cluster().with(konvoy("1.7.4")), []string{"Konvoy 1.7.4 has a newer patch: 1.7.5 (policy konvoy)"},
			"all that is listed of 1.8 is to be avoided",
		},
		{cluster().with(konvoy("1.6.2")), nil, "the patch is the newest, and nothing urges to leave the minor"},
		{
			cluster().with(konvoy("1.6.0"), found(facts.Kommander, "kommander")),
			[]string{"Konvoy 1.6.0 has a newer patch: 1.6.2; the newest minor that the installed releases allow: 1.7.5 (policy konvoy)"},
			"nobody knows what Kommander asks for",
		},
	} {
		got := upgradeOf(t, assess(validSet(t, konvoyPolicy, kommanderPolicy), row.cluster, "2022-01-01"), facts.Konvoy)
		expect.Equal(t, row.want, got, row.reason)
	}
}

// TestWayOutOfKubernetes: its newest minor that all installed releases may run.
func TestWayOutOfKubernetes(t *testing.T) {
	ended := policy("konvoy").window(2).
		minor("1.8", ga("2021-05-05"), runs("1.18", "1.20"), patched("1.8.9", runsOn("1.18", "1.19"))).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19")).
		minor("1.6", ga("2020-11-16"), runs("1.15", "1.17"))
	limited := policy("Other").listed().minor("1.0", runs("1.15", "1.18"))
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{
			"by the installed release", cluster().with(konvoy("1.7.0")).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.19, one minor at a time: 1.17 is the next" +
					" (policy kubernetes)",
			},
			"Konvoy 1.7 ends at 1.19",
		},
		{
			"by its patch", cluster().with(konvoy("1.8.9")).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.19, one minor at a time: 1.17 is the next" +
					" (policy kubernetes)",
			},
			"the patch has a range of its own",
		},
		{
			"by all of them", cluster().with(konvoy("1.8.0"), product("Other", "1.0.0")).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.18, one minor at a time: 1.17 is the next" +
					" (policy kubernetes)",
			},
			"Konvoy begins at 1.18 and Other ends there",
		},
		{
			"whatever the tag", cluster().with(konvoy("1.7.0"), bps("stable-1.16-1.2.0")).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.19, one minor at a time: 1.17 is the next" +
					" (policy kubernetes)",
			},
			"the tag goes along with Kubernetes",
		},
		{
			"the oldest", cluster().with(konvoy("1.6.0"), product("Other", "1.0.0")).on("v1.15.12"),
			[]string{
				"Kubernetes v1.15.12 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.17, one minor at a time: 1.16 is the next" +
					" (policy kubernetes)",
			},
			"Konvoy ends at 1.17",
		},
		{
			"a release that is not listed", cluster().with(konvoy("1.5.0"), product("Other", "1.0.0")).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.18, one minor at a time: 1.17 is the next" +
					" (policy kubernetes)",
			},
			"a release that the policy does not list forbids nothing",
		},
		{
			"blocked", cluster().with(konvoy("1.8.0"), found("Other", "old", sign(v1alpha1.SourceLabel, "0.9.0"))).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the other installed releases allow none that is newer:" +
					" upgrade them first (policy kubernetes)",
			},
			"Other 0.9 may run 1.15 and 1.16 only",
		},
		{
			"the next one", cluster().with(konvoy("1.6.0")).on("v1.16.15"),
			[]string{
				"Kubernetes v1.16.15 has lost its support; supported are 1.20, 1.19, 1.18, 1.17; the newest that the installed releases allow is 1.17" +
					" (policy kubernetes)",
			},
			"one step needs no word about steps",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, kubernetesOf(facts.Konvoy), baseServices(), ended, limited.minor("0.9", runs("1.15", "1.16")))
			got := upgradeOf(t, assess(s, row.cluster, "2021-06-01"), facts.Kubernetes)
			expect.Equal(t, row.want, got, row.reason)
		})
	}
}

// TestNewestKubernetesIsNoWayOut: the minor that the cluster runs, or an older one, is none to go to.
func TestNewestKubernetesIsNoWayOut(t *testing.T) {
	s := validSet(t, kubernetesOf(facts.Konvoy), policy("konvoy").window(1).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20")))
	want := []string{
		"Kubernetes v1.20.6 loses its support with the next minor of Konvoy; supported are 1.20, 1.19, 1.18; the other installed releases allow none" +
			" that is newer: upgrade them first (policy kubernetes)",
	}
	expect.Equal(t, want,
		upgradeOf(t, assess(s, cluster().with(konvoy("1.8.0")).on("v1.20.6"), "2021-06-01"), facts.Kubernetes))
}

func TestWayOutOfTags(t *testing.T) {
	tags := policy("bps").follows(facts.Kubernetes).
		minor("5.0", planned("2022-09-01"), runs("1.18", "1.20"), patched("5.0.0")).
		minor("4.2", runs("1.18", "1.20"), through("2021-05-31"), patched("4.2.0")).
		minor("4.1", ga("2022-06-01"), runs("1.18", "1.20"), patched("4.1.0")).
		minor("4.0", runs("1.20", "1.20"), patched("4.0.1", dated("2022-08-01")), patched("4.0.0")).
		minor("3.5", runs("1.18", "1.20"), withdrawn("2021-04-01"), patched("3.5.0")).
		minor("3.4", runs("1.18", "1.19"), patched("3.4.1", avoided("it never starts")), patched("3.4.0")).
		minor("3.3", runs("1.18", "1.19"), through("2021-04-30"), patched("3.3.0")).
		minor("3.2", runs("1.16", "1.18"))
	for _, row := range []struct {
		name, tag, kubernetes, now string
		want                       []string
		reason                     string
	}{
		{
			"the cluster has gone ahead", "stable-1.15-1.0.0", "v1.19.9", "2021-06-01", nil,
			"1.0 is not in the policy, so nothing is known",
		},
		{
			"for the cluster's Kubernetes", "stable-1.15.6-3", "v1.20.9", "2021-06-01",
			[]string{"BasePlatformServices stable-1.15.6-3 has lost its support; go to a tag for the cluster's Kubernetes 1.20: stable-1.20-4.0.0 (policy bps)"},
			"4.0.1 and 4.1 are not out yet, 4.2 has ended, 5.0 is planned",
		},
		{
			"to come", "stable-1.15.6-3", "v1.20.9", "2022-06-01",
			[]string{"BasePlatformServices stable-1.15.6-3 has lost its support; go to a tag for the cluster's Kubernetes 1.20: stable-1.20-4.1.0 (policy bps)"},
			"from its day on",
		},
		{
			"not withdrawn, not to be avoided", "stable-1.15.6-3", "v1.19.9", "2021-06-01",
			[]string{"BasePlatformServices stable-1.15.6-3 has lost its support; go to a tag for the cluster's Kubernetes 1.19: stable-1.19-3.4.0 (policy bps)"},
			"3.5 is withdrawn and 3.4.1 is to be avoided",
		},
		{
			"none with a patch", "stable-1.15.6-3", "v1.16.9", "2021-06-01",
			[]string{"BasePlatformServices stable-1.15.6-3 has lost its support; policy bps lists no release for the cluster's Kubernetes 1.16"},
			"3.2 lists no patches",
		},
		{
			"Kubernetes has to move, too", "stable-1.15.6-3", "v1.15.9", "2021-06-01",
			[]string{"BasePlatformServices stable-1.15.6-3 has lost its support; upgrade Kubernetes to 1.20, one minor at a time: 1.16 is the next, and go to a tag for it: stable-1.20-4.0.0 (policy bps)"},
			"another tag for 1.15 would help nothing",
		},
		{
			"Kubernetes unknown", "stable-1.15.6-3", "", "2021-06-01",
			[]string{"BasePlatformServices stable-1.15.6-3 has lost its support; upgrade Kubernetes to 1.20, one minor at a time: 1.16 is the next, and go to a tag for it: stable-1.20-4.0.0 (policy bps)"},
			"nobody knows what the cluster runs",
		},
		{
			"its own end", "stable-1.19-3.3.0", "v1.20.9", "2021-06-01",
			[]string{"BasePlatformServices stable-1.19-3.3.0 has lost its support; go to another minor for Kubernetes 1.19: stable-1.19-3.4.0 (policy bps)"},
			"the minor has ended, its Kubernetes has not",
		},
		{
			"never supported", "master", "v1.20.9", "2021-06-01",
			[]string{"BasePlatformServices master was never supported; go to a tag for the cluster's Kubernetes 1.20: stable-1.20-4.0.0 (policy bps)"},
			"a branch has no Kubernetes of its own",
		},
		{
			"never supported, and nothing listed", "master", "v1.16.9", "2021-06-01",
			[]string{"BasePlatformServices master was never supported; go to a release that is (policy bps)"}, "no tag for 1.16 is known",
		},
		{
			"never supported, Kubernetes unknown", "master", "", "2021-06-01",
			[]string{"BasePlatformServices master was never supported; go to a release that is (policy bps)"}, "nobody knows which tag it would be",
		},
		{
			"withdrawn", "stable-1.20-3.5.0", "v1.20.9", "2021-06-01",
			[]string{"BasePlatformServices stable-1.20-3.5.0 was withdrawn; go to another minor for Kubernetes 1.20: stable-1.20-4.0.0 (policy bps)"},
			"the same",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, tags, kubernetesOf(facts.Konvoy), konvoyRanges())
			got := upgradeOf(t, assess(s, cluster().with(bps(row.tag)).on(row.kubernetes), row.now), facts.BasePlatformServices)
			expect.Equal(t, row.want, got, row.reason)
		})
	}
}

// TestNoWayOutOfTags: where no tag leads out, nobody is sent to search for one.
func TestNoWayOutOfTags(t *testing.T) {
	old := policy("bps").follows(facts.Kubernetes).minor("3.0", runs("1.15", "1.17"), patched("3.0.0", runsOn("1.15", "1.15")))
	late := old.minor("4.0", ga("2022-06-01"), runs("1.18", "1.20"), patched("4.0.0"))
	for _, row := range []struct {
		name       string
		policies   []policyBuilder
		kubernetes string
		now        string
		want       string
		reason     string
	}{
		{
			"none listed", []policyBuilder{old}, "v1.15.12", "2021-06-01", "policy bps lists no release for a newer Kubernetes that is supported and that the other installed releases allow",
			"3.0.0 is for 1.15 only",
		},
		{
			"to come", []policyBuilder{late}, "v1.15.12", "2021-06-01", "policy bps lists no release for a newer Kubernetes that is supported and that the other installed releases allow",
			"4.0 is not out",
		},
		{
			"come", []policyBuilder{late}, "v1.15.12", "2022-06-01", "upgrade Kubernetes to 1.20, one minor at a time: 1.16 is the next, and go to a tag for it: stable-1.20-4.0.0 (policy bps)",
			"the newest supported minor with a tag, whatever comes after it",
		},
		{
			"an old Kubernetes has a tag", []policyBuilder{old}, "v1.17.9", "2021-06-01", "policy bps lists no release for the cluster's Kubernetes 1.17",
			"3.0 is for 1.17, and its only patch is not",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, append(row.policies, kubernetesOf(facts.Konvoy), konvoyRanges())...)
			got := upgradeOf(t, assess(s, cluster().with(bps("stable-1.15-3.0.0")).on(row.kubernetes), row.now), facts.BasePlatformServices)
			expect.Equal(t, []string{"BasePlatformServices stable-1.15-3.0.0 has lost its support; " + row.want}, got,
				row.reason)
		})
	}
}

// TestWayOutBesideOthers: what else is installed limits where a tag can go.
func TestWayOutBesideOthers(t *testing.T) {
	only := policy("bps").follows(facts.Kubernetes).minor("1.2", runs("1.16", "1.16"), patched("1.2.0"))
	demanding := policy("bps").follows(facts.Kubernetes).minor("4.1", runs("1.20", "1.20"), needs(facts.Konvoy, "2.0.x"), patched("4.1.0")).
		minor("4.0", runs("1.20", "1.20"), patched("4.0.0"))
	candidate := policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20"), patched("1.8.0"))
	const loses = "BasePlatformServices stable-1.16-1.2.0 loses its support with the next minor that ends its Kubernetes; "
	for _, row := range []struct {
		name     string
		policies []policyBuilder
		found    facts.Installation
		beside   facts.Installation
		on       string
		want     string
		reason   string
	}{
		{
			"not to its own Kubernetes", []policyBuilder{only, kubernetesOf(facts.Konvoy), konvoyRanges()}, bps("stable-1.16-1.2.0"), konvoy("1.6.0"), "v1.16.15",
			loses + "policy bps lists no release for a newer Kubernetes that is supported and that the other installed releases allow",
			"a tag for the Kubernetes that ends is the installed one",
		},
		{
			"the newest that is allowed", []policyBuilder{baseServices(), kubernetesOf(facts.Konvoy), konvoyRanges()}, bps("stable-1.16-1.2.0"), konvoy("1.6.0"), "v1.16.15",
			loses + "upgrade Kubernetes to 1.18, one minor at a time: 1.17 is the next, and go to a tag for it: stable-1.18-3.4.2 (policy bps)",
			"Konvoy 1.6 ends at 1.18, and there are tags for 1.19 and 1.20",
		},
		{
			"a minor that requires something else", []policyBuilder{demanding, kubernetesOf(facts.Konvoy), konvoyRanges()}, bps("master"), konvoy("1.8.0"), "v1.20.6",
			"BasePlatformServices master was never supported; go to a tag for the cluster's Kubernetes 1.20: stable-1.20-4.0.0 (policy bps)",
			"4.1 requires Konvoy 2.0",
		},
		{
			"no tag for a product without tags", []policyBuilder{candidate}, konvoy("1.8.0-rc.1"), bps("master"), "v1.19.9",
			"Konvoy 1.8.0-rc.1 was never supported; go to a release that is (policy konvoy)", "its versions carry no Kubernetes",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, row.policies...), cluster().with(row.found, row.beside).on(row.on), "2021-06-01")
			if got := upgradeOf(t, assessment, row.found.Product); len(got) == 0 || got[0] != row.want {
				t.Errorf("%s (-want +got):\n%s", row.reason, cmp.Diff(row.want, got))
			}
		})
	}
}

// TestWhoseNextMinor: where the next minor of something else ends the support, that is named.
func TestWhoseNextMinor(t *testing.T) {
	s := validSet(t, kubernetesOf(facts.Konvoy), baseServices(), konvoyRanges())
	both := validSet(t, kubernetesOf(facts.Konvoy, "Other"), policy("konvoy").window(1).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20")),
		policy("Other").window(1).minor("1.0", ga("2021-05-05"), runs("1.18", "1.19")))
	c := cluster().with(konvoy("1.6.3"), bps("stable-1.16-1.2.0")).on("v1.16.15")
	for _, row := range []struct {
		set     *Set
		cluster clusterBuilder
		product string
		want    string
	}{
		{s, c, facts.Konvoy, "Konvoy 1.6.3 loses its support with the next minor; "},
		{s, c, facts.Kubernetes, "Kubernetes v1.16.15 loses its support with the next minor of Konvoy; "},
		{s, c, facts.BasePlatformServices, "BasePlatformServices stable-1.16-1.2.0 loses its support with the next minor that ends its Kubernetes; "},
		{both, cluster().with(konvoy("1.8.0"), product("Other", "1.0.0")).on("v1.19.1"), facts.Kubernetes,
			"Kubernetes v1.19.1 loses its support with the next minor of Konvoy or Other; "},
	} {
		if got := upgradeOf(t, assess(row.set, row.cluster, "2021-06-01"), row.product); len(got) != 1 || !strings.HasPrefix(got[0], row.want) {
			t.Errorf("%s: %q", row.product, got)
		}
	}
}

func TestPatchSourcesValidator(t *testing.T) {
	one := func(versions ...string) policyBuilder {
		return policy("konvoy").window(3).minor("1.8", patched("1.8.4", from(versions...)))
	}
	expectProblems(t, []problemsOf{
		{"none", one(), nil},
		{"its own minor", one("1.8.x", "1.8.3", "1.7.x", "1.7.9", "1.8.4-rc.1"), nil},
		{
			"newer ones", one("1.8.4", "1.8.5", "1.9.x", "2.0.0", "1.7.x"),
			[]string{
				`spec.releases[1.8].patches[1.8.4].upgradesFrom[0]: Invalid value: "1.8.4": must be older than 1.8.4`,
				`spec.releases[1.8].patches[1.8.4].upgradesFrom[1]: Invalid value: "1.8.5": must be older than 1.8.4`,
				`spec.releases[1.8].patches[1.8.4].upgradesFrom[2]: Invalid value: "1.9.x": must be older than 1.8.4`,
				`spec.releases[1.8].patches[1.8.4].upgradesFrom[3]: Invalid value: "2.0.0": must be older than 1.8.4`,
			},
		},
		{
			"in another language", one("1.7", "1.9.x"),
			[]string{`spec.releases[1.8].patches[1.8.4].upgradesFrom[0]: Invalid value: "1.7": must be MAJOR.MINOR.x or an exact version`},
		},
		{"twice", one("1.7.x", "1.7.x"), []string{`spec.releases[1.8].patches[1.8.4].upgradesFrom[1]: Duplicate value: "1.7.x"`}},
		{"many", one(make([]string, 33)...), []string{`spec.releases[1.8].patches[1.8.4].upgradesFrom: Invalid value: "33 versions": must be at most 32`}},
	})
}

// TestTargetsThatHaveEnded: a supported target comes before one that has ended, and a way that leads nowhere is none.
func TestTargetsThatHaveEnded(t *testing.T) {
	base := policy("Other").listed().minor("1.0", through("2021-01-31"))
	for _, row := range []struct {
		name   string
		policy policyBuilder
		want   string
		reason string
	}{
		{
			"the newer one", base.minor("1.2", upgradesFrom("1.0"), through("2021-01-31")).minor("1.1", upgradesFrom("1.0")),
			"Other 1.0.0 has lost its support; upgrade to 1.1 (policy Other)", "1.1 is supported",
		},
		{
			"on the way", base.minor("1.2").minor("1.1", through("2021-01-31")),
			"Other 1.0.0 has lost its support; upgrade to 1.1, which is not supported either, on the way to a supported minor (policy Other)",
			"1.2 is supported, and only reached from 1.1",
		},
		{
			"to nowhere", base.minor("1.1", through("2021-01-31")),
			"Other 1.0.0 has lost its support; no minor to which an upgrade is documented is supported (policy Other)",
			"there is nothing beyond 1.1",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(validSet(t, row.policy), cluster().with(product("Other", "1.0.0")), "2021-06-01"), "Other")
			expect.Equal(t, row.want, byType(v1alpha1.FindingUpgrade)(got), row.reason)
		})
	}
}

// TestNewerPatchOfKubernetes: where the ranges begin in the middle of the own minor, the way out is a patch.
func TestNewerPatchOfKubernetes(t *testing.T) {
	s := validSet(t, policy("konvoy").window(3).minor("1.1", ga("2019-08-12"), runs("1.15.4", "1.15.x")), kubernetesOf(facts.Konvoy))
	row := rowOf(t, assess(s, cluster().with(konvoy("1.1.5")).on("v1.15.3"), "2020-03-15"), facts.Kubernetes)
	if said := fmt.Sprint(row.Findings); row.State != v1alpha1.StateUnsupported || !strings.Contains(said, "go to a newer patch of 1.15") {
		t.Errorf("%s: %s", row.State, said)
	}
}
