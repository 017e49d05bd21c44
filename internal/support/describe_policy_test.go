// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// stagesOf describes a policy at an instant: "version stage end endsWith".
func stagesOf(s *Set, name, now string) []string {
	description, _ := s.describePolicy(name, at(now))
	var stages []string
	for _, r := range description.Releases {
		text := r.Version + " " + string(r.Stage)
		if r.SupportEndTime != nil {
			text += " " + endText(r.SupportEndTime)
		}
		if r.EndsWith != "" {
			text += " with " + r.EndsWith
		}
		stages = append(stages, text)
	}
	return stages
}

func TestDescribeWindow(t *testing.T) {
	base := policy("kommander").window(3).
		minor("1.0").
		minor("1.2", ga("2020-11-16")).
		minor("1.4", ga("2021-05-05")).
		minor("1.3", ga("2021-02-10")).
		minor("1.5", planned("2021-11-30")).
		minor("1.1", ga("2020-07-16"), through("2021-12-31")).
		minor("0.9", ga("2020-01-01"), withdrawn("2020-06-01")).
		minor("0.8", ga("2019-01-01"), withdrawn("2020-12-24"))
	for _, row := range []struct {
		name, now string
		policy    policyBuilder
		want      []string
		supported string
		next      string
	}{
		{
			"a plan ahead", "2021-06-01", base,
			[]string{
				"1.5 Planned", "1.4 Supported", "1.3 Supported", "1.2 LastInWindow 2021-11-30 with 1.5", "1.1 Supported 2022-01-01",
				"1.0 Ended 2021-02-10 with 1.3", "0.9 Withdrawn 2020-06-01", "0.8 Withdrawn 2020-11-16 with 1.2",
			},
			"1.4, 1.3, 1.2, 1.1", "2021-11-30",
		},
		{
			"a plan behind", "2021-11-30", base,
			[]string{
				"1.5 Planned", "1.4 Supported", "1.3 Supported", "1.2 LastInWindow", "1.1 Supported 2022-01-01",
				"1.0 Ended 2021-02-10 with 1.3", "0.9 Withdrawn 2020-06-01", "0.8 Withdrawn 2020-11-16 with 1.2",
			},
			"1.4, 1.3, 1.2, 1.1", "2022-01-01",
		},
		{
			"a day to come", "2021-11-29", base.minor("1.6", ga("2021-11-30")),
			[]string{
				// The days of 1.5 and 1.6 are the same: either would do.
				"1.6 Planned", "1.5 Planned", "1.4 Supported", "1.3 Supported 2021-11-30 with 1.5", "1.2 LastInWindow 2021-11-30 with 1.5",
				"1.1 Supported 2022-01-01", "1.0 Ended 2021-02-10 with 1.3", "0.9 Withdrawn 2020-06-01", "0.8 Withdrawn 2020-11-16 with 1.2",
			},
			"1.4, 1.3, 1.2, 1.1", "2021-11-30",
		},
		{
			"nothing to come", "2022-01-01", policy("kommander").window(1).minor("1.4", ga("2021-05-05")).minor("1.3"),
			[]string{"1.4 LastInWindow", "1.3 Ended 2021-05-05 with 1.4"}, "1.4", "",
		},
		{
			"ended with one of an unknown day", "2022-01-01",
			policy("kommander").window(2).minor("1.5", ga("2021-05-05")).minor("1.4").minor("1.3", ga("2020-01-01")),
			[]string{"1.5 Supported", "1.4 LastInWindow", "1.3 Ended 2021-05-05 with 1.5"}, "1.5, 1.4", "",
		},
		{
			"ended by a patch's day", "2022-01-01",
			policy("kommander").window(1).minor("1.4", patched("1.4.2", dated("2021-05-05"))).minor("1.3", ga("2020-01-01")),
			[]string{"1.4 LastInWindow", "1.3 Ended 2021-05-05"}, "1.4", "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, row.policy)
			expect.Equal(t, row.want, stagesOf(s, "kommander", row.now))
			description, next := s.describePolicy("kommander", at(row.now))
			expect.Equal(t, row.supported, description.SupportedVersions, "supported")
			expect.Equal(t, row.next, instantText(next), "next")
		})
	}
}

