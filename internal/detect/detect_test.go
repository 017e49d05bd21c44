// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestInstallations(t *testing.T) {
	got := Installations(Input{
		ClusterAddons: []Addon{
			addon("cert-manager").from(baseLabel, "stable-1.20-4.3.0"),
			addon("kommander").from(kommanderLabel, "stable-1.20-1.4.3").revision("1.4.3-3"),
		},
		KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "v1.8.4")},
		HelmReleases:   []HelmRelease{helmRelease("v2.1.0")},
	})
	want := []facts.Installation{
		fixtures.Found(facts.BasePlatformServices, "default", "Label", "ClusterAddon/cert-manager", "stable-1.20-4.3.0"),
		fixtures.Found(facts.Kommander, "kommander", "HelmRelease", "HelmRelease/kommander/kommander", "2.1.0"),
		fixtures.Found(facts.Kommander, "kommander-addon",
			"Annotation", "ClusterAddon/kommander", "1.4.3", "Label", "ClusterAddon/kommander", "1.4.3"),
		fixtures.Found(facts.Konvoy, "default", "CustomResource", "KonvoyCluster/konvoy/prod", "1.8.4"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all products, ordered by product and name\n-want +got:\n%s", diff)
	}
}

func TestInstallationsOfAnEmptyCluster(t *testing.T) {
	if got := Installations(Input{}); len(got) > 0 {
		t.Errorf("found %v in an empty cluster", got)
	}
}
