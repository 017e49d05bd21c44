// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// statusOf is the status that an assessment becomes.
func statusOf(a clusterAssessment) v1alpha1.ClusterSupportStatus {
	status := v1alpha1.ClusterSupportStatus{
		ClusterID: a.ClusterID, DuplicateOf: a.DuplicateOf, Environment: a.Environment, Manager: a.Manager,
		KubernetesVersion: a.KubernetesVersion, InstalledVersions: a.InstalledVersions, SupportEndTime: a.SupportEndTime, Releases: a.Releases,
		Components: a.Components, Nodes: a.Nodes, Findings: a.Findings,
	}
	for _, c := range a.Conditions {
		status.Conditions = append(status.Conditions, metav1.Condition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message})
	}
	return status
}

// stored is what an API server gives back for a status.
func stored(t testing.TB, status v1alpha1.ClusterSupportStatus) *v1alpha1.ClusterSupportStatus {
	t.Helper()
	encoded, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	var decoded v1alpha1.ClusterSupportStatus
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		t.Fatal(err)
	}
	return &decoded
}

// foreignVersions are what evidence has said somewhere, and what it may say.
var foreignVersions = []string{
	"1.3.1", "1.4.0", "v1.4.4", "1.2.0-36", "1.2.0-rc.5", "1.5.0", "1.0.2", "2.0.0", "latest", "1.4", "", "", `1.3.1\x1b[31m`, "v0.0.79-1",
	"stable-1.19-3.2.0", "stable-1.18-3.4.1", "stable-1.16.4-2", "stable-1.5-2.0.0", "testing-1.19-3.2.0", "master", "stable-1.20-4.0.0-rc.1",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...",
}

var foreignKubernetes = []string{
	"v1.19.9", "v1.16.15+d2iq.1", "v1.20.2-gke.1900", "v1.15.12", "v1.30.0", "", "v1.19", `v1.19.9-\x00`, "v1.19.9-\x00", "v1.19.9 \u202e",
	"v1.19.9+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
}

var evidenceSources = []v1alpha1.EvidenceSource{
	v1alpha1.SourceLabel, v1alpha1.SourceAnnotation, v1alpha1.SourceCustomResource, v1alpha1.SourceHelmRelease,
	v1alpha1.SourceInferred, v1alpha1.SourceDeclared,
}

// randomCluster has some of everything: evidence that agrees, disagrees or tells nothing, refusals, declarations.
func randomCluster(rng *rand.Rand) evaluationInput {
	pick := func(texts []string) string { return texts[rng.IntN(len(texts))] }
	products := []string{facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Cassandra, facts.Kafka, "Zookeeper"}
	names := []string{"default", "kommander", "data.cassandra"}
	c := evaluationInput{
		Labels:      map[string]string{"tier": pick([]string{"gold", "iron"})},
		Environment: v1alpha1.Environment(pick([]string{"", "Production", "NonProduction"})),
		Facts:       &facts.Facts{KubernetesVersion: pick(foreignKubernetes), Components: randomComponents(rng), Nodes: randomNodes(rng)},
	}
	few := func(limit int) int {
		if rng.IntN(40) == 0 {
			return limit
		}
		return rng.IntN(4)
	}
	for _, product := range products {
		for _, name := range names {
			if rng.IntN(3) > 0 {
				continue
			}
			if rng.IntN(8) == 0 {
				c.Facts.Installations = append(c.Facts.Installations,
					found(product, name, v1alpha1.Evidence{Source: v1alpha1.SourceForbidden, Object: "things"}))
				continue
			}
			var evidence []v1alpha1.Evidence
			for i := range 1 + few(14) {
				source := evidenceSources[rng.IntN(len(evidenceSources))]
				one := v1alpha1.Evidence{Source: source, Object: fmt.Sprintf("Thing/%d", i), Version: pick(foreignVersions)}
				if rng.IntN(6) == 0 {
					one.Repository = pick([]string{"github.com/acme/kubeaddons", "git.example/x"})
				}
				evidence = append(evidence, one)
			}
			c.Facts.Installations = append(c.Facts.Installations, found(product, name, evidence...))
		}
	}
	if rng.IntN(40) == 0 {
		for i := range 70 {
			c.Facts.Installations = append(c.Facts.Installations, found(pick(products), fmt.Sprintf("n%02d", i), sign(v1alpha1.SourceLabel, pick(foreignVersions))))
		}
	}
	c.Facts.ClusterID = pick([]string{"", "0aa3", "1bb4", `a\x00`, "b\x00"})
	if c.Facts.ClusterID != "" {
		c.DuplicateOf = pick([]string{"", "", "workspace-a/prod"})
	}
	declared := map[string]bool{}
	for range rng.IntN(4) {
		one := v1alpha1.DeclaredRelease{
			Product: pick(append([]string{facts.Kubernetes}, products...)), Name: pick(names), Version: "1." + fmt.Sprint(rng.IntN(6)) + ".1",
		}
		if !declared[one.Product+one.Name] {
			declared[one.Product+one.Name] = true
			c.Declared = append(c.Declared, one)
		}
	}
	return c
}

