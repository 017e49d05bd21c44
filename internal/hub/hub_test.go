// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

func TestIDs(t *testing.T) {
	for _, row := range []struct {
		name      string
		reference v1alpha1.ClusterReference
		want      ID
		text      string
	}{
		{"KommanderCluster", toKommander("prod"), kommanderOf("a/prod"), "KommanderCluster/a/prod"},
		{"Cluster API", toCAPI("prod"), capiOf("a/prod"), "Cluster/a/prod"},
		{"Secret", toSecret("prod", "k"), ID{}, ""},
		{"host", toHost(), ID{}, ""},
		{"nothing", v1alpha1.ClusterReference{}, ID{}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, is := IDOf("a", &row.reference)
			if got != row.want || is != (row.text != "") {
				t.Errorf("got %s, %t", got, is)
			}
			if !is {
				return
			}
			if got.String() != row.text {
				t.Errorf("it is written %s", got)
			}
			if diff := cmp.Diff(row.reference, got.Reference()); diff != "" {
				t.Errorf("there and back (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStateDoesNotChange: whoever gets an answer may write into it.
func TestStateDoesNotChange(t *testing.T) {
	state := observedHub().runs("2.2.0").has(
		madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"), konvoyNamed("prod"), declaring("Kafka=1.3.1"), tier("gold")), described("a/prod", "1.8.3"),
	).state()
	reference := toKommander("prod")
	first := state.FactsFor("a", &reference)
	first.Manager.Version, first.Installations[0].Evidence[0].Version, first.Declared[0].Version = "0", "0", "0"
	target, _ := state.TargetFor("a", &reference)
	target.Keys[0] = "x"
	state.DescriptionsOf(kommanderOf("a/prod"))[0] = ID{}
	clear(CopiedLabels(state.clusters[kommanderOf("a/prod")].labels, []string{""}))

	again := state.FactsFor("a", &reference)
	target, _ = state.TargetFor("a", &reference)
	member, _ := state.Member(kommanderOf("a/prod"))
	if again.Manager.Version != "2.2.0" || again.Installations[0].Evidence[0].Version != "1.8.3" || again.Declared[0].Version != "1.3.1" {
		t.Errorf("what is known has changed: %+v", again)
	}
	if target.Keys[0] != "kubeconfig" || member.Labels["tier"] != "gold" || state.DescriptionsOf(kommanderOf("a/prod"))[0] != kommanderOf("a/prod") {
		t.Errorf("it has changed: %+v, %+v", target, member)
	}
}

// TestWithoutFleet: an observer that was not asked for the fleet tells of none.
func TestWithoutHubDescription(t *testing.T) {
	snapshot := observedHub().runs("1.4.4").Snapshot
	snapshot.HubDescription = nil
	reference := toKommander("prod")
	if _, obstacle := New(snapshot).TargetFor("a", &reference); obstacle == nil || obstacle.Reason != v1alpha1.ReasonKommanderClusterMissing {
		t.Errorf("got %+v", obstacle)
	}
	if got := Changed(nil, New(snapshot)); got != nil {
		t.Errorf("changed: %v", got)
	}
	if New(observe.Snapshot{}).Complete {
		t.Error("nothing was looked at")
	}
}
