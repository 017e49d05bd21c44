package support

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// statusOf is the status that an assessment becomes.
func statusOf(a Assessment) v1alpha1.ClusterSupportStatus {
	status := v1alpha1.ClusterSupportStatus{
		KubernetesVersion: a.KubernetesVersion, InstalledVersions: a.InstalledVersions, SupportEndTime: a.SupportEndTime, Releases: a.Releases,
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
	v1alpha1.SourceLabel, v1alpha1.SourceAnnotation, v1alpha1.SourceCustomResource, v1alpha1.SourceHelmRelease, v1alpha1.SourceImage,
	v1alpha1.SourceInferred, v1alpha1.SourceDeclared,
}

// randomCluster has some of everything: evidence that agrees, disagrees or tells nothing, refusals, declarations.
func randomCluster(rng *rand.Rand) Cluster {
	pick := func(texts []string) string { return texts[rng.IntN(len(texts))] }
	products := []string{Konvoy, Kommander, BasePlatformServices, "Cassandra", "Zookeeper"}
	names := []string{"default", "kommander", "data.cassandra"}
	c := Cluster{Facts: &Facts{KubernetesVersion: pick(foreignKubernetes)}}
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
				evidence = append(evidence, v1alpha1.Evidence{Source: source, Object: fmt.Sprintf("Thing/%d", i), Version: pick(foreignVersions)})
			}
			c.Facts.Installations = append(c.Facts.Installations, found(product, name, evidence...))
		}
	}
	if rng.IntN(40) == 0 {
		for i := range 70 {
			c.Facts.Installations = append(c.Facts.Installations, found(pick(products), fmt.Sprintf("n%02d", i), sign(v1alpha1.SourceLabel, pick(foreignVersions))))
		}
	}
	declared := map[string]bool{}
	for range rng.IntN(4) {
		one := v1alpha1.DeclaredRelease{
			Product: pick(append([]string{Kubernetes}, products...)), Name: pick(names), Version: "1." + fmt.Sprint(rng.IntN(6)) + ".1",
		}
		if !declared[one.Product+one.Name] {
			declared[one.Product+one.Name] = true
			c.Declared = append(c.Declared, one)
		}
	}
	return c
}

// TestStatusIsTheRecord: what a status holds is enough to evaluate again, with the same result to the letter.
func TestStatusIsTheRecord(t *testing.T) {
	t.Parallel()
	s := validSet(t, threeOut(), konvoyRanges().minor("1.0"), baseServices(), kubernetesOf(Konvoy), policy("Cassandra").window(2).
		minor("1.0", ga("2020-01-01"), needs(Konvoy, "1.7.x"), needs("Zookeeper", "1.4.x")).minor("1.4", needs(Kommander, "1.3.x")))
	for i := range uint64(3000) {
		rng := rand.New(rand.NewPCG(randomSeed+5, i))
		c := randomCluster(rng)
		now := at("2020-06-01").AddDate(0, 0, rng.IntN(900))
		first := s.assess(c, now)
		if len(first.Releases) > 64 {
			t.Fatalf("cluster %d: %d releases", i, len(first.Releases))
		}
		status := stored(t, statusOf(first))
		again := Cluster{Labels: c.Labels, Declared: c.Declared, Facts: FactsOf(status)}
		if diff := cmp.Diff(first, s.assess(again, now)); diff != "" {
			t.Fatalf("cluster %d: the status does not hold all that was observed (-first +again):\n%s\nfacts %+v\ndeclared %+v", i, diff, c.Facts, c.Declared)
		}
		// Without the declarations it is as if nothing had ever been declared.
		c.Declared, again.Declared = nil, nil
		if diff := cmp.Diff(s.assess(c, now), s.assess(again, now)); diff != "" && len(c.Facts.Installations) < 40 {
			t.Fatalf("cluster %d: a declaration was recorded as a fact (-never +no longer):\n%s", i, diff)
		}
	}
}

func TestFactsOf(t *testing.T) {
	t.Run("never contacted", func(t *testing.T) {
		s := validSet(t, threeOut())
		assessment, _ := s.Evaluate(Cluster{}, at("2021-06-01"))
		status := statusOf(assessment)
		if facts := FactsOf(&status); facts != nil {
			t.Errorf("%+v", facts)
		}
		if facts := FactsOf(&v1alpha1.ClusterSupportStatus{}); facts != nil {
			t.Errorf("a new object: %+v", facts)
		}
	})
	t.Run("empty", func(t *testing.T) {
		assessment := assess(validSet(t, threeOut()), cluster(), "2021-06-01")
		status := statusOf(assessment)
		if facts := FactsOf(&status); facts == nil {
			t.Error("the cluster was contacted, and nothing was found")
		}
	})
	t.Run("order of evidence", func(t *testing.T) {
		before := found(Kommander, "kommander", sign(v1alpha1.SourceLabel, ""), sign(v1alpha1.SourceImage, ""), sign(v1alpha1.SourceAnnotation, "1.3.1"),
			sign(v1alpha1.SourceHelmRelease, "1.4.0"), sign(v1alpha1.SourceInferred, ""))
		status := statusOf(assess(validSet(t, threeOut()), cluster().with(before), "2021-06-01"))
		facts := FactsOf(&status)
		if diff := cmp.Diff([]Installation{before}, facts.Installations); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
	t.Run("leaves the status alone", func(t *testing.T) {
		status := statusOf(assess(validSet(t, threeOut()),
			cluster().with(found(Kommander, "kommander", sign(v1alpha1.SourceLabel, ""))).declaring(Kommander, "default", "1.3.1"), "2021-06-01"))
		before := status.DeepCopy()
		FactsOf(&status)
		if diff := cmp.Diff(before, &status); diff != "" {
			t.Errorf("(-before +after):\n%s", diff)
		}
	})
}
