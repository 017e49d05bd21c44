// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// The evidence of these tests, as evidenceOn writes it.
const (
	shownText    = "CustomResource CustomResource/object"
	hubText      = "CustomResource hub:KonvoyCluster/workspace-a/prod"
	madeText     = "Label hub:Cluster/workspace-a/prod"
	toldText     = "Declared hub:KommanderCluster/workspace-a/prod, annotation support.d2iq.io/declared-releases"
	specText     = "Declared spec.declaredReleases"
	inferredText = "Inferred hub:HelmRelease/kommander/kommander"
	hiddenText   = "Forbidden hub:konvoyclusters"
)

// rowsOf lists what is installed: "product/name version".
func rowsOf(assessment clusterAssessment) []string {
	var all []string
	for _, row := range assessment.Releases {
		all = append(all, row.Product+"/"+row.Name+" "+row.Version)
	}
	return all
}

// signs are pieces of evidence that show a product and tell no version.
func signs(n int) []v1alpha1.Evidence {
	var all []v1alpha1.Evidence
	for i := range n {
		all = append(all, v1alpha1.Evidence{Source: v1alpha1.SourceLabel, Object: fmt.Sprintf("node/%d", i)})
	}
	return all
}

// TestHubEvidence: in which order what is known of one installation is believed.
func TestHubEvidence(t *testing.T) {
	unclear := cluster().with(found(facts.Konvoy, facts.DefaultInstallation, sign(v1alpha1.SourceLabel, "")))
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{
			"the hub before the cluster", cluster().with(konvoy("1.7.5")).known(onHub().describing(described("1.8.3")).HubFacts),
			[]string{hubText + " 1.8.3", shownText + " 1.7.5"}, "what the hub applies is what is there",
		},
		{
			"a hub that does not know the version", cluster().with(konvoy("1.7.5")).known(onHub().describing(described("")).HubFacts),
			[]string{shownText + " 1.7.5", hubText}, "the first one with a version",
		},
		{
			"the cluster before the spec", cluster().with(konvoy("1.7.5")).declaring(facts.Konvoy, "default", "1.8.0"),
			[]string{shownText + " 1.7.5", specText + " 1.8.0"}, "detection wins",
		},
		{
			"the hub before the spec", unclear.known(onHub().describing(described("1.8.3")).HubFacts).declaring(facts.Konvoy, "default", "1.8.0"),
			[]string{hubText + " 1.8.3", "Label Label/object", specText + " 1.8.0"}, "detection wins, wherever",
		},
		{
			"the cluster before an annotation", cluster().with(konvoy("1.7.5")).known(onHub().told(facts.Konvoy, "default", "1.8.0").HubFacts),
			[]string{shownText + " 1.7.5", toldText + " 1.8.0"}, "detection wins",
		},
		{
			"the spec before an annotation", unclear.known(onHub().told(facts.Konvoy, "default", "1.8.0").HubFacts).declaring(facts.Konvoy, "default", "1.8.4"),
			[]string{specText + " 1.8.4", "Label Label/object", toldText + " 1.8.0"}, "who looks after the object knows better",
		},
		{
			"an annotation before a conclusion", cluster().known(onHub().describing(made(), concluded("2.2.0")).told(facts.Konvoy, "default", "2.1.1").HubFacts),
			[]string{toldText + " 2.1.1", madeText, inferredText + " 2.2.0"}, "somebody knows, the other is a rule of thumb",
		},
		{
			"the spec before a conclusion", cluster().known(onHub().describing(made(), concluded("2.2.0")).HubFacts).declaring(facts.Konvoy, "default", "2.1.1"),
			[]string{specText + " 2.1.1", madeText, inferredText + " 2.2.0"}, "somebody knows, the other is a rule of thumb",
		},
		{
			"the cluster before a conclusion", cluster().with(konvoy("2.1.1")).known(onHub().describing(made(), concluded("2.2.0")).HubFacts),
			[]string{shownText + " 2.1.1", madeText, inferredText + " 2.2.0"}, "detection wins",
		},
		{
			"all of them",
			cluster().with(konvoy("1.7.5")).known(onHub().describing(described(""), made(), concluded("2.2.0")).told(facts.Konvoy, "default", "1.9.0").HubFacts).
				declaring(facts.Konvoy, "default", "1.8.4"),
			[]string{shownText + " 1.7.5", hubText, madeText, toldText + " 1.9.0", inferredText + " 2.2.0", specText + " 1.8.4"},
			"the spec is recorded last, since it is not lost with the status",
		},
		{
			"only a conclusion", cluster().known(onHub().describing(made(), concluded("2.2.0")).HubFacts),
			[]string{inferredText + " 2.2.0", madeText}, "better than nothing",
		},
		{
			"a refusal on the hub behind what the cluster shows", unclear.known(onHub().describing(hidden()).HubFacts),
			[]string{"Label Label/object", hiddenText}, "the product is there, whatever the hub may tell",
		},
		{
			"only a refusal on the hub", cluster().known(onHub().describing(hidden()).HubFacts), []string{hiddenText}, "it may be there",
		},
		{
			"a refusal in the cluster", cluster().with(forbidden(facts.Konvoy)).known(onHub().describing(described("1.8.3")).HubFacts),
			[]string{hubText + " 1.8.3", "Forbidden things"}, "the hub knows what the cluster does not tell",
		},
		{
			"an order of no meaning", cluster().known(onHub().describing(concluded("2.2.0"), made()).told(facts.Konvoy, "default", "2.1.1").HubFacts),
			[]string{toldText + " 2.1.1", madeText, inferredText + " 2.2.0"}, "trust is in the source",
		},
		{
			"many words against one fact",
			cluster().with(konvoy("1.7.5")).known(onHub().told(facts.Konvoy, "a", "1.8.0").told(facts.Konvoy, "b", "1.8.1").told(facts.Konvoy, "c", "1.8.2").
				told(facts.Konvoy, "d", "1.8.3").told(facts.Konvoy, "e", "1.8.4").told(facts.Konvoy, "f", "1.8.5").told(facts.Konvoy, "g", "1.8.6").told(facts.Konvoy, "h", "1.8.7").HubFacts),
			[]string{shownText + " 1.7.5", toldText + " 1.8.0", toldText + " 1.8.1", toldText + " 1.8.2", toldText + " 1.8.3", toldText + " 1.8.4",
				toldText + " 1.8.5", toldText + " 1.8.6"},
			"they are recorded as far as there is room",
		},
		{
			"many signs and a conclusion",
			cluster().with(found(facts.Konvoy, facts.DefaultInstallation, append(signs(7), sign(v1alpha1.SourceCustomResource, "1.7.5"))...)).
				known(onHub().describing(concluded("2.2.0")).HubFacts),
			append([]string{shownText + " 1.7.5"}, "Label node/0", "Label node/1", "Label node/2", "Label node/3", "Label node/4", "Label node/5", "Label node/6"),
			"what there is no room for is believed least, wherever it was found",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, konvoyRanges())
			assessment := assess(s, row.cluster, "2021-06-01")
			expect.Equal(t, row.want, evidenceOn(rowOf(t, assessment, facts.Konvoy)), row.reason)
			if len(assessment.Releases) != 1 {
				t.Errorf("it is one installation: %v", rowsOf(assessment))
			}
			status := stored(t, assessment.status(&v1alpha1.ClusterSupport{}, nil, at("2021-06-01")))
			row.cluster.Facts = FactsOf(status)
			if row.cluster.Facts == nil {
				return // only the hub has anything, and that is no contact
			}
			expect.Equal(t, row.want, evidenceOn(rowOf(t, assess(s, row.cluster, "2021-06-01"), facts.Konvoy)),
				"read back from the status")
		})
	}
}

