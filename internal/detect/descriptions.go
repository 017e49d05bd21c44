// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// What describes other clusters, under the names of their CustomResourceDefinitions.
const (
	KommanderClusters = "kommanderclusters.kommander.mesosphere.io"
	CAPIClusters      = "clusters.cluster.x-k8s.io"
	TunnelConnectors  = "tunnelconnectors.kubetunnel.d2iq.io"
)

// Descriptions is what a cluster knows of those that are managed from it. Its lists are ordered by namespace and name.
type Descriptions struct {
	KommanderClusters []KommanderCluster
	CAPIClusters      []CAPICluster
	// KonvoyClusters are those of all namespaces.
	KonvoyClusters []KonvoyCluster
	Tunnels        []TunnelConnector
	// Forbidden are the resources of these that the API server did not let us look at (403).
	Forbidden []string
}

// NewDescriptions puts together what was found of each resource, as NewObjects does.
func NewDescriptions(found func(resource string) []any, forbidden []string) *Descriptions {
	fleet := &Descriptions{
		KommanderClusters: of[KommanderCluster](found(KommanderClusters)),
		CAPIClusters:      of[CAPICluster](found(CAPIClusters)),
		KonvoyClusters:    of[KonvoyCluster](found(KonvoyClusters)),
		Tunnels:           of[TunnelConnector](found(TunnelConnectors)),
	}
	for _, name := range [...]string{KommanderClusters, CAPIClusters, KonvoyClusters, TunnelConnectors} {
		if slices.Contains(forbidden, name) {
			fleet.Forbidden = append(fleet.Forbidden, name)
		}
	}
	return fleet
}

// KommanderCluster is a cluster that Kommander manages.
type KommanderCluster struct {
	Namespace, Name string
	UID             types.UID
	// APIVersion is that in which it was read, for references to it.
	APIVersion string
	Labels     map[string]string
	// IsHost tells that it says of itself to be the cluster on which it is.
	IsHost bool
	// Environment and DeclaredReleases are what its annotations say.
	Environment, DeclaredReleases string
	// KubeconfigSecret, KonvoyCluster and Tunnel are names in its namespace; each can be empty.
	KubeconfigSecret, KonvoyCluster, Tunnel string
	// CAPICluster is empty when it refers to none. A namespace that it does not name is its own.
	CAPICluster types.NamespacedName
	// Phase is Joined, Pending, …
	Phase string
	// ClusterID is, as far as known, the UID of the cluster's namespace kube-system.
	ClusterID string
}

// CAPICluster is a cluster that Cluster API manages.
type CAPICluster struct {
	Namespace, Name string
	UID             types.UID
	APIVersion      string
	Labels          map[string]string
	// IsKonvoy tells that Konvoy 2.x made it.
	IsKonvoy bool
}

// TunnelConnector is how a cluster that cannot be reached by itself is attached.
type TunnelConnector struct {
	Namespace, Name string
	// KubeconfigSecret is in its namespace; empty until there is one.
	KubeconfigSecret string
}

// Clone returns a copy that is the caller's own.
func (f *Descriptions) Clone() *Descriptions {
	if f == nil {
		return nil
	}
	own := *f
	own.KommanderClusters = slices.Clone(f.KommanderClusters)
	for i := range own.KommanderClusters {
		own.KommanderClusters[i].Labels = maps.Clone(own.KommanderClusters[i].Labels)
	}
	own.CAPIClusters = slices.Clone(f.CAPIClusters)
	for i := range own.CAPIClusters {
		own.CAPIClusters[i].Labels = maps.Clone(own.CAPIClusters[i].Labels)
	}
	own.KonvoyClusters = slices.Clone(f.KonvoyClusters)
	for i := range own.KonvoyClusters {
		own.KonvoyClusters[i].Repositories = slices.Clone(own.KonvoyClusters[i].Repositories)
	}
	own.Tunnels = slices.Clone(f.Tunnels)
	own.Forbidden = slices.Clone(f.Forbidden)
	return &own
}

// The annotations of a KommanderCluster. The first is Kommander's, the others are for the operator.
const (
	annotationHost             = "kommander.d2iq.io/host"
	annotationEnvironment      = "support.d2iq.io/environment"
	annotationDeclaredReleases = "support.d2iq.io/declared-releases"
)

// konvoyLabelPrefix is that of the labels with which Konvoy 2.x marks what it makes.
const konvoyLabelPrefix = "konvoy.d2iq.io/"

func trimKommanderCluster(object *unstructured.Unstructured) any {
	cluster := KommanderCluster{
		Namespace:        namespaceOf(object),
		Name:             nameOf(object),
		UID:              uidOf(object),
		APIVersion:       text(object.Object, "apiVersion"),
		Labels:           labelsOf(object),
		IsHost:           annotation(object, annotationHost) == "true",
		Environment:      annotation(object, annotationEnvironment),
		DeclaredReleases: textTo(maxDeclaration, object.Object, "metadata", "annotations", annotationDeclaredReleases),
		KubeconfigSecret: text(object.Object, "spec", "kubeconfigRef", "name"),
		KonvoyCluster:    text(object.Object, "spec", "clusterRef", "konvoyCluster", "name"),
		Tunnel:           text(object.Object, "spec", "clusterTunnelConnectorRef", "name"),
		Phase:            text(object.Object, "status", "phase"),
		ClusterID:        facts.ClusterID(text(object.Object, "status", "clusterId")),
	}
	if name := text(object.Object, "spec", "clusterRef", "capiCluster", "name"); name != "" {
		namespace := text(object.Object, "spec", "clusterRef", "capiCluster", "namespace")
		cluster.CAPICluster = types.NamespacedName{Namespace: cmp.Or(namespace, cluster.Namespace), Name: name}
	}
	return cluster
}

func trimCAPICluster(object *unstructured.Unstructured) any {
	return CAPICluster{
		Namespace:  namespaceOf(object),
		Name:       nameOf(object),
		UID:        uidOf(object),
		APIVersion: text(object.Object, "apiVersion"),
		Labels:     labelsOf(object),
		IsKonvoy:   hasKonvoyLabel(object),
	}
}

func hasKonvoyLabel(object *unstructured.Unstructured) bool {
	for key := range metadataOf(object, "labels") {
		if strings.HasPrefix(key, konvoyLabelPrefix) {
			return true
		}
	}
	return false
}

func trimTunnelConnector(object *unstructured.Unstructured) any {
	return TunnelConnector{
		Namespace:        namespaceOf(object),
		Name:             nameOf(object),
		KubeconfigSecret: text(object.Object, "status", "kubeconfigRef", "name"),
	}
}

func uidOf(object *unstructured.Unstructured) types.UID {
	return types.UID(cut(string(object.GetUID())))
}
