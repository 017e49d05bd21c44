// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestUpgradeTo(t *testing.T) {
	s := validSet(t, policy("kommander").window(3).
		minor("1.5", ga("2022-01-01"), patched("1.5.0", dated("2022-01-01"))).
		minor("1.4", ga("2021-05-05"),
			patched("1.4.4", dated("2022-02-18")),
			patched("1.4.3", dated("2021-12-13"), avoided("it loses data")),
			patched("1.4.2", dated("2021-09-23")),
			patched("1.4.1"),
			patched("1.4.9-rc.1"),
			patched("1.4.0", dated("2021-05-05"), avoided("it never starts"))).
		minor("1.3", ga("2021-02-10")).
		minor("1.2", ga("2020-11-16"), patched("1.2.1")))
	const now = "2021-12-31"
	for _, row := range []struct {
		name, installed, now string
		upgradeTo            string
		reasons              []string
		reason               string
	}{
		{"newest that is out", "1.4.1", now, "1.4.2", []string{"NewerPatch"}, "1.4.3 is to be avoided, 1.4.4 is to come"},
		{"before its day", "1.4.2", "2022-02-17T23:59:59.999999999Z", "", nil, "a patch is not recommended before its day"},
		{"on its day", "1.4.2", "2022-02-18", "1.4.4", []string{"NewerPatch"}, "from its day on it is"},
		{"without a day", "1.4.0", "2021-05-06", "1.4.1", []string{"Avoid", "NewerPatch"}, "a patch without a day is taken to be out"},
		{"newest installed", "1.4.4", "2022-03-01", "", nil, "nothing is newer"},
		{"newer than listed", "1.4.7", now, "", nil, "no way leads back"},
		{"packaging revision", "1.4.2-3", now, "", nil, "1.4.2-3 is 1.4.2"},
		{"no prerelease", "1.4.4", "2023-01-01", "", nil, "1.4.9-rc.1 is no target"},
		{"from a prerelease", "1.4.2-rc.1", now, "1.4.2", []string{"NotSupported", "NewerPatch"}, "the final version is newer than its candidate"},
		{"the installed one is to be avoided", "1.4.3", now, "", []string{"Avoid"}, "there is no newer patch, and still it should go"},
		{"avoided, and a newer one", "1.4.3", "2022-03-01", "1.4.4", []string{"Avoid", "NewerPatch"}, "both are said"},
		{"no patches listed", "1.3.0", now, "", nil, "the policy knows none"},
		{"ended", "1.2.0", "2022-01-01", "1.2.1", []string{"SupportEnded", "NewerPatch"}, "the patch may still be better than nothing"},
		{"not known", "1.6.0", now, "", nil, "nothing is known about the minor"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(s, cluster().with(kommander(row.installed)), row.now), facts.Kommander)
			expect.Equal(t, row.upgradeTo, got.UpgradeTo, row.reason, "upgradeTo")
			expect.Equal(t, row.reasons, findings(got, v1alpha1.FindingUpgrade), row.reason)
		})
	}
}

func TestUpgradeCondition(t *testing.T) {
	base := threeOut().edit(func(spec *v1alpha1.SupportPolicySpec) {
		spec.Releases[0].Patches = []v1alpha1.Patch{{Version: "1.4.1"}, {Version: "1.4.0", Avoid: "it never starts"}}
	})
	s := validSet(t, base, history())
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    string
		message string
	}{
		{
			"newer patch", cluster().with(kommander("1.4.0-3"), konvoy("2.0.0")), "True Avoid",
			"Kommander 1.4.0-3 is to be avoided: it never starts (policy kommander); Kommander 1.4.0-3 has a newer patch: 1.4.1 (policy kommander)",
		},
		{
			"up to date", cluster().with(kommander("1.4.1"), konvoy("2.0.0")), "False UpToDate", "no installed release needs an upgrade",
		},
		{
			"unknown beside up to date", cluster().with(kommander("1.4.1"), konvoy("2.1.0")), "Unknown NotInPolicy",
			"Konvoy 2.1.0 is of a minor that policy konvoy does not list; bring the policy up to date",
		},
		{
			"unknown beside a newer patch", cluster().with(kommander("1.4.0"), konvoy("2.1.0")), "True Avoid",
			"Kommander 1.4.0 is to be avoided: it never starts (policy kommander); Kommander 1.4.0 has a newer patch: 1.4.1 (policy kommander)",
		},
		{
			"ended before last in the window before a patch", cluster().with(kommander("1.2.0"), konvoy("1.6.3")), "True SupportEnded",
			"Konvoy 1.6.3 has lost its support; upgrade to 1.7 (policy konvoy); Kommander 1.2.0 loses its support with the next minor;" +
				" upgrade to 1.3 (policy kommander)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(s, row.cluster, "2021-09-01")
			expect.Equal(t, row.want, conditionOf(t, assessment, v1alpha1.ConditionUpgradeRecommended))
			expect.Equal(t, row.message, conditionMessage(t, assessment, v1alpha1.ConditionUpgradeRecommended))
		})
	}
}