// TestHubInstallations: which installation is meant by what the hub has been told.
func TestHubInstallations(t *testing.T) {
	cassandra := func(name, version string) facts.Installation {
		return found(facts.Cassandra, name, sign(v1alpha1.SourceCustomResource, version))
	}
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		hub     hubBuilder
		want    []string
		reason  string
	}{
		{"a product that nothing reveals", cluster(), onHub().told("Other", "default", "1.0.0"), []string{"Other/default 1.0.0"}, "it is told of"},
		{
			"default means the only one", cluster().with(cassandra("data.cassandra", "")), onHub().told(facts.Cassandra, "default", "1.0.2"),
			[]string{"Cassandra/data.cassandra 1.0.2"}, "whatever its name",
		},
		{
			"a name means the one of that name", cluster().with(cassandra("a.one", ""), cassandra("a.two", "")), onHub().told(facts.Cassandra, "a.two", "1.0.2"),
			[]string{"Cassandra/a.one ", "Cassandra/a.two 1.0.2"}, "there are several",
		},
		{
			"another name is another one", cluster().with(cassandra("a.one", "1.0.1")), onHub().told(facts.Cassandra, "a.two", "1.0.2"),
			[]string{"Cassandra/a.one 1.0.1", "Cassandra/a.two 1.0.2"}, "there can be several",
		},
		{
			"default among several means none", cluster().with(cassandra("a.one", ""), cassandra("a.two", "")), onHub().told(facts.Cassandra, "default", "1.0.2"),
			[]string{"Cassandra/a.one ", "Cassandra/a.two "}, "it could be either",
		},
		{
			"any name of what is installed once", cluster().with(found(facts.Kommander, "kommander")), onHub().told(facts.Kommander, "mine", "1.4.0"),
			[]string{"Kommander/kommander 1.4.0"}, "there is only one that it can be",
		},
		{
			"any name, in a migration", cluster().with(found(facts.Kommander, "kommander"), found(facts.Kommander, "kommander-addon")), onHub().told(facts.Kommander, "mine", "1.4.0"),
			[]string{"Kommander/kommander ", "Kommander/kommander-addon "}, "it could be either",
		},
		{
			"a name, in a migration", cluster().with(found(facts.Kommander, "kommander"), found(facts.Kommander, "kommander-addon")),
			onHub().told(facts.Kommander, "kommander-addon", "1.4.0"), []string{"Kommander/kommander ", "Kommander/kommander-addon 1.4.0"}, "it is that one",
		},
		{
			"beside what the hub describes", cluster(), onHub().told(facts.Konvoy, "mine", "1.8.4").describing(described("")),
			[]string{"Konvoy/default 1.8.4"}, "there is only one that it can be",
		},
		{
			"both names of what nothing reveals", cluster(), onHub().told(facts.Cassandra, "x", "1.0.2").told(facts.Cassandra, "default", "1.0.3"),
			[]string{"Cassandra/default 1.0.3", "Cassandra/x 1.0.2"}, "as in a spec",
		},
		{
			"both names in another order", cluster(), onHub().told(facts.Cassandra, "default", "1.0.3").told(facts.Cassandra, "x", "1.0.2"),
			[]string{"Cassandra/default 1.0.3", "Cassandra/x 1.0.2"}, "the order means nothing",
		},
		{
			"two names for one", cluster().with(found(facts.Konvoy, "default")), onHub().told(facts.Konvoy, "a", "1.8.3").told(facts.Konvoy, "b", "1.8.4"),
			[]string{"Konvoy/default 1.8.3"}, "the first one by name",
		},
		{
			"two names for one in another order", cluster().with(found(facts.Konvoy, "default")), onHub().told(facts.Konvoy, "b", "1.8.4").told(facts.Konvoy, "a", "1.8.3"),
			[]string{"Konvoy/default 1.8.3"}, "the order means nothing",
		},
		{
			"twice", cluster(), onHub().told(facts.Konvoy, "default", "1.8.3").told(facts.Konvoy, "default", "1.8.4"), []string{"Konvoy/default 1.8.3"},
			"the first one; a status has one row of a name",
		},
		{
			"Kubernetes", cluster().on("v1.19.9").with(konvoy("1.7.0")), onHub().told(facts.Kubernetes, "default", "1.18.1"),
			[]string{"Konvoy/default 1.7.0", "Kubernetes/default v1.19.9"}, "the cluster tells it, and a status has one row of it",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(validSet(t, konvoyRanges(), kubernetesOf(facts.Konvoy)), row.cluster.known(row.hub.HubFacts), "2021-06-01")
			got := slices.DeleteFunc(rowsOf(assessment), func(text string) bool { return text == "Kubernetes/default " })
			expect.Equal(t, row.want, got, row.reason)
		})
	}
}

