// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

// Member is a cluster that belongs into the inventory.
type Member struct {
	ID    ID
	Owner metav1.OwnerReference
	// Labels are those of the object that describes it.
	Labels map[string]string
}

// Member is a cluster that belongs into the inventory; false for the hub itself, for those for which another object stands,
// and for those that do not exist. Before the hub was read completely there are none, nor where the operator may not read
// KommanderClusters: which one is the hub, and which are in the inventory already, would not be known.
func (s *State) Member(id ID) (Member, bool) {
	c := s.clusters[id]
	if c == nil || !s.Complete || c.isHost || c.isMerged || s.isForbidden(detect.KommanderClusters) {
		return Member{}, false
	}
	return Member{ID: id, Owner: c.owner, Labels: c.labels}, true
}

// DescriptionsOf are the objects that describe the same cluster: the given one, and the other one where a KommanderCluster
// refers to a Cluster that it may describe.
func (s *State) DescriptionsOf(id ID) []ID {
	descriptions := []ID{id}
	c := s.clusters[id]
	if c == nil || c.kommander == nil || c.capi == nil || !mayDescribe(c.kommander) {
		return descriptions
	}
	for _, description := range []ID{
		{KommanderCluster, c.kommander.Namespace, c.kommander.Name}, {ClusterAPICluster, c.capi.Namespace, c.capi.Name},
	} {
		if description != id {
			descriptions = append(descriptions, description)
		}
	}
	return descriptions
}

// gitOpsPrefixes are those of the labels by which GitOps tools recognise their objects. On an object that they did not make
// they would prune it, or report drift.
var gitOpsPrefixes = []string{
	"kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "fluxcd.io/", "toolkit.fluxcd.io/", "argocd.argoproj.io/",
	"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "kapp.k14s.io/", "app.kubernetes.io/part-of",
	"helm.sh/", "config.k8s.io/", "config.kubernetes.io/", "fleet.cattle.io/", "objectset.rio.cattle.io/", "configsync.gke.io/",
	"configmanagement.gke.io/", "applyset.kubernetes.io/", "cli-utils.sigs.k8s.io/", "flux.weave.works/", "velero.io/",
	"clusterctl.cluster.x-k8s.io",
}

// CopiedLabels are the labels that begin with one of the prefixes, except those of GitOps tools, which are never copied.
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
