// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

// membersOf are the clusters that a state would have in the inventory, in order.
func membersOf(state *State) []ID {
	var all []ID
	for id := range state.clusters {
		if _, is := state.Member(id); is {
			all = append(all, id)
		}
	}
	return inOrder(all)
}

func inOrder(all []ID) []ID {
	slices.SortFunc(all, func(a, b ID) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return all
}

func TestMembers(t *testing.T) {
	for _, row := range []struct {
		name   string
		hub    snapshotBuilder
		want   []ID
		reason string
	}{
		{"nothing", observedHub(), nil, "there is no cluster"},
		{
			"attached", observedHub().has(attached("a/prod"), attached("b/prod", phase("Pending"))), []ID{kommanderOf("a/prod"), kommanderOf("b/prod")},
			"joined or not: somebody wants it",
		},
		{"made", observedHub().has(made("a/prod"), madeByKonvoy("a/test")), []ID{capiOf("a/prod"), capiOf("a/test")}, "whoever made it"},
		{
			"made and attached", observedHub().has(made("a/prod"), made("a/test"), attached("a/prod", madeFrom("a/prod"))), []ID{capiOf("a/test"), kommanderOf("a/prod")},
			"one cluster is there once",
		},
		{
			"made and attached under another name", observedHub().has(made("a/prod"), attached("a/other", madeFrom("a/prod"))), []ID{kommanderOf("a/other")},
			"the reference counts",
		},
		{
			"made and attached in another namespace", observedHub().has(made("b/prod"), attached("a/prod", madeFrom("b/prod"))),
			[]ID{capiOf("b/prod"), kommanderOf("a/prod")}, "a tenant does not hide what is another's; a UID will tell",
		},
		{
			"made elsewhere, attached by Kommander itself", observedHub().has(made("b/prod"), attached("kommander/prod", madeFrom("b/prod"))),
			[]ID{kommanderOf("kommander/prod")}, "no tenant writes there",
		},
		{
			"one name and no reference", observedHub().has(made("a/prod"), attached("a/prod")), []ID{capiOf("a/prod"), kommanderOf("a/prod")},
			"names prove nothing; a UID will tell",
		},
		{
			"a reference that leads nowhere", observedHub().has(made("a/prod"), attached("a/prod", madeFrom("a/gone"))), []ID{capiOf("a/prod"), kommanderOf("a/prod")},
			"they are two",
		},
		{
			"attached twice", observedHub().has(made("a/prod"), attached("a/one", madeFrom("a/prod")), attached("b/two", madeFrom("a/prod"))),
			[]ID{kommanderOf("a/one"), kommanderOf("b/two")}, "a UID will tell",
		},
		{"what belongs to others", observedHub().has(described("a/prod", "1.8.3"), tunnel("a/t", "s")), nil, "they describe no cluster by themselves"},
		{"not looked at as a whole", observedHub().incomplete().has(attached("a/prod"), made("a/test")), nil, "one of them may be the hub"},
		{
			"KommanderClusters forbidden", observedHub().has(made("a/prod")).forbids(detect.KommanderClusters), nil,
			"it may be the hub, or be there already as a KommanderCluster",
		},
		{"Clusters forbidden", observedHub().has(attached("a/prod")).forbids(detect.CAPIClusters), []ID{kommanderOf("a/prod")}, "it stands for itself"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := gocmp.Diff(row.want, membersOf(row.hub.state())); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

func TestMember(t *testing.T) {
	of := made("a/made")
	of.Labels = map[string]string{"tier": "iron"}
	state := observedHub().has(attached("a/prod", tier("gold")), of).state()
	for _, row := range []struct {
		id   ID
		want Member
	}{
		{kommanderOf("a/prod"), Member{
			ID: kommanderOf("a/prod"), Labels: map[string]string{"tier": "gold"},
			Owner: metav1.OwnerReference{APIVersion: "kommander.mesosphere.io/v1beta1", Kind: "KommanderCluster", Name: "prod", UID: "uid-of-prod"},
		}},
		{capiOf("a/made"), Member{
			ID: capiOf("a/made"), Labels: map[string]string{"tier": "iron"},
			Owner: metav1.OwnerReference{APIVersion: "cluster.x-k8s.io/v1beta1", Kind: "Cluster", Name: "made", UID: "uid-of-made"},
		}},
	} {
		got, is := state.Member(row.id)
		if diff := gocmp.Diff(row.want, got); diff != "" || !is {
			t.Errorf("%s (-want +got):\n%s", row.id, diff)
		}
	}
	for _, id := range []ID{kommanderOf("a/made"), capiOf("a/prod"), kommanderOf("b/prod"), {}} {
		if got, is := state.Member(id); is {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

func TestDescriptionsOf(t *testing.T) {
	state := observedHub().has(
		made("a/alone"), attached("a/plain"),
		made("b/made"), attached("a/foreign", madeFrom("b/made")), attached("b/prod", madeFrom("b/made")),
		made("c/shared"), attached("b/first", madeFrom("c/shared")), attached("c/own", madeFrom("c/shared")), attached("d/last", madeFrom("c/shared")),
		attached("a/lost", madeFrom("a/gone")),
	).state()
	for _, row := range []struct {
		id     ID
		want   []ID
		reason string
	}{
		{capiOf("a/alone"), []ID{capiOf("a/alone")}, "nothing refers to it"},
		{kommanderOf("a/plain"), []ID{kommanderOf("a/plain")}, "it refers to nothing"},
		{kommanderOf("a/lost"), []ID{kommanderOf("a/lost")}, "what it refers to is not there"},
		{kommanderOf("a/none"), []ID{kommanderOf("a/none")}, "it is not there"},
		{kommanderOf("b/prod"), []ID{kommanderOf("b/prod"), capiOf("b/made")}, "both are one cluster"},
		{capiOf("b/made"), []ID{capiOf("b/made"), kommanderOf("b/prod")}, "both are one cluster"},
		{kommanderOf("a/foreign"), []ID{kommanderOf("a/foreign")}, "it is of another namespace"},
		{kommanderOf("b/first"), []ID{kommanderOf("b/first")}, "it is of another namespace"},
		{capiOf("c/shared"), []ID{capiOf("c/shared"), kommanderOf("c/own")}, "the one of its own namespace is believed"},
		{kommanderOf("d/last"), []ID{kommanderOf("d/last")}, "it is of another namespace"},
	} {
		t.Run(row.id.String(), func(t *testing.T) {
			if diff := gocmp.Diff(row.want, state.DescriptionsOf(row.id)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

// TestForeignReference: somebody in another namespace can refer to a Cluster, and not talk over who is at home.
func TestForeignReference(t *testing.T) {
	for _, row := range []struct {
		name   string
		hub    snapshotBuilder
		want   string
		reason string
	}{
		{
			"at home", observedHub().has(made("m/prod"), attached("a/foreign", madeFrom("m/prod"), environment("NonProduction")),
				attached("m/prod", madeFrom("m/prod"), environment("Production")), attached("z/foreign", madeFrom("m/prod"), environment("NonProduction"))),
			"Production", "whoever may write there is believed",
		},
		{
			"only foreign", observedHub().has(made("m/prod"), attached("a/foreign", madeFrom("m/prod"), environment("NonProduction")),
				attached("z/foreign", madeFrom("m/prod"), environment("Production"))),
			"", "others do not speak about it",
		},
		{
			"only foreign and Kommander's", observedHub().has(made("m/prod"), attached("a/foreign", madeFrom("m/prod"), environment("NonProduction")),
				attached("kommander/prod", madeFrom("m/prod"), environment("Production"))),
			"Production", "no tenant writes there",
		},
		{
			"two at home", observedHub().has(made("m/prod"), attached("m/a", madeFrom("m/prod"), environment("NonProduction")),
				attached("m/b", madeFrom("m/prod"), environment("Production"))),
			"NonProduction", "the first one",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			reference := toCAPI("prod")
			if k := row.hub.state().FactsFor("m", &reference); string(k.Environment) != row.want {
				t.Errorf("%s: got %q", row.reason, k.Environment)
			}
		})
	}
}

func TestCopiedLabels(t *testing.T) {
	labels := map[string]string{
		"support.d2iq.io/tier": "gold", "support.d2iq.io/region": "eu", "tier": "iron", "kommander.mesosphere.io/federate-x": "true",
		"app.kubernetes.io/name": "prod",

		"app.kubernetes.io/instance": "x", "app.kubernetes.io/managed-by": "x", "app.kubernetes.io/part-of": "x", "argocd.argoproj.io/instance": "x",
		"kustomize.toolkit.fluxcd.io/name": "x", "kustomize.toolkit.fluxcd.io/namespace": "x", "helm.toolkit.fluxcd.io/name": "x", "fluxcd.io/sync-gc-mark": "x",
		"flux.weave.works/sync-gc-mark": "x", "kapp.k14s.io/app": "x", "kapp.k14s.io/association": "x", "helm.sh/chart": "x", "config.k8s.io/owning-inventory": "x",
		"fleet.cattle.io/managed": "x", "objectset.rio.cattle.io/hash": "x", "configsync.gke.io/declared-version": "x", "configmanagement.gke.io/system": "x",
		"applyset.kubernetes.io/part-of": "x", "cli-utils.sigs.k8s.io/inventory-id": "x", "velero.io/restore-name": "x", "clusterctl.cluster.x-k8s.io/move": "x",
	}
	for _, row := range []struct {
		name     string
		labels   map[string]string
		prefixes []string
		want     map[string]string
		reason   string
	}{
		{"no labels", nil, []string{"support.d2iq.io/"}, nil, "nothing to copy"},
		{"no prefixes", labels, nil, map[string]string{}, "nobody asked for any"},
		{
			"a prefix", labels, []string{"support.d2iq.io/"}, map[string]string{"support.d2iq.io/tier": "gold", "support.d2iq.io/region": "eu"},
			"those that begin so",
		},
		{"a whole key", labels, []string{"tier"}, map[string]string{"tier": "iron"}, "a key begins with itself"},
		{
			"two prefixes", labels, []string{"support.d2iq.io/t", "kommander."},
			map[string]string{"support.d2iq.io/tier": "gold", "kommander.mesosphere.io/federate-x": "true"}, "either of them",
		},
		{
			"all", labels, []string{""},
			map[string]string{
				"support.d2iq.io/tier": "gold", "support.d2iq.io/region": "eu", "tier": "iron", "kommander.mesosphere.io/federate-x": "true",
				"app.kubernetes.io/name": "prod",
			},
			"a tool that prunes by labels would take the object for its own",
		},
		{"named one by one", labels, []string{"app.kubernetes.io/instance", "kustomize.toolkit.fluxcd.io/"}, map[string]string{}, "whoever asks for them"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := len(row.labels)
			if diff := gocmp.Diff(row.want, CopiedLabels(row.labels, row.prefixes)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
			if len(row.labels) != before {
				t.Error("the labels are the description's own")
			}
		})
	}
}
