// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// history is a product with a window of three: two lines of the 1.x and, after a jump, 2.0.
func history() policyBuilder {
	return policy("konvoy").window(3).
		minor("2.0", ga("2021-08-26")).
		minor("1.8", ga("2021-05-05")).
		minor("1.7", ga("2021-02-10")).
		minor("1.6", ga("2020-11-16")).
		minor("1.5", ga("2020-07-20"))
}

// threeOut has three minors out, so that one more ends the oldest.
func threeOut() policyBuilder {
	return policy("kommander").window(3).
		minor("1.4", ga("2021-05-05")).
		minor("1.3", ga("2021-02-10")).
		minor("1.2", ga("2020-11-16"))
}

func TestWindow(t *testing.T) {
	for _, row := range []struct {
		name   string
		policy policyBuilder
		found  facts.Installation
		now    string
		want   answer
		reason string
	}{
		{
			"newest", history(), konvoy("2.0.0"), "2021-09-01", supported("Supported", ""),
			"the newest minor is supported, and nothing announces its end",
		},
		{
			"the list is counted, not the numbers", history(), konvoy("1.7.4"), "2021-09-01", supported("LastInWindow", ""),
			"1.8 is followed by 2.0: 2.0, 1.8 and 1.7 are the newest three",
		},
		{
			"all patches of a minor share its support", history(), konvoy("1.7.99"), "2021-09-01", supported("LastInWindow", ""),
			"a patch that is not listed shares the support of its minor",
		},
		{
			"ended by the third newer", history(), konvoy("1.6.3"), "2021-09-01", unsupportedFor("SupportEnded", "2021-08-26"),
			"2.0 is the third minor that is newer than 1.6",
		},
		{
			"ended earlier", history(), konvoy("1.5.6"), "2021-09-01", unsupportedFor("SupportEnded", "2021-05-05"),
			"the end stays the day of the third newer minor, whatever comes later",
		},
		{
			"end in the future", history(), konvoy("1.6.3"), "2021-06-01", supported("LastInWindow", "2021-08-26"),
			"a day of general availability that is fixed announces the end",
		},
		{
			"another product's releases", history(), kommander("1.7.0"), "2021-09-01", unknownFor("NoPolicy"),
			"the window is that of each product's own list",
		},
		{
			"window of one",
			policy("konvoy").window(1).minor("1.8", ga("2021-05-05")).minor("1.7", ga("2021-02-10")),
			konvoy("1.7.0"), "2021-05-05", unsupportedFor("SupportEnded", "2021-05-05"),
			"with a window of one the next minor ends the one before",
		},
		{
			"newer by version, not by date",
			policy("konvoy").window(1).minor("1.8", ga("2021-01-01")).minor("1.7", ga("2021-06-01")),
			konvoy("1.8.0"), "2021-07-01", supported("LastInWindow", ""),
			"1.7 came out later and is still older than 1.8",
		},
		{
			"never in the window",
			policy("konvoy").window(1).minor("1.8", ga("2021-01-01")).minor("1.7", ga("2021-06-01")),
			konvoy("1.7.0"), "2021-07-01", unsupportedFor("SupportEnded", ""),
			"a minor that came out behind the window has no day on which its support ended",
		},
		{
			"double digits",
			policy("konvoy").window(1).minor("1.9", ga("2021-01-01")).minor("1.10", ga("2021-06-01")),
			konvoy("1.9.0"), "2021-07-01", unsupportedFor("SupportEnded", "2021-06-01"),
			"1.10 is newer than 1.9: numbers are compared, not letters",
		},
		{
			"a release candidate expires nothing",
			threeOut().minor("1.5", patched("1.5.0-rc.1", dated("2021-10-01"))),
			kommander("1.2.2"), "2021-11-01", supported("LastInWindow", ""),
			"the day of a prerelease is no day of general availability",
		},
		{
			"a plan forecasts", threeOut().minor("1.5", planned("2021-11-30")),
			kommander("1.2.2"), "2021-06-01", supported("LastInWindow", "2021-11-30"),
			"a plan gives a forecast end",
		},
		{
			"a plan that has passed ends nothing", threeOut().minor("1.5", planned("2021-11-30")),
			kommander("1.2.2"), "2022-06-01", supported("LastInWindow", ""),
			"a planned day that passes ends nothing, and the end is unannounced again",
		},
		{
			"a later plan counts where an earlier one has passed",
			threeOut().minor("1.5", planned("2021-11-30")).minor("1.6", planned("2022-02-28")),
			kommander("1.2.2"), "2022-01-01", supported("LastInWindow", "2022-02-28"),
			"the plan of 1.6 still lies ahead, that of 1.5 is none any more",
		},
		{
			"a plan that is confirmed", threeOut().minor("1.5", ga("2021-12-07")),
			kommander("1.2.2"), "2022-06-01", unsupportedFor("SupportEnded", "2021-12-07"),
			"the day of general availability decides",
		},
		{
			"unknown day, newer minor out", policy("kommander").window(3).minor("1.1", ga("2020-07-16")).minor("1.0"),
			kommander("1.0.2"), "2021-01-01", supported("Supported", ""),
			"a minor without a day is out when a newer one is",
		},
		{
			"unknown day counts",
			policy("kommander").window(2).minor("1.2", ga("2020-11-16")).minor("1.1").minor("1.0", ga("2020-01-01")),
			kommander("1.0.2"), "2021-01-01", unsupportedFor("SupportEnded", "2020-11-16"),
			"a minor that came out on an unknown day takes a place in the window, at the latest with the next one",
		},
		{
			"unknown day, patch has one", policy("kommander").window(3).minor("1.0", patched("1.0.1", dated("2020-05-14"))),
			kommander("1.0.2"), "2021-01-01", supported("Supported", ""),
			"the day of a patch proves that its minor is out",
		},
		{
			"unknown day of the newest", policy("kommander").window(3).minor("1.1").minor("1.0", ga("2020-05-14")),
			kommander("1.1.0"), "2021-01-01", unknownFor("NotYetAvailable"),
			"a newest minor without a day is not announced",
		},
		{
			"unknown day of the newest expires nothing",
			policy("kommander").window(1).minor("1.1").minor("1.0", ga("2020-05-14")),
			kommander("1.0.0"), "2021-01-01", supported("LastInWindow", ""),
			"a minor that is not announced takes no place",
		},
		{
			"undated patches prove nothing", policy("kommander").window(3).minor("1.1", patched("1.1.0")),
			kommander("1.1.0"), "2021-01-01", unknownFor("NotYetAvailable"),
			"a patch without a day does not tell that its minor is out",
		},
		{
			"a patch's own day never decides", threeOut().minor("1.1", ga("2020-07-16"), patched("1.1.9", dated("2021-05-05"))),
			kommander("1.1.9"), "2021-05-05", unsupportedFor("SupportEnded", "2021-05-05"),
			"a patch that comes out when its minor ends is not supported",
		},
		{
			"a patch that is not out",
			threeOut().minor("1.1", ga("2020-07-16"), patched("1.1.9", dated("2030-01-01"))),
			kommander("1.1.9"), "2021-01-01", supported("Supported", "2021-05-05"),
			"a patch whose day has not come shares its minor's support all the same",
		},
		{
			"withdrawn", history().minor("2.1", ga("2021-11-18"), withdrawn("2022-04-08")),
			konvoy("2.1.0"), "2022-05-01", unsupportedFor("Withdrawn", "2022-04-08"),
			"from the day of its withdrawal a minor is not supported",
		},
		{
			"to be withdrawn", history().minor("2.1", ga("2021-11-18"), withdrawn("2022-04-08")),
			konvoy("2.1.0"), "2022-04-01", supported("Supported", "2022-04-08"),
			"an announced withdrawal is an announced end",
		},
		{
			"withdrawn ones do not count", history().minor("2.1", ga("2021-11-18"), withdrawn("2022-04-08")),
			konvoy("1.7.0"), "2022-05-01", supported("LastInWindow", ""),
			"when 2.1 is withdrawn, 1.7 is again one of the newest three",
		},
		{
			"withdrawn ones count until then", history().minor("2.1", ga("2021-11-18"), withdrawn("2022-04-08")),
			konvoy("1.7.0"), "2022-04-01", unsupportedFor("SupportEnded", "2021-11-18"),
			"until its withdrawal 2.1 takes a place",
		},
		{
			"skipped from a day on",
			policy("konvoy").window(3).minor("2.2", ga("2022-04-08")).minor("2.1", ga("2021-11-18")).
				minor("2.0", ga("2021-08-26"), withdrawn("2022-04-08")).minor("1.8", ga("2021-05-05")),
			konvoy("1.8.5"), "2022-04-08", supported("LastInWindow", ""),
			"2.0 was skipped from the day of 2.2 on, so that 1.8 stayed",
		},
		{
			"withdrawn after it had ended",
			policy("konvoy").window(1).minor("1.8", ga("2021-05-05")).minor("1.7", ga("2021-02-10"), withdrawn("2022-01-01")),
			konvoy("1.7.0"), "2022-02-01", unsupportedFor("Withdrawn", "2021-05-05"),
			"the end is the first instant without support; a later withdrawal does not move it",
		},
		{
			"withdrawn after its own last day", threeOut().minor("1.5", ga("2021-06-01"), through("2021-12-31"), withdrawn("2022-03-01")),
			kommander("1.5.0"), "2022-04-01", unsupportedFor("Withdrawn", "2022-01-01"),
			"the same with an end of its own",
		},
		{
			"supported longer than the window", history().minor("1.4", ga("2020-02-28"), through("2021-12-31")),
			konvoy("1.4.9"), "2021-12-31T23:59:59.999999999Z", supported("Supported", "2022-01-01"),
			"a last day of its own replaces the end by the window, and is included",
		},
		{
			"supported longer, over", history().minor("1.4", ga("2020-02-28"), through("2021-12-31")),
			konvoy("1.4.9"), "2022-01-01", unsupportedFor("SupportEnded", "2022-01-01"),
			"after its last day it is over",
		},
		{
			"supported shorter than the window", history().minor("2.1", ga("2021-11-18"), through("2021-12-31")),
			konvoy("2.1.0"), "2022-01-01", unsupportedFor("SupportEnded", "2022-01-01"),
			"a last day of its own may come before the window's end",
		},
		{
			"a minor with its own end counts", history().minor("2.1", ga("2021-11-18"), through("2021-12-31")),
			konvoy("1.7.0"), "2022-02-01", unsupportedFor("SupportEnded", "2021-11-18"),
			"it is not withdrawn, so it takes its place even after its own end",
		},
		{
			"a last day of its own does not come before the day", threeOut().minor("1.5", ga("2021-11-30"), through("2022-12-31")),
			kommander("1.5.0"), "2021-11-29", unknownFor("NotYetAvailable"),
			"before its general availability nothing makes a minor supported",
		},
		{
			"newer than the policy", threeOut(), kommander("1.5.0"), "2021-11-29", unknownFor("NotInPolicy"),
			"a minor that is newer than all listed ones: the policy is out of date",
		},
		{
			"newer major", threeOut(), kommander("2.0.0"), "2031-11-29", unknownFor("NotInPolicy"),
			"however much time has passed",
		},
		{
			"final before its day", threeOut().minor("1.5", ga("2021-11-30")),
			kommander("1.5.0"), "2021-11-29T23:59:59.999999999Z", unknownFor("NotYetAvailable"),
			"a final version before its minor is out: the policy is out of date",
		},
		{
			"on its day", threeOut().minor("1.5", ga("2021-11-30")), kommander("1.5.0"), "2021-11-30", supported("Supported", ""),
			"from the first instant of its day it is supported",
		},
		{
			"final of a planned minor", threeOut().minor("1.5", planned("2021-11-30")),
			kommander("1.5.0"), "2021-12-30", unknownFor("NotYetAvailable"),
			"a plan whose day has passed makes nothing available",
		},
		{
			"older than the oldest, enough are newer", threeOut(), kommander("1.1.0"), "2021-05-05", unsupportedFor("SupportEnded", ""),
			"three newer minors are out, so that 1.1 cannot be in the window",
		},
		{
			"older than the oldest, too few are newer", threeOut(), kommander("1.1.0"), "2021-05-04", unknownFor("NotInPolicy"),
			"with two newer minors 1.1 may be in the window",
		},
		{
			"unlisted in between",
			policy("kommander").window(3).minor("1.4", ga("2021-05-05")).minor("1.2", ga("2020-11-16")),
			kommander("1.3.0"), "2021-06-01", unknownFor("NotInPolicy"),
			"a minor that the list leaves out is not known",
		},
		{
			"prerelease", threeOut(), kommander("1.4.0-rc.2"), "2021-06-01", unsupportedFor("PreRelease", ""),
			"a prerelease is not supported, even of a supported minor",
		},
		{
			"prerelease of a minor that is not listed", threeOut(), kommander("2.3.0-dev"), "2021-06-01", unsupportedFor("PreRelease", ""),
			"a prerelease is none of the final versions that the policy would have to know",
		},
		{
			"prerelease of a planned minor", threeOut().minor("1.5", planned("2021-11-30")), kommander("1.5.0-rc.1"), "2021-06-01",
			unsupportedFor("PreRelease", ""), "it is installed before its day because it is a prerelease",
		},
		{
			"packaging revision", threeOut(), kommander("1.2.0-36"), "2021-06-01", supported("LastInWindow", ""),
			"-36 counts packages and is no prerelease",
		},
		{
			"leading v and build metadata", threeOut(), kommander("v1.4.0+sha.5114f85"), "2021-06-01", supported("Supported", ""),
			"a leading v and build metadata do not count",
		},
		{
			"unreadable", threeOut(), kommander("1.4"), "2021-06-01", unknownFor("UnreadableVersion"),
			"a version that cannot be read is not guessed",
		},
		{
			"version not known", threeOut(), found(facts.Kommander, "kommander"), "2021-06-01", unknownFor("VersionUnknown"),
			"the product is there and nothing tells its version",
		},
		{
			"forbidden", threeOut(), forbidden(facts.Kommander), "2021-06-01", unknownFor("Forbidden"),
			"that the operator may not look does not mean that nothing is there",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, row.policy)
			assessment := assess(s, cluster().on("v1.19.7").with(row.found), row.now)
			expect.Equal(t, row.want, answerOf(rowOf(t, assessment, row.found.Product)), row.reason)
		})
	}
}