func TestUpgradesFrom(t *testing.T) {
	base := policy("kommander").window(1).
		minor("2.2", ga("2022-04-08"), upgradesFrom("2.1"), patched("2.2.1", dated("2022-06-01")), patched("2.2.0")).
		minor("2.1", ga("2021-11-19"), upgradesFrom("1.4", "1.3"), needs(facts.Konvoy, "2.1.x")).
		minor("2.0", ga("2021-08-26"), withdrawn("2022-04-08"), needs(facts.Konvoy, "2.0.x"), needs("Cassandra", "1.0.2", "1.0.3")).
		minor("1.4", ga("2021-05-05"), patched("1.4.4")).
		minor("1.3", ga("2021-02-10"))
	closed := policy("Other").window(1).minor("1.1", ga("2021-01-01"), upgradesFrom()).minor("1.0", ga("2020-01-01"))
	const now = "2022-05-01"
	for _, row := range []struct {
		name, now string
		cluster   clusterBuilder
		want      string
		reason    string
	}{
		{
			"documented", now, cluster().with(kommander("1.4.0")), "Kommander 1.4.0 has lost its support; upgrade to 2.1, which is not supported either, on the way to a supported minor (policy kommander)",
			"2.1 is documented from 1.4 and 2.2 from 2.1; 2.0, the next in the list, is withdrawn",
		},
		{
			"two ways", now, cluster().with(kommander("1.3.0")),
			"Kommander 1.3.0 has lost its support; upgrade to 2.1, which is not supported either, on the way to a supported minor (policy kommander)",
			"2.1 is documented from 1.3, and newer than 1.4, which follows 1.3 in the list",
		},
		{
			"newest patch that is out", now, cluster().with(kommander("2.1.0")),
			"Kommander 2.1.0 has lost its support; upgrade to 2.2.0 (policy kommander)", "2.2.1 is not out yet",
		},
		{
			"while it was supported", "2022-01-01", cluster().with(kommander("1.4.0")), "Kommander 1.4.0 has lost its support; upgrade to 2.1 (policy kommander)",
			"nothing has ended 2.1 yet",
		},
		{
			"on the way, with its neighbours", now, cluster().with(kommander("1.4.0"), konvoy("1.8.0")),
			"Kommander 1.4.0 has lost its support; upgrade to 2.1, which is not supported either, on the way to a supported minor together with its neighbours:" +
				" Kommander 2.1 requires Konvoy 2.1.x, and 1.8.0 is installed (policy kommander)",
			"what is installed beside it has to go along",
		},
		{
			"requirements of the target, version unknown", "2022-01-01", cluster().with(kommander("1.4.0"), found(facts.Konvoy, "default")),
			"Kommander 1.4.0 has lost its support; upgrade to 2.1 together with its neighbours: Kommander 2.1 requires" +
				" Konvoy 2.1.x, and the installed version is not known (policy kommander)",
			"what is not known satisfies nothing",
		},
		{
			"requirements of the target, not to be seen", "2022-01-01", cluster().with(kommander("1.4.0"), forbidden(facts.Konvoy)),
			"Kommander 1.4.0 has lost its support; upgrade to 2.1 together with its neighbours: Kommander 2.1 requires" +
				" Konvoy 2.1.x, and the installed version is not known (policy kommander)",
			"nobody was allowed to look",
		},
		{
			"a downgrade", "2022-01-01", cluster().with(kommander("1.4.0"), konvoy("2.2.0")),
			"Kommander 1.4.0 has lost its support; no minor to which an upgrade is documented is generally available (policy kommander)",
			"2.1 requires a Konvoy that is older than the installed one",
		},
		{
			"a downgrade of one of two", "2021-09-01", cluster().with(kommander("1.4.0"), product("Cassandra", "1.1.0")),
			"Kommander 1.4.0 has lost its support; no minor to which an upgrade is documented is generally available (policy kommander)",
			"2.0 requires an older Cassandra, 2.1 is not out",
		},
		{
			"no downgrade", "2021-09-01", cluster().with(kommander("1.4.0"), product("Cassandra", "1.0.1")),
			"Kommander 1.4.0 has lost its support; upgrade to 2.0 together with its neighbours: Kommander 2.0 requires Cassandra 1.0.2 or 1.0.3," +
				" and 1.0.1 is installed (policy kommander)",
			"2.0 requires a newer one",
		},
		{
			"requirements of the target", "2022-01-01", cluster().with(kommander("1.4.0"), konvoy("1.8.0"), product("Cassandra", "1.0.1")),
			"Kommander 1.4.0 has lost its support; upgrade to 2.1 together with its neighbours: Kommander 2.1 requires" +
				" Konvoy 2.1.x, and 1.8.0 is installed (policy kommander)",
			"what is installed beside it has to go along",
		},
		{
			"none", now, cluster().with(kommander("2.0.0")),
			"Kommander 2.0.0 was withdrawn; no minor to which an upgrade is documented is generally available (policy kommander)",
			"no path from 2.0 is documented",
		},
		{
			"none documented from anywhere", "2022-01-01", cluster().with(product("Other", "1.0.0")),
			"Other 1.0.0 has lost its support; no minor to which an upgrade is documented is generally available (policy Other)",
			"an empty list says that there is no path, an absent one that it begins at the minor before",
		},
		{
			"target not out", "2021-06-01", cluster().with(kommander("1.4.0")),
			"Kommander 1.4.0 loses its support with the next minor; no minor to which an upgrade is documented is generally available" +
				" (policy kommander)",
			"what is not out is no target",
		},
		{
			"minor that is not listed", now, cluster().with(kommander("1.2.0")),
			"Kommander 1.2.0 has lost its support; no minor to which an upgrade is documented is generally available (policy kommander)",
			"nothing is documented about it",
		},
		{
			"a downgrade beside what is not known", "2022-01-01", cluster().with(kommander("1.4.0"), found("Another", "default"), konvoy("2.2.0")),
			"Kommander 1.4.0 has lost its support; no minor to which an upgrade is documented is generally available (policy kommander)",
			"the release whose version is not known is not the only one",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, base, closed), row.cluster, row.now)
			got := rowOf(t, assessment, row.cluster.Facts.Installations[0].Product)
			expect.Equal(t, row.want, byType(v1alpha1.FindingUpgrade)(got), row.reason)
		})
	}
}

