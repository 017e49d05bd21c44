// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resource is a resource of the API that the detectors read.
type Resource struct {
	// Name is <resource>.<group>, such as deployments.apps, and the name of the CustomResourceDefinition if there is one.
	Name string
	// Namespace is the only one that is read; empty means all namespaces.
	Namespace string
	// Label is the key of a label that the objects must have; empty means all objects.
	Label string
	// Trim returns what the detectors read of an object; nil where they read nothing of the resource.
	Trim func(*unstructured.Unstructured) any
}

// GroupResource returns the resource as discovery names it.
func (r Resource) GroupResource() schema.GroupResource { return schema.ParseGroupResource(r.Name) }

// CustomResources returns the custom resources that the detectors read, and on the hub those that describe other clusters.
func CustomResources(hub bool) []Resource {
	if !hub {
		return customResources(konvoyNamespace)
	}
	return append(customResources(metav1.NamespaceAll), []Resource{
		{Name: KommanderClusters, Trim: trimKommanderCluster},
		{Name: CAPIClusters, Trim: trimCAPICluster},
		{Name: TunnelConnectors, Trim: trimTunnelConnector},
	}...)
}

// customResources returns the custom resources that the detectors read, with the KonvoyClusters of one namespace, or of
// all.
func customResources(konvoyNamespace string) []Resource {
	return []Resource{
		{Name: ClusterAddons, Trim: trimAddon},
		{Name: Addons, Trim: trimAddon},
		{Name: KonvoyClusters, Namespace: konvoyNamespace, Trim: trimKonvoyCluster},
		{Name: HelmReleases, Trim: trimHelmRelease},
		{Name: KommanderCores, Trim: trimKommanderCore},
		{Name: Instances, Trim: trimInstance},
		{Name: OperatorVersions, Trim: trimOperatorVersion},
	}
}

// WorkloadResources returns the resources whose labels name the Helm charts that are installed. Every cluster has them.
// Only the metadata of their objects is read.
func WorkloadResources() []Resource {
	return []Resource{
		{Name: Deployments, Label: labelChart, Trim: trimWorkload("Deployment")},
		{Name: StatefulSets, Label: labelChart, Trim: trimWorkload("StatefulSet")},
		{Name: DaemonSets, Label: labelChart, Trim: trimWorkload("DaemonSet")},
	}
}
