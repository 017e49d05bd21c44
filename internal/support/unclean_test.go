// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// evidenceFindings are all that the releases and the cluster say about the evidence: "product: reason message".
func evidenceFindings(assessment clusterAssessment) []string {
	var said []string
	for _, row := range assessment.Releases {
		for _, f := range row.Findings {
			if f.Type == v1alpha1.FindingEvidence {
				said = append(said, f.Reason+": "+f.Message)
			}
		}
	}
	for _, f := range assessment.Findings {
		said = append(said, f.Reason+": "+f.Message)
	}
	return said
}

// TestUncleanWorlds: what a person should look at, in sentences.
func TestUncleanWorlds(t *testing.T) {
	asked := func(version string) v1alpha1.Evidence {
		return v1alpha1.Evidence{Source: v1alpha1.SourceDeclared, Object: "Konvoy/konvoy", Version: version}
	}
	copied := func(version, repository string) v1alpha1.Evidence {
		return v1alpha1.Evidence{Source: v1alpha1.SourceLabel, Object: "addons", Version: version, Repository: repository}
	}
	branch := func(ref string) []string {
		return []string{"UnpinnedRef: BasePlatformServices " + ref + " was installed from a branch, which is no release and moves with each commit;" +
			" set the configVersion of the addon repository to a release tag (policy bps)"}
	}
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{"master", cluster().with(bps("master")), branch("master"), "what the installer takes when nobody names a release"},
		{"a branch of releases", cluster().with(bps("release-3")), branch("release-3"), "it moves all the same"},
		{"a branch in a folder", cluster().with(bps("fix/istio")), branch("fix/istio"), "any name of a branch"},
		{"another channel", cluster().with(bps("testing-1.19-3.2.0")), nil, "a tag, whatever it is worth"},
		{"a version", cluster().with(bps("v3.2.0")), nil, "a tag of another shape"},
		{"a stable tag", cluster().with(bps("stable-1.19-3.2.0")), nil, "as it should be"},
		{"an odd stable tag", cluster().with(bps("stable-1.5-2.0.0")), nil, "no branch is called so"},
		{"no ref", cluster().with(bps("")), nil, "nothing is known"},
		{"no ref at all", cluster().with(bps("a b")), nil, "no branch is called so"},
		{"a branch of another product", cluster().with(konvoy("master")), nil, "refs are those of addons"},

		{
			"a copy of the repository", cluster().with(found(facts.Kommander, "default", copied("1.3.1", "github.com/acme/kommander"))),
			[]string{"ModifiedDistribution: Kommander 1.3.1 was installed from github.com/acme/kommander, which is not the vendor's repository;" +
				" the policy speaks about the vendor's own releases: go back to one (policy kommander)"},
			"the vendor supports its own releases",
		},
		{
			"several copies", cluster().with(found(facts.Kommander, "default", copied("1.3.1", "b.example/x"), copied("1.3.2", "a.example/x"), copied("1.3.3", "b.example/x"))),
			[]string{"ModifiedDistribution: Kommander 1.3.1 was installed from b.example/x, a.example/x, which is not the vendor's repository;" +
				" the policy speaks about the vendor's own releases: go back to one (policy kommander)"},
			"each once, the one that gives the version first",
		},
		{
			"a copy that does not give the version", cluster().with(found(facts.Kommander, "default", copied("1.3.1", ""), copied("1.3.2", "a.example/x"))),
			[]string{"ModifiedDistribution: Kommander 1.3.1 was installed from a.example/x, which is not the vendor's repository;" +
				" the policy speaks about the vendor's own releases: go back to one (policy kommander)"},
			"part of it is foreign",
		},

		{
			"an upgrade", cluster().with(found(facts.Konvoy, "default", asked("1.8.0"))),
			[]string{"UpgradeInProgress: Konvoy 1.8.0 is what Konvoy/konvoy asks for, and nothing confirms yet that it is there; wait for the upgrade to end," +
				" or finish it (policy konvoy)"},
			"only somebody's wish is known",
		},
		{
			"an upgrade to another minor", cluster().with(found(facts.Konvoy, "default", sign(v1alpha1.SourceLabel, "1.7.2"), asked("1.8.0"))),
			[]string{"ConflictingEvidence: Konvoy 1.7.2 is taken from Label/object (Label), although Konvoy/konvoy says 1.8.0 (Declared); find out which is true" +
				" (policy konvoy)"},
			"what is there is known, so it is judged",
		},
		{"declared", cluster().declaring(facts.Konvoy, "default", "1.7.2"), nil, "the user's word about what is there is no wish"},

		{
			"a migration", cluster().with(
				found(facts.Kommander, "kommander", v1alpha1.Evidence{Source: v1alpha1.SourceAnnotation, Object: "ClusterAddon/kommander", Version: "1.4.0"}),
				found(facts.Kommander, "kommander-2", v1alpha1.Evidence{Source: v1alpha1.SourceHelmRelease, Object: "HelmRelease/kommander", Version: "2.1.0"})),
			[]string{
				"MigrationInProgress: Kommander 1.4.0 is installed beside 2.1.0 (HelmRelease/kommander): finish the migration, then remove the older one" +
					" (policy kommander)",
				"MigrationInProgress: Kommander kommander-2 2.1.0 is installed beside 1.4.0 (ClusterAddon/kommander): finish the migration, then remove" +
					" the older one (policy kommander)",
			},
			"both say it",
		},
		{
			"two of one generation", cluster().with(found(facts.Kommander, "a", sign(v1alpha1.SourceLabel, "1.4.0")), found(facts.Kommander, "b", sign(v1alpha1.SourceLabel, "1.3.0"))),
			nil, "no migration",
		},
		{
			"generations of a product that may be there twice",
			cluster().with(found(facts.Cassandra, "a", sign(v1alpha1.SourceLabel, "1.0.0")), found(facts.Cassandra, "b", sign(v1alpha1.SourceLabel, "2.0.0"))),
			nil, "each is on its own",
		},
		{
			"a generation that is not known", cluster().with(found(facts.Kommander, "a", sign(v1alpha1.SourceLabel, "1.4.0")), found(facts.Kommander, "b")),
			nil, "it may be the same",
		},

		{
			"federated addons", cluster().federated("traefik").federated("istio").federated("istio"),
			[]string{"FederatedAddons: the cluster has addons that a Kommander put there, which tell no release: istio, traefik; they are part of that" +
				" Kommander, look at the cluster on which it runs"},
			"sorted, each once",
		},
		{
			"many federated addons", cluster().federated("a").federated("b").federated("c").federated("d").federated("e").federated("f").federated("g").federated("h"),
			[]string{"FederatedAddons: the cluster has addons that a Kommander put there, which tell no release: a, b, c, d, e, f and 2 more; they are part of" +
				" that Kommander, look at the cluster on which it runs"},
			"six are named",
		},
		{"addons of a repository", cluster().from("istio", v1alpha1.OriginRepository), nil, "they tell their release"},
		{"a HelmRelease", cluster().from("istio", v1alpha1.OriginHelmRelease), nil, "it does not come from elsewhere"},

		{
			"default beside two", cluster().with(found("Other", "a"), found("Other", "b")).declaring("Other", "default", "1.0.0"),
			[]string{"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Other 1.0.0: several installations of it are there; name the one that is meant"},
			"which one is meant cannot be told",
		},
		{
			"another name beside two", cluster().with(found("Other", "a"), found("Other", "b")).declaring("Other", "c", "1.0.0"),
			nil, "it is a third one",
		},
		{
			"another name beside two of what is installed once", cluster().with(found(facts.Kommander, "a"), found(facts.Kommander, "b")).declaring(facts.Kommander, "c", "1.0.0"),
			[]string{"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Kommander 1.0.0: several installations of it are there;" +
				" name the one that is meant"},
			"a cluster has no third one",
		},
		{
			"Kubernetes", cluster().with(konvoy("1.7.0")).on("v1.19.9").declaring(facts.Kubernetes, "default", "v1.18.1"),
			[]string{"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Kubernetes v1.18.1: it shows another version itself; remove the declaration"},
			"the server says what it is",
		},
		{"Kubernetes as it is", cluster().with(konvoy("1.7.0")).on("v1.19.9").declaring(facts.Kubernetes, "default", "v1.19.9"), nil, "both say the same"},
		{"Kubernetes without a v", cluster().with(konvoy("1.7.0")).on("v1.19.9").declaring(facts.Kubernetes, "default", "1.19.9"), nil, "both mean the same"},
		{"Kubernetes without what a distribution adds", cluster().with(konvoy("1.7.0")).on("v1.19.9+d2iq.1").declaring(facts.Kubernetes, "default", "v1.19.9"), nil, "both mean the same"},
		{
			"another patch of Kubernetes", cluster().with(konvoy("1.7.0")).on("v1.19.9").declaring(facts.Kubernetes, "default", "v1.19.8"),
			[]string{"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Kubernetes v1.19.8: it shows another version itself; remove the declaration"},
			"patches count, too",
		},
		{
			"Kubernetes that nobody can read", cluster().with(konvoy("1.7.0")).on("v1.19.9").declaring(facts.Kubernetes, "default", "new"),
			[]string{"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Kubernetes new: it shows another version itself; remove the declaration"},
			"it does not mean the same",
		},
		{"Kubernetes unknown", cluster().with(konvoy("1.7.0")).declaring(facts.Kubernetes, "default", "v1.19.9"), nil, "nobody else says it"},
		{
			"several", cluster().on("v1.19.9").with(found("Other", "a"), found("Other", "b")).declaring("Other", "default", "1.0\n.0").
				declaring(facts.Kubernetes, "default", "v1.18.1"),
			[]string{
				"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Kubernetes v1.18.1: it shows another version itself; remove the declaration",
				"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Other 1.0\\n.0: several installations of it are there; name the one that is meant",
			},
			"a sentence for each thing to do",
		},
		{
			"several of a kind", cluster().with(found("Other", "a"), found("Other", "b"), found(facts.Kommander, "a"), found(facts.Kommander, "b")).
				declaring("Other", "default", "1.0.0").declaring(facts.Kommander, "c", "1.0.0"),
			[]string{"DeclarationIgnored: the cluster does not use what spec.declaredReleases says of Kommander 1.0.0, Other 1.0.0: several installations of" +
				" it are there; name the one that is meant"},
			"in one sentence, sorted",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, threeOut(), baseServices(), kubernetesOf(facts.Konvoy), konvoyRanges())
			expect.Equal(t, row.want, evidenceFindings(assess(s, row.cluster, "2021-06-01")), row.reason)
		})
	}
}

