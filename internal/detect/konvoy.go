// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// Konvoy 1.x. Evidence, strongest first:
//
//  1. CustomResource: spec.cluster.version of the KonvoyCluster in the namespace konvoy, or else spec.provisioner.version.
//     It is there only with autoscaling, or after konvoy push.
//  2. Declared: the same while the phase is Provisioning. The version is then the one that is wanted.
//  3. Label: a node label of Konvoy, which proves the product, not the version.
//  4. Forbidden, where there is nothing else: the API server denies the operator KonvoyClusters or nodes.
//
// internal/hub finds more evidence on the cluster of Kommander: the KonvoyCluster from which Kommander made the cluster,
// and for Konvoy 2.x, which leaves no version in a cluster, the version of Kommander (Inferred).
//
// The versions of BasePlatformServices and Kommander are no evidence for Konvoy 1.x. They are upgraded independently, and
// a version inferred from Kommander's would make the check of the two against each other meaningless.

import (
	"cmp"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// konvoyNamespace is where Konvoy 1.x keeps the KonvoyCluster of the cluster itself.
const konvoyNamespace = "konvoy"

// The labels of every node of a Konvoy 1.x cluster.
const (
	labelNodePool          = "konvoy.mesosphere.com/node_pool"
	labelInventoryHostname = "konvoy.mesosphere.com/inventory_hostname"
)

// The phases of a KonvoyCluster that are read.
const (
	phaseProvisioned  = "Provisioned"
	phaseProvisioning = "Provisioning"
)

// detectKonvoy finds at most one installation.
func detectKonvoy(input Input) []facts.Installation {
	evidence := konvoyClusterEvidence(input.KonvoyClusters)
	if input.NodeLabel != "" {
		evidence = append(evidence, newEvidence(v1alpha1.SourceLabel, "nodes["+input.NodeLabel+"]", ""))
	}
	if len(evidence) == 0 {
		evidence = input.forbiddenEvidence(KonvoyClusters, Nodes)
	}
	return installationFrom(facts.Konvoy, facts.DefaultInstallation, evidence)
}

// isKonvoy tells whether Konvoy 1.x made the cluster.
func isKonvoy(input Input) bool {
	return input.NodeLabel != "" || len(input.KonvoyClusters) > 0
}

// konvoyClusterEvidence has no version where several KonvoyClusters could describe the cluster.
func konvoyClusterEvidence(clusters []KonvoyCluster) []v1alpha1.Evidence {
	candidates, certain := currentKonvoyClusters(clusters)
	var evidence []v1alpha1.Evidence
	for _, cluster := range candidates {
		if !certain {
			evidence = append(evidence, newEvidence(v1alpha1.SourceCustomResource, cluster.object(), ""))
			continue
		}
		evidence = append(evidence, cluster.Evidence())
	}
	return evidence
}

// Evidence returns the version of Konvoy that the KonvoyCluster gives for the cluster that it describes.
func (c KonvoyCluster) Evidence() v1alpha1.Evidence {
	return newEvidence(c.source(), c.object(), coreVersion(cmp.Or(c.Version, c.ProvisionerVersion)))
}

// inNamespace returns the KonvoyClusters of one namespace.
func inNamespace(namespace string, clusters []KonvoyCluster) []KonvoyCluster {
	return slices.DeleteFunc(clusters, func(cluster KonvoyCluster) bool { return cluster.Namespace != namespace })
}

// source is Declared while the cluster is being changed: the version is then the one that is wanted.
func (c KonvoyCluster) source() v1alpha1.EvidenceSource {
	if c.Phase == phaseProvisioning {
		return v1alpha1.SourceDeclared
	}
	return v1alpha1.SourceCustomResource
}

// currentKonvoyClusters returns the KonvoyCluster that describes the cluster: the only one, or the only one that is
// provisioned. Where that is not certain it returns all.
func currentKonvoyClusters(clusters []KonvoyCluster) (candidates []KonvoyCluster, certain bool) {
	if len(clusters) < 2 {
		return clusters, true
	}
	for _, cluster := range clusters {
		if cluster.Phase == phaseProvisioned {
			candidates = append(candidates, cluster)
		}
	}
	if len(candidates) != 1 {
		return clusters, false
	}
	return candidates, true
}
