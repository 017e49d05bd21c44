// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// konvoyRanges is a Konvoy of which each minor brings newer versions of Kubernetes, with one to come.
func konvoyRanges() policyBuilder {
	return policy("konvoy").window(3).
		minor("1.9", planned("2022-03-01"), runs("1.20", "1.21.x")).
		minor("1.8", ga("2021-05-05"), runs("1.18", "1.20.x")).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19.x")).
		minor("1.6", ga("2020-11-16"), runs("1.16", "1.18.x")).
		minor("1.5", ga("2020-07-20"), runs("1.15.4", "1.17.x"), patched("1.5.0", runsOn("1.15.0", "1.17.8")))
}

func kubernetesOf(products ...string) policyBuilder { return policy("kubernetes").rangeOf(products...) }

func TestRangeOf(t *testing.T) {
	for _, row := range []struct {
		name       string
		konvoy     policyBuilder
		kubernetes string
		now        string
		want       answer
		reason     string
	}{
		{
			"in several ranges", konvoyRanges(), "v1.19.9", "2021-06-01", supported("Supported", ""),
			"1.8 and 1.7 contain it, and 1.8 stays",
		},
		{
			"in the last range only", konvoyRanges(), "v1.16.15", "2021-06-01", supported("LastInWindow", "2022-03-01"),
			"1.6 alone contains it, and the planned 1.9 ends that",
		},
		{
			"union: the newest minor gives the end", konvoyRanges(), "v1.17.9", "2021-06-01", supported("Supported", ""),
			"1.7 contains it and stays in the window when 1.9 comes",
		},
		{
			"ended with the last minor that contained it", konvoyRanges(), "v1.15.12", "2021-06-01", unsupportedFor("SupportEnded", "2021-05-05"),
			"1.5 alone contained it and left the window with 1.8",
		},
		{
			"only in a patch's range", konvoyRanges(), "v1.15.2", "2021-03-01", supported("LastInWindow", "2021-05-05"),
			"a patch's own range counts for its minor",
		},
		{
			"below all", konvoyRanges(), "v1.14.10", "2021-06-01", unsupportedFor("NotInAnyRange", ""),
			"no release ever contained it",
		},
		{
			"between", policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.20", "1.20")).
				minor("1.7", ga("2021-02-10"), runs("1.18", "1.18")),
			"v1.19.9", "2021-06-01", unsupportedFor("NotInAnyRange", ""),
			"it is not newer than all ranges, so the policies know it and leave it out",
		},
		{
			"newer than all", konvoyRanges(), "v1.22.0", "2021-06-01", unknownFor("NotInPolicy"),
			"the policies may be out of date",
		},
		{
			"newer than an exact maximum", policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20.6")),
			"v1.20.7", "2021-06-01", unknownFor("NotInPolicy"), "1.20.7 is newer than 1.20.6",
		},
		{
			"a build is not newer than an exact maximum", policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20.6")),
			"v1.20.6+d2iq.1", "2021-06-01", supported("Supported", ""), "what a vendor appends never decides",
		},
		{
			"only in a release to come", konvoyRanges(), "v1.21.3", "2021-06-01", unsupportedFor("NotYetSupported", ""),
			"1.9 will contain it and is not out",
		},
		{
			"only in a release that is overdue", konvoyRanges(), "v1.21.3", "2022-06-01", unsupportedFor("NotYetSupported", ""),
			"a plan whose day has passed makes nothing available",
		},
		{
			"in a release with a day to come",
			konvoyRanges().minor("1.10", ga("2022-06-01"), runs("1.22", "1.22")), "v1.22.1", "2022-05-31", unsupportedFor("NotYetSupported", ""),
			"until its day a release supports nothing",
		},
		{
			"on the day of the release",
			konvoyRanges().minor("1.10", ga("2022-06-01"), runs("1.22", "1.22")), "v1.22.1", "2022-06-01", supported("Supported", ""),
			"from its day on it does",
		},
		{
			"GKE", konvoyRanges(), "v1.19.9-gke.1900", "2021-06-01", supported("Supported", ""), "prerelease parts are stripped",
		},
		{
			"of a withdrawn release",
			policy("konvoy").window(3).minor("2.0", ga("2021-08-26"), withdrawn("2022-04-08"), runs("1.21.3", "1.21.x")),
			"v1.21.3", "2022-05-01", unsupportedFor("SupportEnded", "2022-04-08"), "a withdrawn release supports nothing",
		},
		{
			"of a release with its own end",
			konvoyRanges().minor("1.4", ga("2020-02-28"), through("2021-12-31"), runs("1.14", "1.16.x")),
			"v1.14.10", "2021-06-01", supported("Supported", "2022-01-01"), "the own end of a release is that of its Kubernetes",
		},
		{
			"supported again",
			policy("konvoy").window(1).minor("1.8", ga("2021-05-05"), withdrawn("2021-06-05"), runs("1.20", "1.20")).
				minor("1.7", ga("2021-02-10"), runs("1.19", "1.19")),
			"v1.19.9", "2021-05-10", unsupportedFor("SupportEnded", "2021-05-05"), "the spans of a release may have a gap",
		},
		{
			"not known", konvoyRanges(), "", "2021-06-01", unknownFor("VersionUnknown"), "the server did not say it",
		},
		{
			"unreadable", konvoyRanges(), "master", "2021-06-01", unknownFor("UnreadableVersion"), "a version that cannot be read is not guessed",
		},
		{
			"the other policy is invalid", konvoyRanges().window(0), "v1.19.9", "2021-06-01", unknownFor("PolicyInvalid"),
			"what rests on an invalid policy is not known",
		},
		{
			"the other policy has no window", policy("konvoy").follows("Nothing").minor("1.8"), "v1.19.9", "2021-06-01", unknownFor("NoPolicy"),
			"ranges count within a window only",
		},
		{
			"the other policy is missing", policy("something"), "v1.19.9", "2021-06-01", unknownFor("NoPolicy"),
			"what rests on a missing policy is not known",
		},
		{
			"only in a patch's range, at its end",
			policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.19"), patched("1.8.1", runsOn("1.18", "1.20"))),
			"v1.20.1", "2021-06-01", supported("Supported", ""), "ranges with one minimum and two maxima are two",
		},
		{
			"only in a patch's range, by a whole minor",
			policy("konvoy").window(3).minor("1.8", ga("2021-05-05"), runs("1.18", "1.20.0"), patched("1.8.1", runsOn("1.18", "1.20"))),
			"v1.20.1", "2021-06-01", supported("Supported", ""), "a maximum of 1.20.0 is not one of 1.20",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := set(kubernetesOf(facts.Konvoy), row.konvoy)
			assessment := assess(s, cluster().on(row.kubernetes).with(found(facts.Konvoy, facts.DefaultInstallation)), row.now)
			expect.Equal(t, row.want, answerOf(rowOf(t, assessment, facts.Kubernetes)), row.reason)
		})
	}
}