// step is what an evaluation says and when it will next say something else.
type step struct {
	answer answer
	next   string
}

// TestBoundaries looks at both sides of every instant at which an answer changes, and at the next instant that each
// evaluation returns.
func TestBoundaries(t *testing.T) {
	overdue := threeOut().warns(0).minor("1.5", planned("2021-11-30"))
	for _, row := range []struct {
		name   string
		policy policyBuilder
		found  facts.Installation
		// before is the answer up to the instant, after that from it on.
		instant       string
		before, after step
		reason        string
	}{
		{
			"the third newer minor", threeOut().warns(0).minor("1.5", ga("2021-11-30")), kommander("1.2.2"), "2021-11-30",
			step{supported("LastInWindow", "2021-11-30"), "2021-11-30"},
			step{unsupportedFor("SupportEnded", "2021-11-30"), ""},
			"an interval does not contain its end",
		},
		{
			"a minor comes out", threeOut().warns(0).minor("1.5", ga("2021-11-30")), kommander("1.5.0"), "2021-11-30",
			step{unknownFor("NotYetAvailable"), "2021-11-30"},
			step{supported("Supported", ""), ""},
			"an interval contains its start",
		},
		{
			"a plan passes", overdue, kommander("1.2.2"), "2021-11-30",
			step{supported("LastInWindow", "2021-11-30"), "2021-11-30"},
			step{supported("LastInWindow", ""), ""},
			"a plan holds until its day begins",
		},
		{
			"an own last day", threeOut().warns(0).minor("1.1", ga("2020-07-16"), through("2021-12-31")), kommander("1.1.4"), "2022-01-01",
			step{supported("Supported", "2022-01-01"), "2022-01-01"},
			step{unsupportedFor("SupportEnded", "2022-01-01"), ""},
			"the last day is included as a whole",
		},
		{
			"an own last day in a zone", threeOut().warns(0).zone("Europe/Berlin").minor("1.1", ga("2020-07-16"), through("2021-12-31")),
			kommander("1.1.4"), "2021-12-31T23:00:00Z",
			step{supported("Supported", "2021-12-31T23:00:00Z"), "2021-12-31T23:00:00Z"},
			step{unsupportedFor("SupportEnded", "2021-12-31T23:00:00Z"), ""},
			"the day ends with the day of the zone",
		},
		{
			"a withdrawal", threeOut().warns(0).minor("1.5", ga("2021-06-01"), withdrawn("2022-04-08")), kommander("1.5.0"), "2022-04-08",
			step{supported("Supported", "2022-04-08"), "2022-04-08"},
			step{unsupportedFor("Withdrawn", "2022-04-08"), ""},
			"it is withdrawn from the first instant of the day",
		},
		{
			"a withdrawal brings another one back", threeOut().warns(0).minor("1.5", ga("2021-06-01"), withdrawn("2022-04-08")),
			kommander("1.2.2"), "2022-04-08",
			step{unsupportedFor("SupportEnded", "2021-06-01"), "2022-04-08"},
			step{supported("LastInWindow", ""), ""},
			"the place is free from the same instant on",
		},
		{
			"older than the oldest listed", threeOut().warns(0), kommander("1.1.4"), "2021-05-05",
			step{unknownFor("NotInPolicy"), "2021-05-05"},
			step{unsupportedFor("SupportEnded", ""), ""},
			"it is known not to be in the window from the day of the third listed one on",
		},
		{
			"a warning", threeOut().warns(30).minor("1.5", ga("2021-11-30")), kommander("1.2.2"), "2021-10-31",
			step{supported("LastInWindow", "2021-11-30"), "2021-10-31"},
			step{supported("LastInWindow", "2021-11-30"), "2021-11-30"},
			"ExpiringSoon becomes True without any change of the state",
		},
		{
			"a patch comes out", threeOut().warns(0).minor("1.5", ga("2021-06-01"), patched("1.5.1", dated("2021-07-01"))),
			kommander("1.5.0"), "2021-07-01",
			step{supported("Supported", ""), "2021-07-01"},
			step{supported("Supported", ""), ""},
			"there is something to upgrade to",
		},
		{
			"a gap at midnight", threeOut().warns(0).zone("America/Sao_Paulo").minor("1.5", ga("2018-11-04")), kommander("1.5.0"), "2018-11-04T03:00:00Z",
			step{unknownFor("NotYetAvailable"), "2018-11-04T03:00:00Z"},
			step{supported("Supported", ""), ""},
			"the day begins at 01:00, since 00:00 did not exist",
		},
		{
			"a fold at midnight", threeOut().warns(0).zone("America/Havana").minor("1.5", ga("2021-11-07")), kommander("1.5.0"), "2021-11-07T04:00:00Z",
			step{unknownFor("NotYetAvailable"), "2021-11-07T04:00:00Z"},
			step{supported("Supported", ""), ""},
			"00:00 came twice, and the first one counts",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, row.policy)
			for _, side := range []struct {
				name string
				now  time.Time
				want step
			}{
				{"a nanosecond before", justBefore(at(row.instant)), row.before},
				{"at the instant", at(row.instant), row.after},
			} {
				assessment, next := s.evaluate(cluster().on("v1.19.7").with(row.found).evaluationInput, side.now)
				got := step{answerOf(rowOf(t, assessment, row.found.Product)), instantText(next)}
				expect.Equal(t, side.want, got, side.name, row.reason)
			}
		})
	}
}