// randomHub describes, concludes and was told this and that, sometimes more than a status has room for.
func randomHub(rng *rand.Rand) facts.HubFacts {
	pick := func(texts []string) string { return texts[rng.IntN(len(texts))] }
	b := onHub()
	if rng.IntN(2) == 0 {
		b = b.managing(facts.Printable(pick(foreignVersions)))
	}
	var evidence []v1alpha1.Evidence
	for _, one := range []v1alpha1.Evidence{described(pick(foreignVersions)), made(), concluded(pick(foreignVersions)), hidden()} {
		if rng.IntN(3) == 0 {
			evidence = append(evidence, one)
		}
	}
	if len(evidence) > 0 {
		b = b.describing(evidence...)
	}
	n := rng.IntN(3)
	if rng.IntN(40) == 0 {
		n = 32
	}
	for i := range n {
		name := pick([]string{"default", "kommander", "data.cassandra", fmt.Sprintf("told%d", i)})
		b = b.told(pick([]string{facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Cassandra, "Aardvark", facts.Kubernetes}), name, pick(foreignVersions[:10]))
	}
	return b.HubFacts
}

// randomComponents are parts of this and that, sometimes more than a status has room for.
func randomComponents(rng *rand.Rand) []v1alpha1.Component {
	pick := func(texts ...string) string { return texts[rng.IntN(len(texts))] }
	n := rng.IntN(5)
	if rng.IntN(40) == 0 {
		n = maxComponents + 5
	}
	var all []v1alpha1.Component
	for i := range n {
		all = append(all, v1alpha1.Component{
			Name: pick("istio", "kiali", "Istio", "x\n"), Object: fmt.Sprintf("ClusterAddon/%d", i), Product: pick("", facts.Konvoy, facts.Kommander, facts.Cassandra),
			Stage: pick("", "", "Experimental", "Beta"), Origin: v1alpha1.ComponentOrigin(pick("", "Repository", "Federated", "HelmRelease")),
		})
	}
	return all
}

// randomNodes are none, refused, or of several kinds.
func randomNodes(rng *rand.Rand) *v1alpha1.NodesStatus {
	if rng.IntN(4) == 0 {
		return nil
	}
	nodes := &v1alpha1.NodesStatus{}
	if rng.IntN(4) == 0 {
		return nodes
	}
	count := int32(0)
	for _, image := range []string{osCentOS7, osCentOS8, osUbuntu, "Arch Linux"} {
		if rng.IntN(3) == 0 {
			n := int32(rng.IntN(4))
			count += n
			nodes.OperatingSystems = append(nodes.OperatingSystems,
				v1alpha1.NodeOperatingSystem{OSImage: image, KernelVersion: []string{kernel79, "4.18"}[rng.IntN(2)], Nodes: &n})
		}
	}
	nodes.Count = &count
	if rng.IntN(4) == 0 {
		omitted := int32(rng.IntN(3))
		nodes.Omitted = &omitted
	}
	return nodes
}

// clauses are policies and exceptions with everything that they can hold, for random clusters.
func clauses(t testing.TB) *Set {
	centOS7, centOS8 := system("CentOS 7", `CentOS Linux 7 \(Core\)`, "3.*"), system("CentOS 8", "CentOS Linux 8")
	return validSet(t,
		threeOut().edit(func(spec *v1alpha1.SupportPolicySpec) {
			spec.Releases[0].AttachKubernetes = rangeSpec([]string{"1.18.0", "1.20.x"})
		}).
			experimental("istio", "1.3.x").production("tier", "gold").terms("Gold"),
		konvoyRanges().minor("1.0", runsUnder(centOS7)).minor("1.4", ga("2020-03-01"), runsUnder(centOS8), patched("1.4.1", from("1.4.0")), patched("1.4.4")).
			experimental("kiali"),
		baseServices().experimental("istio"), kubernetesOf(facts.Konvoy, facts.Cassandra),
		policy(facts.Cassandra).listed().terms("Secondary", scopeOf("BugFixes", "this", "that", 3, 4)).
			minor("1.0", needs(facts.Konvoy, "1.7.x"), needs("Zookeeper", "1.4.x"), runs("1.16", "1.21"), through("2021-12-31")).
			minor("1.4", needs(facts.Kommander, "1.3.x"), planned("2021-09-01")),
	).excepting(
		exception("konvoy", facts.Konvoy, "2021-03-31").covering("1.0.x", "1.4.x"), exception("gold", facts.Konvoy, "2021-12-31").selects("tier", "gold").warns(400),
		exception("bps", facts.BasePlatformServices, "2021-06-30").covering("master", "stable-1.16.4-2", "4.0.x").zone("Pacific/Apia"),
		exception("zookeeper", "Zookeeper", "2021-06-30"), exception("kubernetes", facts.Kubernetes, "2022-01-31").covering("1.15.x", "1.16.x"),
	)
}