func TestDescribeWhatRestsOnOthers(t *testing.T) {
	s := validSet(t, kubernetesOf(facts.Konvoy), konvoyRanges(), baseServices().
		minor("9.9", runs("1.30", "1.30")).
		minor("5.0", runs("1.21", "1.21")).
		minor("4.9", runs("1.20", "1.20"), planned("2021-12-01")).
		minor("4.8", runs("1.20", "1.20"), withdrawn("2021-05-20")).
		minor("4.7", runs("1.20", "1.20"), through("2021-05-31")).
		minor("4.6", runs("1.20", "1.20"), through("2021-12-31")).
		minor("1.1"))
	expect.Equal(t, []string{
		"1.21 Planned", "1.20 Supported", "1.19 Supported", "1.18 Supported", "1.17 Supported", "1.16 LastInWindow 2022-03-01",
		"1.15 Ended 2021-05-05",
	}, stagesOf(s, "kubernetes", "2021-06-01"), "Kubernetes")
	expect.Equal(t, []string{
		"5.0 Planned", "4.9 Planned", "4.8 Withdrawn 2021-05-20", "4.7 Ended 2021-06-01", "4.6 Supported 2022-01-01", "4.0 Supported",
		"3.4 Supported", "3.2 Supported", "2.0 Supported", "1.2 LastInWindow 2022-03-01",
	}, stagesOf(s, "bps", "2021-06-01"), "BasePlatformServices")
	_, next := s.describePolicy("bps", at("2021-06-01"))
	if !next.Equal(at("2022-01-01")) {
		t.Errorf("the first to change is 4.6, after its last day: %s", next)
	}
	t.Run("the best of its Kubernetes minors", func(t *testing.T) {
		s := validSet(t, kubernetesOf(facts.Konvoy), konvoyRanges(), policy("bps").follows(facts.Kubernetes).
			minor("3.0", runs("1.20", "1.21")).minor("2.0", runs("1.15", "1.17")).minor("1.0", runs("1.15", "1.16")).minor("0.9", runs("1.14", "1.15")))
		// The plan for Konvoy 1.9 has passed: 1.16 is last in the window, without a day.
		expect.Equal(t, []string{"3.0 Supported", "2.0 Supported", "1.0 LastInWindow", "0.9 Ended 2021-05-05"},
			stagesOf(s, "bps", "2022-06-01"))
	})
	t.Run("the one that lasts longer, whichever is newer", func(t *testing.T) {
		s := validSet(t, kubernetesOf(facts.Konvoy), policy("bps").follows(facts.Kubernetes).minor("3.0", runs("1.18", "1.19")),
			policy("konvoy").window(2).minor("1.8", ga("2021-05-05"), runs("1.18", "1.18")).minor("1.7", ga("2021-02-10"), runs("1.19", "1.19")))
		expect.Equal(t, []string{"3.0 Supported"}, stagesOf(s, "bps", "2021-06-01"),
			"1.19 is last in the window, and 1.18 is not")
	})
	t.Run("what they rest on is missing", func(t *testing.T) {
		expect.Equal(t, nil, stagesOf(set(baseServices()), "bps", "2021-06-01"), "BasePlatformServices")
		alone := set(kubernetesOf(facts.Konvoy), baseServices())
		expect.Equal(t, nil, stagesOf(alone, "kubernetes", "2021-06-01"), "Kubernetes")
		expect.Equal(t, nil, stagesOf(alone, "bps", "2021-06-01"), "BasePlatformServices")
	})
	t.Run("invalid or unknown", func(t *testing.T) {
		invalid := set(konvoyRanges().window(0))
		for _, name := range []string{"konvoy", "nobody"} {
			if description, next := invalid.describePolicy(name, at("2021-06-01")); len(description.Releases) > 0 || !next.IsZero() {
				t.Errorf("%s: %+v, next %s", name, description, next)
			}
		}
	})
}

// TestDescriptionIsBounded: a range may be written as wide as somebody likes.
func TestDescriptionIsBounded(t *testing.T) {
	s := validSet(t, kubernetesOf(facts.Konvoy), policy("konvoy").window(3).
		minor("1.1", ga("2021-01-01"), runs("1.0", "1.100")).minor("1.0", ga("2020-01-01"), runs("0.0", "999999999.0")))
	description, _ := s.describePolicy("kubernetes", at("2021-06-01"))
	if n := len(description.Releases); n == 0 || n > 200 {
		t.Errorf("%d releases", n)
	}
	if n := len(description.SupportedVersions); n == 0 || n > 1024 {
		t.Errorf("%d characters of supported versions", n)
	}
}
