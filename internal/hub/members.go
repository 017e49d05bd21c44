// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"maps"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Member is a cluster that ought to be in the inventory.
type Member struct {
	ID    ID
	Owner metav1.OwnerReference
	// Labels are all that its description carries.
	Labels map[string]string
}

// Member is a cluster that ought to be in the inventory; false for those that are there as something else, and for those
// that are not there. Before the hub was looked at as a whole it has none, nor where the operator may not look at
// KommanderClusters: it would not know which is the hub itself, and which are there already.
func (s *State) Member(id ID) (Member, bool) {
	c := s.clusters[id]
	if c == nil || !s.Complete || c.isHost || c.isMerged || s.isForbidden(detect.KommanderClusters) {
		return Member{}, false
	}
	return Member{ID: id, Owner: c.owner, Labels: c.labels}, true
}

// DescriptionsOf are the descriptions of one cluster: the one that is meant, and, where a KommanderCluster refers to a Cluster API
// Cluster of its namespace, the other one.
func (s *State) DescriptionsOf(id ID) []ID {
	twins := []ID{id}
	c := s.clusters[id]
	if c == nil || c.kommander == nil || c.capi == nil || !mayDescribe(c.kommander) {
		return twins
	}
	for _, twin := range []ID{
		{KommanderCluster, c.kommander.Namespace, c.kommander.Name}, {ClusterAPICluster, c.capi.Namespace, c.capi.Name},
	} {
		if twin != id {
			twins = append(twins, twin)
		}
	}
	return twins
}

// gitOpsPrefixes are the beginnings of labels by which GitOps tools know what is theirs. On an object that they did not make they
// would have them prune it, or take it for drift.
var gitOpsPrefixes = []string{
	"kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "fluxcd.io/", "toolkit.fluxcd.io/", "argocd.argoproj.io/",
	"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "kapp.k14s.io/", "app.kubernetes.io/part-of",
	"helm.sh/", "config.k8s.io/", "config.kubernetes.io/", "fleet.cattle.io/", "objectset.rio.cattle.io/", "configsync.gke.io/",
	"configmanagement.gke.io/", "applyset.kubernetes.io/", "cli-utils.sigs.k8s.io/", "flux.weave.works/", "velero.io/",
	"clusterctl.cluster.x-k8s.io",
}

// CopiedLabels are the labels that begin with one of the prefixes, but for those of GitOps tools, which are never copied.
func CopiedLabels(labels map[string]string, prefixes []string) map[string]string {
	begins := func(key string) func(string) bool {
		return func(prefix string) bool { return strings.HasPrefix(key, prefix) }
	}
	copied := maps.Clone(labels)
	maps.DeleteFunc(copied, func(key, _ string) bool {
		return !slices.ContainsFunc(prefixes, begins(key)) || slices.ContainsFunc(gitOpsPrefixes, begins(key))
	})
	return copied
}