// TestUpgradeOfTags: a newer patch has to be there for the same Kubernetes.
func TestUpgradeOfTags(t *testing.T) {
	s := baseSet(t)
	for _, row := range []struct {
		tag, kubernetes, want string
		reason                string
	}{
		{"stable-1.19-3.4.0", "v1.19.9", "stable-1.19-3.4.1", "3.4.2 is for 1.18 only"},
		{"stable-1.18-3.4.0", "v1.18.9", "stable-1.18-3.4.2", "3.4.2 is for 1.18"},
		{"stable-1.18-3.4.0", "v1.19.9", "stable-1.18-3.4.2", "the tag's own Kubernetes counts, not the cluster's"},
		{"stable-1.20-4.0.0-rc.1", "v1.20.9", "stable-1.20-4.0.0", "the final version"},
		{"stable-1.16.4-2", "v1.16.4", "", "an old tag belongs to no minor"},
		{"master", "v1.16.4", "", "a branch belongs to no minor"},
		{"stable-1.17-3.4.0", "v1.17.4", "", "the minor is not listed for 1.17"},
	} {
		t.Run(row.tag, func(t *testing.T) {
			got := rowOf(t, assess(s, cluster().with(bps(row.tag)).on(row.kubernetes), "2021-06-01"), facts.BasePlatformServices)
			expect.Equal(t, row.want, got.UpgradeTo, row.reason)
		})
	}
}
