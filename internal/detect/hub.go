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

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The resources on the hub that describe other clusters, by the names of their CustomResourceDefinitions.
const (
	KommanderClusters = "kommanderclusters.kommander.mesosphere.io"
	CAPIClusters      = "clusters.cluster.x-k8s.io"
	TunnelConnectors  = "tunnelconnectors.kubetunnel.d2iq.io"
)

// HubDescription is what the hub describes of the clusters that are managed from it. Its lists are ordered by namespace and
// name.
type HubDescription struct {
	KommanderClusters []KommanderCluster
	CAPIClusters      []CAPICluster
	// KonvoyClusters are those of all namespaces.
	KonvoyClusters []KonvoyCluster
	Tunnels        []TunnelConnector
	// Forbidden names those of these resources that the API server denies the operator (403).
	Forbidden []string
}

// NewHubDescription gathers what was found of each resource, as NewInput does.
func NewHubDescription(found func(resource string) []any, forbidden []string) *HubDescription {
	hub := &HubDescription{
		KommanderClusters: ofType[KommanderCluster](found(KommanderClusters)),
		CAPIClusters:      ofType[CAPICluster](found(CAPIClusters)),
		KonvoyClusters:    ofType[KonvoyCluster](found(KonvoyClusters)),
		Tunnels:           ofType[TunnelConnector](found(TunnelConnectors)),
	}
	for _, name := range [...]string{KommanderClusters, CAPIClusters, KonvoyClusters, TunnelConnectors} {
		if slices.Contains(forbidden, name) {
			hub.Forbidden = append(hub.Forbidden, name)
		}
	}
	return hub
}

// KommanderCluster is a cluster that Kommander manages.
type KommanderCluster struct {
	Namespace, Name string
	UID             types.UID
	// APIVersion is the version in which it was read, for references to it.
	APIVersion string
	Labels     map[string]string
	// IsHost tells whether it is marked as the cluster that holds it.
	IsHost bool
	// Environment and DeclaredReleases are from its annotations.
	Environment, DeclaredReleases string
	// KubeconfigSecret, KonvoyCluster and Tunnel are names in its namespace; each can be empty.
	KubeconfigSecret, KonvoyCluster, Tunnel string
	// CAPICluster is empty where it refers to none. The namespace is never empty otherwise.
	CAPICluster types.NamespacedName
	// Phase is Joined, Pending, …
	Phase string
	// ClusterID is the UID of the cluster's namespace kube-system; empty where it is not known.
	ClusterID string
}

// CAPICluster is a cluster that Cluster API manages.
type CAPICluster struct {
	Namespace, Name string
	UID             types.UID
	APIVersion      string
	Labels          map[string]string
	// IsKonvoy tells whether Konvoy 2.x made it.
	IsKonvoy bool
}

// TunnelConnector attaches a cluster that opens the connection itself, through a tunnel.
type TunnelConnector struct {
	Namespace, Name string
	// KubeconfigSecret is a name in its namespace; empty until there is one.
	KubeconfigSecret string
}

// Clone returns a deep copy.
func (h *HubDescription) Clone() *HubDescription {
	if h == nil {
		return nil
	}
	copied := *h
	copied.KommanderClusters = slices.Clone(h.KommanderClusters)
	for i := range copied.KommanderClusters {
		copied.KommanderClusters[i].Labels = maps.Clone(copied.KommanderClusters[i].Labels)
	}
	copied.CAPIClusters = slices.Clone(h.CAPIClusters)
	for i := range copied.CAPIClusters {
		copied.CAPIClusters[i].Labels = maps.Clone(copied.CAPIClusters[i].Labels)
	}
	copied.KonvoyClusters = slices.Clone(h.KonvoyClusters)
	for i := range copied.KonvoyClusters {
		copied.KonvoyClusters[i].Repositories = slices.Clone(copied.KonvoyClusters[i].Repositories)
	}
	copied.Tunnels = slices.Clone(h.Tunnels)
	copied.Forbidden = slices.Clone(h.Forbidden)
	return &copied
}

// HostAnnotation is that with which Kommander marks the KommanderCluster of its own cluster, by the value true.
const HostAnnotation = "kommander.d2iq.io/host"

// KonvoyLabelPrefix begins the labels that Konvoy 2.x puts on what it makes.
const KonvoyLabelPrefix = "konvoy.d2iq.io/"

func trimKommanderCluster(object *unstructured.Unstructured) any {
	cluster := KommanderCluster{
		Namespace:        namespaceOf(object),
		Name:             nameOf(object),
		UID:              uidOf(object),
		APIVersion:       stringAt(object.Object, "apiVersion"),
		Labels:           labelsOf(object),
		IsHost:           annotation(object, HostAnnotation) == "true",
		Environment:      annotation(object, v1alpha1.AnnotationEnvironment),
		DeclaredReleases: stringAtMost(maxDeclarationBytes, object.Object, "metadata", "annotations", v1alpha1.AnnotationDeclaredReleases),
		KubeconfigSecret: stringAt(object.Object, "spec", "kubeconfigRef", "name"),
		KonvoyCluster:    stringAt(object.Object, "spec", "clusterRef", "konvoyCluster", "name"),
		Tunnel:           stringAt(object.Object, "spec", "clusterTunnelConnectorRef", "name"),
		Phase:            stringAt(object.Object, "status", "phase"),
		ClusterID:        facts.ClusterID(stringAt(object.Object, "status", "clusterId")),
	}
	if name := stringAt(object.Object, "spec", "clusterRef", "capiCluster", "name"); name != "" {
		namespace := stringAt(object.Object, "spec", "clusterRef", "capiCluster", "namespace")
		cluster.CAPICluster = types.NamespacedName{Namespace: cmp.Or(namespace, cluster.Namespace), Name: name}
	}
	return cluster
}

func trimCAPICluster(object *unstructured.Unstructured) any {
	return CAPICluster{
		Namespace:  namespaceOf(object),
		Name:       nameOf(object),
		UID:        uidOf(object),
		APIVersion: stringAt(object.Object, "apiVersion"),
		Labels:     labelsOf(object),
		IsKonvoy:   hasKonvoyLabel(object),
	}
}

func hasKonvoyLabel(object *unstructured.Unstructured) bool {
	for key := range metadataOf(object, "labels") {
		if strings.HasPrefix(key, KonvoyLabelPrefix) {
			return true
		}
	}
	return false
}

func trimTunnelConnector(object *unstructured.Unstructured) any {
	return TunnelConnector{
		Namespace:        namespaceOf(object),
		Name:             nameOf(object),
		KubeconfigSecret: stringAt(object.Object, "status", "kubeconfigRef", "name"),
	}
}

func uidOf(object *unstructured.Unstructured) types.UID {
	return types.UID(truncate(string(object.GetUID())))
}
