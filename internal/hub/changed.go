// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"maps"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
)

// clusterFacts are all that a state has of one cluster.
type clusterFacts struct {
	Target       *fleet.Target
	Obstacle     *facts.Obstacle
	Facts        *facts.HubFacts
	Member       Member
	IsMember     bool
	Descriptions []ID
}

func (s *State) clusterFacts(id ID) clusterFacts {
	var a clusterFacts
	reference := id.Reference()
	a.Target, a.Obstacle = s.TargetFor(id.Namespace, &reference)
	a.Facts = s.FactsFor(id.Namespace, &reference)
	a.Member, a.IsMember = s.Member(id)
	a.Descriptions = s.DescriptionsOf(id)
	return a
}

// Changed are the clusters of two states of which these have different things, in no order. Nil is a state in which nothing
// is known.
func Changed(before, now *State) []ID {
	if before == nil {
		before = &State{}
	}
	all := maps.Clone(now.clusters)
	maps.Copy(all, before.clusters)
	var changed []ID
	for id := range all {
		if isChanged(before, now, id) {
			changed = append(changed, id)
		}
	}
	return changed
}

// ChangedForMissing tells whether two states differ about clusters that neither has, as they do when the hub was read
// completely for the first time: then it is certain that they do not exist. Nil is as in Changed.
func ChangedForMissing(before, now *State) bool {
	if before == nil {
		before = &State{}
	}
	return isChanged(before, now, ID{Kind: KommanderCluster}) || isChanged(before, now, ID{Kind: ClusterAPICluster})
}

// isChanged compares first what the facts are made of, which is faster.
func isChanged(before, now *State, id ID) bool {
	isSame := before.Complete == now.Complete && slices.Equal(before.forbidden, now.forbidden) &&
		reflect.DeepEqual(before.clusters[id], now.clusters[id])
	return !isSame && !equality.Semantic.DeepEqual(before.clusterFacts(id), now.clusterFacts(id))
}