// TestHubAnew: what the hub says anew replaces all that it said before.
func TestHubAnew(t *testing.T) {
	own := cluster().on("v1.19.9").with(found(facts.Konvoy, facts.DefaultInstallation, sign(v1alpha1.SourceLabel, "")))
	before := onHub().managing("1.4.3").describing(described("1.7.5")).told("Other", "default", "1.0.0")
	for _, row := range []struct {
		name   string
		now    hubBuilder
		want   clusterBuilder
		reason string
	}{
		{"the same", before, own.known(before.HubFacts), "and not twice"},
		{"another version", onHub().managing("1.4.4").describing(described("1.8.3")), own.known(onHub().managing("1.4.4").describing(described("1.8.3")).HubFacts), "the new one alone"},
		{"nothing more", onHub(), own, "as if the hub had never known it: what it alone knew is gone, and so is the manager"},
	} {
		t.Run(row.name, func(t *testing.T) {
			expect.Equal(t, row.want.Facts, own.known(before.HubFacts).known(row.now.HubFacts).Facts, row.reason)
			s := validSet(t, konvoyRanges())
			object := written(t, &v1alpha1.ClusterSupport{}, assess(s, own.known(before.HubFacts), "2021-06-01"), "2021-06-01")
			c := own
			c.Facts = FactsOf(&object.Status).WithHub(row.now.HubFacts)
			expect.Equal(t, assess(s, row.want, "2021-06-02"), assess(s, c, "2021-06-02"),
				"read back from the status", row.reason)
		})
	}
}