// TestConditionsOfAWindow holds what the four conditions say in each of the situations that a window knows.
func TestConditionsOfAWindow(t *testing.T) {
	type conditions struct{ Supported, ExpiringSoon, UpgradeRecommended string }
	for _, row := range []struct {
		name   string
		policy policyBuilder
		found  facts.Installation
		now    string
		want   conditions
		reason string
	}{
		{
			"last in the window", threeOut(), kommander("1.2.2"), "2021-06-01",
			conditions{"True Supported", "False EndNotAnnounced", "True LastInWindow"},
			"supported without a day, and the next minor ends it: only an upgrade helps in time",
		},
		{
			"second to last", threeOut(), kommander("1.3.0"), "2021-06-01",
			conditions{"True Supported", "False EndNotAnnounced", "False UpToDate"},
			"two more minors have to come first",
		},
		{
			"a plan far away", threeOut().minor("1.5", planned("2021-11-30")), kommander("1.2.2"), "2021-06-01",
			conditions{"True Supported", "False EndNotNear", "True LastInWindow"},
			"the forecast end is more than 90 days away",
		},
		{
			"a plan near", threeOut().minor("1.5", planned("2021-11-30")), kommander("1.2.2"), "2021-09-01",
			conditions{"True Supported", "True SupportEndsSoon", "True LastInWindow"},
			"a plan warns as a fact does, 90 days before",
		},
		{
			"the day before", threeOut().minor("1.5", planned("2021-11-30")), kommander("1.2.2"), "2021-08-31",
			conditions{"True Supported", "False EndNotNear", "True LastInWindow"},
			"91 days before is too early",
		},
		{
			"a plan that has passed", threeOut().minor("1.5", planned("2021-11-30")), kommander("1.2.2"), "2021-11-30",
			conditions{"True Supported", "False EndNotAnnounced", "True LastInWindow"},
			"the end is unannounced again",
		},
		{
			"ended", threeOut().minor("1.5", ga("2021-11-30")), kommander("1.2.2"), "2021-11-30",
			conditions{"False SupportEnded", "False SupportEnded", "True SupportEnded"},
			"there is nothing left to expire",
		},
		{
			"withdrawn", threeOut().minor("1.5", ga("2021-11-30"), withdrawn("2021-12-24")), kommander("1.5.0"), "2022-01-01",
			conditions{"False Withdrawn", "False SupportEnded", "True Withdrawn"},
			"a withdrawn minor is to be left",
		},
		{
			"unknown", threeOut(), kommander("1.5.0"), "2022-01-01",
			conditions{"Unknown NotInPolicy", "Unknown NotInPolicy", "Unknown NotInPolicy"},
			"what is not known is neither good nor bad",
		},
		{
			"prerelease", threeOut(), kommander("1.4.0-rc.1"), "2022-01-01",
			conditions{"False PreRelease", "False NotSupported", "True NotSupported"},
			"a prerelease has no support that could expire",
		},
		{
			"no warning at all", threeOut().warns(0).minor("1.5", ga("2021-11-30")), kommander("1.2.2"), "2021-11-29T23:59:59Z",
			conditions{"True Supported", "False EndNotNear", "True LastInWindow"},
			"0 days before the end there is nothing to warn of any more",
		},
		{
			"own end", threeOut().minor("1.1", ga("2020-07-16"), through("2022-01-31")), kommander("1.1.4"), "2022-01-01",
			conditions{"True Supported", "True SupportEndsSoon", "False UpToDate"},
			"it is not the next minor that ends it",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, row.policy), cluster().on("v1.19.7").with(row.found), row.now)
			got := conditions{
				conditionOf(t, assessment, v1alpha1.ConditionSupported),
				conditionOf(t, assessment, v1alpha1.ConditionExpiringSoon),
				conditionOf(t, assessment, v1alpha1.ConditionUpgradeRecommended),
			}
			expect.Equal(t, row.want, got, row.reason)
		})
	}
}

