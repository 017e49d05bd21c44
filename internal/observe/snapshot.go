// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"

	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Snapshot is what is known about a cluster at one instant.
type Snapshot struct {
	// Facts are what was found so far. While the cluster does not answer they are the last that were known.
	Facts facts.Facts
	// Complete tells that all resources of interest were read once, or proved to be out of reach (403). Before, what Facts
	// does not have may still be there. It never becomes false again.
	Complete bool
	// Problem tells that the cluster does not answer, or not to everything; nil while all is well. A failure shorter than
	// Options.GracePeriod is left out.
	Problem *facts.Problem
	// HubDescription is what the cluster knows of others; nil without Options.HubDescription.
	HubDescription *detect.HubDescription
}

// Equal tells whether two snapshots say the same.
func (s Snapshot) Equal(other Snapshot) bool {
	return s.Complete == other.Complete && apiequality.Semantic.DeepEqual(s.Problem, other.Problem) &&
		apiequality.Semantic.DeepEqual(s.Facts, other.Facts) && apiequality.Semantic.DeepEqual(s.HubDescription, other.HubDescription)
}

func (s Snapshot) clone() Snapshot {
	s.Facts.Installations = slices.Clone(s.Facts.Installations)
	for i := range s.Facts.Installations {
		s.Facts.Installations[i].Evidence = slices.Clone(s.Facts.Installations[i].Evidence)
	}
	s.Facts.Components = slices.Clone(s.Facts.Components)
	s.Facts.Nodes = s.Facts.Nodes.DeepCopy()
	s.HubDescription = s.HubDescription.Clone()
	return s
}

// snapshot detects what is installed in what is known.
func (s *clusterState) snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	input := detect.NewInput(s.objects, s.forbidden(), s.nodes.label, s.rules)
	s.installations = s.keepPending(detect.Installations(input))
	s.completed = s.completed || s.isComplete()
	snapshot := Snapshot{
		Facts: facts.Facts{
			KubernetesVersion: s.kubernetes,
			ClusterID:         s.clusterID,
			Installations:     s.installations,
			Components:        detect.Components(input),
			Nodes:             s.nodes.status,
		},
		Complete: s.completed,
		Problem:  s.problem(),
	}
	if s.hubDescription {
		snapshot.HubDescription = detect.NewHubDescription(s.objects, s.forbidden())
	}
	return snapshot.clone()
}

// keepPending adds the installations of the last snapshot whose products have rules that need a resource without an answer
// yet: while a rule changes, what the new one is about to find is not gone.
func (s *clusterState) keepPending(found []facts.Installation) []facts.Installation {
	for _, product := range detect.ProductsOf(s.rules) {
		if !slices.ContainsFunc(detect.ResourcesFor(detect.RulesFor(product, s.rules)), s.isPending) {
			continue
		}
		for _, before := range s.installations {
			isSame := func(f facts.Installation) bool { return f.Product == product && f.Name == before.Name }
			if before.Product == product && !slices.ContainsFunc(found, isSame) {
				found = append(found, before)
			}
		}
	}
	return detect.SortInstallations(found)
}