// TestHubChangesNobodysFacts: neither those of the cluster nor those of the hub, which others read at the same time.
func TestHubChangesNobodysFacts(t *testing.T) {
	ownFacts := func() *facts.Facts {
		evidence := append(make([]v1alpha1.Evidence, 0, 16), sign(v1alpha1.SourceLabel, ""), described("1.0.0"), concluded("2.2.0"))
		return &facts.Facts{Installations: append(make([]facts.Installation, 0, 16), facts.Installation{Product: facts.Konvoy, Name: "default", Evidence: evidence})}
	}
	hub := func() facts.HubFacts {
		b := onHub().managing("2.2.0").describing(concluded("2.2.0"), made()).told(facts.Konvoy, "default", "2.1.0").told("A", "b", "1.0.0")
		b.Installations[0].Evidence = append(make([]v1alpha1.Evidence, 0, 16), b.Installations[0].Evidence...)
		return b.HubFacts
	}
	observed, known := ownFacts(), hub()
	joined := observed.WithHub(known)
	s := validSet(t, konvoyRanges(), attaching())
	assessment, _ := s.evaluate(evaluationInput{Facts: joined, Declared: []v1alpha1.DeclaredRelease{{Product: facts.Konvoy, Name: "default", Version: "2.0.0"}}}, at("2022-06-01"))
	expect.Equal(t, ownFacts(), observed, "the cluster's")
	expect.Equal(t, hub(), known, "the hub's")
	again, _ := s.evaluate(evaluationInput{Facts: joined, Declared: []v1alpha1.DeclaredRelease{{Product: facts.Konvoy, Name: "default", Version: "2.0.0"}}}, at("2022-06-01"))
	expect.Equal(t, assessment, again, "asked twice")
	expect.Equal(t, nil, (*facts.Facts)(nil).WithHub(known), "a cluster that was never contacted has the facts")
}

