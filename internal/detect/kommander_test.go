// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestKommander(t *testing.T) {
	installed := func(evidence ...string) []facts.Installation {
		return []facts.Installation{fixtures.Found(facts.Kommander, "kommander", evidence...)}
	}
	const (
		object  = "ClusterAddon/kommander"
		release = "HelmRelease/kommander/kommander"
		core    = "KommanderCore/kommander-core"
	)
	checkDetector(t, detectKommander, []detectorRow{
		{
			name:   "nothing",
			reason: "addons alone are no Kommander",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "stable-1.19-3.2.0")}},
		},
		{
			name:   "1.3.0 with all its marks",
			reason: "the revision counts packages after the version, and the weaker evidence follows",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.3.0-40").appVersion("1.3.0").
					from(kommanderLabel, "stable-1.19-1.3.0").chart("kommander", "0.13.35"),
			}},
			want: installed("Annotation", object, "1.3.0", "Annotation", object, "1.3.0",
				"Label", object, "1.3.0", "Inferred", object, "1.3.0"),
		},
		{
			name:   "1.2.0 as it was released",
			reason: "1.2.0 calls itself 1.2.0-rc.5 in an annotation and is generally available nevertheless",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.2.0-36").appVersion("1.2.0-rc.5").
					from(kommanderLabel, "stable-1.18-1.2.0").chart("kommander", "0.12.16"),
			}},
			want: installed("Annotation", object, "1.2.0", "Annotation", object, "1.2.0-rc.5",
				"Label", object, "1.2.0", "Inferred", object, "1.2.0"),
		},
		{
			name:   "1.2.0 without labels",
			reason: "without a ref nothing speaks against a general availability",
			input:  Input{ClusterAddons: []Addon{addon("kommander").revision("1.2.0-36").appVersion("1.2.0-rc.5")}},
			want:   installed("Annotation", object, "1.2.0", "Annotation", object, "1.2.0-rc.5"),
		},
		{
			name:   "1.2.0 by the version's own tag",
			reason: "the repository has a tag v1.2.0 as well",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.2.0-36").appVersion("1.2.0-rc.5").from(kommanderLabel, "v1.2.0"),
			}},
			want: installed("Annotation", object, "1.2.0", "Annotation", object, "1.2.0-rc.5", "Label", object, "1.2.0"),
		},
		{
			name:   "a prerelease from the testing channel",
			reason: "there the same annotation means what it says",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.2.0-35").appVersion("1.2.0-rc.5").from(kommanderLabel, "testing-1.18-1.2.0-rc.5"),
			}},
			want: installed("Annotation", object, "1.2.0-rc.5", "Annotation", object, "1.2.0", "Label", object, "1.2.0-rc.5"),
		},
		{
			name:   "a prerelease from a branch",
			reason: "a branch is no release either",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.4.0-5").appVersion("1.4.0-beta.2").from(kommanderLabel, "master"),
			}},
			want: installed("Annotation", object, "1.4.0-beta.2", "Annotation", object, "1.4.0"),
		},
		{
			name:   "another version in the annotation",
			reason: "a prerelease of another version is no sign about this one",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.3.0-1").appVersion("1.2.0-rc.5").from(kommanderLabel, "testing-1.19-1.3.0"),
			}},
			want: installed("Annotation", object, "1.3.0", "Annotation", object, "1.2.0-rc.5", "Label", object, "1.3.0"),
		},
		{
			name:   "the ref of another repository",
			reason: "only Kommander's own repository says something about Kommander",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.2.0-36").appVersion("1.2.0-rc.5").from(baseLabel, "testing-1.18-3.0.1"),
			}},
			want: installed("Annotation", object, "1.2.0", "Annotation", object, "1.2.0-rc.5"),
		},
		{
			name:   "a prerelease in the revision",
			reason: "only the last, numeric part counts packages",
			input:  Input{ClusterAddons: []Addon{addon("kommander").revision("v1.4.0-rc.2-5")}},
			want:   installed("Annotation", object, "1.4.0-rc.2"),
		},
		{
			name:   "a revision without packaging",
			reason: "the 2 of rc.2 is not split off",
			input:  Input{ClusterAddons: []Addon{addon("kommander").revision("1.4.0-rc.2")}},
			want:   installed("Annotation", object, "1.4.0-rc.2"),
		},
		{
			name:   "label only",
			reason: "the tag ends with Kommander's version",
			input:  Input{ClusterAddons: []Addon{addon("kommander").from(kommanderLabel, "stable-1.20-1.4.1")}},
			want:   installed("Label", object, "1.4.1"),
		},
		{
			name:   "fork",
			reason: "all evidence of an addon from a fork names the fork",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.4.1-4").from("acme-kubeaddons-kommander", "stable-1.20-1.4.1"),
			}},
			want: ofFork(installed("Annotation", object, "1.4.1", "Label", object, "1.4.1"), "acme-kubeaddons-kommander", 0, 1),
		},
		{
			name:   "fork by the catalog",
			reason: "where there is no label the annotation names the repository",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").revision("1.4.1-4").origin("https://github.com/acme/kubeaddons-kommander", "stable-1.20-1.4.1"),
			}},
			want: ofFork(installed("Annotation", object, "1.4.1"), "github.com/acme/kubeaddons-kommander", 0),
		},
		{
			name:   "chart only",
			reason: "the version of the chart identifies the release, which is a conclusion",
			input:  Input{ClusterAddons: []Addon{addon("kommander").chart("kommander", "0.39.2")}},
			want:   installed("Inferred", object, "1.4.4"),
		},
		{
			name:   "another chart",
			reason: "the numbers of other charts mean nothing",
			input:  Input{ClusterAddons: []Addon{addon("kommander").chart("kommander-federation", "0.39.2")}},
			want:   installed("CustomResource", object, ""),
		},
		{
			name:   "nothing but the addon",
			reason: "it is there, and its version is not known; a chart that no release had is no guess",
			input:  Input{ClusterAddons: []Addon{addon("kommander").chart("stable/kommander", "0.40.0")}},
			want:   installed("CustomResource", object, ""),
		},
		{
			name:   "absent",
			reason: "Konvoy switches the addon off on clusters that Kommander made",
			input:  Input{ClusterAddons: []Addon{addon("kommander").revision("1.3.0-40").stage("absent")}},
		},
		{
			name:   "not a ClusterAddon",
			reason: "an addon of that name in another namespace is not Kommander",
			input:  Input{Addons: []Addon{addon("kommander").in("team").revision("1.3.0-40")}},
		},
		{
			name:   "2.1",
			reason: "v2beta1 has no history",
			input:  Input{HelmReleases: []HelmRelease{helmRelease("v2.1.4")}},
			want:   installed("HelmRelease", release, "2.1.4"),
		},
		{
			name:   "other HelmReleases",
			reason: "Kommander's is the one of that name in the namespace of that name",
			input: Input{HelmReleases: []HelmRelease{
				helmRelease("v9.9.9").called("team", "kommander"), helmRelease("v0.1.4").called("kommander", "dkp-insights-management"),
			}},
		},
		{
			name:   "2.12",
			reason: "from v2beta2 on the history is the truth",
			input:  Input{HelmReleases: []HelmRelease{helmRelease("v2.8.0", "v2.12.1", "deployed", "v2.8.0", "superseded")}},
			want:   installed("HelmRelease", release, "2.12.1"),
		},
		{
			name:   "2.x while it is upgraded",
			reason: "what is not deployed yet does not run",
			input:  Input{HelmReleases: []HelmRelease{helmRelease("", "v2.13.0", "pending-upgrade", "v2.12.1", "deployed")}},
			want:   installed("HelmRelease", release, "2.12.1"),
		},
		{
			name:   "2.x before it was ever deployed",
			reason: "it is being installed, and no version runs yet",
			input:  Input{HelmReleases: []HelmRelease{helmRelease("", "v2.12.1", "failed")}},
			want:   installed("HelmRelease", release, ""),
		},
		{
			name:   "2.16 from an OCI repository",
			reason: "the digest of the artifact is not part of the version",
			input:  Input{HelmReleases: []HelmRelease{helmRelease("", "2.16.0+3f1c2a9b8d7e", "deployed")}},
			want:   installed("HelmRelease", release, "2.16.0"),
		},
		{
			name:   "2.7 with both",
			reason: "both say the same, the HelmRelease first",
			input: Input{
				HelmReleases:   []HelmRelease{helmRelease("v2.7.0")},
				KommanderCores: []KommanderCore{kommanderCore("v2.7.0", "v2.7.0")},
			},
			want: installed("HelmRelease", release, "2.7.0", "CustomResource", core, "2.7.0"),
		},
		{
			name:   "2.7 while it is upgraded",
			reason: "the lower one is still to be relied on",
			input: Input{
				HelmReleases:   []HelmRelease{helmRelease("v2.10.0")},
				KommanderCores: []KommanderCore{kommanderCore("v2.10.0", "v2.9.1")},
			},
			want: installed("CustomResource", core, "2.9.1", "HelmRelease", release, "2.10.0"),
		},
		{
			name:   "2.5, whose core has no status",
			reason: "what is wanted is a declaration and comes last",
			input: Input{
				HelmReleases:   []HelmRelease{helmRelease("v2.4.2")},
				KommanderCores: []KommanderCore{kommanderCore("v2.5.0", "")},
			},
			want: installed("HelmRelease", release, "2.4.2", "CustomResource", core, "", "Declared", core, "2.5.0"),
		},
		{
			name:   "core only",
			reason: "the core is as good as the HelmRelease",
			input:  Input{KommanderCores: []KommanderCore{kommanderCore("v2.8.0", "v2.7.0")}},
			want:   installed("CustomResource", core, "2.7.0"),
		},
		{
			name:   "migration from 1.4 to 2.1",
			reason: "both are there, and each pair of product and name once",
			input: Input{
				ClusterAddons: []Addon{addon("kommander").revision("1.4.3-3")},
				HelmReleases:  []HelmRelease{helmRelease("v2.1.0")},
			},
			want: []facts.Installation{
				fixtures.Found(facts.Kommander, "kommander", "HelmRelease", release, "2.1.0"),
				fixtures.Found(facts.Kommander, "kommander-addon", "Annotation", object, "1.4.3"),
			},
		},
		{
			name:   "forbidden",
			reason: "each of the resources could show it",
			input:  Input{Forbidden: []string{Addons, ClusterAddons, HelmReleases, KommanderCores, KonvoyClusters}},
			want: installed(
				"Forbidden", "clusteraddons.kubeaddons.mesosphere.io", "",
				"Forbidden", "helmreleases.helm.toolkit.fluxcd.io", "",
				"Forbidden", "kommandercores.dkp.d2iq.io", "",
			),
		},
		{
			name:   "half forbidden, and found",
			reason: "what was found answers the question",
			input: Input{
				Forbidden:     []string{HelmReleases},
				ClusterAddons: []Addon{addon("kommander").revision("1.3.0-40")},
			},
			want: installed("Annotation", object, "1.3.0"),
		},
		{
			name:   "hostile",
			reason: "text is made printable and truncated",
			input:  Input{ClusterAddons: []Addon{addon("kommander").revision("1.3.0\x00" + strings.Repeat("a", 200))}},
			want:   installed("Annotation", object, `1.3.0\x00`+strings.Repeat("a", 52)+"..."),
		},
	})
}

