// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package hub reads, from what was observed in the operator's own cluster, what that knows of other clusters: which there
// are, how to reach them, and what is written there about what they run.
//
// It is pure: a State is made of a snapshot, and asked.
package hub

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// Kind is what describes a cluster on the hub.
type Kind string

// The kinds.
const (
	KommanderCluster  Kind = "KommanderCluster"
	ClusterAPICluster Kind = "Cluster"
)

// ID names the description of a cluster.
type ID struct {
	Kind            Kind
	Namespace, Name string
}

// IDOf is that of the description to which a reference of an object in the namespace leads; false for references that
// lead to none.
func IDOf(namespace string, reference *v1alpha1.ClusterReference) (ID, bool) {
	switch {
	case reference.KommanderCluster != nil:
		return ID{KommanderCluster, namespace, reference.KommanderCluster.Name}, true
	case reference.ClusterAPICluster != nil:
		return ID{ClusterAPICluster, namespace, reference.ClusterAPICluster.Name}, true
	}
	return ID{}, false
}

// Reference leads to the description, from an object in its namespace.
func (id ID) Reference() v1alpha1.ClusterReference {
	if id.Kind == ClusterAPICluster {
		return v1alpha1.ClusterReference{ClusterAPICluster: &v1alpha1.ClusterAPIClusterReference{Name: id.Name}}
	}
	return v1alpha1.ClusterReference{KommanderCluster: &v1alpha1.KommanderClusterReference{Name: id.Name}}
}

// String is how messages and evidence name the description.
func (id ID) String() string { return string(id.Kind) + "/" + id.Namespace + "/" + id.Name }

// State is what the hub knows at one instant. It does not change.
type State struct {
	// Complete tells that what it does not have is not there.
	Complete  bool
	forbidden []string
	clusters  map[ID]*cluster
	// host is what describes the hub itself; nil where nothing does.
	host *cluster
	// manager is the hub's Kommander; nil where there is none.
	manager *v1alpha1.ManagingKommander
}

// cluster is all that the hub has of one cluster, by whatever describes it.
type cluster struct {
	id     ID
	owner  metav1.OwnerReference
	labels map[string]string
	// kommander is what attaches it; nil for a cluster that only Cluster API knows.
	kommander *detect.KommanderCluster
	// konvoy describes it in the line 1.x; nil where nothing does.
	konvoy *detect.KonvoyCluster
	// made is the Cluster of Cluster API; nil where nothing of the hub made it.
	capi *detect.CAPICluster
	// tunnelSecret is the Secret by which a tunnel leads to it.
	tunnelSecret string
	// manager is the hub's Kommander, whether it manages the cluster or not; nil where there is none.
	manager *v1alpha1.ManagingKommander
	// unseen are resources to which its description refers, and at which the operator may not look.
	forbidden []string
	// isHost: it is the hub itself.
	isHost bool
	// isReferred: something else that describes the same cluster stands for it in the inventory.
	isMerged bool
}

// New reads a snapshot of the hub, which nobody may change after that.
func New(snapshot observe.Snapshot) *State {
	s := &State{Complete: snapshot.Complete, clusters: map[ID]*cluster{}, manager: managingKommander(snapshot.Facts.Installations)}
	if snapshot.HubDescription == nil {
		return s
	}
	s.forbidden = snapshot.HubDescription.Forbidden
	parts := indexReferences(snapshot.HubDescription)
	isHost := hostMatcher(snapshot.HubDescription.KommanderClusters, snapshot.Facts.ClusterID)
	for i := range snapshot.HubDescription.CAPIClusters {
		s.addCAPI(&snapshot.HubDescription.CAPIClusters[i])
	}
	for i := range snapshot.HubDescription.KommanderClusters {
		described := &snapshot.HubDescription.KommanderClusters[i]
		s.addKommander(described, parts, isHost(described), snapshot.Facts.ClusterID)
	}
	return s
}

// references are what KommanderClusters refer to.
type references struct {
	konvoy  map[types.NamespacedName]*detect.KonvoyCluster
	tunnels map[types.NamespacedName]string
}

