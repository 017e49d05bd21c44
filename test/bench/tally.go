// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/d2iq-labs/support-policy-operator/test/front"

// tally is what was asked for, and when.
type tally struct {
	name string
	// clusterSupports, policies and events are writes on the hub.
	clusterSupports, policies, events int
	// requests and connections are those to a cluster.
	requests, connections float64
}

// begin begins to count.
func (b *bench) begin() {
	b.fleet.hub.Front.Reset()
	b.requests, b.connections = b.fleet.relay.sum(requestsOf), b.fleet.relay.sum(connectionsOf)
}

// tell reports what was counted.
func (b *bench) tell(name string) {
	count := func(resource string) int {
		return b.fleet.hub.Front.Requests(func(r front.Request) bool { return r.Writes() && r.Resource == resource })
	}
	perCluster := func(n int64) float64 { return float64(n) / float64(b.options.clusters) }
	b.report.tallies = append(b.report.tallies, tally{
		name: name, clusterSupports: count("clustersupports"), policies: count("supportpolicies"), events: count("events"),
		requests:    perCluster(b.fleet.relay.sum(requestsOf) - b.requests),
		connections: perCluster(b.fleet.relay.sum(connectionsOf) - b.connections),
	})
}