// TestStatusSharesNothing: what a status is written into is read back into it, and the facts are read by others meanwhile.
func TestStatusSharesNothing(t *testing.T) {
	c := cluster().on("v1.19.9").with(konvoy("1.8.0")).managedBy("1.4.4").containing("istio", "", "").running(1, osCentOS7, kernel79)
	before := c.Facts.Manager.DeepCopy()
	s := validSet(t, konvoyRanges())
	assessment := assess(s, c, "2021-06-01")
	status := assessment.status(&v1alpha1.ClusterSupport{}, nil, at("2021-06-01"))
	status.Manager.Version, status.Components[0].Name, *status.Nodes.Count, status.Releases[0].Evidence.Version = "0", "x", 7, "0"
	if c.Facts.Manager.Version != before.Version || c.Facts.Components[0].Name != "istio" || *c.Facts.Nodes.Count != 1 {
		t.Errorf("a write to the status is seen in the facts: %+v", c.Facts)
	}
	fleet := []v1alpha1.ClusterSupport{evaluated(validSet(t, threeOut().minor("1.5", planned("2021-11-30"))), "c", cluster().with(kommander("1.2.0")), "2021-06-01")}
	end := fleet[0].Status.Releases[0].SupportEndTime.DeepCopy()
	policies, _ := validSet(t, threeOut()).PolicyStatus(threeOut().object, fleet, at("2021-06-01"))
	*policies.Clusters[0].SupportEndTime = metav1.Time{}
	expect.Equal(t, end, fleet[0].Status.Releases[0].SupportEndTime,
		"a write to the status of a policy is seen in that of a cluster")
}

// TestHubIsNoContact: what the hub has about a cluster does not show that anybody looked into it.
func TestHubIsNoContact(t *testing.T) {
	s := validSet(t, konvoyRanges())
	hub := onHub().managing("1.4.4").describing(described("1.8.3"), made(), concluded("2.2.0"), hidden()).told("Other", "default", "1.0.0")
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    bool
		reason  string
	}{
		{"the hub alone", cluster(), false, "none of it comes from the cluster"},
		{"with a declaration", cluster().declaring(facts.Konvoy, "default", "1.8.3"), false, "that comes from the spec"},
		{"with an ID", cluster().identified("0aa3"), true, "the cluster has told it"},
		{"with a label", cluster().with(found(facts.Konvoy, facts.DefaultInstallation, sign(v1alpha1.SourceLabel, ""))), true, "the cluster has it"},
		{"with a refusal", cluster().with(forbidden(facts.Konvoy)), true, "the cluster has answered"},
	} {
		t.Run(row.name, func(t *testing.T) {
			status := statusOf(assess(s, row.cluster.known(hub.HubFacts), "2021-06-01"))
			expect.Equal(t, row.want, HasFacts(&status), row.reason)
			status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSupported, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotContacted}}
			if observed := FactsOf(&status); (observed != nil) != row.want {
				t.Errorf("%s: got %+v", row.reason, observed)
			}
		})
	}
}

// TestHubOfManyInstallations: what somebody has told the hub takes the place of nothing that was found.
func TestHubOfManyInstallations(t *testing.T) {
	s := validSet(t, konvoyRanges())
	c := cluster()
	hub := onHub()
	for i := range 60 {
		c = c.with(found(facts.Kafka, string(rune('a'+i/26))+string(rune('a'+i%26)), sign(v1alpha1.SourceCustomResource, "1.3.1")))
		hub = hub.told("Another", string(rune('a'+i/26))+string(rune('a'+i%26)), "1.0.0")
	}
	assessment := assess(s, c.with(konvoy("1.8.0")).known(hub.HubFacts).declaring("A", "default", "1.0.0"), "2021-06-01")
	// A status has them in the order of their names.
	byName := cluster().known(hub.HubFacts).with(c.Facts.Installations...).with(konvoy("1.8.0"))
	for _, one := range []clusterAssessment{assessment, assess(s, byName.declaring("A", "default", "1.0.0"), "2021-06-01")} {
		counts := map[string]int{}
		for _, row := range one.Releases {
			counts[row.Product]++
		}
		expect.Equal(t, map[string]int{facts.Kafka: 60, facts.Konvoy: 1, "Another": 2}, counts)
	}
	status := stored(t, assessment.status(&v1alpha1.ClusterSupport{}, nil, at("2021-06-01")))
	again := assess(s, clusterBuilder{evaluationInput{Facts: FactsOf(status)}}.declaring("A", "default", "1.0.0"), "2021-06-01")
	expect.Equal(t, rowsOf(assessment), rowsOf(again), "read back from the status")
}