// TestRangeOfIsTheUnion: of the releases that contain a version, and of the products.
func TestRangeOfIsTheUnion(t *testing.T) {
	other := policy("other").window(1).
		minor("1.1", ga("2021-09-01"), runs("1.25", "1.25")).
		minor("1.0", ga("2021-01-01"), runs("1.15", "1.16"))
	s := validSet(t, kubernetesOf(facts.Konvoy, "other"), konvoyRanges(), other)
	for _, row := range []struct {
		name, kubernetes, now string
		want                  answer
		reason                string
	}{
		{"one product's end is bridged", "v1.15.12", "2021-06-01", supported("LastInWindow", "2021-09-01"), "Konvoy 1.5 has ended, other 1.0 has not"},
		{"the later end counts", "v1.16.15", "2021-06-01", supported("LastInWindow", "2022-03-01"), "other ends before Konvoy 1.6"},
		{"newer than one product's ranges", "v1.22.0", "2021-10-01", unsupportedFor("NotInAnyRange", ""), "other 1.1 has a newer range"},
		{"newer than all products' ranges", "v1.26.0", "2021-10-01", unknownFor("NotInPolicy"), "newer than 1.25 too"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(s, cluster().on(row.kubernetes).with(konvoy("1.8.0")), row.now)
			expect.Equal(t, row.want, answerOf(rowOf(t, assessment, facts.Kubernetes)), row.reason)
		})
	}
}

