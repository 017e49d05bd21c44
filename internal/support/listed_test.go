// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// catalogue is a policy without a window: what the vendor lists is supported.
func catalogue() policyBuilder {
	return policy("Cassandra").listed().
		minor("2.0", planned("2022-03-01")).
		minor("1.3", ga("2022-01-01")).
		minor("1.2", withdrawn("2021-09-01")).
		minor("1.1", through("2021-12-31")).
		minor("1.0").
		minor("0.1", patched("0.1.2"))
}

func TestListed(t *testing.T) {
	for _, row := range []struct {
		name, version, now string
		want               answer
		reason             string
	}{
		{"without a day", "1.0.2", "2021-06-01", supported("Supported", ""), "what is listed can be had, since nobody knows when"},
		{"without a day, long ago", "1.0.2", "1980-01-01", supported("Supported", ""), "nothing says that it was not out"},
		{"the oldest", "0.1.2", "2050-01-01", supported("Supported", ""), "newer minors end nothing"},
		{"planned", "2.0.0", "2021-06-01", unknownFor("NotYetAvailable"), "a plan says that it is not out"},
		{"overdue", "2.0.0", "2022-06-01", unknownFor("NotYetAvailable"), "a plan that passed confirms nothing"},
		{"before its day", "1.3.0", "2021-12-31T23:59:59.999999999Z", unknownFor("NotYetAvailable"), "its day is to come"},
		{"on its day", "1.3.0", "2022-01-01", supported("Supported", ""), "from its day on"},
		{"on its last day", "1.1.0", "2021-12-31T23:59:59.999999999Z", supported("Supported", "2022-01-01"), "its own end"},
		{"after its last day", "1.1.0", "2022-01-01", unsupportedFor("SupportEnded", "2022-01-01"), "its own end has passed"},
		{"before it is withdrawn", "1.2.0", "2021-08-31T23:59:59.999999999Z", supported("Supported", "2021-09-01"), "it is withdrawn soon"},
		{"withdrawn", "1.2.0", "2021-09-01", unsupportedFor("Withdrawn", "2021-09-01"), "it was withdrawn"},
		{"newer than the list", "2.1.0", "2021-06-01", unknownFor("NotInPolicy"), "the policy is out of date"},
		{"older than the list", "0.0.9", "2021-06-01", unknownFor("NotInPolicy"), "without a window nothing has left it"},
		{"older than the list, with all of it out", "0.0.9", "2022-06-01", unknownFor("NotInPolicy"), "however many are newer"},
		{"between", "0.2.0", "2021-06-01", unknownFor("NotInPolicy"), "no minor of the list"},
		{"a prerelease", "1.0.0-rc.1", "2021-06-01", unsupportedFor("PreRelease", ""), "it is none of the releases"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(validSet(t, catalogue()), cluster().with(product("Cassandra", row.version)), row.now), "Cassandra")
			expect.Equal(t, row.want, answerOf(got), row.reason)
		})
	}
}

func TestListedMessages(t *testing.T) {
	for _, row := range []struct{ version, now, want string }{
		{"1.0.2", "2021-06-01", "Cassandra 1.0.2 is supported; no end is announced (policy Cassandra)"},
		{"1.1.0", "2021-06-01", "Cassandra 1.1.0 is supported; support of 1.1 lasts through 2021-12-31 (policy Cassandra)"},
		{"1.1.0", "2022-06-01", "Cassandra 1.1.0 is not supported: support of 1.1 lasted through 2021-12-31 (policy Cassandra)"},
		{"0.0.9", "2021-06-01", "Cassandra 0.0.9 is of a minor that policy Cassandra does not list; bring the policy up to date"},
	} {
		got := rowOf(t, assess(validSet(t, catalogue()), cluster().with(product("Cassandra", row.version)), row.now), "Cassandra")
		expect.Equal(t, row.want, got.Findings[0].Message)
	}
}

// TestListedIsNeverLast: a list has no last place, so that no upgrade is urged and no plan is overdue for it.
func TestListedIsNeverLast(t *testing.T) {
	full := policy("Cassandra").listed()
	for i := range maxReleases {
		full = full.minor(facts.Minor{Major: 1, Minor: uint64(i)}.String())
	}
	for name, s := range map[string]*Set{
		"full":    validSet(t, full),
		"alone":   validSet(t, policy("Cassandra").listed().minor("1.0")),
		"overdue": validSet(t, catalogue()),
	} {
		assessment := assess(s, cluster().with(product("Cassandra", "1.0.0")), "2022-06-01")
		got := rowOf(t, assessment, "Cassandra")
		if answerOf(got) != supported("Supported", "") || len(got.Findings) != 1 {
			t.Errorf("%s: %+v", name, got.Findings)
		}
		expect.Equal(t, "False UpToDate", conditionOf(t, assessment, v1alpha1.ConditionUpgradeRecommended),
			name, "UpgradeRecommended")
	}
}