// TestKommanderReleases has every generally available 1.x, each as it was released.
func TestKommanderReleases(t *testing.T) {
	for _, row := range []struct{ version, revision, appVersion, chart string }{
		{"1.0.0", "1.0.0-20", "1.0.0", "0.4.26"},
		{"1.0.1", "1.0.1-1", "1.0.1", "0.4.30"},
		{"1.0.2", "1.0.2-1", "1.0.2", "0.4.31"},
		{"1.1.0", "1.1.0-57", "1.1.0", "0.8.42"},
		{"1.1.1", "1.1.1-1", "1.1.1", "0.8.43"},
		{"1.1.2", "1.1.2-1", "1.1.2", "0.8.44"},
		{"1.1.3", "1.1.3-3", "1.1.3", "0.8.46"},
		{"1.1.4", "1.1.4-2", "1.1.4", "0.8.47"},
		{"1.2.0", "1.2.0-36", "1.2.0-rc.5", "0.12.16"},
		{"1.2.1", "1.2.1-2", "1.2.1", "0.12.19"},
		{"1.2.2", "1.2.2-1", "1.2.2", "0.12.20"},
		{"1.3.0", "1.3.0-40", "1.3.0", "0.13.35"},
		{"1.3.1", "1.3.1-5", "1.3.1", "0.15.3"},
		{"1.3.2", "1.3.2-3", "1.3.2", "0.15.8"},
		{"1.3.3", "1.3.3-5", "1.3.3", "0.15.13"},
		{"1.3.4", "1.3.4-1", "1.3.4", "0.15.14"},
		{"1.4.0", "1.4.0-22", "1.4.0", "0.31.1"},
		{"1.4.1", "1.4.1-4", "1.4.1", "0.35.1"},
		{"1.4.2", "1.4.2-3", "1.4.2", "0.38.0"},
		{"1.4.3", "1.4.3-3", "1.4.3", "0.38.5"},
		{"1.4.4", "1.4.4-4", "1.4.4", "0.39.2"},
	} {
		t.Run(row.version, func(t *testing.T) {
			marked := addon("kommander").revision(row.revision).appVersion(row.appVersion)
			if got := marked.kommanderEvidence()[0].Version; got != row.version {
				t.Errorf("by its annotations it is %s", got)
			}
			bare := addon("kommander").chart("kommander", row.chart)
			if got := bare.kommanderEvidence()[0].Version; got != row.version {
				t.Errorf("by its chart %s it is %s", row.chart, got)
			}
		})
	}
}
