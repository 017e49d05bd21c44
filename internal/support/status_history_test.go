// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// written is the object after its status was computed and stored, as the operator does.
func written(t *testing.T, object *v1alpha1.ClusterSupport, a clusterAssessment, now string) *v1alpha1.ClusterSupport {
	t.Helper()
	after := object.DeepCopy()
	after.Status = *stored(t, a.status(object, readyConditions(nil, ""), at(now)))
	return after
}

// sinceOf lists since when releases are there, historyOf which ones are gone: "product/name version since".
func sinceOf(object *v1alpha1.ClusterSupport) []string {
	var all []string
	for _, r := range object.Status.Releases {
		all = append(all, fmt.Sprintf("%s/%s %s %s", r.Product, r.Name, r.Version, endText(r.ObservedSince)))
	}
	return all
}

func historyOf(object *v1alpha1.ClusterSupport) []string {
	var all []string
	for _, h := range object.Status.History {
		all = append(all, fmt.Sprintf("%s/%s %s %s to %s", h.Product, h.Name, h.Version, endText(h.From), endText(h.To)))
	}
	return all
}

// memory is what a status remembers after a cluster was evaluated at an instant.
type memory struct {
	now     string
	cluster clusterBuilder
	since   []string
	history []string
	reason  string
}

// expectMemory evaluates a cluster at one instant after the other.
func expectMemory(t *testing.T, s *Set, steps []memory) {
	t.Helper()
	object := &v1alpha1.ClusterSupport{}
	for _, step := range steps {
		object = written(t, object, assess(s, step.cluster, step.now), step.now)
		expect.Equal(t, step.since, sinceOf(object), "at", step.now, step.reason)
		expect.Equal(t, step.history, historyOf(object), "at", step.now, step.reason)
	}
}

func TestMemory(t *testing.T) {
	s := validSet(t, threeOut(), history())
	two := cluster().with(konvoy("1.7.0"), kommander("1.3.1"))
	expectMemory(t, s, []memory{
		{
			"2021-06-01T12:00:00.5Z", two,
			[]string{"Kommander/kommander 1.3.1 2021-06-01T12:00:00Z", "Konvoy/default 1.7.0 2021-06-01T12:00:00Z"}, nil,
			"first seen, in whole seconds",
		},
		{
			"2021-06-02", two,
			[]string{"Kommander/kommander 1.3.1 2021-06-01T12:00:00Z", "Konvoy/default 1.7.0 2021-06-01T12:00:00Z"}, nil,
			"nothing has changed",
		},
		{
			"2021-06-03", cluster().with(konvoy("1.8.0"), kommander("1.3.1")),
			[]string{"Kommander/kommander 1.3.1 2021-06-01T12:00:00Z", "Konvoy/default 1.8.0 2021-06-03"},
			[]string{"Konvoy/default 1.7.0 2021-06-01T12:00:00Z to 2021-06-03"},
			"another version is another installation",
		},
		{
			"2021-06-04", cluster().with(konvoy("1.8.0"), found(facts.Kommander, "other", sign(v1alpha1.SourceLabel, "1.3.1"))),
			[]string{"Kommander/other 1.3.1 2021-06-04", "Konvoy/default 1.8.0 2021-06-03"},
			[]string{"Kommander/kommander 1.3.1 2021-06-01T12:00:00Z to 2021-06-04", "Konvoy/default 1.7.0 2021-06-01T12:00:00Z to 2021-06-03"},
			"another name is another installation; the newest of the past first",
		},
		{
			"2021-06-05", cluster(), nil,
			[]string{
				"Kommander/other 1.3.1 2021-06-04 to 2021-06-05", "Konvoy/default 1.8.0 2021-06-03 to 2021-06-05",
				"Kommander/kommander 1.3.1 2021-06-01T12:00:00Z to 2021-06-04", "Konvoy/default 1.7.0 2021-06-01T12:00:00Z to 2021-06-03",
			},
			"all are gone",
		},
		{
			"2021-06-06", cluster().with(konvoy("1.8.0")), []string{"Konvoy/default 1.8.0 2021-06-06"},
			[]string{
				"Kommander/other 1.3.1 2021-06-04 to 2021-06-05", "Konvoy/default 1.8.0 2021-06-03 to 2021-06-05",
				"Kommander/kommander 1.3.1 2021-06-01T12:00:00Z to 2021-06-04", "Konvoy/default 1.7.0 2021-06-01T12:00:00Z to 2021-06-03",
			},
			"it is back, and was away",
		},
	})
}

