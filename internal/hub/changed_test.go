// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

func TestChanged(t *testing.T) {
	base := observedHub().runs("2.2.0").has(
		attached("a/plain"), attached("a/konvoy", konvoyNamed("konvoy")), described("a/konvoy", "1.8.3"),
		attached("a/tunnel", secretNamed(""), tunnelNamed("t")), tunnel("a/t", "through"),
		madeByKonvoy("a/made"), attached("a/attached", madeFrom("a/made")), made("a/eks"),
	)
	all := []ID{
		capiOf("a/eks"), capiOf("a/made"), kommanderOf("a/attached"), kommanderOf("a/konvoy"), kommanderOf("a/plain"), kommanderOf("a/tunnel"),
	}
	edit := func(change func(*detect.HubDescription)) snapshotBuilder {
		b := base.copied()
		change(b.HubDescription)
		return b
	}
	kommander := func(name string, option func(*detect.KommanderCluster)) snapshotBuilder {
		return edit(func(f *detect.HubDescription) {
			for i := range f.KommanderClusters {
				if f.KommanderClusters[i].Name == name {
					option(&f.KommanderClusters[i])
				}
			}
		})
	}
	for _, row := range []struct {
		name        string
		before, now snapshotBuilder
		want        []ID
		missing     bool
		reason      string
	}{
		{"nothing", base, base, nil, false, "the same hub"},
		{"one more", base, base.has(attached("a/new")), []ID{kommanderOf("a/new")}, false, "the others are as they were"},
		{"one less", base.has(made("a/old")), base, []ID{capiOf("a/old")}, false, "what is gone has changed, too"},
		{"a phase", base, kommander("plain", phase("Unjoining")), []ID{kommanderOf("a/plain")}, false, "it is not looked into any more"},
		{"a Secret", base, kommander("plain", secretNamed("x")), []ID{kommanderOf("a/plain")}, false, "it is reached by another way"},
		{"a label", base, kommander("plain", tier("gold")), []ID{kommanderOf("a/plain")}, false, "it may be copied"},
		{"an annotation", base, kommander("plain", environment("Production")), []ID{kommanderOf("a/plain")}, false, "it is known"},
		{
			"an annotation of twins", base, kommander("attached", environment("Production")), []ID{capiOf("a/made"), kommanderOf("a/attached")}, false,
			"both are one cluster",
		},
		{"its UID", base, kommander("plain", clusterID(hubID)), []ID{kommanderOf("a/plain")}, false, "it is the hub"},
		{"another UID", base, kommander("plain", clusterID("another")), nil, false, "it is another cluster, as before"},
		{
			"a KonvoyCluster", base, edit(func(f *detect.HubDescription) { f.KonvoyClusters[0].Version = "1.8.4" }), []ID{kommanderOf("a/konvoy")}, false,
			"it is of the one that refers to it",
		},
		{
			"what nobody reads", base, edit(func(f *detect.HubDescription) { f.KonvoyClusters[0].Repositories = []detect.Repository{{URL: "x"}} }), nil, false,
			"the addons of a KonvoyCluster tell nothing here",
		},
		{"a KonvoyCluster of nobody", base, base.has(described("a/other", "1.8.3")), nil, false, "no cluster refers to it"},
		{"a tunnel", base, edit(func(f *detect.HubDescription) { f.Tunnels[0].KubeconfigSecret = "y" }), []ID{kommanderOf("a/tunnel")}, false, "it is reached by another way"},
		{
			"another maker", base, edit(func(f *detect.HubDescription) { f.CAPIClusters[0].IsKonvoy = false }), []ID{capiOf("a/made"), kommanderOf("a/attached")}, false,
			"both are one cluster",
		},
		{
			"a reference to a Cluster", base, kommander("plain", madeFrom("a/eks")), []ID{capiOf("a/eks"), kommanderOf("a/plain")}, false,
			"one of them stands for both",
		},
		{
			"no reference to a Cluster any more", kommander("plain", madeFrom("a/eks")), base, []ID{capiOf("a/eks"), kommanderOf("a/plain")}, false,
			"each stands for itself, and none tells anything else of the other",
		},
		{
			"the hub's Kommander", base, base.runs("9.9.9"), nil, false, "the first one counts, and it is the same",
		},
		{
			"another version of the hub's Kommander", observedHub().runs("2.1.0").has(attached("a/plain"), made("a/eks"), madeByKonvoy("a/made")),
			observedHub().runs("2.2.0").has(attached("a/plain"), made("a/eks"), madeByKonvoy("a/made")), []ID{capiOf("a/made"), kommanderOf("a/plain")}, false,
			"what it manages, and what goes in lock-step with it",
		},
		{"looked at as a whole", base.incomplete(), base, all, true, "now it is known what is not there"},
		{
			"KonvoyClusters forbidden", base, base.forbids(detect.KonvoyClusters), []ID{kommanderOf("a/konvoy")}, false,
			"the one that refers to one",
		},
		{
			"KommanderClusters forbidden", base, edit(func(f *detect.HubDescription) { f.KommanderClusters = nil }).forbids(detect.KommanderClusters), all, true,
			"they may be there, and nobody knows which is the hub",
		},
		{
			"Clusters forbidden", base, edit(func(f *detect.HubDescription) { f.CAPIClusters = nil }).forbids(detect.CAPIClusters),
			[]ID{capiOf("a/eks"), capiOf("a/made"), kommanderOf("a/attached")}, true, "they may be there",
		},
		{"nodes forbidden", base, base.forbids(detect.Nodes), nil, false, "they describe no cluster"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before, now := row.before.state(), row.now.state()
			if diff := cmp.Diff(row.want, inOrder(Changed(before, now))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
			if got := ChangedForMissing(before, now); got != row.missing {
				t.Errorf("%s: of those that are not there: %t", row.reason, got)
			}
		})
	}
	t.Run("from nothing", func(t *testing.T) {
		if diff := cmp.Diff(all, inOrder(Changed(nil, base.state()))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !ChangedForMissing(nil, base.state()) || ChangedForMissing(nil, base.incomplete().state()) {
			t.Error("what is not there is known once the hub was looked at as a whole")
		}
	})
}

// TestChangedFindsEveryDifference compares with every question, asked of every cluster of which anybody could have an object.
func TestChangedFindsEveryDifference(t *testing.T) {
	t.Parallel()
	var ids []ID
	for _, namespace := range namespaces {
		for _, name := range names {
			ids = append(ids, ID{KommanderCluster, namespace, name}, ID{ClusterAPICluster, namespace, name})
		}
	}
	differences, missing := 0, 0
	for i := range uint64(3000) {
		rng := rand.New(rand.NewPCG(20220408, i))
		b := randomHub(rng)
		before := b.state()
		for range 1 + rng.IntN(2) {
			b = disturbed(rng, b)
		}
		now := b.state()
		var want []ID
		wantMissing := false
		for _, id := range ids {
			if !isDifferent(before, now, id) {
				continue
			}
			if before.clusters[id] == nil && now.clusters[id] == nil {
				wantMissing = true
			} else {
				want = append(want, id)
			}
		}
		got := inOrder(Changed(before, now))
		if diff := cmp.Diff(inOrder(want), got); diff != "" {
			t.Fatalf("hub %d (-want +got):\n%s\n%+v\n%+v", i, diff, before, now)
		}
		if gotMissing := ChangedForMissing(before, now); wantMissing && !gotMissing {
			t.Fatalf("hub %d: of those that are not there other things are known, and nobody says so", i)
		} else if gotMissing {
			missing++
		}
		differences += len(got)
	}
	if differences < 3000 || missing < 100 {
		t.Errorf("only %d differences, and %d for what is not there", differences, missing)
	}
}

// isDifferent asks all that can be asked.
func isDifferent(before, now *State, id ID) bool {
	reference := id.Reference()
	ask := func(s *State) []any {
		target, obstacle := s.TargetFor(id.Namespace, &reference)
		knowledge := s.FactsFor(id.Namespace, &reference)
		member, isMember := s.Member(id)
		return []any{target, obstacle, knowledge, member, isMember, s.DescriptionsOf(id)}
	}
	return !reflect.DeepEqual(ask(before), ask(now))
}

var (
	namespaces = []string{"a", "b"}
	names      = []string{"prod", "test"}
	phases     = []string{"Joined", "Joined", "Joined", "Pending", ""}
	resources  = []string{detect.KommanderClusters, detect.CAPIClusters, detect.KonvoyClusters, detect.TunnelConnectors}
)

func pick[T any](rng *rand.Rand, all ...T) T { return all[rng.IntN(len(all))] }

// randomHub has some of everything under few names, so that much refers to each other.
func randomHub(rng *rand.Rand) snapshotBuilder {
	b := observedHub()
	if rng.IntN(6) == 0 {
		b = b.incomplete()
	}
	if rng.IntN(4) == 0 {
		b = b.nameless()
	}
	if rng.IntN(4) > 0 {
		b = b.runs(pick(rng, "1.4.4", "2.2.0", ""))
	}
	for _, namespace := range namespaces {
		for _, name := range names {
			key := namespace + "/" + name
			if rng.IntN(2) == 0 {
				b = b.has(randomAttached(rng, key))
			}
			if rng.IntN(2) == 0 {
				b = b.has(randomMade(rng, key))
			}
			if rng.IntN(2) == 0 {
				b = b.has(described(key, pick(rng, "1.8.3", "1.8.4", ""), pick(rng, "Provisioned", "Provisioning")))
			}
			if rng.IntN(2) == 0 {
				b = b.has(tunnel(key, pick(rng, "one", "two", "")))
			}
		}
	}
	if rng.IntN(4) == 0 {
		b = b.forbids(pick(rng, resources...))
	}
	return b
}

func randomAttached(rng *rand.Rand, key string) detect.KommanderCluster {
	c := attached(key, phase(pick(rng, phases...)), secretNamed(pick(rng, "s", "", "")), tunnelNamed(pick(rng, append(names, "")...)),
		konvoyNamed(pick(rng, append(names, "")...)), clusterID(pick(rng, "", "", hubID, "another")),
		environment(pick(rng, "", "Production", "x")), declaring(pick(rng, "", "Kafka=1.3.1", "x")))
	if rng.IntN(2) == 0 {
		madeFrom(pick(rng, namespaces...) + "/" + pick(rng, names...))(&c)
	}
	c.IsHost = rng.IntN(6) == 0
	if rng.IntN(3) == 0 {
		tier(pick(rng, "gold", "iron"))(&c)
	}
	return c
}

func randomMade(rng *rand.Rand, key string) detect.CAPICluster {
	c := pick(rng, made, madeByKonvoy)(key)
	if rng.IntN(3) == 0 {
		c.Labels = map[string]string{"tier": pick(rng, "gold", "iron")}
	}
	return c
}

// disturbed is a hub on which something has changed, or nothing.
func disturbed(rng *rand.Rand, b snapshotBuilder) snapshotBuilder {
	b = b.copied()
	f := b.HubDescription
	switch rng.IntN(8) {
	case 0:
		b.Complete = !b.Complete
	case 1:
		if f.Forbidden = nil; rng.IntN(2) == 0 {
			b = b.forbids(pick(rng, resources...))
		}
	case 2:
		b.Facts.Installations = nil
		b = b.runs(pick(rng, "1.4.4", "2.2.0", ""))
	case 3:
		if i := len(f.KommanderClusters); i > 0 {
			c := &f.KommanderClusters[rng.IntN(i)]
			*c = randomAttached(rng, fmt.Sprintf("%s/%s", c.Namespace, c.Name))
		}
	case 4:
		if i := len(f.CAPIClusters); i > 0 {
			c := &f.CAPIClusters[rng.IntN(i)]
			*c = randomMade(rng, fmt.Sprintf("%s/%s", c.Namespace, c.Name))
		}
	case 5:
		f.KommanderClusters = f.KommanderClusters[:len(f.KommanderClusters)/2]
	case 6:
		f.CAPIClusters = f.CAPIClusters[:len(f.CAPIClusters)/2]
	case 7:
		f.KonvoyClusters, f.Tunnels = f.KonvoyClusters[:len(f.KonvoyClusters)/2], f.Tunnels[:len(f.Tunnels)/2]
	}
	return b
}
