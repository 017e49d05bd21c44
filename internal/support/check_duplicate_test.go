// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// aged is an object that was made at an instant and whose cluster has an ID.
func aged(key, made, clusterID string) v1alpha1.ClusterSupport {
	namespace, name, _ := strings.Cut(key, "/")
	return v1alpha1.ClusterSupport{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(at(made))},
		Status:     v1alpha1.ClusterSupportStatus{ClusterID: clusterID},
	}
}

func TestDuplicates(t *testing.T) {
	const id = "0aa3"
	itself := aged("b/m", "2021-06-02", id)
	host := aged("z/host", "2021-06-03", id)
	host.Spec.Cluster = toHost()
	for _, row := range []struct {
		name   string
		id     string
		others []v1alpha1.ClusterSupport
		want   string
		reason string
	}{
		{"alone", id, nil, "", "there is no other"},
		{"itself", id, []v1alpha1.ClusterSupport{itself}, "", "nothing is older than itself"},
		{"an older one", id, []v1alpha1.ClusterSupport{itself, aged("z/z", "2021-06-01", id)}, "z/z", "the older one stands for the cluster"},
		{"a younger one", id, []v1alpha1.ClusterSupport{itself, aged("a/a", "2021-06-03", id)}, "", "the younger one is the double"},
		{"of another cluster", id, []v1alpha1.ClusterSupport{itself, aged("z/z", "2021-06-01", "1bb4")}, "", "they have nothing to do with each other"},
		{"of no known cluster", id, []v1alpha1.ClusterSupport{itself, aged("z/z", "2021-06-01", "")}, "", "it may be any"},
		{"both of no known cluster", "", []v1alpha1.ClusterSupport{aged("z/z", "2021-06-01", "")}, "", "not known is not the same"},
		{
			"three of them", id, []v1alpha1.ClusterSupport{aged("c/c", "2021-05-31", id), itself, aged("z/z", "2021-06-01", id)}, "c/c",
			"the oldest, so that all the others name one",
		},
		{
			"three of them in another order", id, []v1alpha1.ClusterSupport{aged("z/z", "2021-06-01", id), itself, aged("c/c", "2021-05-31", id)}, "c/c",
			"the order means nothing",
		},
		{"made in one second, first by namespace", id, []v1alpha1.ClusterSupport{aged("a/z", "2021-06-02", id)}, "a/z", "one of them has to be"},
		{"made in one second, first by name", id, []v1alpha1.ClusterSupport{aged("b/a", "2021-06-02", id)}, "b/a", "one of them has to be"},
		{"made in one second, later by namespace", id, []v1alpha1.ClusterSupport{aged("c/a", "2021-06-02", id)}, "", "it is the other one"},
		{"made in one second, later by name", id, []v1alpha1.ClusterSupport{aged("b/z", "2021-06-02", id)}, "", "it is the other one"},
		{"made in one second, three of them", id, []v1alpha1.ClusterSupport{aged("b/l", "2021-06-02", id), aged("b/a", "2021-06-02", id)}, "b/a", "the first of all"},
		{"a younger one that is the host", id, []v1alpha1.ClusterSupport{itself, host}, "z/host", "the host goes before all others, whatever its age"},
	} {
		t.Run(row.name, func(t *testing.T) {
			expect.Equal(t, row.want, OlderDuplicate(&itself, row.id, row.others), row.reason)
		})
	}
}

// TestDuplicatesAgree: of any objects for one cluster exactly one is no double, and the others name it.
func TestDuplicatesAgree(t *testing.T) {
	all := []v1alpha1.ClusterSupport{
		aged("a/x", "2021-06-02", "1"), aged("b/x", "2021-06-01", "1"), aged("a/y", "2021-06-01", "1"), aged("a/z", "2021-06-01", "2"), aged("c/c", "2021-06-01", ""),
	}
	got := map[string]string{}
	for i := range all {
		got[all[i].Namespace+"/"+all[i].Name] = OlderDuplicate(&all[i], all[i].Status.ClusterID, all)
	}
	expect.Equal(t, map[string]string{"a/x": "a/y", "b/x": "a/y", "a/y": "", "a/z": "", "c/c": ""}, got)
}

