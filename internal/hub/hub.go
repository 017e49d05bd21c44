// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package hub reads, from a snapshot of the operator's own cluster, what it describes of other clusters: which there are,
// how to connect to them, and what they run. It is pure: a State is made of a snapshot.
//
// Where to find what:
//
//   - hub.go: the State, and which descriptions are of one cluster
//   - target.go: where the kubeconfig of a cluster is, or why there is none
//   - facts.go, annotations.go: what the hub knows about a cluster
//   - members.go: which clusters belong into the inventory, with which labels
//   - changed.go: for which clusters two states differ
package hub

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// Kind is the kind of the object that describes a cluster.
type Kind string

// The kinds.
const (
	KommanderCluster  Kind = "KommanderCluster"
	ClusterAPICluster Kind = "Cluster"
)

// ID identifies an object that describes a cluster.
type ID struct {
	Kind            Kind
	Namespace, Name string
}

// IDOf is the object to which a reference from a namespace leads; false for references to no such object.
func IDOf(namespace string, reference *v1alpha1.ClusterReference) (ID, bool) {
	switch {
	case reference.KommanderCluster != nil:
		return ID{KommanderCluster, namespace, reference.KommanderCluster.Name}, true
	case reference.ClusterAPICluster != nil:
		return ID{ClusterAPICluster, namespace, reference.ClusterAPICluster.Name}, true
	}
	return ID{}, false
}

// Reference is the reference to the object from its namespace.
func (id ID) Reference() v1alpha1.ClusterReference {
	if id.Kind == ClusterAPICluster {
		return v1alpha1.ClusterReference{ClusterAPICluster: &v1alpha1.ClusterAPIClusterReference{Name: id.Name}}
	}
	return v1alpha1.ClusterReference{KommanderCluster: &v1alpha1.KommanderClusterReference{Name: id.Name}}
}

// String is how messages and evidence name the object.
func (id ID) String() string { return string(id.Kind) + "/" + id.Namespace + "/" + id.Name }

// State is what the hub knows at one instant. It does not change.
type State struct {
	// Complete tells that an object that it does not have does not exist.
	Complete  bool
	forbidden []string
	clusters  map[ID]*cluster
	// host is the hub itself; nil where no object describes it.
	host *cluster
	// manager is the hub's Kommander; nil where there is none.
	manager *v1alpha1.ManagingKommander
}

// cluster is all that the hub has of one cluster.
type cluster struct {
	id     ID
	owner  metav1.OwnerReference
	labels map[string]string
	// kommander is nil for a cluster that only Cluster API knows.
	kommander *detect.KommanderCluster
	// konvoy is its KonvoyCluster, of 1.x; nil where there is none.
	konvoy *detect.KonvoyCluster
	// capi is its Cluster of Cluster API; nil where there is none.
	capi *detect.CAPICluster
	// tunnelSecret is the Secret with the kubeconfig of its tunnel; empty where there is none.
	tunnelSecret string
	// manager is the hub's Kommander, whether it manages the cluster or not; nil where there is none.
	manager *v1alpha1.ManagingKommander
	// forbidden are the resources of objects to which its KommanderCluster refers and that the operator may not read.
	forbidden []string
	// isHost tells that it is the hub itself.
	isHost bool
	// isMerged tells that a KommanderCluster stands for it in the inventory.
	isMerged bool
}

// New reads a snapshot of the hub, which must not change after that.
func New(snapshot observe.Snapshot) *State {
	s := &State{Complete: snapshot.Complete, clusters: map[ID]*cluster{}, manager: managingKommander(snapshot.Facts.Installations)}
	if snapshot.HubDescription == nil {
		return s
	}
	s.forbidden = snapshot.HubDescription.Forbidden
	refs := indexReferences(snapshot.HubDescription)
	isHost := hostMatcher(snapshot.HubDescription.KommanderClusters, snapshot.Facts.ClusterID)
	for i := range snapshot.HubDescription.CAPIClusters {
		s.addCAPI(&snapshot.HubDescription.CAPIClusters[i])
	}
	for i := range snapshot.HubDescription.KommanderClusters {
		described := &snapshot.HubDescription.KommanderClusters[i]
		s.addKommander(described, refs, isHost(described), snapshot.Facts.ClusterID)
	}
	return s
}

// references are what KommanderClusters refer to.
type references struct {
	konvoy  map[types.NamespacedName]*detect.KonvoyCluster
	tunnels map[types.NamespacedName]string
}

func indexReferences(description *detect.HubDescription) references {
	refs := references{map[types.NamespacedName]*detect.KonvoyCluster{}, map[types.NamespacedName]string{}}
	for i := range description.KonvoyClusters {
		c := &description.KonvoyClusters[i]
		refs.konvoy[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}] = c
	}
	for _, t := range description.Tunnels {
		refs.tunnels[types.NamespacedName{Namespace: t.Namespace, Name: t.Name}] = t.KubeconfigSecret
	}
	return refs
}