func TestPlannedReleaseOverdue(t *testing.T) {
	twoPlans := threeOut().minor("1.5", planned("2021-11-30")).minor("1.6", planned("2022-02-28"))
	for _, row := range []struct {
		name, installed, now string
		policy               policyBuilder
		want                 string
		reason               string
	}{
		{
			"before", "1.2.2", "2021-11-29", twoPlans, "",
			"a plan that lies ahead is not overdue",
		},
		{
			"at the instant", "1.2.2", "2021-11-30", twoPlans,
			"Kommander 1.2.2 may be about to lose its support: 1.5 was planned for 2021-11-30 and is not confirmed; give the" +
				" generalAvailability in the policy, or move the plannedGeneralAvailability (policy kommander)",
			"the day is to be confirmed or moved",
		},
		{
			"not concerned", "1.3.4", "2021-11-30", twoPlans, "",
			"1.3 would still be in the window",
		},
		{
			"concerned by two", "1.3.4", "2022-02-28", twoPlans,
			"Kommander 1.3.4 may be about to lose its support: 1.6 was planned for 2022-02-28 and is not confirmed, 1.5 was" +
				" planned for 2021-11-30 and is not confirmed; give the generalAvailability in the policy, or move the" +
				" plannedGeneralAvailability (policy kommander)",
			"with both out, 1.3 would have left the window",
		},
		{
			"ended anyway", "1.2.2", "2022-02-01", threeOut().minor("1.5", planned("2021-11-30")).minor("1.6", ga("2022-01-01")), "",
			"what has ended cannot be about to",
		},
		{
			"an end of its own", "1.1.4", "2021-12-01",
			threeOut().minor("1.5", planned("2021-11-30")).minor("1.1", ga("2020-07-16"), through("2022-12-31")), "",
			"no plan can end a minor that has a last day of its own",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, row.policy), cluster().with(kommander(row.installed)), row.now)
			got := messageOf(rowOf(t, assessment, facts.Kommander), v1alpha1.ReasonPlannedReleaseOverdue)
			expect.Equal(t, row.want, got, row.reason)
		})
	}
}