// TestDuplicateIsCountedOnce: the double has its finding, its own verdict and its exceptions, and nobody counts it.
func TestDuplicateIsCountedOnce(t *testing.T) {
	s := validSet(t, threeOut()).excepting(exception("e", facts.Kommander, "2021-12-31"))
	c := cluster().on("v1.19.9").with(kommander("1.1.0")).identified("0aa3")
	older, double := evaluated(s, "older", c, "2021-11-01"), evaluated(s, "double", c.doubling("fleet/older"), "2021-11-01")
	const want = "DuplicateCluster: the cluster is the one for which fleet/older stands already (kube-system 0aa3), and policies count it there only;" +
		" delete one of the two objects"
	assessment := assess(s, c.doubling("fleet/older"), "2021-11-01")
	expect.Equal(t, []string{want}, evidenceFindings(assessment), "the finding")
	expect.Equal(t, nil, evidenceFindings(assess(s, c, "2021-11-01")), "the older one")
	if double.Status.DuplicateOf != "fleet/older" || older.Status.DuplicateOf != "" {
		t.Errorf("the status names %q, and the other one %q", double.Status.DuplicateOf, older.Status.DuplicateOf)
	}
	if diff := cmp.Diff(older.Status.Conditions, double.Status.Conditions); diff != "" || len(older.Status.Conditions) != 4 {
		t.Errorf("its own verdict (-older +double):\n%s", diff)
	}
	expect.Equal(t, older.Status.Releases, double.Status.Releases, "its own releases")

	both, alone := []v1alpha1.ClusterSupport{double, older}, []v1alpha1.ClusterSupport{older}
	expect.Equal(t, s.rollUpPolicy("kommander", alone), s.rollUpPolicy("kommander", both), "a policy counts it")
	if got := s.rollUpPolicy("kommander", []v1alpha1.ClusterSupport{double}); *got.Summary.Clusters != 0 || len(got.Clusters) != 0 || got.Conditions[0].Reason != v1alpha1.ReasonNoClusters {
		t.Errorf("a policy counts the double alone: %+v", got)
	}
	e := s.exceptions[slices.IndexFunc(s.exceptions, func(e *Exception) bool { return e.name == "e" })]
	if description, _ := e.describeException(both, at("2021-11-01")); *description.Clusters != 1 {
		t.Errorf("an exception counts %d clusters", *description.Clusters)
	}
	if description, _ := e.describeException([]v1alpha1.ClusterSupport{double}, at("2021-11-01")); *description.Clusters != 0 {
		t.Errorf("an exception counts the double alone")
	}
}

// TestDuplicateIsKept: a mistake in the spec of a double does not have it counted.
func TestDuplicateIsKept(t *testing.T) {
	s := validSet(t, threeOut(), attaching().named("other").priority(-1))
	c := cluster().on("v1.19.9").with(kommander("1.1.0")).identified("0aa3").doubling("fleet/older").managedBy("1.4.4").in(v1alpha1.EnvironmentProduction)
	object := written(t, &v1alpha1.ClusterSupport{}, assess(s, c, "2021-06-01"), "2021-06-01")
	kept := written(t, object, keptAssessment(&object.Status, v1alpha1.ReasonClusterChanged, "the spec is not valid"), "2021-06-02")
	type record struct {
		ClusterID, DuplicateOf string
		Environment            v1alpha1.Environment
		Manager                *v1alpha1.ManagingKommander
	}
	of := func(status v1alpha1.ClusterSupportStatus) record {
		return record{status.ClusterID, status.DuplicateOf, status.Environment, status.Manager}
	}
	want := record{"0aa3", "fleet/older", v1alpha1.EnvironmentProduction, c.Facts.Manager}
	expect.Equal(t, want, of(object.Status), "before")
	expect.Equal(t, want, of(kept.Status), "kept")
}

// TestForeignIDIsEscaped: whoever answers for an API server can call a namespace anything.
func TestForeignIDIsEscaped(t *testing.T) {
	said := evidenceFindings(assess(validSet(t, threeOut()), cluster().identified("a\x1b[31m\n"+strings.Repeat("x", 400)).doubling("a/b"), "2021-06-01"))
	if len(said) != 1 || strings.ContainsAny(said[0], "\x1b\n") || len(said[0]) > 300 {
		t.Errorf("%q", said)
	}
}