// TestMemoryOfWhatIsHidden: who was not allowed to look for a while has not seen anything end, or begin.
func TestMemoryOfWhatIsHidden(t *testing.T) {
	s := validSet(t, threeOut(), history())
	const first = "Konvoy/default 1.7.0 2021-06-01"
	expectMemory(t, s, []memory{
		{"2021-06-01", cluster().with(konvoy("1.7.0")), []string{first}, nil, "first seen"},
		{
			"2021-06-02", cluster().with(forbidden(facts.Konvoy)), []string{"Konvoy/default  "}, []string{first + " to 2021-06-02"},
			"it may be gone, and what may be there is not observed",
		},
		{"2021-06-03", cluster().with(forbidden(facts.Konvoy)), []string{"Konvoy/default  "}, []string{first + " to 2021-06-02"}, "nothing has changed"},
		{"2021-06-04", cluster().with(konvoy("1.7.0")), []string{first}, nil, "it was there all the time"},
		{"2021-06-05", cluster().with(forbidden(facts.Konvoy)), []string{"Konvoy/default  "}, []string{first + " to 2021-06-05"}, "hidden again"},
		{
			"2021-06-06", cluster().with(konvoy("1.8.0")), []string{"Konvoy/default 1.8.0 2021-06-06"}, []string{first + " to 2021-06-05"},
			"another version has come: the refusal itself is no installation that ended",
		},
		{"2021-06-07", cluster(), nil, []string{"Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", first + " to 2021-06-05"}, "seen to be gone"},
		{
			"2021-06-08", cluster().with(konvoy("1.7.0")), []string{"Konvoy/default 1.7.0 2021-06-08"},
			[]string{"Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", first + " to 2021-06-05"}, "it was hidden before, and is new now",
		},
		{
			"2021-06-09", cluster().with(forbidden(facts.Kommander), konvoy("1.7.0")), []string{"Kommander/default  ", "Konvoy/default 1.7.0 2021-06-08"},
			[]string{"Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", first + " to 2021-06-05"}, "nobody may look for something else",
		},
		{
			"2021-06-10", cluster().with(konvoy("1.8.0")), []string{"Konvoy/default 1.8.0 2021-06-10"},
			[]string{
				"Konvoy/default 1.7.0 2021-06-08 to 2021-06-10", "Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", first + " to 2021-06-05",
			},
			"Konvoy itself was to be seen all the time",
		},
		{
			"2021-06-11", cluster().with(forbidden(facts.Konvoy)), []string{"Konvoy/default  "},
			[]string{
				"Konvoy/default 1.8.0 2021-06-10 to 2021-06-11", "Konvoy/default 1.7.0 2021-06-08 to 2021-06-10",
				"Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", first + " to 2021-06-05",
			},
			"hidden once more",
		},
		{
			"2021-06-12", cluster().with(konvoy("1.7.0")), []string{"Konvoy/default 1.7.0 2021-06-12"},
			[]string{
				"Konvoy/default 1.8.0 2021-06-10 to 2021-06-11", "Konvoy/default 1.7.0 2021-06-08 to 2021-06-10",
				"Konvoy/default 1.8.0 2021-06-06 to 2021-06-07", first + " to 2021-06-05",
			},
			"1.7.0 had ended before Konvoy was hidden: it is new",
		},
	})
}

