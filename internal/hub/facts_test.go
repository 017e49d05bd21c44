// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// known is what the hub knows about a cluster.
type known struct{ facts.HubFacts }

// hubFacts begins what the hub knows about a cluster.
func hubFacts() known { return known{} }

// managed is a cluster of the hub's Kommander, as runs adds it.
func (k known) managed(version string) known {
	k.Manager = &v1alpha1.ManagingKommander{Object: "hub:ClusterAddon/kommander", Version: version}
	return k
}

func (k known) konvoy(evidence ...v1alpha1.Evidence) known {
	k.Installations = []facts.Installation{{Product: facts.Konvoy, Name: "default", Evidence: evidence}}
	return k
}

func evidence(source v1alpha1.EvidenceSource, object, version string) v1alpha1.Evidence {
	return v1alpha1.Evidence{Source: source, Object: object, Version: version}
}

func TestFactsFor(t *testing.T) {
	var (
		byKonvoyCluster = evidence(v1alpha1.SourceCustomResource, "hub:KonvoyCluster/a/prod", "1.8.3")
		byLabel         = evidence(v1alpha1.SourceLabel, "hub:Cluster/a/prod", "")
		concluded       = evidence(v1alpha1.SourceInferred, "hub:ClusterAddon/kommander", "2.2.0")
		noKonvoy        = evidence(v1alpha1.SourceForbidden, "hub:konvoyclusters.kommander.mesosphere.io", "")
		noCAPI          = evidence(v1alpha1.SourceForbidden, "hub:clusters.cluster.x-k8s.io", "")
	)
	first, second := observedHub().runs("1.4.4"), observedHub().runs("2.2.0")
	for _, row := range []struct {
		name      string
		hub       snapshotBuilder
		reference v1alpha1.ClusterReference
		want      known
		reason    string
	}{
		{"attached", first.has(attached("a/prod")), toKommander("prod"), hubFacts().managed("1.4.4"), "the hub's Kommander manages it"},
		{"attached, no Kommander", observedHub().has(attached("a/prod")), toKommander("prod"), hubFacts(), "what was a hub is none any more"},
		{"attached, Kommander of unknown version", observedHub().runs("").has(attached("a/prod")), toKommander("prod"), hubFacts().managed(""), "some Kommander manages it"},
		{
			"attached, Kommander not to be seen",
			observedHub().installed(facts.Kommander, evidence(v1alpha1.SourceForbidden, "clusteraddons.kubeaddons.mesosphere.io", "")).has(attached("a/prod")),
			toKommander("prod"),
			known{facts.HubFacts{Manager: &v1alpha1.ManagingKommander{Object: "hub:clusteraddons.kubeaddons.mesosphere.io"}}},
			"a refusal is not an absence",
		},
		{
			"a migration from 1.x to 2.x",
			observedHub().installed(facts.Kommander, evidence(v1alpha1.SourceHelmRelease, "HelmRelease/kommander/kommander", "2.2.0")).runs("1.4.4").
				has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"))),
			toKommander("prod"),
			known{facts.HubFacts{Manager: &v1alpha1.ManagingKommander{Object: "hub:HelmRelease/kommander/kommander", Version: "2.2.0"}}}.
				konvoy(byLabel, evidence(v1alpha1.SourceInferred, "hub:HelmRelease/kommander/kommander", "2.2.0")),
			"the newer one, which comes first",
		},
		{
			"what is installed beside Kommander", observedHub().installed("Aardvark", evidence(v1alpha1.SourceLabel, "x", "9.9.9")).runs("1.4.4").has(attached("a/prod")),
			toKommander("prod"), hubFacts().managed("1.4.4"), "it manages nothing",
		},
		{
			"the used piece gives the manager",
			observedHub().installed(facts.Kommander, evidence(v1alpha1.SourceLabel, "x", ""), evidence(v1alpha1.SourceAnnotation, "ClusterAddon/kommander", "1.4.4")).
				has(attached("a/prod")),
			toKommander("prod"), hubFacts().managed("1.4.4"), "the first with a version",
		},

		{
			"1.x", first.has(attached("a/prod", konvoyNamed("prod")), described("a/prod", "v1.8.3", "Provisioned")), toKommander("prod"),
			hubFacts().managed("1.4.4").konvoy(byKonvoyCluster), "the hub has made it",
		},
		{
			"1.x, being changed", first.has(attached("a/prod", konvoyNamed("prod")), described("a/prod", "v1.8.3", "Provisioning")), toKommander("prod"),
			hubFacts().managed("1.4.4").konvoy(evidence(v1alpha1.SourceDeclared, "hub:KonvoyCluster/a/prod", "1.8.3")), "it is the version to come",
		},
		{
			"1.x, version left out", first.has(attached("a/prod", konvoyNamed("prod")), described("a/prod", "")), toKommander("prod"),
			hubFacts().managed("1.4.4").konvoy(evidence(v1alpha1.SourceCustomResource, "hub:KonvoyCluster/a/prod", "")), "it is Konvoy, of some version",
		},
		{
			"1.x, of another name", first.has(attached("a/prod", konvoyNamed("other")), described("a/prod", "v1.8.3")), toKommander("prod"),
			hubFacts().managed("1.4.4"), "it describes another cluster",
		},
		{
			"1.x, of another namespace", first.has(attached("a/prod", konvoyNamed("prod")), described("b/prod", "v1.8.3")), toKommander("prod"),
			hubFacts().managed("1.4.4"), "a reference stays in its namespace",
		},
		{
			"1.x, not referred to", first.has(attached("a/prod"), described("a/prod", "v1.8.3")), toKommander("prod"), hubFacts().managed("1.4.4"),
			"the same name is no reference",
		},
		{
			"1.x, KonvoyClusters forbidden", first.forbids(detect.KonvoyClusters).has(attached("a/prod", konvoyNamed("prod"))), toKommander("prod"),
			hubFacts().managed("1.4.4").konvoy(noKonvoy), "a refusal is not an absence",
		},
		{
			"no Konvoy, KonvoyClusters forbidden", first.forbids(detect.KonvoyClusters).has(attached("a/prod")), toKommander("prod"),
			hubFacts().managed("1.4.4"), "there is nothing to look for",
		},

		{
			"2.x", second.has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"))), toKommander("prod"),
			hubFacts().managed("2.2.0").konvoy(byLabel, concluded), "both are released in lock-step",
		},
		{
			"2.x, not by Konvoy", second.has(made("a/prod"), attached("a/prod", madeFrom("a/prod"))), toKommander("prod"), hubFacts().managed("2.2.0"),
			"somebody else has made it",
		},
		{
			"2.x with Kommander 1.x", first.has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"))), toKommander("prod"),
			hubFacts().managed("1.4.4").konvoy(byLabel), "those are in no lock-step",
		},
		{
			"2.x with Kommander of unknown version", observedHub().runs("").has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"))), toKommander("prod"),
			hubFacts().managed("").konvoy(byLabel), "nothing follows from nothing",
		},
		{
			"2.x with Kommander of an odd version", observedHub().runs("latest").has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"))),
			toKommander("prod"), hubFacts().managed("latest").konvoy(byLabel), "nothing follows from what cannot be read",
		},
		{
			"2.x without Kommander", observedHub().has(madeByKonvoy("a/prod")), toCAPI("prod"), hubFacts().konvoy(byLabel), "it is Konvoy, of some version",
		},
		{
			"2.x, Cluster API alone", second.has(madeByKonvoy("a/prod")), toCAPI("prod"), hubFacts().konvoy(byLabel, concluded),
			"Kommander does not manage it, and is in lock-step all the same",
		},
		{"Cluster API alone, not by Konvoy", second.has(made("a/prod")), toCAPI("prod"), hubFacts(), "there is nothing to know"},
		{
			"2.x, Cluster API of an attached one", second.has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"), environment("Production"))),
			toCAPI("prod"), func() known {
				k := hubFacts().managed("2.2.0").konvoy(byLabel, concluded)
				k.Environment = v1alpha1.EnvironmentProduction
				return k
			}(), "both are one cluster",
		},
		{
			"2.x of another name", second.has(madeByKonvoy("a/prod"), attached("a/other", madeFrom("a/prod"))), toKommander("other"),
			hubFacts().managed("2.2.0").konvoy(byLabel, concluded), "the reference counts",
		},
		{
			"2.x of another namespace", second.has(madeByKonvoy("b/prod"), attached("a/prod", madeFrom("b/prod"))), toKommander("prod"),
			hubFacts().managed("2.2.0").konvoy(evidence(v1alpha1.SourceLabel, "hub:Cluster/b/prod", ""), concluded), "this reference can leave its namespace",
		},
		{
			"2.x, the Cluster is gone", second.has(attached("a/prod", madeFrom("a/prod"))), toKommander("prod"), hubFacts().managed("2.2.0"),
			"nothing tells who made it",
		},
		{
			"2.x, Clusters forbidden", second.forbids(detect.CAPIClusters).has(attached("a/prod", madeFrom("a/prod"))), toKommander("prod"),
			hubFacts().managed("2.2.0").konvoy(noCAPI), "a refusal is not an absence",
		},
		{
			"both refused", second.forbids(detect.CAPIClusters, detect.KonvoyClusters).has(attached("a/prod", madeFrom("a/prod"), konvoyNamed("prod"))),
			toKommander("prod"), hubFacts().managed("2.2.0").konvoy(noKonvoy, noCAPI), "a refusal is not an absence",
		},

		{
			"of both lines", second.has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"), konvoyNamed("prod")), described("a/prod", "v1.8.3")),
			toKommander("prod"), hubFacts().managed("2.2.0").konvoy(byKonvoyCluster, byLabel, concluded), "what describes it before what follows",
		},
		{
			"of both lines, Cluster API",
			second.has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"), konvoyNamed("prod")), described("a/prod", "v1.8.3")),
			toCAPI("prod"), hubFacts().managed("2.2.0").konvoy(byKonvoyCluster, byLabel, concluded), "both are one cluster",
		},
		{
			"of both lines, Cluster API, KonvoyClusters forbidden",
			second.forbids(detect.KonvoyClusters).has(madeByKonvoy("a/prod"), attached("a/prod", madeFrom("a/prod"), konvoyNamed("prod"))),
			toCAPI("prod"), hubFacts().managed("2.2.0").konvoy(byLabel, concluded, noKonvoy), "both are one cluster",
		},

		{"missing", first, toKommander("prod"), hubFacts(), "nobody describes it any more"},
		{"Cluster API missing", first, toCAPI("prod"), hubFacts(), "nobody describes it any more"},
		{"Secret", first.has(attached("a/prod")), toSecret("prod-kubeconfig", ""), hubFacts(), "nobody tells whose it is"},

		{"host, not described", first, toHost(), hubFacts(), "it needs no description"},
		{
			"host", second.has(madeByKonvoy("a/prod"), attached("a/prod", clusterID(hubID), madeFrom("a/prod"), environment("NonProduction"))), toHost(),
			func() known {
				k := hubFacts().konvoy(byLabel, concluded)
				k.Environment = v1alpha1.EnvironmentNonProduction
				return k
			}(), "what describes it, and it does not manage itself",
		},
		{
			"host by its KommanderCluster", second.has(attached("a/prod", clusterID(hubID))), toKommander("prod"), hubFacts(), "it does not manage itself",
		},
		{
			"host by its Cluster", second.has(made("a/prod"), attached("a/prod", clusterID(hubID), madeFrom("a/prod"))), toCAPI("prod"), hubFacts(),
			"it does not manage itself",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := row.hub.state().FactsFor("a", &row.reference)
			if got == nil {
				t.Errorf("%s: and yet the hub cannot tell", row.reason)
			}
			if diff := cmp.Diff(&row.want.HubFacts, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

// TestCannotTell: what is on record stays where the hub does not know.
func TestFactsAreUnknown(t *testing.T) {
	one := observedHub().runs("1.4.4").has(attached("a/prod", clusterID(hubID)), made("a/prod"))
	references := map[string]v1alpha1.ClusterReference{
		"attached": toKommander("prod"), "made": toCAPI("prod"), "no longer attached": toKommander("gone"), "no longer made": toCAPI("gone"),
		"host": toHost(), "Secret": toSecret("prod", ""),
	}
	for _, row := range []struct {
		name   string
		hub    snapshotBuilder
		want   []string
		reason string
	}{
		{"all is seen", one, nil, "then it is known"},
		{
			"not looked at as a whole", one.incomplete(), []string{"attached", "made", "no longer attached", "no longer made", "host", "Secret"},
			"what is missing may come",
		},
		{
			"KommanderClusters forbidden", observedHub().runs("1.4.4").has(made("a/prod")).forbids(detect.KommanderClusters),
			[]string{"attached", "made", "no longer attached", "no longer made", "host"}, "they say who manages it and what it is for",
		},
		{"Clusters forbidden", observedHub().has(attached("a/prod")).forbids(detect.CAPIClusters), []string{"made", "no longer made"}, "they may be there"},
		{
			"others forbidden", one.forbids(detect.KonvoyClusters, detect.TunnelConnectors, detect.Nodes), nil,
			"that is Unknown in what is known",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := map[string]bool{}
			for _, name := range row.want {
				want[name] = true
			}
			got := map[string]bool{}
			for name, reference := range references {
				if row.hub.state().FactsFor("a", &reference) == nil {
					got[name] = true
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

// TestHost: which of the descriptions is that of the hub, by Member, which leaves it out.
func TestHost(t *testing.T) {
	const another = "11111111-1111-4111-8111-111111111111"
	production := environment("Production")
	for _, row := range []struct {
		name   string
		hub    snapshotBuilder
		want   []ID
		isReal bool
		reason string
	}{
		{"by its UID", observedHub().has(attached("a/host", clusterID(hubID), production)), nil, true, "there is no other with it"},
		{"by its annotation", observedHub().has(attached("kommander/host", calledHost, production)), nil, true, "its UID is not known yet"},
		{"by the annotation of a tenant", observedHub().has(attached("a/host", calledHost, production)), nil, false, "a tenant does not speak for the hub"},
		{"by its annotation, hub unknown", observedHub().nameless().has(attached("kommander/host", calledHost, clusterID(hubID), production)), nil, true, "nothing speaks against it"},
		{"by both", observedHub().has(attached("a/host", calledHost, clusterID(hubID), production)), nil, true, "they agree"},
		{"by neither", observedHub().has(attached("a/prod", clusterID(another))), []ID{kommanderOf("a/prod")}, false, "it is another one"},
		{"of no known UID", observedHub().has(attached("a/prod")), []ID{kommanderOf("a/prod")}, false, "it is another one, as far as known"},
		{"both of no known UID", observedHub().nameless().has(attached("a/prod")), []ID{kommanderOf("a/prod")}, false, "not known is not the same"},
		{"a lie", observedHub().has(attached("a/prod", calledHost, clusterID(another))), []ID{kommanderOf("a/prod")}, false, "its UID is another one"},
		{
			"a lie before its UID is known", observedHub().has(attached("a/liar", calledHost), attached("b/host", calledHost, clusterID(hubID), production)),
			[]ID{kommanderOf("a/liar")}, true, "the hub is another one for certain",
		},
		{
			"attached twice", observedHub().has(attached("a/host", clusterID(hubID), production), attached("b/again", clusterID(hubID))), nil, true,
			"neither is another cluster, and the first one is asked",
		},
		{
			"annotated twice", observedHub().has(attached("a/host", calledHost), attached("kommander/host", calledHost, production)), nil, true,
			"the one in Kommander's own namespace is asked",
		},
		{
			"with its Cluster", observedHub().has(made("c/self"), made("c/prod"), attached("kommander/host", clusterID(hubID), madeFrom("c/self"), production)),
			[]ID{capiOf("c/prod")}, true, "that is the hub, too",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			state := row.hub.state()
			if diff := cmp.Diff(row.want, membersOf(state)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
			reference := toHost()
			if k := state.FactsFor("a", &reference); (k.Environment != "") != row.isReal {
				t.Errorf("%s: of the host it is known %+v", row.reason, k)
			}
		})
	}
}
