// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestSnapshotIsTheCallersOwn(t *testing.T) {
	one := func() Snapshot {
		return shows("v1.19.7", fixtures.Found(facts.Konvoy, "default", "Label", "nodes", "")).
			with(fixtures.Component("istio", "ClusterAddon/istio", "", "", "")).
			on(v1alpha1.NodesStatus{
				Count: ptr.To[int32](1), OperatingSystems: []v1alpha1.NodeOperatingSystem{runs(1, centOS, centOSKernel)},
			}).
			knowing(detect.HubDescription{
				KommanderClusters: []detect.KommanderCluster{{Name: "prod", Labels: map[string]string{"team": "payments"}}},
				CAPIClusters:      []detect.CAPICluster{{Name: "prod", Labels: map[string]string{"team": "payments"}}},
				KonvoyClusters:    []detect.KonvoyCluster{{Name: "prod", Version: "v1.7.2", Repositories: []detect.Repository{{URL: "https://github.com/mesosphere/kubernetes-base-addons", Ref: "stable-1.19-3.2.0"}}}},
				Tunnels:           []detect.TunnelConnector{{Name: "tunnel"}},
				Forbidden:         []string{detect.TunnelConnectors},
			})
	}
	store := one()
	given := store.clone()
	given.Facts.Installations[0].Evidence[0].Version = "changed"
	given.Facts.Components[0].Stage = "changed"
	*given.Facts.Nodes.Count = 7
	*given.Facts.Nodes.OperatingSystems[0].Nodes = 7
	given.HubDescription.KommanderClusters[0].Labels["team"] = "changed"
	given.HubDescription.CAPIClusters[0].Labels["team"] = "changed"
	given.HubDescription.KonvoyClusters[0].Repositories[0].Ref = "changed"
	given.HubDescription.Tunnels[0].Name = "changed"
	given.HubDescription.Forbidden[0] = "changed"
	if diff := cmp.Diff(one(), store); diff != "" {
		t.Errorf("who changes his own has changed the observer's\n-want +got:\n%s", diff)
	}
	for _, change := range []func(*Snapshot){
		func(s *Snapshot) { s.Facts.Installations[0].Evidence[0].Repository = "changed" },
		func(s *Snapshot) { s.Facts.Components[0].Stage = "changed" },
		func(s *Snapshot) { *s.Facts.Nodes.OperatingSystems[0].Nodes = 7 },
		func(s *Snapshot) { s.Facts.Nodes = nil },
		func(s *Snapshot) { s.Facts.ClusterID = "changed" },
		func(s *Snapshot) { s.HubDescription.KommanderClusters[0].Labels["team"] = "changed" },
		func(s *Snapshot) { s.HubDescription.KonvoyClusters[0].Phase = "changed" },
		func(s *Snapshot) { s.HubDescription.Forbidden = nil },
		func(s *Snapshot) { s.HubDescription = nil },
		func(s *Snapshot) { s.Problem = problemOf(v1alpha1.ReasonUnreachable) },
	} {
		changed := one()
		change(&changed)
		if changed.Equal(store) || !one().Equal(store) {
			t.Errorf("%+v is taken for the same as %+v", changed, store)
		}
	}
}