// TestMemoryOfAnotherName: a second generation makes it necessary to call the first one by another name.
func TestMemoryOfAnotherName(t *testing.T) {
	s := validSet(t, threeOut())
	addon := func(name, version string) facts.Installation {
		return found(facts.Kommander, name, v1alpha1.Evidence{Source: v1alpha1.SourceAnnotation, Object: "ClusterAddon/kommander", Version: version})
	}
	second := found(facts.Kommander, "kommander", v1alpha1.Evidence{Source: v1alpha1.SourceHelmRelease, Object: "HelmRelease/kommander", Version: "2.1.0"})
	expectMemory(t, s, []memory{
		{"2021-06-01", cluster().with(addon("kommander", "1.4.0")), []string{"Kommander/kommander 1.4.0 2021-06-01"}, nil, "alone"},
		{
			"2021-06-02", cluster().with(addon("kommander-addon", "1.4.0"), second),
			[]string{"Kommander/kommander 2.1.0 2021-06-02", "Kommander/kommander-addon 1.4.0 2021-06-01"}, nil, "the same object and version",
		},
		{
			"2021-06-03", cluster().with(addon("kommander", "1.4.0")), []string{"Kommander/kommander 1.4.0 2021-06-01"},
			[]string{"Kommander/kommander 2.1.0 2021-06-02 to 2021-06-03"}, "and back, without the other one",
		},
		{
			"2021-06-04", cluster().with(addon("kommander-addon", "1.4.1")), []string{"Kommander/kommander-addon 1.4.1 2021-06-04"},
			[]string{"Kommander/kommander 1.4.0 2021-06-01 to 2021-06-04", "Kommander/kommander 2.1.0 2021-06-02 to 2021-06-03"},
			"another version is another installation",
		},
	})
}

// TestHistoryIsBounded: the twenty that ended last.
func TestHistoryIsBounded(t *testing.T) {
	s := validSet(t, threeOut())
	object := &v1alpha1.ClusterSupport{}
	start := at("2021-06-01")
	for i := range 30 {
		now := start.AddDate(0, 0, i).Format(time.DateOnly)
		object = written(t, object, assess(s, cluster().with(kommander(fmt.Sprintf("1.4.%d", i))), now), now)
	}
	history := historyOf(object)
	if len(history) != 20 || history[0] != "Kommander/kommander 1.4.28 2021-06-29 to 2021-06-30" ||
		history[19] != "Kommander/kommander 1.4.9 2021-06-10 to 2021-06-11" {
		t.Errorf("%d: %q", len(history), history)
	}
	many := cluster()
	for i := range 40 {
		many = many.with(found("Other", fmt.Sprintf("i%02d", i), sign(v1alpha1.SourceLabel, "1.0.0")))
	}
	object = written(t, &v1alpha1.ClusterSupport{}, assess(s, many, "2021-06-01"), "2021-06-01")
	object = written(t, object, assess(s, cluster(), "2021-06-02"), "2021-06-02")
	if history := historyOf(object); len(history) != 20 || history[0] != "Other/i00 1.0.0 2021-06-01 to 2021-06-02" {
		t.Errorf("%d: %q", len(history), history)
	}
}

