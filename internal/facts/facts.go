// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The products with built-in detection. A policy may be about any other name as well.
const (
	Konvoy               = "Konvoy"
	Kommander            = "Kommander"
	BasePlatformServices = "BasePlatformServices"
	Kubernetes           = "Kubernetes"
	Cassandra            = "Cassandra"
	Kafka                = "Kafka"
	Spark                = "Spark"
)

// IsBuiltIn tells whether the operator finds a product without being told how.
func IsBuiltIn(product string) bool {
	return slices.Contains([]string{Konvoy, Kommander, BasePlatformServices, Kubernetes, Cassandra, Kafka, Spark}, product)
}

// DefaultInstallation is the name of an installation of which a cluster can have only one.
const DefaultInstallation = "default"

// Facts are what was observed in one cluster. They hold no verdict.
type Facts struct {
	// OnlyDeclared tells that nobody looked into the cluster: what was declared is all that there is. A Kubernetes version
	// that was not declared is then not missing, but not there.
	OnlyDeclared bool
	// KubernetesVersion is the gitVersion that the cluster's API server reports, such as v1.19.9; empty when it is not
	// known.
	KubernetesVersion string
	// ClusterID is the UID of the cluster's namespace kube-system, which tells clusters apart; empty when it is not known.
	ClusterID string
	// Manager is the Kommander that manages the cluster; nil where none does.
	Manager *v1alpha1.ManagingKommander
	// Installations are the products that were found, ordered by product and name, each pair once.
	Installations []Installation
	// Components are the parts of products that were found, ordered by object and name, at most 128.
	Components []v1alpha1.Component
	// Nodes is what the nodes run; nil when nobody has looked yet.
	Nodes *v1alpha1.NodesStatus
}

// DetectionRule tells how to find a product without built-in detection.
type DetectionRule struct {
	Product string
	v1alpha1.Detection
}

// Installation is one installation of a product and all that tells its version.
type Installation struct {
	Product string
	Name    string
	// Evidence is never empty and ordered by strength. The first one with a version gives the installed version;
	// without any, the product is there and its version is not known. Several pieces of source Label, or of Annotation,
	// for BasePlatformServices are the refs of a set of addons that is mixed: what is no stable release first, then the
	// oldest, so that neither can hide behind a supported one.
	Evidence []v1alpha1.Evidence
}
