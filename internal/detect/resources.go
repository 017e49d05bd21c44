// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resource is a kind of objects that the detectors read.
type Resource struct {
	// Name is that of its CustomResourceDefinition, or of the resource and its group, such as deployments.apps.
	Name string
	// Namespace limits what is read; empty means that it does not.
	Namespace string
	// Label is one that the objects have to have; empty means all objects.
	Label string
	// Trim keeps of an object what the detectors read; nil where they read nothing of it.
	Trim func(*unstructured.Unstructured) any
}

// GroupResource is the resource as discovery knows it.
func (r Resource) GroupResource() schema.GroupResource { return schema.ParseGroupResource(r.Name) }

// CustomResources are those that show the products with built-in detection; on the hub also those that describe other
// clusters.
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

// customResources has the KonvoyClusters of one namespace, or of all.
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

// Workloads are the resources that tell by their labels which Helm charts are installed. Every cluster has them, and of
// their objects only the metadata is read.
func Workloads() []Resource {
	return []Resource{
		{Name: Deployments, Label: labelChart, Trim: trimWorkload("Deployment")},
		{Name: StatefulSets, Label: labelChart, Trim: trimWorkload("StatefulSet")},
		{Name: DaemonSets, Label: labelChart, Trim: trimWorkload("DaemonSet")},
	}
}