func indexReferences(fleet *detect.HubDescription) references {
	p := references{map[types.NamespacedName]*detect.KonvoyCluster{}, map[types.NamespacedName]string{}}
	for i := range fleet.KonvoyClusters {
		c := &fleet.KonvoyClusters[i]
		p.konvoy[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}] = c
	}
	for _, t := range fleet.Tunnels {
		p.tunnels[types.NamespacedName{Namespace: t.Namespace, Name: t.Name}] = t.KubeconfigSecret
	}
	return p
}

func (s *State) addCAPI(described *detect.CAPICluster) {
	c := &cluster{
		id: ID{ClusterAPICluster, described.Namespace, described.Name}, labels: described.Labels, capi: described,
		owner: ownerReference(described.APIVersion, ClusterAPICluster, described.Name, described.UID), manager: s.manager,
	}
	s.clusters[c.id] = c
}

func (s *State) addKommander(described *detect.KommanderCluster, parts references, isHost bool, hubID string) {
	c := &cluster{
		id: ID{KommanderCluster, described.Namespace, described.Name}, labels: described.Labels, kommander: described, manager: s.manager,
		owner:        ownerReference(described.APIVersion, KommanderCluster, described.Name, described.UID),
		konvoy:       parts.konvoy[types.NamespacedName{Namespace: described.Namespace, Name: described.KonvoyCluster}],
		tunnelSecret: parts.tunnels[types.NamespacedName{Namespace: described.Namespace, Name: described.Tunnel}],
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
	if twin := s.clusters[ID{ClusterAPICluster, described.CAPICluster.Namespace, described.CAPICluster.Name}]; twin != nil {
		c.capi = twin.capi
		if mayDescribe(described) {
			twin.merge(c)
		}
	}
}

// isHub tells whether a description is certain to be of the hub.
func isHub(described *detect.KommanderCluster, hubID string) bool {
	return hubID != "" && described.ClusterID == hubID
}

// mayDescribe tells whether a description may speak for the Cluster to which it refers.
func mayDescribe(described *detect.KommanderCluster) bool {
	return described.Namespace == described.CAPICluster.Namespace || isTrusted(described)
}

// isTrusted tells whether a description is in Kommander's own namespace, in which no tenant may write. Others speak about
// what is in their namespace only: neither for the hub, nor for the Cluster of another namespace, which then has an object
// of its own. That both are one cluster shows by its identity.
func isTrusted(described *detect.KommanderCluster) bool {
	return described.Namespace == detect.KommanderName
}

// merge tells a Cluster of Cluster API what is known of the KommanderCluster that refers to it: both are one cluster, and an
// object that refers to either of them gets to know the same. Of several the first is believed, unless it is of another
// namespace, from where others may write.
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

// hostMatcher tells which KommanderClusters describe the hub. Its UID decides where it is known of any of them: an annotation on
// another cluster must not hide that.
func hostMatcher(described []detect.KommanderCluster, hubID string) func(*detect.KommanderCluster) bool {
	isCertain := func(c detect.KommanderCluster) bool { return isHub(&c, hubID) }
	if slices.ContainsFunc(described, isCertain) {
		return func(c *detect.KommanderCluster) bool { return isCertain(*c) }
	}
	return func(c *detect.KommanderCluster) bool { return c.IsHost && (hubID == "" || c.ClusterID == "") }
}

// isForbidden tells whether the operator may not look at a resource of the hub.
func (s *State) isForbidden(resource string) bool { return slices.Contains(s.forbidden, resource) }

// managingKommander finds the hub's Kommander; where one of 1.x becomes one of 2.x the newer one, which comes first. Where the
// operator may not look for it, it is one of unknown version: it manages clusters all the same.
func managingKommander(installations []facts.Installation) *v1alpha1.ManagingKommander {
	i := slices.IndexFunc(installations, func(one facts.Installation) bool { return one.Product == facts.Kommander })
	if i < 0 {
		return nil
	}
	used := facts.UsedEvidence(installations[i].Evidence)
	return &v1alpha1.ManagingKommander{Object: facts.OnHub(used.Object), Version: used.Version}
}