// TestMemoryOfTheHub: what the hub tells is there since it told it, and gone when it does not any more.
func TestMemoryOfTheHub(t *testing.T) {
	s := validSet(t, konvoyRanges())
	own := cluster().on("v1.19.9").with(kommander("1.3.1"))
	const kommander = "Kommander/kommander 1.3.1 2021-06-01"
	object := &v1alpha1.ClusterSupport{}
	for _, step := range []struct {
		now     string
		hub     *hubBuilder
		since   []string
		history []string
		reason  string
	}{
		{"2021-06-01", ptr.To(onHub()), []string{kommander}, nil, "the hub knows nothing"},
		{
			"2021-06-02", ptr.To(onHub().describing(described("1.7.5"))), []string{kommander, "Konvoy/default 1.7.5 2021-06-02"}, nil, "it describes a Konvoy",
		},
		{"2021-06-03", nil, []string{kommander, "Konvoy/default 1.7.5 2021-06-02"}, nil, "a hub that is not known changes nothing"},
		{
			"2021-06-04", ptr.To(onHub().describing(described("1.7.5"), concluded("2.2.0"))), []string{kommander, "Konvoy/default 1.7.5 2021-06-02"}, nil,
			"more evidence is no other installation",
		},
		{
			"2021-06-05", ptr.To(onHub().told(facts.Konvoy, "default", "1.7.5")), []string{kommander, "Konvoy/default 1.7.5 2021-06-02"}, nil,
			"other evidence for the same version is no other installation",
		},
		{
			"2021-06-06", ptr.To(onHub().describing(described("1.8.0"))), []string{kommander, "Konvoy/default 1.8.0 2021-06-06"},
			[]string{"Konvoy/default 1.7.5 2021-06-02 to 2021-06-06"}, "another version is another installation",
		},
		{
			"2021-06-07", ptr.To(onHub().describing(hidden())), []string{kommander, "Konvoy/default  "},
			[]string{"Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", "Konvoy/default 1.7.5 2021-06-02 to 2021-06-06"}, "it may be gone",
		},
		{
			"2021-06-08", ptr.To(onHub().describing(described("1.8.0"))), []string{kommander, "Konvoy/default 1.8.0 2021-06-06"},
			[]string{"Konvoy/default 1.7.5 2021-06-02 to 2021-06-06"}, "it was there all the time",
		},
		{
			"2021-06-09", ptr.To(onHub()), []string{kommander},
			[]string{"Konvoy/default 1.8.0 2021-06-06 to 2021-06-09", "Konvoy/default 1.7.5 2021-06-02 to 2021-06-06"}, "the hub alone knew of it",
		},
		{
			"2021-06-10", nil, []string{kommander},
			[]string{"Konvoy/default 1.8.0 2021-06-06 to 2021-06-09", "Konvoy/default 1.7.5 2021-06-02 to 2021-06-06"}, "and it stays gone",
		},
	} {
		c := own
		if observed := FactsOf(&object.Status); observed != nil {
			c.Facts = observed
		}
		if step.hub != nil {
			c = c.known(step.hub.HubFacts)
		}
		object = written(t, object, assess(s, c, step.now), step.now)
		expect.Equal(t, step.since, sinceOf(object), "at", step.now, step.reason)
		expect.Equal(t, step.history, historyOf(object), "at", step.now, step.reason)
	}
}

