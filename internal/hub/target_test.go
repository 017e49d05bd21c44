// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// way is what Reach answers: one of the two.
type way struct {
	Target   *fleet.Target
	Obstacle *facts.Obstacle
}

// secretIn is a way to a Secret, by namespace/name, and the keys to try.
func secretIn(key string, keys ...string) way {
	namespace, name := split(key)
	return way{Target: &fleet.Target{Secret: types.NamespacedName{Namespace: namespace, Name: name}, Keys: keys}}
}

func blocked(status metav1.ConditionStatus, reason, message string) way {
	return way{Obstacle: &facts.Obstacle{Status: status, Reason: reason, Message: message}}
}

func TestTargetFor(t *testing.T) {
	const kubeconfig, value = "kubeconfig", "value"
	notLooked := blocked("", v1alpha1.ReasonHubUnknown, "the operator's own cluster was not looked at yet")
	notJoined := func(why string) way {
		return blocked(metav1.ConditionUnknown, v1alpha1.ReasonNotJoined, "KommanderCluster/a/prod has not joined, "+why+": it is looked into once it has")
	}
	noSecret := blocked(metav1.ConditionFalse, v1alpha1.ReasonSecretMissing,
		"KommanderCluster/a/prod names no Secret with a kubeconfig yet: see to it that it is attached")
	for _, row := range []struct {
		name      string
		hub       snapshotBuilder
		reference v1alpha1.ClusterReference
		want      way
		reason    string
	}{
		{"Secret", observedHub(), toSecret("admin", ""), secretIn("a/admin", kubeconfig, value), "either of the usual keys"},
		{"Secret with a key", observedHub(), toSecret("admin", "conf"), secretIn("a/admin", "conf"), "that key alone"},
		{"Secret, hub not looked at", observedHub().incomplete(), toSecret("admin", ""), secretIn("a/admin", kubeconfig, value), "no hub is needed"},

		{
			"KommanderCluster", observedHub().has(attached("a/prod")), toKommander("prod"), secretIn("a/prod-kubeconfig", kubeconfig, value),
			"the key of Kommander 1.x, then that of Cluster API",
		},
		{
			"KommanderCluster, hub not looked at as a whole", observedHub().incomplete().has(attached("a/prod")), toKommander("prod"),
			secretIn("a/prod-kubeconfig", kubeconfig, value), "all that is needed is there",
		},
		{
			"KommanderCluster of another namespace", observedHub().has(attached("b/prod")), toKommander("prod"),
			blocked(metav1.ConditionFalse, v1alpha1.ReasonKommanderClusterMissing,
				"there is no KommanderCluster/a/prod: create it, or delete this object"),
			"a reference stays in its namespace",
		},
		{
			"KommanderCluster missing", observedHub(), toKommander("prod"),
			blocked(metav1.ConditionFalse, v1alpha1.ReasonKommanderClusterMissing,
				"there is no KommanderCluster/a/prod: create it, or delete this object"),
			"it is certain that it is not there",
		},
		{"KommanderCluster not seen yet", observedHub().incomplete(), toKommander("prod"), notLooked, "it may be there"},
		{
			"KommanderClusters forbidden", observedHub().forbids(detect.KommanderClusters), toKommander("prod"),
			blocked(metav1.ConditionUnknown, v1alpha1.ReasonHubUnknown, "the operator may not look for KommanderCluster/a/prod: grant it list and"+
				" watch on kommanderclusters.kommander.mesosphere.io"),
			"it may be there",
		},
		{
			"something else forbidden", observedHub().forbids(detect.CAPIClusters, detect.KonvoyClusters, detect.TunnelConnectors).has(attached("a/prod")),
			toKommander("prod"), secretIn("a/prod-kubeconfig", kubeconfig, value), "none of it is needed",
		},

		{"Pending", observedHub().has(attached("a/prod", phase("Pending"))), toKommander("prod"), notJoined("its phase is Pending"), "the products say when"},
		{"Joining", observedHub().has(attached("a/prod", phase("Joining"))), toKommander("prod"), notJoined("its phase is Joining"), "the products say when"},
		{"JoinFailed", observedHub().has(attached("a/prod", phase("JoinFailed"))), toKommander("prod"), notJoined("its phase is JoinFailed"), "the products say when"},
		{"Unjoining", observedHub().has(attached("a/prod", phase("Unjoining"))), toKommander("prod"), notJoined("its phase is Unjoining"), "it is going"},
		{"Unjoined", observedHub().has(attached("a/prod", phase("Unjoined"))), toKommander("prod"), notJoined("its phase is Unjoined"), "it is gone"},
		{"UnjoinFailed", observedHub().has(attached("a/prod", phase("UnjoinFailed"))), toKommander("prod"), notJoined("its phase is UnjoinFailed"), "it was to go"},
		{"no phase", observedHub().has(attached("a/prod", phase(""))), toKommander("prod"), notJoined("it has no phase yet"), "it is new"},
		{"in other letters", observedHub().has(attached("a/prod", phase("joined"))), toKommander("prod"), notJoined("its phase is joined"), "phases are written in one way"},
		{
			"a hostile phase", observedHub().has(attached("a/prod", phase("\x1b[31m\n"+strings.Repeat("x", 100)))), toKommander("prod"),
			notJoined(`its phase is \x1b[31m\n` + strings.Repeat("x", 51) + "..."), "it is foreign text",
		},

		{"no kubeconfig", observedHub().has(attached("a/prod", secretNamed(""))), toKommander("prod"), noSecret, "nothing names it"},
		{
			"a tunnel", observedHub().has(attached("a/prod", secretNamed(""), tunnelNamed("t")), tunnel("a/t", "through")), toKommander("prod"),
			secretIn("a/through", kubeconfig, value), "its kubeconfig leads to the proxy",
		},
		{
			"a tunnel beside a kubeconfig", observedHub().has(attached("a/prod", tunnelNamed("t")), tunnel("a/t", "through")), toKommander("prod"),
			secretIn("a/prod-kubeconfig", kubeconfig, value), "what the KommanderCluster itself names",
		},
		{
			"a tunnel of another namespace", observedHub().has(attached("a/prod", secretNamed(""), tunnelNamed("t")), tunnel("b/t", "through")),
			toKommander("prod"), noSecret, "a reference stays in its namespace",
		},
		{
			"a tunnel of another name", observedHub().has(attached("a/prod", secretNamed(""), tunnelNamed("t")), tunnel("a/u", "through")),
			toKommander("prod"), noSecret, "it leads elsewhere",
		},
		{
			"a tunnel without a kubeconfig", observedHub().has(attached("a/prod", secretNamed(""), tunnelNamed("t")), tunnel("a/t", "")),
			toKommander("prod"), noSecret, "it is not connected yet",
		},
		{
			"a tunnel not seen yet", observedHub().incomplete().has(attached("a/prod", secretNamed(""), tunnelNamed("t"))), toKommander("prod"), notLooked,
			"a restart takes nothing for gone",
		},
		{
			"no kubeconfig, hub not looked at as a whole", observedHub().incomplete().has(attached("a/prod", secretNamed(""))), toKommander("prod"), noSecret,
			"there is nothing to wait for",
		},
		{
			"tunnels forbidden", observedHub().forbids(detect.TunnelConnectors).has(attached("a/prod", secretNamed(""), tunnelNamed("t"))), toKommander("prod"),
			blocked(metav1.ConditionUnknown, v1alpha1.ReasonHubUnknown, "the operator may not look for the tunnel of KommanderCluster/a/prod: grant it list"+
				" and watch on tunnelconnectors.kubetunnel.d2iq.io"),
			"there may be one",
		},

		{
			"Cluster API", observedHub().has(made("a/prod")), toCAPI("prod"), secretIn("a/prod-kubeconfig", value, kubeconfig),
			"the Secret and the key of Cluster API",
		},
		{
			"Cluster API, attached", observedHub().has(made("a/prod"), attached("a/prod", madeFrom("a/prod"), phase("Pending"))), toCAPI("prod"),
			secretIn("a/prod-kubeconfig", value, kubeconfig), "the phase is about Kommander",
		},
		{
			"Cluster API missing", observedHub().has(attached("a/prod")), toCAPI("prod"),
			blocked(metav1.ConditionFalse, v1alpha1.ReasonClusterAPIClusterMissing, "there is no Cluster/a/prod: create it, or delete this object"),
			"a KommanderCluster is something else",
		},
		{"Cluster API not seen yet", observedHub().incomplete(), toCAPI("prod"), notLooked, "it may be there"},
		{
			"Cluster API forbidden", observedHub().forbids(detect.CAPIClusters).incomplete(), toCAPI("prod"),
			blocked(metav1.ConditionUnknown, v1alpha1.ReasonHubUnknown, "the operator may not look for Cluster/a/prod: grant it list and watch on"+
				" clusters.cluster.x-k8s.io"),
			"waiting is of no use",
		},

		{
			"host", observedHub(), toHost(), blocked(metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, "the reference leads nowhere"),
			"it has no kubeconfig",
		},
		{
			"nothing", observedHub(), v1alpha1.ClusterReference{}, blocked(metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, "the reference leads nowhere"),
			"the validator comes before",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			target, obstacle := row.hub.state().TargetFor("a", &row.reference)
			if diff := cmp.Diff(row.want, way{target, obstacle}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

// TestReachBeforeAnyLook: a state of nothing is one, as the operator has it when it starts.
func TestTargetBeforeTheFirstSnapshot(t *testing.T) {
	reference := toKommander("prod")
	_, obstacle := New(observe.Snapshot{}).TargetFor("a", &reference)
	if obstacle == nil || obstacle.Status != "" || obstacle.Reason != v1alpha1.ReasonHubUnknown {
		t.Errorf("got %+v", obstacle)
	}
}
