// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// konvoyNamespace is where Konvoy 1.x keeps the description of the cluster, if autoscaling is on or it was pushed.
const konvoyNamespace = "konvoy"

// The labels that are on every node of a Konvoy 1.x cluster. They tell no version.
const (
	labelNodePool          = "konvoy.mesosphere.com/node_pool"
	labelInventoryHostname = "konvoy.mesosphere.com/inventory_hostname"
)

const (
	phaseProvisioned  = "Provisioned"
	phaseProvisioning = "Provisioning"
)

// konvoy detects Konvoy 1.x. What BasePlatformServices and Kommander say about themselves is not used: they are upgraded
// independently, and a version concluded from Kommander's would make the check of the two against each other empty.
func konvoy(objects Objects) []facts.Installation {
	evidence := describedKonvoy(objects.KonvoyClusters)
	if objects.NodeLabel != "" {
		evidence = append(evidence, sign(v1alpha1.SourceLabel, "nodes["+objects.NodeLabel+"]", ""))
	}
	if len(evidence) == 0 {
		evidence = objects.forbidden(KonvoyClusters, Nodes)
	}
	return installation(facts.Konvoy, facts.DefaultInstallation, evidence)
}

// showsKonvoy tells whether the cluster was made by Konvoy 1.x.
func showsKonvoy(objects Objects) bool {
	return objects.NodeLabel != "" || len(objects.KonvoyClusters) > 0
}

func describedKonvoy(clusters []KonvoyCluster) []v1alpha1.Evidence {
	candidates, certain := current(clusters)
	var evidence []v1alpha1.Evidence
	for _, cluster := range candidates {
		if !certain {
			evidence = append(evidence, sign(v1alpha1.SourceCustomResource, cluster.object(), ""))
			continue
		}
		evidence = append(evidence, cluster.Evidence())
	}
	return evidence
}

// Evidence is what the description says of the cluster that it describes.
func (c KonvoyCluster) Evidence() v1alpha1.Evidence {
	return sign(c.source(), c.object(), coreVersion(cmp.Or(c.Version, c.ProvisionerVersion)))
}

// onlyIn are the descriptions in one namespace.
func onlyIn(namespace string, clusters []KonvoyCluster) []KonvoyCluster {
	return slices.DeleteFunc(clusters, func(cluster KonvoyCluster) bool { return cluster.Namespace != namespace })
}

// source is how far the version can be trusted: while the cluster is being changed it is the one to come.
func (c KonvoyCluster) source() v1alpha1.EvidenceSource {
	if c.Phase == phaseProvisioning {
		return v1alpha1.SourceDeclared
	}
	return v1alpha1.SourceCustomResource
}

// current returns the description of the cluster: the only one, or the only one that is provisioned. When that is not
// certain it returns all.
func current(clusters []KonvoyCluster) (candidates []KonvoyCluster, certain bool) {
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