// TestStatusAtRest: in an unchanged world the status is the same, byte for byte, after a restart as well.
func TestStatusAtRest(t *testing.T) {
	s := validSet(t, threeOut(), konvoyRanges().terms("Full").experimental("istio"), baseServices(), kubernetesOf(facts.Konvoy)).
		excepting(exception("e", facts.Konvoy, "2022-12-31"))
	c := cluster().on("v1.19.9").with(konvoy("1.5.0"), kommander("1.3.1"), bps("stable-1.19-3.2.0", "master"), found("Other", "a")).
		containing("istio", facts.Konvoy, "Beta").containing("kiali", "", "Beta").running(3, osCentOS7, kernel79).declaring("Other", "default", "1.0.0")
	encode := func(object *v1alpha1.ClusterSupport) string {
		encoded, err := json.Marshal(object.Status)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	object := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
	object = written(t, object, assess(s, cluster().on("v1.19.9").with(konvoy("1.4.0")), "2021-05-31"), "2021-05-31")
	object = written(t, object, assess(s, c, "2021-06-01"), "2021-06-01")
	if *object.Status.ObservedGeneration != 7 || len(object.Status.History) != 1 || len(object.Status.Components) != 2 || object.Status.Nodes == nil ||
		len(object.Status.Findings) != 1 {
		t.Fatalf("%+v", object.Status)
	}
	later := written(t, object, assess(s, c, "2021-06-01T00:00:01Z"), "2021-06-01T00:00:01Z")
	expect.Equal(t, encode(object), encode(later), "a second later")
	c.Facts = FactsOf(&object.Status)
	restarted := written(t, object, assess(s, c, "2021-06-02"), "2021-06-02")
	expect.Equal(t, encode(object), encode(restarted), "after a restart")
}

// TestSinceIsRecordedLater: a status of before there was a memory begins to remember.
func TestSinceIsRecordedLater(t *testing.T) {
	s := validSet(t, threeOut())
	old := &v1alpha1.ClusterSupport{Status: statusOf(assess(s, cluster().with(kommander("1.3.1")), "2021-06-01"))}
	same := written(t, old, assess(s, cluster().with(kommander("1.3.1")), "2021-06-02"), "2021-06-02")
	if diff := cmp.Diff([]string{"Kommander/kommander 1.3.1 2021-06-02"}, sinceOf(same)); diff != "" || len(same.Status.History) > 0 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	gone := written(t, old, assess(s, cluster(), "2021-06-02"), "2021-06-02")
	expect.Equal(t, []string{"Kommander/kommander 1.3.1  to 2021-06-02"}, historyOf(gone))
}

// TestMemoryLeavesItsInputAlone: the earlier status is the cache's.
func TestMemoryLeavesItsInputAlone(t *testing.T) {
	s := validSet(t, threeOut())
	object := written(t, &v1alpha1.ClusterSupport{}, assess(s, cluster().with(kommander("1.3.1")), "2021-06-01"), "2021-06-01")
	object = written(t, object, assess(s, cluster().with(kommander("1.3.2")), "2021-06-02"), "2021-06-02")
	before := object.DeepCopy()
	a := assess(s, cluster().with(kommander("1.4.0")), "2021-06-03")
	plain := assess(s, cluster().with(kommander("1.4.0")), "2021-06-03")
	contact := make([]condition, 0, 8)
	a.status(object, contact, at("2021-06-03"))
	expect.Equal(t, before, object, "the object changed")
	expect.Equal(t, plain, a, "the assessment changed")
	expect.Equal(t, condition{}, contact[:1][0], "a condition was written behind the caller's")
}

// TestKeeping: a mistake in a spec makes nobody forget what is installed, since when, or what was before.
func TestKeeping(t *testing.T) {
	s := validSet(t, threeOut(), konvoyRanges(), kubernetesOf(facts.Konvoy))
	c := cluster().on("v1.19.9").with(konvoy("1.7.0"), found(facts.Kommander, "kommander", sign(v1alpha1.SourceLabel, "1.3.1"), sign(v1alpha1.SourceInferred, "1.3.2"))).
		containing("istio", "", "Beta").running(3, osCentOS7, kernel79).declaring("Other", "x", "1.0.0")
	object := written(t, &v1alpha1.ClusterSupport{}, assess(s, cluster().with(konvoy("1.6.0")), "2021-05-01"), "2021-05-01")
	object = written(t, object, assess(s, c, "2021-06-01"), "2021-06-01")
	for _, reason := range []string{v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonClusterChanged} {
		kept := written(t, object, keptAssessment(&object.Status, reason, "the spec is not valid"), "2021-06-02")
		expect.Equal(t, sinceOf(object), sinceOf(kept))
		expect.Equal(t, historyOf(object), historyOf(kept))
		expect.Equal(t, FactsOf(&object.Status), FactsOf(&kept.Status))
		if kept.Status.InstalledVersions != object.Status.InstalledVersions || len(kept.Status.Findings) > 0 || kept.Status.SupportEndTime != nil {
			t.Errorf("%+v", kept.Status)
		}
		for _, row := range kept.Status.Releases {
			if row.State != v1alpha1.StateUnknown || row.Findings[0].Reason != reason || row.Policy+row.Terms+row.UpgradeTo != "" {
				t.Errorf("%+v", row)
			}
		}
		for _, condition := range kept.Status.Conditions[1:] {
			if condition.Status != metav1.ConditionUnknown || condition.Reason != reason {
				t.Errorf("%+v", condition)
			}
		}
		// Mended, it is as before.
		c.Facts = FactsOf(&kept.Status)
		mended := written(t, kept, assess(s, c, "2021-06-03"), "2021-06-03")
		expect.Equal(t, object.Status.Releases, mended.Status.Releases)
		expect.Equal(t, historyOf(object), historyOf(mended))
	}
	never := keptAssessment(&v1alpha1.ClusterSupportStatus{}, v1alpha1.ReasonInvalidSpec, "the spec is not valid")
	status := statusOf(never)
	expect.Equal(t, nil, FactsOf(&status), "a cluster that was never contacted has the facts")
}

// TestFactsOfAStatus: what was found was found, whatever the conditions say; and where nothing was, they tell whether
// anybody looked.
func TestFactsOfAStatus(t *testing.T) {
	s := validSet(t, threeOut(), kubernetesOf(facts.Konvoy))
	because := func(status v1alpha1.ClusterSupportStatus, reason string) *v1alpha1.ClusterSupportStatus {
		status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSupported, Status: metav1.ConditionUnknown, Reason: reason}}
		return &status
	}
	of := func(c clusterBuilder) v1alpha1.ClusterSupportStatus { return statusOf(assess(s, c, "2021-06-01")) }
	reasons := []string{
		v1alpha1.ReasonNotContacted, v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonClusterChanged,
		v1alpha1.ReasonSupportEnded, v1alpha1.ReasonSupported,
	}
	for _, row := range []struct {
		name   string
		status v1alpha1.ClusterSupportStatus
		want   bool
		reason string
	}{
		{"a release", of(cluster().with(kommander("1.3.1"))), true, "it was found"},
		{"a refusal", of(cluster().with(forbidden(facts.Konvoy))), true, "the cluster has answered"},
		{"Kubernetes", of(cluster().on("v1.19.9")), true, "the server has answered"},
		{"components", of(cluster().containing("istio", "", "")), true, "they were found"},
		{"nodes", of(cluster().onNodes(&v1alpha1.NodesStatus{Count: ptr.To[int32](2)})), true, "they were counted"},
		{"refused nodes", of(cluster().onNodes(&v1alpha1.NodesStatus{})), true, "the cluster has answered"},
		{"a declaration beside what was found", of(cluster().with(found(facts.Kommander, "kommander")).declaring(facts.Kommander, "default", "1.3.1")), true, "it was found"},
		{"a declaration", of(cluster().declaring(facts.Kommander, "default", "1.3.1")), false, "the spec says it, not the cluster"},
		{"declared Kubernetes", of(cluster().declaring(facts.Konvoy, "default", "1.7.0").declaring(facts.Kubernetes, "default", "v1.19.9")), false, "the spec says it, not the cluster"},
		{"nothing", of(cluster()), false, "nothing was found"},
	} {
		expect.Equal(t, row.want, HasFacts(&row.status), row.name, row.reason)
		for i, reason := range reasons {
			// Without a release no condition of this version has one of these reasons.
			looked := row.want || i > 3 && row.name != "nothing"
			if observed := FactsOf(because(row.status, reason)); (observed != nil) != looked {
				t.Errorf("%s, %s: %+v", row.name, reason, observed)
			}
		}
		row.status.Conditions = nil
		if observed := FactsOf(&row.status); (observed != nil) != row.want {
			t.Errorf("%s, without conditions: %+v", row.name, observed)
		}
		// keptAssessment, twice over, loses nothing.
		kept := statusOf(keptAssessment(because(row.status, v1alpha1.ReasonInvalidSpec), v1alpha1.ReasonHostNotAllowed, "the host is not allowed"))
		expect.Equal(t, FactsOf(because(row.status, v1alpha1.ReasonInvalidSpec)), FactsOf(&kept), row.name)
	}
}

