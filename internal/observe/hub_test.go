// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// permissionsForFleet are all that an observer with Options.Fleet needs beside permissions.
func permissionsForFleet() []rbacv1.PolicyRule {
	watch := []string{"list", "watch"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{"kommander.mesosphere.io"}, Resources: []string{"kommanderclusters"}, Verbs: watch},
		{APIGroups: []string{"cluster.x-k8s.io"}, Resources: []string{"clusters"}, Verbs: watch},
		{APIGroups: []string{"kubetunnel.d2iq.io"}, Resources: []string{"tunnelconnectors"}, Verbs: watch},
	}
}

const (
	kommanderClusterObject = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata: {name: prod, namespace: default, labels: {team: payments}, annotations: {support.d2iq.io/environment: production}}
spec: {kubeconfigRef: {name: prod-kubeconfig}, clusterRef: {konvoyCluster: {name: described}}}
status: {phase: Joined, clusterId: 5b1b}
`
	capiClusterObject = `
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: made, namespace: default, labels: {konvoy.d2iq.io/provider: aws}}
`
	tunnelConnectorObject = `
apiVersion: kubetunnel.d2iq.io/v1alpha1
kind: TunnelConnector
metadata: {name: tunnel, namespace: default}
status: {kubeconfigRef: {name: tunnel-kubeconfig}}
`
)

// define creates the definition of a resource of which nothing more has to be known.
func (c *cluster) define(name, kind, version string) {
	c.t.Helper()
	plural, group, _ := strings.Cut(name, ".")
	definition := &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: group,
			Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: kind},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: ptr.To(true),
				}},
			}},
		},
	}
	must(c.t, c.Create(c.t.Context(), definition))
	c.t.Cleanup(func() { c.uninstall(name) })
}

// withoutUIDs has no UIDs, which are others in each run.
func withoutUIDs(fleet *detect.HubDescription) *detect.HubDescription {
	if fleet == nil {
		return nil
	}
	own := fleet.Clone()
	for i := range own.KommanderClusters {
		own.KommanderClusters[i].UID = ""
	}
	for i := range own.CAPIClusters {
		own.CAPIClusters[i].UID = ""
	}
	return own
}

func TestObserverReadsHubDescription(t *testing.T) {
	cluster := newCluster(t, "v1.19.7", permissions()...)
	revoke := cluster.permit(permissionsForFleet()...)

	o := observe(t, cluster.config(), Options{
		HubDescription: true, GracePeriod: calm, DiscoveryInterval: 200 * time.Millisecond,
	})
	if o.Snapshot().HubDescription == nil {
		t.Error("before anything is known, that is taken for an observer which looks at no fleet")
	}
	o.await("a cluster that manages no others", shows("v1.19.7").knowing(detect.HubDescription{}))

	cluster.install(detect.KonvoyClusters)
	cluster.namespace("konvoy")
	cluster.apply(strings.ReplaceAll(konvoyClusterObject, "prod, namespace: konvoy", "described, namespace: default"))
	described := detect.KonvoyCluster{Name: "described", Version: "v1.7.2", ProvisionerVersion: "v1.7.2", Phase: "Provisioned"}
	described.Namespace = "default"
	fleet := detect.HubDescription{KonvoyClusters: []detect.KonvoyCluster{described}}
	o.await("a description of another cluster, which says nothing about this one", shows("v1.19.7").knowing(fleet))

	cluster.apply(konvoyClusterObject)
	fleet.KonvoyClusters = append(fleet.KonvoyClusters, detect.KonvoyCluster{Namespace: "konvoy", Name: "prod", Version: "v1.7.2", ProvisionerVersion: "v1.7.2", Phase: "Provisioned"})
	itself := fixtures.Found(facts.Konvoy, "default", "CustomResource", "KonvoyCluster/konvoy/prod", "1.7.2")
	o.await("a description of this one", shows("v1.19.7", itself).knowing(fleet))

	cluster.install(detect.KommanderClusters)
	cluster.define(detect.CAPIClusters, "Cluster", "v1beta1")
	cluster.define(detect.TunnelConnectors, "TunnelConnector", "v1alpha1")
	cluster.apply(kommanderClusterObject)
	cluster.apply(capiClusterObject)
	cluster.apply(tunnelConnectorObject)
	fleet.KommanderClusters = []detect.KommanderCluster{{
		Namespace: "default", Name: "prod", APIVersion: "kommander.mesosphere.io/v1beta1",
		Labels: map[string]string{"team": "payments"}, Environment: "production",
		KubeconfigSecret: "prod-kubeconfig", KonvoyCluster: "described", Phase: "Joined", ClusterID: "5b1b",
	}}
	fleet.CAPIClusters = []detect.CAPICluster{{
		Namespace: "default", Name: "made", APIVersion: "cluster.x-k8s.io/v1beta1",
		Labels: map[string]string{"konvoy.d2iq.io/provider": "aws"}, IsKonvoy: true,
	}}
	fleet.Tunnels = []detect.TunnelConnector{{Namespace: "default", Name: "tunnel", KubeconfigSecret: "tunnel-kubeconfig"}}
	o.await("all that describes other clusters", shows("v1.19.7", itself).knowing(fleet))
	for _, uid := range []types.UID{o.Snapshot().HubDescription.KommanderClusters[0].UID, o.Snapshot().HubDescription.CAPIClusters[0].UID} {
		if uid == "" {
			t.Error("an owner cannot be referred to without its UID")
		}
	}

	cluster.apply(strings.ReplaceAll(kommanderClusterObject, "{team: payments}", "{}"))
	fleet.KommanderClusters[0].Labels = nil
	o.await("a label that is taken away", shows("v1.19.7", itself).knowing(fleet))
	cluster.awaitWatches("kommanderclusters", "clusters", "tunnelconnectors")

	revoke()
	cluster.cable.breakAll()
	fleet = detect.HubDescription{KonvoyClusters: fleet.KonvoyClusters, Forbidden: []string{detect.KommanderClusters, detect.CAPIClusters, detect.TunnelConnectors}}
	o.await("what may not be seen any more", shows("v1.19.7", itself).knowing(fleet))
}

func TestObserverOfOneClusterReadsNoHubDescription(t *testing.T) {
	cluster := newCluster(t, "v1.19.7")
	cluster.permit(append(permissions(), permissionsForFleet()...)...)
	cluster.install(detect.KommanderClusters)
	cluster.install(detect.KonvoyClusters)
	cluster.namespace("konvoy")
	cluster.apply(kommanderClusterObject)
	cluster.apply(strings.ReplaceAll(konvoyClusterObject, "prod, namespace: konvoy", "described, namespace: default"))

	o := observe(t, cluster.config(), Options{})
	o.await("none of it", shows("v1.19.7"))
	cluster.awaitRest()
	asks := func(r front.Request) bool {
		ofFleet := []string{"kommanderclusters", "clusters", "tunnelconnectors"}
		everywhere := r.Resource == "konvoyclusters" && r.Namespace != "konvoy"
		return slices.Contains(ofFleet, r.Resource) || everywhere
	}
	cluster.expectNoRequests("for what describes other clusters", asks)
}