// TestStatusIsTheRecord: what a status holds is enough to evaluate again, with the same result to the letter.
func TestStatusIsTheRecord(t *testing.T) {
	t.Parallel()
	s := clauses(t)
	for i := range iterations(1200) {
		rng := rand.New(rand.NewPCG(randomSeed+5, i))
		c, hub := randomCluster(rng), randomHub(rng)
		now := at("2020-06-01").AddDate(0, 0, rng.IntN(900))
		if problem := recordProblem(t, s, c, hub, now); problem != "" {
			t.Fatalf("cluster %d: %s\nfacts %+v\nhub %+v\ndeclared %+v", i, problem, c.Facts, hub, c.Declared)
		}
	}
}

// FuzzStatusIsTheRecord is the same with foreign words.
func FuzzStatusIsTheRecord(f *testing.F) {
	s := clauses(f)
	for i, text := range oddTexts {
		f.Add(uint64(i), text, "default", "Konvoy="+text)
		f.Add(uint64(i), "", text, "Cassandra/"+text+"=1.0.2")
	}
	f.Fuzz(func(t *testing.T, seed uint64, version, name, text string) {
		rng := rand.New(rand.NewPCG(randomSeed+8, seed))
		c, hub := randomCluster(rng), randomHub(rng)
		if name = facts.Printable(name); name != "" {
			c.Facts.Installations = append([]facts.Installation{found("Fuzzed", name, sign(v1alpha1.SourceLabel, facts.Printable(version)))}, c.Facts.Installations...)
		}
		if declared, err := facts.ParseDeclaredRelease(text); err == nil && len(hub.Declared) < 32 {
			hub.Declared, hub.DeclaredBy = append(hub.Declared, declared), "KommanderCluster/a/b"
		}
		if problem := recordProblem(t, s, c, hub, at("2021-06-01")); problem != "" {
			t.Fatalf("%s\nfacts %+v\nhub %+v\ndeclared %+v", problem, c.Facts, hub, c.Declared)
		}
	})
}

// recordProblem evaluates a cluster of which the hub knows something, and again from the status; empty when all is well.
func recordProblem(t testing.TB, s *Set, c evaluationInput, hub facts.HubFacts, now time.Time) string {
	t.Helper()
	own := *c.Facts
	from := func(observed *facts.Facts, declared []v1alpha1.DeclaredRelease) clusterAssessment {
		return s.assess(evaluationInput{Labels: c.Labels, Environment: c.Environment, DuplicateOf: c.DuplicateOf, Declared: declared, Facts: observed}, now)
	}
	first := from(own.WithHub(hub), c.Declared)
	if len(first.Releases) > 64 || len(first.Components) > 128 {
		return fmt.Sprintf("%d releases, %d components", len(first.Releases), len(first.Components))
	}
	rows := map[[2]string]bool{}
	for _, row := range first.Releases {
		if rows[[2]string{row.Product, row.Name}] {
			return fmt.Sprintf("%s %s has two rows, which no API server takes", row.Product, row.Name)
		}
		rows[[2]string{row.Product, row.Name}] = true
	}
	status := stored(t, first.status(&v1alpha1.ClusterSupport{}, nil, now))
	recorded := FactsOf(status)
	second := from(recorded, c.Declared)
	tomorrow := second.status(&v1alpha1.ClusterSupport{Status: *status}, nil, now.AddDate(0, 0, 1))
	if before, after := encoded(t, status), encoded(t, &tomorrow); before != after {
		return "the status is not the same, byte for byte (-first +again):\n" + cmp.Diff(before, after)
	}
	if !equality.Semantic.DeepEqual(first, second) {
		return "the status does not hold all that was observed (-first +again):\n" + cmp.Diff(first, second)
	}
	if anew := from(recorded.WithHub(hub), c.Declared); !equality.Semantic.DeepEqual(first, anew) {
		return "the hub says the same again, and that is another answer (-first +again):\n" + cmp.Diff(first, anew)
	}
	// What did not fit is lost.
	joined := own.WithHub(hub).Installations
	if len(joined) > 40 || slices.ContainsFunc(joined, func(i facts.Installation) bool { return len(i.Evidence) > maxOtherEvidence }) {
		return ""
	}
	// Without the declarations it is as if nothing had ever been declared, and without the hub as if it had never known.
	if never, noLonger := from(own.WithHub(hub), nil), from(recorded, nil); !equality.Semantic.DeepEqual(never, noLonger) {
		return "a declaration was recorded as a fact (-never +no longer):\n" + cmp.Diff(never, noLonger)
	}
	if never, noLonger := from(own.WithHub(facts.HubFacts{}), c.Declared), from(recorded.WithHub(facts.HubFacts{}), c.Declared); !equality.Semantic.DeepEqual(never, noLonger) {
		return "what the hub said was recorded as the cluster's (-never +no longer):\n" + cmp.Diff(never, noLonger)
	}
	return ""
}