// TestMessagesOfEnds: what Supported and ExpiringSoon say of the ends to come.
func TestMessagesOfEnds(t *testing.T) {
	const none = "no end is announced"
	const first = "the first end is that of Kommander 1.2.0, at 2021-11-30T00:00:00Z"
	overdue := "Kommander 1.2.0 may be about to lose its support: 1.5 was planned for 2021-11-30 and is not confirmed; give the generalAvailability" +
		" in the policy, or move the plannedGeneralAvailability (policy kommander)"
	planning := threeOut().minor("1.5", planned("2021-11-30"))
	for _, row := range []struct {
		name, now string
		policy    policyBuilder
		found     []facts.Installation
		supported string
		expiring  string
	}{
		{"none", "2021-06-01", threeOut(), []facts.Installation{kommander("1.4.0")}, "the installed release is supported; " + none, none},
		{
			"two", "2021-06-01", threeOut().about("Other"), []facts.Installation{product("Other", "1.4.0"), found("Other", "b", sign(v1alpha1.SourceLabel, "1.3.0"))},
			"all 2 installed releases are supported; " + none, none,
		},
		{
			"last in the window", "2021-06-01", threeOut(), []facts.Installation{kommander("1.2.0")},
			"the installed release is supported; " + none + "; last in the window: Kommander 1.2.0", none + "; last in the window: Kommander 1.2.0",
		},
		{"a day", "2021-06-01", planning, []facts.Installation{kommander("1.2.0")}, "the installed release is supported; " + first, first},
		{
			"overdue", "2021-12-01", planning, []facts.Installation{kommander("1.2.0")},
			"the installed release is supported; " + none + "; last in the window: Kommander 1.2.0; " + overdue,
			none + "; last in the window: Kommander 1.2.0; " + overdue,
		},
		{
			"ended, beside one that never was supported", "2021-12-01", threeOut().minor("1.5", ga("2021-11-30")),
			[]facts.Installation{found(facts.Kommander, "a", sign(v1alpha1.SourceLabel, "1.2.0")), found(facts.Kommander, "b", sign(v1alpha1.SourceLabel, "1.5.0-rc.1"))},
			"Kommander a 1.2.0 is not supported: support of 1.2 ended on 2021-11-30, when 1.5 became generally available (policy kommander);" +
				" Kommander b 1.5.0-rc.1 is not supported: it is a prerelease (policy kommander)",
			"Kommander a 1.2.0 is not supported: support of 1.2 ended on 2021-11-30, when 1.5 became generally available (policy kommander)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, row.policy), cluster().with(row.found...), row.now)
			expect.Equal(t, row.supported, conditionMessage(t, assessment, v1alpha1.ConditionSupported), "Supported")
			expect.Equal(t, row.expiring, conditionMessage(t, assessment, v1alpha1.ConditionExpiringSoon),
				"ExpiringSoon")
		})
	}
}