// federated adds an addon that a Kommander put into the cluster.
func (c clusterBuilder) federated(name string) clusterBuilder {
	return c.from(name, v1alpha1.OriginFederated)
}

func (c clusterBuilder) from(name string, origin v1alpha1.ComponentOrigin) clusterBuilder {
	c = c.containing(name, "", "")
	c.Facts.Components[len(c.Facts.Components)-1].Origin = origin
	return c
}

// TestDoubtsFeedNoCondition: what is odd about the evidence makes nothing better or worse.
func TestDoubtsFeedNoCondition(t *testing.T) {
	s := validSet(t, threeOut())
	clean := assess(s, cluster().with(kommander("1.4.0")), "2021-06-01")
	hostile := cluster().with(found(facts.Kommander, "kommander",
		v1alpha1.Evidence{Source: v1alpha1.SourceDeclared, Object: "Konvoy/x", Version: "1.4.0", Repository: "a.example/x"}, sign(v1alpha1.SourceLabel, "1.3.0"))).
		federated("istio").declaring(facts.Kubernetes, "default", "v1.18.1").on("v1.19.9")
	got := assess(s, hostile, "2021-06-01")
	if doubts := evidenceFindings(got); len(doubts) != 5 {
		t.Fatalf("%d doubts: %q", len(doubts), doubts)
	}
	for i := range got.Conditions {
		expect.Equal(t, clean.Conditions[i], got.Conditions[i], "with doubts")
		if got.Conditions[i].Status == metav1.ConditionUnknown {
			t.Errorf("%+v", got.Conditions[i])
		}
	}
}
