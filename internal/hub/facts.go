// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// FactsFor is what the hub knows about the cluster to which a reference from a namespace leads; nil when the hub was not
// read yet, or the operator may not read it.
func (s *State) FactsFor(namespace string, reference *v1alpha1.ClusterReference) *facts.HubFacts {
	id, is := IDOf(namespace, reference)
	c := s.clusters[id]
	if reference.Host != nil {
		c = s.host
	}
	switch {
	case !s.Complete:
		return nil
	case !is && reference.Host == nil:
		// Nothing says whose Secret it is.
		return &facts.HubFacts{}
	case s.isForbidden(detect.KommanderClusters), c == nil && id.Kind == ClusterAPICluster && s.isForbidden(detect.CAPIClusters):
		return nil
	}
	return c.facts()
}

// facts of a cluster without a description are empty.
func (c *cluster) facts() *facts.HubFacts {
	k := &facts.HubFacts{}
	if c == nil {
		return k
	}
	if c.kommander != nil && !c.isHost {
		k.Manager = c.manager.DeepCopy()
	}
	if evidence := c.konvoyEvidence(); len(evidence) > 0 {
		k.Installations = []facts.Installation{{Product: facts.Konvoy, Name: facts.DefaultInstallation, Evidence: evidence}}
	}
	if c.kommander != nil {
		readAnnotations(c.kommander, k)
	}
	return k
}

// konvoyEvidence is what the hub has about the cluster's Konvoy: the KonvoyCluster of 1.x, and the label of 2.x on the
// Cluster. The latter has no version; it is Kommander's. Where the operator may not read what may describe it, it may be
// there.
func (c *cluster) konvoyEvidence() []v1alpha1.Evidence {
	var evidence []v1alpha1.Evidence
	if c.konvoy != nil {
		described := c.konvoy.Evidence()
		described.Object = facts.OnHub(described.Object)
		evidence = append(evidence, described)
	}
	if c.capi != nil && c.capi.IsKonvoy {
		made := ID{ClusterAPICluster, c.capi.Namespace, c.capi.Name}
		evidence = append(evidence, v1alpha1.Evidence{Source: v1alpha1.SourceLabel, Object: facts.OnHub(made.String())})
		if c.manager != nil && isVersion2(c.manager.Version) {
			evidence = append(evidence, v1alpha1.Evidence{
				Source: v1alpha1.SourceInferred, Object: c.manager.Object, Version: c.manager.Version,
			})
		}
	}
	for _, resource := range c.forbidden {
		evidence = append(evidence, v1alpha1.Evidence{Source: v1alpha1.SourceForbidden, Object: facts.OnHub(resource)})
	}
	return evidence
}

// isVersion2 tells whether the version is 2.x or newer, in which Konvoy and Kommander have the same version.
func isVersion2(version string) bool {
	parsed, err := facts.ParseVersion(version)
	return err == nil && parsed.Major() >= 2
}