// TestWindowMessages holds the sentences that somebody quotes.
func TestWindowMessages(t *testing.T) {
	withEnds := threeOut().
		minor("1.5", ga("2021-11-30"), withdrawn("2022-04-08")).
		minor("1.6", planned("2022-06-01")).
		minor("1.1", ga("2020-07-16"), through("2021-12-31"))
	for _, row := range []struct {
		name, installed, now string
		policy               policyBuilder
		want                 string
	}{
		{
			"newest", "1.4.0", "2021-06-01", threeOut(),
			"is supported; no end is announced, support ends when 3 more minors become generally available",
		},
		{
			"second", "1.3.0", "2021-06-01", threeOut(),
			"is supported; no end is announced, support ends when 2 more minors become generally available",
		},
		{
			"third", "1.2.0", "2021-06-01", threeOut(),
			"is supported as the last minor in the window: support ends when the next minor becomes generally available, no day is announced",
		},
		{
			"in a window with places left", "1.2.0", "2021-01-01", threeOut().window(5),
			"is supported; no end is announced, support ends when 5 more minors become generally available",
		},
		{
			"fixed day", "1.2.0", "2021-06-01", withEnds,
			"is supported; support of 1.2 ends on 2021-11-30, when 1.5 becomes generally available",
		},
		{
			"planned day", "1.3.0", "2022-05-01", withEnds.minor("1.7", ga("2022-05-01")),
			"is supported; support of 1.3 is planned to end on 2022-06-01, when 1.6 becomes generally available",
		},
		{
			"own last day", "1.1.0", "2021-12-01", withEnds,
			"is supported; support of 1.1 lasts through 2021-12-31",
		},
		{
			"own last day over", "1.1.0", "2022-01-01", withEnds,
			"is not supported: support of 1.1 lasted through 2021-12-31",
		},
		{
			"to be withdrawn", "1.5.0", "2022-01-01", withEnds,
			"is supported; support of 1.5 ends on 2022-04-08, when it is withdrawn",
		},
		{
			"withdrawn", "1.5.0", "2022-05-01", withEnds,
			"is not supported: 1.5 was withdrawn on 2022-04-08",
		},
		{
			"ended", "1.2.0", "2022-01-01", withEnds,
			"is not supported: support of 1.2 ended on 2021-11-30, when 1.5 became generally available",
		},
		{
			"ended on an unknown day", "1.1.0", "2022-01-01", policy("kommander").window(1).minor("1.2", ga("2020-01-01")).minor("1.1", ga("2020-06-01")),
			"is not supported: support of 1.1 ended on a day that is not known",
		},
		{
			"not listed and old", "1.1.0", "2021-06-01", threeOut(),
			"is not supported: 3 minors newer than 1.1 are generally available, and the newest 3 are supported",
		},
		{
			"not listed and old, window of one", "1.1.0", "2021-06-01", policy("kommander").window(1).minor("1.2", ga("2020-01-01")),
			"is not supported: 1 minor newer than 1.1 is generally available, and only the newest is supported",
		},
		{
			"prerelease", "1.4.0-rc.1", "2021-06-01", threeOut(),
			"is not supported: it is a prerelease",
		},
		{
			"before its day", "1.5.0", "2021-06-01", withEnds,
			"is installed although 1.5 is not generally available yet (its day is 2021-11-30); correct the policy",
		},
		{
			"before its planned day", "1.6.0", "2021-06-01", withEnds,
			"is installed although 1.6 is not generally available yet (planned for 2022-06-01); correct the policy",
		},
		{
			"behind its planned day", "1.6.0", "2022-07-01", withEnds,
			"is installed although 1.6 is not generally available yet (planned for 2022-06-01); correct the policy",
		},
		{
			"without a day", "1.5.0", "2021-06-01", threeOut().minor("1.5"),
			"is installed although 1.5 is not generally available yet (no day is announced); correct the policy",
		},
		{
			"in a zone", "1.2.0", "2021-06-01", threeOut().zone("Europe/Berlin").minor("1.5", ga("2021-11-30")),
			"is supported; support of 1.2 ends on 2021-11-30 (Europe/Berlin), when 1.5 becomes generally available",
		},
		{
			"last day in a zone", "1.2.0", "2021-06-01", policy("kommander").window(3).zone("Europe/Berlin").minor("1.2", ga("2021-01-01"), through("2021-12-31")),
			"is supported; support of 1.2 lasts through 2021-12-31 (Europe/Berlin)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(validSet(t, row.policy), cluster().with(kommander(row.installed)), row.now), facts.Kommander)
			want := "Kommander " + row.installed + " " + row.want + " (policy kommander)"
			expect.Equal(t, want, got.Findings[0].Message)
		})
	}
}
