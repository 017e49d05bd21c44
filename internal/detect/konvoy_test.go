// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestKonvoyClusterEvidence(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		cluster      KonvoyCluster
		want         v1alpha1.Evidence
	}{
		{"provisioned", "the version is installed", konvoyCluster("prod", "v1.7.2"),
			newEvidence(v1alpha1.SourceCustomResource, "KonvoyCluster/konvoy/prod", "1.7.2")},
		{"being changed", "the version is to come", konvoyCluster("prod", "v1.8.0").phase("Provisioning"),
			newEvidence(v1alpha1.SourceDeclared, "KonvoyCluster/konvoy/prod", "1.8.0")},
		{"provisioner only", "both parts are of the same version", konvoyCluster("prod", "").provisionedBy("v1.7.2"),
			newEvidence(v1alpha1.SourceCustomResource, "KonvoyCluster/konvoy/prod", "1.7.2")},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, row.cluster.Evidence()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

func TestKonvoy(t *testing.T) {
	installed := func(evidence ...string) []facts.Installation {
		return []facts.Installation{fixtures.Found(facts.Konvoy, "default", evidence...)}
	}
	const nodePool = "nodes[konvoy.mesosphere.com/node_pool]"
	checkDetector(t, detectKonvoy, []detectorRow{
		{
			name:   "nothing",
			reason: "a cluster of another distribution",
		},
		{
			name:   "description",
			reason: "the description of the cluster has the version, with a v that is not part of it",
			input:  Input{KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "v1.7.2").provisionedBy("v1.7.1")}},
			want:   installed("CustomResource", "KonvoyCluster/konvoy/prod", "1.7.2"),
		},
		{
			name:   "description and nodes",
			reason: "the nodes add no version",
			input: Input{
				KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "v1.8.5")},
				NodeLabel:      labelNodePool,
			},
			want: installed("CustomResource", "KonvoyCluster/konvoy/prod", "1.8.5", "Label", nodePool, ""),
		},
		{
			name:   "provisioner only",
			reason: "both parts of the description are of the same version",
			input:  Input{KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "").provisionedBy("v1.7.2")}},
			want:   installed("CustomResource", "KonvoyCluster/konvoy/prod", "1.7.2"),
		},
		{
			name:   "description without versions",
			reason: "where the webhook that fills them in is off, the KonvoyCluster proves only that it is Konvoy",
			input:  Input{KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "").phase("")}},
			want:   installed("CustomResource", "KonvoyCluster/konvoy/prod", ""),
		},
		{
			name:   "being changed",
			reason: "while the cluster is provisioned the version is the one to come",
			input:  Input{KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "v1.8.0").phase("Provisioning")}},
			want:   installed("Declared", "KonvoyCluster/konvoy/prod", "1.8.0"),
		},
		{
			name:   "several, one provisioned",
			reason: "the one that is provisioned is the cluster itself",
			input: Input{KonvoyClusters: []KonvoyCluster{
				konvoyCluster("a", "v1.8.0").phase("Failed"),
				konvoyCluster("b", "v1.7.2"),
				konvoyCluster("c", "v1.8.1").phase("Pending"),
			}},
			want: installed("CustomResource", "KonvoyCluster/konvoy/b", "1.7.2"),
		},
		{
			name:   "several, none or all provisioned",
			reason: "any could be the cluster itself, so none gives a version",
			input: Input{
				KonvoyClusters: []KonvoyCluster{konvoyCluster("a", "v1.8.0"), konvoyCluster("b", "v1.7.2")},
				NodeLabel:      labelNodePool,
			},
			want: installed(
				"CustomResource", "KonvoyCluster/konvoy/a", "",
				"CustomResource", "KonvoyCluster/konvoy/b", "",
				"Label", nodePool, "",
			),
		},
		{
			name:   "nodes only",
			reason: "a cluster that the CLI made shows that it is Konvoy, and no version",
			input:  Input{NodeLabel: labelNodePool},
			want:   installed("Label", nodePool, ""),
		},
		{
			name:   "nodes by the older label",
			reason: "the evidence names the label by which they were recognized",
			input:  Input{NodeLabel: labelInventoryHostname},
			want:   installed("Label", "nodes[konvoy.mesosphere.com/inventory_hostname]", ""),
		},
		{
			name:   "all forbidden",
			reason: "nothing else proves it",
			input:  Input{Forbidden: []string{ClusterAddons, KonvoyClusters, Nodes}},
			want:   installed("Forbidden", "konvoyclusters.kommander.mesosphere.io", "", "Forbidden", "nodes", ""),
		},
		{
			name:   "nodes forbidden, and described",
			reason: "the description has answered the question",
			input: Input{
				Forbidden:      []string{Nodes},
				KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "v1.7.2")},
			},
			want: installed("CustomResource", "KonvoyCluster/konvoy/prod", "1.7.2"),
		},
		{
			name:   "nodes forbidden, and not described",
			reason: "most Konvoy clusters have no description",
			input:  Input{Forbidden: []string{Nodes}},
			want:   installed("Forbidden", "nodes", ""),
		},
		{
			name:   "description forbidden, and nodes seen",
			reason: "it is Konvoy, of unknown version",
			input:  Input{Forbidden: []string{KonvoyClusters}, NodeLabel: labelNodePool},
			want:   installed("Label", nodePool, ""),
		},
		{
			name:   "addons only",
			reason: "the version of the base addons or of Kommander is no version of Konvoy",
			input:  Input{ClusterAddons: []Addon{addon("kommander").revision("1.3.0-40"), addon("traefik").from(baseLabel, "stable-1.19-3.2.0")}},
		},
	})
}