// TestMemoryOfDeclaredTwins: what is only declared has no object that could tell one installation from another.
func TestMemoryOfDeclaredTwins(t *testing.T) {
	s := validSet(t, policy("Other").window(1).minor("1.0", ga("2021-01-01")))
	one := cluster().declaring("Other", "a", "1.0.0")
	first := "Other/a 1.0.0 2021-06-01"
	expectMemory(t, s, []memory{
		{"2021-06-01", one, []string{first}, nil, "alone"},
		{
			"2021-06-02", one.declaring("Other", "b", "1.0.0"), []string{first, "Other/b 1.0.0 2021-06-02"}, nil,
			"the second one is new",
		},
		{"2021-06-03", one, []string{first}, []string{"Other/b 1.0.0 2021-06-02 to 2021-06-03"}, "and then it is gone"},
	})
}

// TestMemoryOfKubernetes: while no policy speaks about Kubernetes it has no row, and runs all the same.
func TestMemoryOfKubernetes(t *testing.T) {
	without := validSet(t, konvoyRanges())
	with := validSet(t, konvoyRanges(), kubernetesOf(facts.Konvoy))
	c := cluster().with(konvoy("1.7.0")).on("v1.19.9")
	object := written(t, &v1alpha1.ClusterSupport{}, assess(with, c, "2021-06-01"), "2021-06-01")
	object = written(t, object, assess(without, c, "2021-06-02"), "2021-06-02")
	object = written(t, object, assess(with, c, "2021-06-03"), "2021-06-03")
	expect.Equal(t, []string{"Konvoy/default 1.7.0 2021-06-01", "Kubernetes/default v1.19.9 2021-06-01"},
		sinceOf(object))
	if ended := historyOf(object); len(ended) > 0 {
		t.Errorf("nothing has ended: %v", ended)
	}
	object = written(t, object, assess(with, c.on("v1.18.9"), "2021-06-04"), "2021-06-04")
	object = written(t, object, assess(with, c, "2021-06-05"), "2021-06-05")
	ended := []string{"Kubernetes/default v1.18.9 2021-06-04 to 2021-06-05", "Kubernetes/default v1.19.9 2021-06-01 to 2021-06-04"}
	expect.Equal(t, ended, historyOf(object), "it went back and forth in sight")
}

// TestMemoryOfTwoThatAreHidden: each has its own time from which on it is observed, though they are alike in all else.
func TestMemoryOfTwoThatAreHidden(t *testing.T) {
	s := validSet(t, policy("A").listed().minor("1.0"), policy("B").listed().minor("1.0"))
	object := &v1alpha1.ClusterSupport{}
	for _, step := range []struct {
		now     string
		cluster clusterBuilder
	}{
		{"2021-06-01", cluster().with(product("A", "1.0.0"))},
		{"2021-06-02", cluster().with(product("A", "1.0.0"), product("B", "1.0.0"))},
		{"2021-06-03", cluster().with(forbidden("A"), forbidden("B"))},
		{"2021-06-04", cluster().with(forbidden("A"), product("B", "1.0.0"))},
	} {
		object = written(t, object, assess(s, step.cluster, step.now), step.now)
	}
	expect.Equal(t, []string{"A/default  ", "B/default 1.0.0 2021-06-02"}, sinceOf(object))
	expect.Equal(t, []string{"A/default 1.0.0 2021-06-01 to 2021-06-03"}, historyOf(object))
}
