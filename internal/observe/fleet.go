package observe

import "k8s.io/apimachinery/pkg/types"

// What describes other clusters, under the names of their CustomResourceDefinitions.
const (
	KommanderClusters = "kommanderclusters.kommander.mesosphere.io"
	CAPIClusters      = "clusters.cluster.x-k8s.io"
	TunnelConnectors  = "tunnelconnectors.kubetunnel.d2iq.io"
)

// Fleet is what a cluster knows of those that are managed from it. Its lists are ordered by namespace and name.
type Fleet struct {
	KommanderClusters []KommanderCluster
	CAPIClusters      []CAPICluster
	// KonvoyClusters are those of all namespaces.
	KonvoyClusters []KonvoyCluster
	Tunnels        []TunnelConnector
	// Forbidden are the resources of these that the API server did not let us look at (403).
	Forbidden []string
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