// TestConcludedVersionProvesNothing: a Konvoy version that was concluded from Kommander's cannot show that the two fit.
func TestConcludedVersionProvesNothing(t *testing.T) {
	s := validSet(t,
		policy("kommander").window(3).minor("2.2", ga("2022-04-08"), needs(facts.Konvoy, "2.2.x")),
		policy("konvoy").window(3).minor("2.2", ga("2022-04-08"), needs(facts.Kommander, "2.2.x")).minor("2.1", ga("2021-11-11")))
	const (
		byRule = "Kommander 2.2.0 requires Konvoy 2.2.x, and the version of the installed Konvoy was concluded from that of Kommander," +
			" which proves nothing; declare it in spec.declaredReleases (policy kommander)"
		byItself = "Konvoy 2.2.0 requires Kommander 2.2.x, and its own version was concluded from that of Kommander, which proves nothing;" +
			" declare it in spec.declaredReleases (policy konvoy)"
	)
	managed := cluster().with(kommander("2.2.0")).known(onHub().describing(made(), concluded("2.2.0")).HubFacts)
	for _, row := range []struct {
		name      string
		cluster   clusterBuilder
		condition string
		messages  []string
		konvoy    answer
		reason    string
	}{
		{
			"concluded", managed, "Unknown RequirementUnknown", []string{byRule, byItself}, supported("Supported", ""),
			"neither of the two proves the other; how long it is supported is another question",
		},
		{
			"declared and allowed", managed.declaring(facts.Konvoy, "default", "2.2.1"), "True Compatible", []string{"", ""}, supported("Supported", ""),
			"somebody knows",
		},
		{
			"declared and prohibited", managed.declaring(facts.Konvoy, "default", "2.1.0"), "False ProhibitedCombination", []string{"", ""},
			supported("Supported", ""), "somebody knows",
		},
		{
			"declared on the hub", cluster().with(kommander("2.2.0")).known(onHub().describing(made(), concluded("2.2.0")).told(facts.Konvoy, "default", "2.1.0").HubFacts),
			"False ProhibitedCombination", []string{"", ""}, supported("Supported", ""), "somebody knows, wherever",
		},
		{
			"shown", cluster().with(kommander("2.2.0"), konvoy("2.2.0")).known(onHub().describing(made(), concluded("2.2.0")).HubFacts), "True Compatible",
			[]string{"", ""}, supported("Supported", ""), "the cluster itself tells it",
		},
		{
			"concluded, of a version that the policy does not list",
			cluster().with(kommander("2.2.0")).known(onHub().describing(made(), concluded("2.9.0")).HubFacts), "Unknown RequirementUnknown",
			[]string{byRule, ""}, unknownFor("NotInPolicy"), "its support is judged all the same",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			assessment := assess(s, row.cluster, "2022-06-01")
			expect.Equal(t, row.condition, conditionOf(t, assessment, v1alpha1.ConditionCompatible), row.reason)
			got := []string{
				messageOf(rowOf(t, assessment, facts.Kommander), v1alpha1.ReasonRequirementUnknown), messageOf(rowOf(t, assessment, facts.Konvoy), v1alpha1.ReasonRequirementUnknown),
			}
			expect.Equal(t, row.messages, got, row.reason)
			expect.Equal(t, row.konvoy, answerOf(rowOf(t, assessment, facts.Konvoy)), row.reason)
		})
	}
}

// TestHubDeclarationIsNoUpgrade: what somebody says is no upgrade that is under way; what a KonvoyCluster asks for is one.
func TestHubDeclarationIsNoUpgrade(t *testing.T) {
	s := validSet(t, konvoyRanges())
	asked := described("1.8.0")
	asked.Source = v1alpha1.SourceDeclared
	if said := findings(rowOf(t, assess(s, cluster().known(onHub().describing(asked).HubFacts), "2021-06-01"), facts.Konvoy), v1alpha1.FindingEvidence); !slices.Equal(said, []string{"UpgradeInProgress"}) {
		t.Errorf("asked for: %v", said)
	}
	told := assess(s, cluster().known(onHub().told(facts.Konvoy, "default", "1.8.0").HubFacts), "2021-06-01")
	expect.Equal(t, nil, findings(rowOf(t, told, facts.Konvoy), v1alpha1.FindingEvidence), "declared")
}