// encoded is what is stored of a status.
func encoded(t testing.TB, status *v1alpha1.ClusterSupportStatus) string {
	t.Helper()
	bytes, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}

// TestWhatCannotBeReadIsNotSupported: on no cluster, whatever else is on it.
func TestWhatCannotBeReadIsNotSupported(t *testing.T) {
	t.Parallel()
	s := clauses(t)
	readable := func(row *v1alpha1.InstalledRelease) bool {
		switch row.Product {
		case facts.BasePlatformServices:
			read, err := judgeableTag(row.Version)
			return err == nil && !read.isPrerelease() && strings.HasPrefix(row.Version, "stable-")
		case facts.Kubernetes:
			_, err := facts.ParseKubernetesVersion(row.Version)
			return err == nil
		}
		version, err := facts.ParseVersion(row.Version)
		return err == nil && version.Prerelease() == ""
	}
	supported := 0
	for i := range uint64(1000) {
		rng := rand.New(rand.NewPCG(randomSeed+6, i))
		c := randomCluster(rng)
		c.Facts = c.Facts.WithHub(randomHub(rng))
		assessment := s.assess(c, at("2020-06-01").AddDate(0, 0, rng.IntN(900)))
		for j := range assessment.Releases {
			row := &assessment.Releases[j]
			if row.State != v1alpha1.StateSupported {
				continue
			}
			supported++
			if !readable(row) || row.Evidence.Source == v1alpha1.SourceForbidden || row.Policy == "" {
				t.Fatalf("cluster %d: %s %q is supported", i, row.Product, row.Version)
			}
		}
		checkAssessment(t, assessment)
	}
	if supported < 100 {
		t.Errorf("only %d releases are supported at all", supported)
	}
}

func TestFactsOf(t *testing.T) {
	t.Run("never contacted", func(t *testing.T) {
		s := validSet(t, threeOut())
		assessment, _ := s.evaluate(evaluationInput{}, at("2021-06-01"))
		status := statusOf(assessment)
		expect.Equal(t, nil, FactsOf(&status))
		expect.Equal(t, nil, FactsOf(&v1alpha1.ClusterSupportStatus{}), "a new object")
	})
	t.Run("empty", func(t *testing.T) {
		assessment := assess(validSet(t, threeOut()), cluster(), "2021-06-01")
		status := statusOf(assessment)
		if observed := FactsOf(&status); observed == nil {
			t.Error("the cluster was contacted, and nothing was found")
		}
	})
	t.Run("order of evidence", func(t *testing.T) {
		before := found(facts.Kommander, "kommander", sign(v1alpha1.SourceLabel, ""), sign(v1alpha1.SourceDeclared, ""), sign(v1alpha1.SourceAnnotation, "1.3.1"),
			sign(v1alpha1.SourceHelmRelease, "1.4.0"), sign(v1alpha1.SourceInferred, ""))
		status := statusOf(assess(validSet(t, threeOut()), cluster().with(before), "2021-06-01"))
		observed := FactsOf(&status)
		expect.Equal(t, []facts.Installation{before}, observed.Installations)
	})
	t.Run("leaves the status alone", func(t *testing.T) {
		status := statusOf(assess(validSet(t, threeOut()),
			cluster().with(found(facts.Kommander, "kommander", sign(v1alpha1.SourceLabel, ""))).declaring(facts.Kommander, "default", "1.3.1"), "2021-06-01"))
		before := status.DeepCopy()
		FactsOf(&status)
		expect.Equal(t, before, &status)
	})
}