// TestRangeOfApplies: the policy speaks only where one of its products is present.
func TestRangeOfApplies(t *testing.T) {
	s := validSet(t, kubernetesOf(facts.Konvoy, facts.Kommander), konvoyRanges(), threeOut())
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		applies bool
		reason  string
	}{
		{"Konvoy", cluster().with(konvoy("1.8.0")), true, "Konvoy is there"},
		{"Konvoy of unknown version", cluster().with(found(facts.Konvoy, facts.DefaultInstallation)), true, "the version is not asked"},
		{"Kommander", cluster().with(kommander("1.4.0")), true, "one of the products is enough"},
		{"declared", cluster().declaring(facts.Konvoy, facts.DefaultInstallation, "1.8.0"), true, "a declared product is there"},
		{"neither", cluster().with(bps("stable-1.19-3.2.0")), false, "an attached cluster of another vendor is not Konvoy's business"},
		{"nothing", cluster(), false, "nothing is installed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(s, row.cluster.on("v1.19.9"), "2021-06-01")
			applies := false
			for _, r := range assessment.Releases {
				applies = applies || r.Product == facts.Kubernetes
			}
			expect.Equal(t, row.applies, applies, row.reason, "the policy speaks")
		})
	}
	t.Run("not to be seen", func(t *testing.T) {
		assessment := assess(s, cluster().with(forbidden(facts.Konvoy)).on("v1.30.1"), "2021-06-01")
		expect.Equal(t, "Unknown Forbidden", conditionOf(t, assessment, v1alpha1.ConditionSupported),
			"nobody knows whether this is Konvoy's cluster, and yet")
		assessment = assess(s, cluster().with(forbidden(facts.Konvoy)).on("v1.14.1"), "2021-06-01")
		expect.Equal(t, "Unknown Forbidden", conditionOf(t, assessment, v1alpha1.ConditionSupported),
			"what Konvoy does not support may be supported where Konvoy is not")
	})
	t.Run("window of its own", func(t *testing.T) {
		upstream := validSet(t, policy("kubernetes").window(2).minor("1.20", ga("2020-12-08")).minor("1.19", ga("2020-08-26")))
		row := rowOf(t, assess(upstream, cluster().on("v1.19.9-gke.1900"), "2021-06-01"), facts.Kubernetes)
		expect.Equal(t, supported("LastInWindow", ""), answerOf(row), "a window applies to every cluster")
	})
}

