// Package hub reads, from what was observed in the operator's own cluster, what that knows of other clusters: which there
// are, how to reach them, and what is written there about what they run.
//
// It is pure: a State is made of a snapshot, and asked.
package hub

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
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

// cluster is all that the hub has of one cluster, by whatever describes it. Its fields are compared as a whole.
type cluster struct {
	ID     ID
	Owner  metav1.OwnerReference
	Labels map[string]string
	// Kommander is what attaches it; nil for a cluster that only Cluster API knows.
	Kommander *observe.KommanderCluster
	// Konvoy describes it in the line 1.x; nil where nothing does.
	Konvoy *observe.KonvoyCluster
	// CAPI is what made it; nil where nothing of the hub did.
	CAPI *observe.CAPICluster
	// TunnelSecret is the Secret by which a tunnel leads to it.
	TunnelSecret string
	// Manager is the hub's Kommander, where it matters to this cluster.
	Manager *v1alpha1.ManagingKommander
	// IsHost: it is the hub itself.
	IsHost bool
	// IsReferred: something else that describes the same cluster stands for it in the inventory.
	IsReferred bool
}

// New reads a snapshot of the hub.
func New(snapshot observe.Snapshot) *State {
	s := &State{Complete: snapshot.Complete, clusters: map[ID]*cluster{}, manager: managerIn(snapshot.Facts.Installations)}
	if snapshot.Fleet == nil {
		return s
	}
	s.forbidden = snapshot.Fleet.Forbidden
	parts := index(snapshot.Fleet)
	for i := range snapshot.Fleet.CAPIClusters {
		s.addCAPI(&snapshot.Fleet.CAPIClusters[i])
	}
	for i := range snapshot.Fleet.KommanderClusters {
		s.addKommander(&snapshot.Fleet.KommanderClusters[i], parts, snapshot.Facts.ClusterID)
	}
	return s
}

// parts are what KommanderClusters refer to.
type parts struct {
	konvoy  map[types.NamespacedName]*observe.KonvoyCluster
	tunnels map[types.NamespacedName]string
}

func index(fleet *observe.Fleet) parts {
	p := parts{map[types.NamespacedName]*observe.KonvoyCluster{}, map[types.NamespacedName]string{}}
	for i := range fleet.KonvoyClusters {
		c := &fleet.KonvoyClusters[i]
		p.konvoy[types.NamespacedName{Namespace: c.Namespace, Name: c.Name}] = c
	}
	for _, t := range fleet.Tunnels {
		p.tunnels[types.NamespacedName{Namespace: t.Namespace, Name: t.Name}] = t.KubeconfigSecret
	}
	return p
}

func (s *State) addCAPI(described *observe.CAPICluster) {
	c := &cluster{
		ID: ID{ClusterAPICluster, described.Namespace, described.Name}, Labels: described.Labels, CAPI: described,
		Owner: ownerReference(described.APIVersion, ClusterAPICluster, described.Name, described.UID),
	}
	if described.IsKonvoy {
		c.Manager = s.manager
	}
	s.clusters[c.ID] = c
}

func (s *State) addKommander(described *observe.KommanderCluster, parts parts, hubID string) {
	c := &cluster{
		ID: ID{KommanderCluster, described.Namespace, described.Name}, Labels: described.Labels, Kommander: described, Manager: s.manager,
		Owner:        ownerReference(described.APIVersion, KommanderCluster, described.Name, described.UID),
		Konvoy:       parts.konvoy[types.NamespacedName{Namespace: described.Namespace, Name: described.KonvoyCluster}],
		TunnelSecret: parts.tunnels[types.NamespacedName{Namespace: described.Namespace, Name: described.Tunnel}],
		IsHost:       isHost(described, hubID),
	}
	s.clusters[c.ID] = c
	if c.IsHost {
		s.host = c
	}
	if made := s.clusters[ID{ClusterAPICluster, described.CAPICluster.Namespace, described.CAPICluster.Name}]; made != nil {
		c.CAPI = made.CAPI
		// Both are one cluster: an object that refers to either of them gets to know the same.
		made.Kommander, made.Manager, made.Konvoy, made.IsHost, made.IsReferred = c.Kommander, c.Manager, c.Konvoy, c.IsHost, true
	}
}

func ownerReference(apiVersion string, kind Kind, name string, uid types.UID) metav1.OwnerReference {
	return metav1.OwnerReference{APIVersion: apiVersion, Kind: string(kind), Name: name, UID: uid}
}

// isHost tells whether the cluster is the hub. Its UID decides where both are known: an annotation on another cluster must
// not hide that.
func isHost(described *observe.KommanderCluster, hubID string) bool {
	if described.ClusterID != "" && hubID != "" {
		return described.ClusterID == hubID
	}
	return described.IsHost
}

// managerIn finds the hub's Kommander; where one of 1.x becomes one of 2.x the newer one, which comes first.
func managerIn(installations []support.Installation) *v1alpha1.ManagingKommander {
	i := slices.IndexFunc(installations, func(one support.Installation) bool { return one.Product == support.Kommander })
	if i < 0 {
		return nil
	}
	used := support.Used(installations[i].Evidence)
	if used.Source == v1alpha1.SourceForbidden {
		return nil
	}
	return &v1alpha1.ManagingKommander{Object: support.OnHub(used.Object), Version: used.Version}
}

// Changed are the clusters of which something is known in one of two states and not in the other. Nil stands for a state
// in which nothing is known.
func Changed(before, now *State) []ID {
	var changed []ID
	known := map[ID]*cluster{}
	if before != nil {
		known = before.clusters
	}
	isSame := before != nil && before.Complete == now.Complete && equality.Semantic.DeepEqual(before.forbidden, now.forbidden)
	for id, c := range now.clusters {
		if !isSame || !equality.Semantic.DeepEqual(c, known[id]) {
			changed = append(changed, id)
		}
	}
	for id := range known {
		if now.clusters[id] == nil {
			changed = append(changed, id)
		}
	}
	return changed
}
