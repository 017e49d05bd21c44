// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// baseServices are minors of a repository whose tags carry a Kubernetes part.
func baseServices() policyBuilder {
	return policy("bps").follows(facts.Kubernetes).
		minor("4.0", runs("1.20", "1.20"), patched("4.0.0")).
		minor("3.4", runs("1.18", "1.19"), patched("3.4.2", runsOn("1.18", "1.18")), patched("3.4.1"), patched("3.4.0")).
		minor("3.2", runs("1.18", "1.19"), patched("3.2.0")).
		minor("2.0", runs("1.15", "1.17"), patched("2.0.0")).
		minor("1.2", runs("1.15", "1.16"), patched("1.2.0"))
}

func baseSet(t *testing.T) *Set {
	t.Helper()
	return validSet(t, baseServices(), kubernetesOf(facts.Konvoy), konvoyRanges())
}

func TestFollows(t *testing.T) {
	const now = "2021-06-01"
	s := baseSet(t)
	for _, row := range []struct {
		tag, kubernetes string
		want            answer
		part            string
		reason          string
	}{
		{"stable-1.19-3.2.0", "v1.19.9", supported("Supported", ""), "Compatible", "1.19 is supported by two releases of Konvoy"},
		{"stable-1.20-4.0.0", "v1.20.6", supported("Supported", ""), "Compatible", "1.20 is supported"},
		{"stable-1.16-1.2.0", "v1.16.15", supported("LastInWindow", "2022-03-01"), "Compatible", "the end is that of Kubernetes 1.16"},
		{"stable-1.15-2.0.0", "v1.15.12", unsupportedFor("SupportEnded", "2021-05-05"), "Compatible", "the support of 1.15 is over"},
		{"stable-1.16.4-1.2.0", "v1.16.15", supported("LastInWindow", "2022-03-01"), "Compatible", "a patch in the Kubernetes part names its minor"},
		{"stable-1.15.6-3", "v1.15.12", unsupportedFor("SupportEnded", "2021-05-05"), "Compatible", "an old tag is judged by its Kubernetes part"},
		{"stable-1.16.4-2", "v1.16.4", supported("LastInWindow", "2022-03-01"), "Compatible", "an old tag is judged by its Kubernetes part"},
		{"stable-1.15.6", "v1.15.6", unsupportedFor("SupportEnded", "2021-05-05"), "Compatible", "an old tag without a number, too"},

		{"stable-1.19-3.2.0", "v1.18.20", supported("Supported", ""), "KubernetesMismatch", "the parts must be equal"},
		{"stable-1.19-3.2.0", "v1.20.2-gke.1900", supported("Supported", ""), "KubernetesMismatch", "on any distribution"},
		{"stable-1.19-3.2.0", "v1.19.8-eks-96780e", supported("Supported", ""), "Compatible", "on any distribution, whatever it appends"},
		{"stable-1.16.4-2", "v1.17.4", supported("LastInWindow", "2022-03-01"), "KubernetesMismatch", "old tags are compared as well"},
		{"stable-1.16.4-2", "v1.16.15", supported("LastInWindow", "2022-03-01"), "Compatible", "only the minors are compared"},
		{"stable-1.19-3.2.0", "", supported("Supported", ""), "KubernetesUnknown", "the tag's support does not need the cluster's version"},

		{"testing-1.19-3.2.0", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "Compatible", "another channel"},
		{"untested-1.19-3.2.0", "v1.18.9", unsupportedFor("UnsupportedChannel", ""), "KubernetesMismatch", "another channel, and another Kubernetes"},
		{"v3.2.0", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "", "a bare tag names no Kubernetes"},
		{"v4.4.0-rc.3", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "", "a bare tag of a prerelease"},
		{"master", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "", "a branch is no release"},
		{"release-3", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "", "a branch whose name begins like a release"},
		{"mesosphere-fix/1.2", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "", "a branch of somebody"},
		{"stable-1.20-4.0.0-rc.1", "v1.20.6", unsupportedFor("UnsupportedChannel", ""), "Compatible", "a prerelease on the stable channel"},

		{"stable-1.5-2.0.0", "v1.17.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "1.5 is a minor of Konvoy, a mistake in the tag"},
		{"stable-1.6-2.0.0", "v1.16.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "the same mistake"},
		{"stable-1.7-2.0.0", "v1.7.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "even where it seems to fit"},
		{"stable-1.19", "v1.19.9", supported("Supported", ""), "Compatible", "a Kubernetes part is all that is needed"},
		{"stable-1.19-latest", "v1.19.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "the version cannot be read"},
		{"stable-1.19-v3.2.0", "v1.19.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "no tag has a v there"},
		{"stable-1.19-3.2", "v1.19.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "a version has three numbers"},
		{"stable-", "v1.19.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "nothing can be read"},
		{"3.2.0", "v1.19.9", unsupportedFor("UnsupportedChannel", ""), "", "a version without channel is not stable-"},
		{"stable-1.19-3.2.0\x00", "v1.19.9", unknownFor("UnreadableVersion"), "UnreadableVersion", "a control character is in no tag"},

		{"stable-1.19-5.0.0", "v1.19.9", unknownFor("NotInPolicy"), "Compatible", "a minor that the policy does not list"},
		{"stable-1.19-3.3.0", "v1.19.9", unknownFor("NotInPolicy"), "Compatible", "a minor in a gap of the list"},
		{"stable-1.17-3.2.0", "v1.17.9", unknownFor("NotInPolicy"), "Compatible", "the minor is not listed for this Kubernetes"},
		{"stable-1.20-3.2.0", "v1.20.9", unknownFor("NotInPolicy"), "Compatible", "on the other side of its range too"},
		{"stable-1.19-3.4.2", "v1.19.9", unknownFor("NotInPolicy"), "Compatible", "a patch's own range comes first"},
		{"stable-1.18-3.4.2", "v1.18.9", supported("Supported", ""), "Compatible", "a patch's own range contains it"},
		{"stable-1.19-3.4.99", "v1.19.9", supported("Supported", ""), "Compatible", "a patch that is not listed shares its minor's support"},
		{"stable-1.14.6-3", "v1.14.10", unsupportedFor("NotInAnyRange", ""), "Compatible", "no release ever contained its Kubernetes"},
	} {
		t.Run(row.tag+" on "+row.kubernetes, func(t *testing.T) {
			got := rowOf(t, assess(s, cluster().with(bps(row.tag)).on(row.kubernetes), now), facts.BasePlatformServices)
			expect.Equal(t, row.want, answerOf(got), row.reason)
			expect.Equal(t, row.part, strings.Join(findings(got, v1alpha1.FindingKubernetesPart), " "), row.reason)
		})
	}
}

// TestFollowsWhateverElseIsInstalled: the policy of Kubernetes is asked even where it would not speak by itself.
func TestFollowsWhateverElseIsInstalled(t *testing.T) {
	assessment := assess(baseSet(t), cluster().with(bps("stable-1.15-2.0.0")).on("v1.15.12-gke.20"), "2021-06-01")
	if len(assessment.Releases) != 1 {
		t.Fatalf("without Konvoy, Kubernetes is not judged: %+v", assessment.Releases)
	}
	expect.Equal(t, unsupportedFor("SupportEnded", "2021-05-05"), answerOf(assessment.Releases[0]))
}

// TestFollowsInTime: what a tag follows changes with time, and the next instant is that of the other policies.
func TestFollowsInTime(t *testing.T) {
	// The policy with a warning of its own length comes last: two others share theirs.
	s := validSet(t, baseServices().named("tags").warns(7), kubernetesOf(facts.Konvoy), konvoyRanges().minor("1.10", ga("2022-06-01")))
	c := cluster().with(bps("stable-1.16-1.2.0")).on("v1.16.15")
	var got []string
	for now := at("2021-05-06"); !now.IsZero(); {
		assessment, next := s.evaluate(c.evaluationInput, now)
		row := answerOf(rowOf(t, assessment, facts.BasePlatformServices))
		got = append(got, now.Format("2006-01-02")+" "+string(row.state)+" "+row.reason+" "+row.end+" "+
			conditionOf(t, assessment, v1alpha1.ConditionExpiringSoon))
		now = next
	}
	want := []string{
		"2021-05-06 Supported LastInWindow 2022-03-01 False EndNotNear",
		"2022-02-22 Supported LastInWindow 2022-03-01 True SupportEndsSoon",
		"2022-03-01 Supported LastInWindow 2022-06-01 False EndNotNear",
		"2022-05-25 Supported LastInWindow 2022-06-01 True SupportEndsSoon",
		"2022-06-01 Unsupported SupportEnded 2022-06-01 False SupportEnded",
	}
	expect.Equal(t, want, got)
}

// TestFollowsOwnEnd: a minor of the repository can end, or be withdrawn, before its Kubernetes.
func TestFollowsOwnEnd(t *testing.T) {
	for _, row := range []struct {
		name    string
		options []func(*v1alpha1.Release)
		now     string
		want    answer
		reason  string
	}{
		{
			"own end first", []func(*v1alpha1.Release){through("2021-12-31")}, "2021-06-01", supported("Supported", "2022-01-01"),
			"the earlier end counts, and it is not the next minor that brings it",
		},
		{
			"own end over", []func(*v1alpha1.Release){through("2021-12-31")}, "2022-01-01", unsupportedFor("SupportEnded", "2022-01-01"),
			"it is over though its Kubernetes is supported",
		},
		{
			"Kubernetes first", []func(*v1alpha1.Release){through("2022-12-31")}, "2021-06-01", supported("LastInWindow", "2022-06-01"),
			"the earlier end counts",
		},
		{
			"both over", []func(*v1alpha1.Release){through("2022-12-31")}, "2023-06-01", unsupportedFor("SupportEnded", "2022-06-01"),
			"an end that has passed does not move",
		},
		{
			"to be withdrawn", []func(*v1alpha1.Release){withdrawn("2021-12-24")}, "2021-06-01", supported("Supported", "2021-12-24"),
			"an announced withdrawal is an announced end",
		},
		{
			"withdrawn", []func(*v1alpha1.Release){withdrawn("2021-12-24")}, "2021-12-24", unsupportedFor("Withdrawn", "2021-12-24"),
			"it is not supported from that day on",
		},
		{
			"withdrawn after its own end", []func(*v1alpha1.Release){through("2021-11-30"), withdrawn("2021-12-24")}, "2021-12-24",
			unsupportedFor("Withdrawn", "2021-12-01"), "an end that has passed does not move",
		},
		{
			"withdrawn after Kubernetes", []func(*v1alpha1.Release){withdrawn("2022-12-24")}, "2022-12-24",
			unsupportedFor("Withdrawn", "2022-06-01"), "an end that has passed does not move",
		},
		{
			"not out", []func(*v1alpha1.Release){ga("2021-07-01")}, "2021-06-01", unknownFor("NotYetAvailable"), "the policy is out of date",
		},
		{
			"out", []func(*v1alpha1.Release){ga("2021-07-01")}, "2021-07-01", supported("LastInWindow", "2022-06-01"), "from its day on",
		},
		{
			"planned", []func(*v1alpha1.Release){planned("2021-07-01")}, "2021-08-01", unknownFor("NotYetAvailable"),
			"a plan makes nothing available",
		},
		{
			"both over, its own first", []func(*v1alpha1.Release){through("2021-12-31")}, "2023-06-01", unsupportedFor("SupportEnded", "2022-01-01"),
			"an end that has passed does not move",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			options := append([]func(*v1alpha1.Release){runs("1.16", "1.16")}, row.options...)
			s := validSet(t, policy("bps").follows(facts.Kubernetes).minor("1.2", options...), kubernetesOf(facts.Konvoy),
				konvoyRanges().edit(func(spec *v1alpha1.SupportPolicySpec) {
					spec.Releases[0].PlannedGeneralAvailability, spec.Releases[0].GeneralAvailability = "", "2022-06-01"
				}))
			got := rowOf(t, assess(s, cluster().with(bps("stable-1.16-1.2.0")).on("v1.16.15"), row.now), facts.BasePlatformServices)
			expect.Equal(t, row.want, answerOf(got), row.reason)
		})
	}
}

// TestFollowsUsablePolicies: what a tag follows must be there, be valid and be one.
func TestFollowsUsablePolicies(t *testing.T) {
	for _, row := range []struct {
		name string
		set  *Set
		want string
	}{
		{"no policy", set(baseServices()), "NoPolicy"},
		{"invalid", set(baseServices(), kubernetesOf(facts.Konvoy).zone("Mars/Olympus"), konvoyRanges()), "PolicyInvalid"},
		{"invalid below", set(baseServices(), kubernetesOf(facts.Konvoy), konvoyRanges().window(-1)), "PolicyInvalid"},
		{"conflict", set(baseServices(), kubernetesOf(facts.Konvoy), policy("k8s").about(facts.Kubernetes).window(3), konvoyRanges()), "ConflictingPolicies"},
		{"tags behind tags", set(baseServices(), policy("kubernetes").follows("Other"), policy("Other").window(1)), "NoPolicy"},
		{"itself invalid", set(baseServices().zone(""), kubernetesOf(facts.Konvoy), konvoyRanges()), "PolicyInvalid"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(row.set, cluster().with(bps("stable-1.19-3.2.0")).on("v1.19.9"), "2021-06-01"), facts.BasePlatformServices)
			expect.Equal(t, unknownFor(row.want), answerOf(got))
		})
	}
	t.Run("withdrawn, without any", func(t *testing.T) {
		s := set(policy("bps").follows(facts.Kubernetes).minor("3.2", withdrawn("2021-05-20")))
		got := rowOf(t, assess(s, cluster().with(bps("stable-1.19-3.2.0")).on("v1.19.9"), "2021-06-01"), facts.BasePlatformServices)
		expect.Equal(t, unsupportedFor("Withdrawn", "2021-05-20"), answerOf(got),
			"what is withdrawn needs no other policy")
	})
	t.Run("a window", func(t *testing.T) {
		s := validSet(t, baseServices(), policy("kubernetes").window(1).minor("1.20", ga("2021-04-08")).minor("1.19", ga("2020-08-26")))
		got := rowOf(t, assess(s, cluster().with(bps("stable-1.19-3.2.0")).on("v1.19.9"), "2021-06-01"), facts.BasePlatformServices)
		expect.Equal(t, unsupportedFor("SupportEnded", "2021-04-08"), answerOf(got),
			"a window can decide about the Kubernetes part as well")
	})
}

func TestTagMessages(t *testing.T) {
	s := baseSet(t)
	own := validSet(t, policy("bps").follows(facts.Kubernetes).minor("3.2", runs("1.18", "1.19"), withdrawn("2021-05-20")).
		minor("3.0", runs("1.18", "1.19"), through("2021-12-31")), kubernetesOf(facts.Konvoy), konvoyRanges())
	for _, row := range []struct {
		name            string
		set             *Set
		tag, kubernetes string
		find            func(v1alpha1.InstalledRelease) string
		want            string
	}{
		{
			"supported", s, "stable-1.19-3.2.0", "v1.19.9", byReason(v1alpha1.ReasonSupported),
			"BasePlatformServices stable-1.19-3.2.0 follows Kubernetes 1.19, which is supported, as Konvoy 1.8, Konvoy 1.7 may run it;" +
				" no end is announced (policy bps)",
		},
		{
			"ended", s, "stable-1.15.6-3", "v1.15.12", byReason(v1alpha1.ReasonSupportEnded),
			"BasePlatformServices stable-1.15.6-3 follows Kubernetes 1.15, which is not supported: no supported release of Konvoy" +
				" contains 1.15; support ended on 2021-05-05, when Konvoy 1.8 became generally available (policy bps)",
		},
		{
			"way out", s, "stable-1.15.6-3", "v1.15.12", byType(v1alpha1.FindingUpgrade),
			"BasePlatformServices stable-1.15.6-3 has lost its support; upgrade Kubernetes to 1.20, one minor at a time: 1.16 is the next, and go to a tag for it: stable-1.20-4.0.0 (policy bps)",
		},
		{
			"way out to the cluster's Kubernetes", s, "stable-1.15.6-3", "v1.19.9", byType(v1alpha1.FindingUpgrade),
			"BasePlatformServices stable-1.15.6-3 has lost its support; go to a tag for the cluster's Kubernetes 1.19: stable-1.19-3.4.1 (policy bps)",
		},
		{
			"way out to a patch for one Kubernetes", s, "stable-1.15.6-3", "v1.18.9", byType(v1alpha1.FindingUpgrade),
			"BasePlatformServices stable-1.15.6-3 has lost its support; go to a tag for the cluster's Kubernetes 1.18: stable-1.18-3.4.2 (policy bps)",
		},
		{
			"mismatch", s, "stable-1.19-3.2.0", "v1.20.2-gke.1900", byReason(v1alpha1.ReasonKubernetesMismatch),
			"BasePlatformServices stable-1.19-3.2.0 is for Kubernetes 1.19, and the cluster runs 1.20.2 (policy bps)",
		},
		{
			"cluster not known", s, "stable-1.19-3.2.0", "", byReason(v1alpha1.ReasonKubernetesUnknown),
			"BasePlatformServices stable-1.19-3.2.0 is for Kubernetes 1.19, and the cluster's version is not known: the API server did" +
				" not tell it (policy bps)",
		},
		{
			"branch", s, "master", "v1.19.9", byReason(v1alpha1.ReasonUnsupportedChannel),
			"BasePlatformServices master is not supported: only tags of the channel stable are (policy bps)",
		},
		{
			"prerelease", s, "stable-1.20-4.0.0-rc.1", "v1.20.9", byReason(v1alpha1.ReasonUnsupportedChannel),
			"BasePlatformServices stable-1.20-4.0.0-rc.1 is not supported: it is a prerelease (policy bps)",
		},
		{
			"mistake", s, "stable-1.5-2.0.0", "v1.17.9", byType(v1alpha1.FindingLifecycle),
			`BasePlatformServices stable-1.5-2.0.0 cannot be judged: the Kubernetes part 1.5 of tag "stable-1.5-2.0.0" is no` +
				" Kubernetes version (policy bps)",
		},
		{
			"unlisted", s, "stable-1.19-3.3.0", "v1.19.9", byReason(v1alpha1.ReasonNotInPolicy),
			"BasePlatformServices stable-1.19-3.3.0 is of minor 3.3, which policy bps does not list; bring the policy up to date",
		},
		{
			"not for this Kubernetes", s, "stable-1.17-3.2.0", "v1.17.9", byReason(v1alpha1.ReasonNotInPolicy),
			"BasePlatformServices stable-1.17-3.2.0 is for Kubernetes 1.17, for which policy bps does not list 3.2 (listed: 1.18 to" +
				" 1.19)",
		},
		{
			"withdrawn", own, "stable-1.19-3.2.0", "v1.19.9", byReason(v1alpha1.ReasonWithdrawn),
			"BasePlatformServices stable-1.19-3.2.0 is not supported: 3.2 was withdrawn on 2021-05-20 (policy bps)",
		},
		{
			"way out of a withdrawn one", own, "stable-1.19-3.2.0", "v1.19.9", byType(v1alpha1.FindingUpgrade),
			"BasePlatformServices stable-1.19-3.2.0 was withdrawn; go to another minor for Kubernetes 1.19 (policy bps)",
		},
		{
			"own end", own, "stable-1.19-3.0.0", "v1.19.9", byReason(v1alpha1.ReasonSupported),
			"BasePlatformServices stable-1.19-3.0.0 is supported; support of 3.0 lasts through 2021-12-31 (policy bps)",
		},
		{
			"newer patch", s, "stable-1.19-3.4.0", "v1.19.9", byReason(v1alpha1.ReasonNewerPatch),
			"BasePlatformServices stable-1.19-3.4.0 has a newer patch: stable-1.19-3.4.1 (policy bps)",
		},
		{
			"newer patch from another channel", s, "testing-1.19-3.4.0", "v1.19.9", byReason(v1alpha1.ReasonNewerPatch),
			"BasePlatformServices testing-1.19-3.4.0 has a newer patch: stable-1.19-3.4.1 (policy bps)",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(row.set, cluster().with(bps(row.tag)).on(row.kubernetes), "2021-06-01"), facts.BasePlatformServices)
			expect.Equal(t, row.want, row.find(got))
		})
	}
}

// byReason and byType choose the sentence that a table compares: of the first finding with a reason, or of a type.
func byReason(reason string) func(v1alpha1.InstalledRelease) string {
	return func(row v1alpha1.InstalledRelease) string { return messageOf(row, reason) }
}

func byType(kind v1alpha1.FindingType) func(v1alpha1.InstalledRelease) string {
	return func(row v1alpha1.InstalledRelease) string {
		for _, f := range row.Findings {
			if f.Type == kind {
				return f.Message
			}
		}
		return ""
	}
}

func TestParseTag(t *testing.T) {
	longest := strings.Repeat("x", facts.MaxPrintable-len("stable-1.19-3.2.0-"))
	for _, row := range []struct {
		text    string
		want    tag
		version string
		fails   bool
	}{
		{"stable-1.19-3.2.0", tag{kubernetes: facts.Minor{Major: 1, Minor: 19}, kubernetesText: "1.19"}, "3.2.0", false},
		{"stable-1.16.4-1.2.0", tag{kubernetes: facts.Minor{Major: 1, Minor: 16}, kubernetesText: "1.16.4"}, "1.2.0", false},
		{"stable-1.16.4-2", tag{kubernetes: facts.Minor{Major: 1, Minor: 16}, kubernetesText: "1.16.4"}, "", false},
		{"stable-1.15.6", tag{kubernetes: facts.Minor{Major: 1, Minor: 15}, kubernetesText: "1.15.6"}, "", false},
		{"testing-1.20-4.0.0-rc.1", tag{kubernetes: facts.Minor{Major: 1, Minor: 20}, kubernetesText: "1.20"}, "4.0.0-rc.1", false},
		{"stable-1.10-1.0.0", tag{kubernetes: facts.Minor{Major: 1, Minor: 10}, kubernetesText: "1.10"}, "1.0.0", false},
		{text: "stable-1.9-1.0.0", fails: true},
		{"stable-1.19-3.2.0-" + longest, tag{kubernetes: facts.Minor{Major: 1, Minor: 19}, kubernetesText: "1.19"}, "3.2.0-" + longest, false},
		{text: "stable-1.19-3.2.0-x" + longest, fails: true},
		{text: "untested-1.20-4.0", fails: true},
		{text: "stable-1.5-2.0.0", fails: true},
		{text: "stable-1.x-2.0.0", fails: true},
		{text: "stable-01.19-3.2.0", fails: true},
		{text: "stable-1.19-", fails: true},
		{text: "unstable-1.19-3.2.0", fails: true},
		{text: "stable-1.9999999999-3.2.0", fails: true},
		{text: "stable-1.19-99999999999999999999.0.0", fails: true},
		{text: "stable-1.19-3.2.0\n", fails: true},
		{text: "", fails: true},
	} {
		t.Run(row.text, func(t *testing.T) {
			got, err := judgeableTag(row.text)
			if (err != nil) != row.fails {
				t.Fatalf("error: %v", err)
			}
			version := ""
			if got.version != nil {
				version = got.version.String()
			}
			got.version = nil
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(tag{})); diff != "" || version != row.version {
				t.Errorf("version %q (-want +got):\n%s", version, diff)
			}
		})
	}
}