func (s *State) addCAPI(described *detect.CAPICluster) {
	c := &cluster{
		id: ID{ClusterAPICluster, described.Namespace, described.Name}, labels: described.Labels, capi: described,
		owner: ownerReference(described.APIVersion, ClusterAPICluster, described.Name, described.UID), manager: s.manager,
	}
	s.clusters[c.id] = c
}

func (s *State) addKommander(described *detect.KommanderCluster, refs references, isHost bool, hubID string) {
	c := &cluster{
		id: ID{KommanderCluster, described.Namespace, described.Name}, labels: described.Labels, kommander: described, manager: s.manager,
		owner:        ownerReference(described.APIVersion, KommanderCluster, described.Name, described.UID),
		konvoy:       refs.konvoy[types.NamespacedName{Namespace: described.Namespace, Name: described.KonvoyCluster}],
		tunnelSecret: refs.tunnels[types.NamespacedName{Namespace: described.Namespace, Name: described.Tunnel}],
		isHost:       isHost,
	}
	if described.KonvoyCluster != "" && s.isForbidden(detect.KonvoyClusters) {
		c.forbidden = append(c.forbidden, detect.KonvoyClusters)
	}
	if described.CAPICluster.Name != "" && s.isForbidden(detect.CAPIClusters) {
		c.forbidden = append(c.forbidden, detect.CAPIClusters)
	}
	s.clusters[c.id] = c
	if isHost && (isHub(described, hubID) || isTrusted(described)) && s.host == nil {
		s.host = c
	}
	if cluster := s.clusters[ID{ClusterAPICluster, described.CAPICluster.Namespace, described.CAPICluster.Name}]; cluster != nil {
		c.capi = cluster.capi
		if mayDescribe(described) {
			cluster.merge(c)
		}
	}
}

// isHub tells whether a KommanderCluster is certain to describe the hub.
func isHub(described *detect.KommanderCluster, hubID string) bool {
	return hubID != "" && described.ClusterID == hubID
}

// mayDescribe tells whether a KommanderCluster may describe the Cluster to which it refers.
func mayDescribe(described *detect.KommanderCluster) bool {
	return described.Namespace == described.CAPICluster.Namespace || isTrusted(described)
}

// isTrusted tells whether a KommanderCluster is in Kommander's own namespace, where no tenant may write. Those elsewhere
// describe only what is in their namespace: neither the hub, nor the Cluster of another namespace, which then has an entry
// of its own in the inventory. By the identity of the cluster it shows that both are one.
func isTrusted(described *detect.KommanderCluster) bool {
	return described.Namespace == detect.KommanderName
}

// merge adds to a Cluster of Cluster API what is known of the KommanderCluster that refers to it: both describe one cluster,
// and a reference to either gives the same facts. Of several the first counts, unless it is of another namespace, where
// tenants may write.
func (c *cluster) merge(referring *cluster) {
	isAtHome := func(other *detect.KommanderCluster) bool { return other.Namespace == c.id.Namespace }
	if c.kommander != nil && (isAtHome(c.kommander) || !isAtHome(referring.kommander)) {
		return
	}
	c.kommander, c.konvoy, c.forbidden, c.isHost, c.isMerged = referring.kommander, referring.konvoy, referring.forbidden, referring.isHost, true
}

func ownerReference(apiVersion string, kind Kind, name string, uid types.UID) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: apiVersion, Kind: string(kind), Name: name, UID: uid}
}

// hostMatcher returns which KommanderClusters describe the hub. If one has the hub's UID, no annotation on another one
// counts.
func hostMatcher(described []detect.KommanderCluster, hubID string) func(*detect.KommanderCluster) bool {
	isCertain := func(c detect.KommanderCluster) bool { return isHub(&c, hubID) }
	if slices.ContainsFunc(described, isCertain) {
		return func(c *detect.KommanderCluster) bool { return isCertain(*c) }
	}
	return func(c *detect.KommanderCluster) bool { return c.IsHost && (hubID == "" || c.ClusterID == "") }
}

// isForbidden tells whether the operator may not read a resource of the hub.
func (s *State) isForbidden(resource string) bool { return slices.Contains(s.forbidden, resource) }

// managingKommander is the hub's Kommander; the newer one, which comes first, while one of 1.x is upgraded to 2.x. Where the
// operator may not look for it, its version is unknown: it manages clusters all the same.
func managingKommander(installations []facts.Installation) *v1alpha1.ManagingKommander {
	i := slices.IndexFunc(installations, func(one facts.Installation) bool { return one.Product == facts.Kommander })
	if i < 0 {
		return nil
	}
	used := facts.UsedEvidence(installations[i].Evidence)
	return &v1alpha1.ManagingKommander{Object: facts.OnHub(used.Object), Version: used.Version}
}