func TestRangeOfMessages(t *testing.T) {
	berlin := policy("konvoy").zone("Europe/Berlin").window(3).
		minor("1.9", planned("2022-03-01"), runs("1.20", "1.21.x")).
		minor("1.8", ga("2021-05-05"), runs("1.18", "1.20.x")).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19.x")).
		minor("1.6", ga("2020-11-16"), runs("1.16", "1.18.x")).
		minor("1.4", ga("2020-02-28"), through("2021-12-31"), runs("1.14", "1.14"))
	for _, row := range []struct {
		name       string
		konvoy     policyBuilder
		kubernetes string
		now        string
		reason     string
		want       string
	}{
		{
			"supported", konvoyRanges(), "v1.19.9", "2021-06-01", v1alpha1.ReasonSupported,
			"Kubernetes v1.19.9 is supported, as Konvoy 1.8, Konvoy 1.7 may run it; no end is announced (policy kubernetes)",
		},
		{
			"planned end", konvoyRanges(), "v1.16.15", "2021-06-01", v1alpha1.ReasonLastInWindow,
			"Kubernetes v1.16.15 is supported, as Konvoy 1.6 may run it; support is planned to end on 2022-03-01, when Konvoy 1.9" +
				" becomes generally available (policy kubernetes)",
		},
		{
			"last in the window", konvoyRanges(), "v1.16.15", "2022-06-01", v1alpha1.ReasonLastInWindow,
			"Kubernetes v1.16.15 is supported, as Konvoy 1.6 may run it, the last in the window: support ends when the next minor" +
				" becomes generally available, no day is announced (policy kubernetes)",
		},
		{
			"overdue", konvoyRanges(), "v1.16.15", "2022-06-01", v1alpha1.ReasonPlannedReleaseOverdue,
			"Kubernetes v1.16.15 may be about to lose its support: Konvoy 1.9 was planned for 2022-03-01 and is not confirmed; give" +
				" the generalAvailability in the policy, or move the plannedGeneralAvailability (policy kubernetes)",
		},
		{
			"overdue twice", konvoyRanges().minor("1.10", planned("2022-05-01")), "v1.17.9", "2022-06-01", v1alpha1.ReasonPlannedReleaseOverdue,
			"Kubernetes v1.17.9 may be about to lose its support: Konvoy 1.10 was planned for 2022-05-01 and is not confirmed," +
				" Konvoy 1.9 was planned for 2022-03-01 and is not confirmed; give the generalAvailability in the policy, or move" +
				" the plannedGeneralAvailability (policy kubernetes)",
		},
		{
			"overdue once, and one more to come", konvoyRanges(), "v1.17.9", "2022-06-01", v1alpha1.ReasonPlannedReleaseOverdue, "",
		},
		{
			"way out", konvoyRanges(), "v1.15.12", "2021-06-01", "Upgrade",
			"Kubernetes v1.15.12 has lost its support; supported are 1.20, 1.19, 1.18, 1.17, 1.16; the newest that the installed releases allow is 1.19, one minor at a time: 1.16 is the next (policy kubernetes)",
		},
		{
			"ended", konvoyRanges(), "v1.15.12", "2021-06-01", v1alpha1.ReasonSupportEnded,
			"Kubernetes v1.15.12 is not supported: no supported release of Konvoy contains 1.15.12; support ended on 2021-05-05," +
				" when Konvoy 1.8 became generally available (policy kubernetes)",
		},
		{
			"not yet", konvoyRanges(), "v1.21.1", "2021-06-01", v1alpha1.ReasonNotYetSupported,
			"Kubernetes v1.21.1 is not supported yet: only Konvoy 1.9, not generally available yet, contains 1.21.1 (policy kubernetes)",
		},
		{
			"another zone's day", berlin, "v1.16.15", "2021-06-01", v1alpha1.ReasonLastInWindow,
			"Kubernetes v1.16.15 is supported, as Konvoy 1.6 may run it; support is planned to end on 2022-02-28T23:00:00Z, when" +
				" Konvoy 1.9 becomes generally available (policy kubernetes)",
		},
		{
			"another zone's last day", berlin, "v1.14.10", "2021-06-01", v1alpha1.ReasonSupported,
			"Kubernetes v1.14.10 is supported, as Konvoy 1.4 may run it; support ends on 2021-12-31T23:00:00Z (policy kubernetes)",
		},
		{
			"another zone's last day, over", berlin, "v1.14.10", "2022-06-01", v1alpha1.ReasonSupportEnded,
			"Kubernetes v1.14.10 is not supported: no supported release of Konvoy contains 1.14.10; support ended on" +
				" 2021-12-31T23:00:00Z (policy kubernetes)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, kubernetesOf(facts.Konvoy), row.konvoy)
			got := rowOf(t, assess(s, cluster().on(row.kubernetes).with(konvoy("1.7.0")), row.now), facts.Kubernetes)
			message := messageOf(got, row.reason)
			if row.reason == "Upgrade" {
				message = got.Findings[len(got.Findings)-1].Message
			}
			expect.Equal(t, row.want, message)
		})
	}
}

// TestWayOutOfASelectedPolicy: the minors to go to are those of the policies that speak about this very cluster.
func TestWayOutOfASelectedPolicy(t *testing.T) {
	s := validSet(t, kubernetesOf(facts.Konvoy).selects("vendor", "d2iq"), konvoyRanges().selects("vendor", "d2iq"))
	row := rowOf(t, assess(s, cluster().labelled("vendor", "d2iq").on("v1.15.12").with(konvoy("1.7.0")), "2021-06-01"), facts.Kubernetes)
	want := "Kubernetes v1.15.12 has lost its support; supported are 1.20, 1.19, 1.18, 1.17, 1.16; the newest that the installed releases allow is 1.19, one minor at a time: 1.16 is the next (policy kubernetes)"
	expect.Equal(t, want, row.Findings[1].Message)
}
