// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The products that the operator detects by itself. A policy can name any other product and say how to detect it.
const (
	Konvoy               = "Konvoy"
	Kommander            = "Kommander"
	BasePlatformServices = "BasePlatformServices"
	Kubernetes           = "Kubernetes"
	Cassandra            = "Cassandra"
	Kafka                = "Kafka"
	Spark                = "Spark"
)

// IsBuiltIn tells whether the operator detects a product by itself. The policy of any other product says how.
func IsBuiltIn(product string) bool {
	return slices.Contains([]string{Konvoy, Kommander, BasePlatformServices, Kubernetes, Cassandra, Kafka, Spark}, product)
}

// DefaultInstallation is the name of the installation of a product that a cluster can have only once.
const DefaultInstallation = "default"

// Facts is what was observed in one cluster. It holds no verdict.
type Facts struct {
	// OnlyDeclared tells whether nothing was observed, and what the user declared is complete: a Kubernetes version that is
	// empty is then not to be evaluated, rather than unknown.
	OnlyDeclared bool
	// KubernetesVersion is the gitVersion that the cluster's API server reports, such as v1.19.9; empty where it is not
	// known.
	KubernetesVersion string
	// ClusterID is the UID of the cluster's namespace kube-system, which identifies the cluster; empty where it is not known.
	ClusterID string
	// Manager is the Kommander that manages the cluster; nil where none does.
	Manager *v1alpha1.ManagingKommander
	// Installations are the products that were found, ordered by product and name, each pair once.
	Installations []Installation
	// Components are the parts of products that were found, ordered by object and name, at most 128.
	Components []v1alpha1.Component
	// Nodes are the operating systems of the nodes; nil before they are read for the first time.
	Nodes *v1alpha1.NodesStatus
	// NotUnderstood has, by release, what a status said of it that this version does not know: a newer operator wrote it. Nil where the
	// cluster itself was observed.
	NotUnderstood map[ReleaseKey]string
}

// ReleaseKey tells the releases of a cluster apart.
type ReleaseKey struct{ Product, Name string }

// DetectionRule is the spec.detection of a policy, with its product.
type DetectionRule struct {
	Product string
	v1alpha1.Detection
}

// Installation is one installation of a product, with all evidence of its version.
type Installation struct {
	Product string
	Name    string
	// Evidence is never empty. The strongest comes first, and the first with a version gives the installed version;
	// without one the product is installed in an unknown version. Several pieces of source Label, or of Annotation, for
	// BasePlatformServices are the refs of a mixed set of addons: those that are no stable release first, then the oldest,
	// so that a supported ref hides neither.
	Evidence []v1alpha1.Evidence
}
