// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// resource is a custom resource that is watched wherever the cluster has it.
type resource struct {
	// name is that of its CustomResourceDefinition.
	name string
	// namespace limits what is watched; empty means that it does not.
	namespace string
	// trim keeps of an object what the detectors read.
	trim func(*unstructured.Unstructured) any
}

// resources are those that show the products with built-in detection and, with fleet, those that describe other clusters.
func resources(fleet bool) []resource {
	if fleet {
		return append(resourcesIn(metav1.NamespaceAll), []resource{
			{name: KommanderClusters, trim: trimKommanderCluster},
			{name: CAPIClusters, trim: trimCAPICluster},
			{name: TunnelConnectors, trim: trimTunnelConnector},
		}...)
	}
	return resourcesIn(konvoyNamespace)
}

// resourcesIn has the KonvoyClusters of one namespace, or of all.
func resourcesIn(konvoyNamespace string) []resource {
	return []resource{
		{name: ClusterAddons, trim: trimAddon},
		{name: Addons, trim: trimAddon},
		{name: KonvoyClusters, namespace: konvoyNamespace, trim: trimKonvoyCluster},
		{name: HelmReleases, trim: trimHelmRelease},
		{name: KommanderCores, trim: trimKommanderCore},
		{name: Instances, trim: trimInstance},
		{name: OperatorVersions, trim: trimOperatorVersion},
	}
}

func (r resource) groupResource() schema.GroupResource { return schema.ParseGroupResource(r.name) }