func TestDescribeListed(t *testing.T) {
	s := validSet(t, catalogue())
	for _, row := range []struct {
		now  string
		want []string
		next string
	}{
		{
			"2021-06-01",
			[]string{"2.0 Planned", "1.3 Planned", "1.2 Supported 2021-09-01", "1.1 Supported 2022-01-01", "1.0 Supported", "0.1 Supported"},
			"2021-09-01",
		},
		{
			"2021-09-01",
			[]string{"2.0 Planned", "1.3 Planned", "1.2 Withdrawn 2021-09-01", "1.1 Supported 2022-01-01", "1.0 Supported", "0.1 Supported"},
			"2022-01-01",
		},
		{
			"2022-06-01",
			[]string{"2.0 Planned", "1.3 Supported", "1.2 Withdrawn 2021-09-01", "1.1 Ended 2022-01-01", "1.0 Supported", "0.1 Supported"},
			"",
		},
	} {
		expect.Equal(t, row.want, stagesOf(s, "Cassandra", row.now), "at", row.now)
		_, next := s.describePolicy("Cassandra", at(row.now))
		expect.Equal(t, row.next, instantText(next), "at", row.now, "next")
	}
}

// TestRangeOfListed: what a listed release may run is supported as long as the release.
func TestRangeOfListed(t *testing.T) {
	s := validSet(t, kubernetesOf("Cassandra"), policy("Cassandra").listed().
		minor("1.2", planned("2022-03-01"), runs("1.20", "1.21")).
		minor("1.1", runs("1.18", "1.19")).
		minor("1.0", runs("1.16", "1.18"), through("2021-12-31")))
	for _, row := range []struct {
		kubernetes, now string
		want            answer
		reason          string
	}{
		{"v1.19.9", "2021-06-01", supported("Supported", ""), "1.1 is listed"},
		{"v1.18.9", "2022-06-01", supported("Supported", ""), "1.1 outlives 1.0"},
		{"v1.17.9", "2021-06-01", supported("Supported", "2022-01-01"), "only 1.0 contains it"},
		{"v1.17.9", "2022-01-01", unsupportedFor("SupportEnded", "2022-01-01"), "1.0 has ended"},
		{"v1.20.9", "2021-06-01", unsupportedFor("NotYetSupported", ""), "1.2 is planned"},
		{"v1.15.9", "2021-06-01", unsupportedFor("NotInAnyRange", ""), "below all of them"},
		{"v1.22.9", "2021-06-01", unknownFor("NotInPolicy"), "above all of them"},
	} {
		c := cluster().with(product("Cassandra", "1.1.0")).on(row.kubernetes)
		got := rowOf(t, assess(s, c, row.now), facts.Kubernetes)
		expect.Equal(t, row.want, answerOf(got), row.kubernetes, "at", row.now, row.reason)
	}
}

// TestMinorWithoutADay: what a vendor lists without a day can be had, whatever is known of the next minor.
func TestMinorWithoutADay(t *testing.T) {
	s := validSet(t, policy("Other").listed().minor("1.2", ga("2022-01-01")).minor("1.1").minor("1.0", through("2020-12-31")))
	for _, row := range []struct{ now, want string }{
		{"2021-06-01", "Other 1.0.0 has lost its support; upgrade to 1.1 (policy Other)"},
		{"2022-06-01", "Other 1.0.0 has lost its support; upgrade to 1.1 (policy Other)"},
	} {
		got := upgradeOf(t, assess(s, cluster().with(product("Other", "1.0.0")), row.now), "Other")
		expect.Equal(t, []string{row.want}, got, "at", row.now)
	}
	for _, now := range []string{"1980-01-01", "2021-06-01", "2022-06-01"} {
		expect.Equal(t, supported("Supported", ""),
			answerOf(rowOf(t, assess(s, cluster().with(product("Other", "1.1.0")), now), "Other")), "at", now)
	}
}

// TestUpgradeWithinList: minors are the targets that they are in a window.
func TestUpgradeWithinList(t *testing.T) {
	s := validSet(t, catalogue())
	for _, row := range []struct{ version, now, want string }{
		{"1.1.0", "2022-01-01", "Cassandra 1.1.0 has lost its support; no minor to which an upgrade is documented is generally available (policy Cassandra)"},
		{"1.2.0", "2022-01-01", "Cassandra 1.2.0 was withdrawn; upgrade to 1.3 (policy Cassandra)"},
		{"0.1.0", "2022-01-01", "Cassandra 0.1.0 has a newer patch: 0.1.2; the newest minor that the installed releases allow: 1.0 (policy Cassandra)"},
	} {
		got := rowOf(t, assess(s, cluster().with(product("Cassandra", row.version)), row.now), "Cassandra")
		expect.Equal(t, row.want, byType(v1alpha1.FindingUpgrade)(got))
	}
}
