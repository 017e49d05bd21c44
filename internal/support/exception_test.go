// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestExceptionCovers(t *testing.T) {
	konvoyOf := exception("e", facts.Konvoy, "2021-12-31")
	bpsOf := exception("e", facts.BasePlatformServices, "2021-12-31")
	for _, row := range []struct {
		name      string
		exception exceptionBuilder
		cluster   clusterBuilder
		want      bool
		reason    string
	}{
		{"all", konvoyOf, cluster().with(konvoy("1.6.3")), true, "no versions are all versions"},
		{"all, version unknown", konvoyOf, cluster().with(found(facts.Konvoy, "default")), true, "whatever it is"},
		{"all, version unreadable", konvoyOf, cluster().with(konvoy("latest")), true, "whatever it is"},
		{"all, not to be seen", konvoyOf, cluster().with(forbidden(facts.Konvoy)), true, "if it is there"},
		{"another product", exception("e", facts.Kommander, "2021-12-31"), cluster().with(konvoy("1.6.3")), false, "it is not about Konvoy"},
		{"in other letters", exception("e", "konvoy", "2021-12-31"), cluster().with(konvoy("1.6.3")), false, "products are written in one way"},
		{"a pattern", konvoyOf.covering("1.5.x", "1.6.x"), cluster().with(konvoy("1.6.3")), true, "one of two"},
		{"a pattern and a revision", konvoyOf.covering("1.6.x"), cluster().with(konvoy("v1.6.3-12")), true, "it is 1.6.3"},
		{"another pattern", konvoyOf.covering("1.5.x", "1.7.x"), cluster().with(konvoy("1.6.3")), false, "neither"},
		{"a pattern, version unknown", konvoyOf.covering("1.6.x"), cluster().with(found(facts.Konvoy, "default")), false, "nobody knows whether it is 1.6"},
		{"exact", konvoyOf.covering("1.6.3"), cluster().with(konvoy("1.6.3")), true, "this one"},
		{"exact in other words", konvoyOf.covering("v1.6.3"), cluster().with(konvoy("1.6.3-12")), true, "the same version"},
		{"another patch", konvoyOf.covering("1.6.3"), cluster().with(konvoy("1.6.4")), false, "not this one"},
		{"exact, a candidate", konvoyOf.covering("1.6.3"), cluster().with(konvoy("1.6.3-rc.1")), false, "a candidate is another version"},
		{"a tag", bpsOf.covering("stable-1.17-2.5.0"), cluster().with(bps("stable-1.17-2.5.0")), true, "the whole tag"},
		{"another tag", bpsOf.covering("stable-1.17-2.5.0"), cluster().with(bps("stable-1.18-2.5.0")), false, "it is for another Kubernetes"},
		{"the version of a tag", bpsOf.covering("2.5.x"), cluster().with(bps("stable-1.18-2.5.0")), true, "its last part"},
		{"an old tag", bpsOf.covering("stable-1.16.4-2"), cluster().with(bps("stable-1.16.4-2")), true, "the whole tag, without a version"},
		{"a branch", bpsOf.covering("master"), cluster().with(bps("master")), true, "it cannot be read and can be covered"},
		{"Kubernetes", exception("e", facts.Kubernetes, "2021-12-31").covering("1.16.x"), cluster().with(konvoy("1.7.0")).on("v1.16.15+d2iq.1"), true, "as any product"},
		{"selected", konvoyOf.selects("tier", "gold"), cluster().labelled("tier", "gold").with(konvoy("1.6.3")), true, "the cluster is meant"},
		{"not selected", konvoyOf.selects("tier", "gold"), cluster().labelled("tier", "iron").with(konvoy("1.6.3")), false, "another one is"},
		{"selected, another version", konvoyOf.selects("tier", "gold").covering("1.7.x"), cluster().labelled("tier", "gold").with(konvoy("1.6.3")), false, "both have to fit"},
		{"of no policy", exception("e", "Other", "2021-12-31"), cluster().with(product("Other", "1.0.0")), true, "no vendor has to speak about it"},

		{"invalid day", konvoyOf.edit(func(s *v1alpha1.SupportExceptionSpec) { s.Through = "2021-12-32" }), cluster().with(konvoy("1.6.3")), false, "it covers nothing"},
		{"invalid selector", konvoyOf.selects("not a key", "x"), cluster().with(konvoy("1.6.3")), false, "it covers nothing, and not everything"},
		{"no reason", konvoyOf.edit(func(s *v1alpha1.SupportExceptionSpec) { s.Reason = "" }), cluster().with(konvoy("1.6.3")), false, "it covers nothing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, konvoyRanges(), threeOut(), baseServices(), kubernetesOf(facts.Konvoy)).excepting(row.exception)
			var covered []string
			for _, release := range assess(s, row.cluster, "2021-06-01").Releases {
				if said := findings(release, v1alpha1.FindingException); (release.Exception != nil) != (len(said) == 1) {
					t.Errorf("%s: %s says %v", row.reason, release.Product, said)
				}
				if e := release.Exception; e != nil {
					covered = append(covered, release.Product+" "+e.Name+" "+endText(e.EndTime))
				}
			}
			var want []string
			if row.want {
				want = []string{row.exception.object.Spec.Product + " e 2022-01-01"}
			}
			expect.Equal(t, want, covered, row.reason)
		})
	}
}

// TestExceptionEnds: the last covered instant is the last one of the day in the exception's zone.
func TestExceptionEnds(t *testing.T) {
	for _, row := range []struct{ zone, through, end, text, reason string }{
		{"", "2021-12-31", "2022-01-01T00:00:00Z", "2021-12-31", "UTC where nothing is said"},
		{"Europe/Berlin", "2021-12-31", "2021-12-31T23:00:00Z", "2021-12-31 (Europe/Berlin)", "an hour before"},
		{"America/New_York", "2021-12-31", "2022-01-01T05:00:00Z", "2021-12-31 (America/New_York)", "five hours after"},
		{"Europe/Berlin", "2021-03-27", "2021-03-27T23:00:00Z", "2021-03-27 (Europe/Berlin)", "before the clocks are put forward"},
		{"Europe/Berlin", "2021-03-28", "2021-03-28T22:00:00Z", "2021-03-28 (Europe/Berlin)", "the day had 23 hours"},
		{"Europe/Berlin", "2021-10-31", "2021-10-31T23:00:00Z", "2021-10-31 (Europe/Berlin)", "the day had 25 hours"},
		{"America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z", "2018-11-03 (America/Sao_Paulo)", "the next day begins at 01:00"},
		{"Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00Z", "2011-12-29 (Pacific/Apia)", "the next day was skipped"},
	} {
		t.Run(row.zone+row.through, func(t *testing.T) {
			b := exception("e", facts.Konvoy, row.through)
			if row.zone != "" {
				b = b.zone(row.zone)
			}
			s := validSet(t, history()).excepting(b)
			c := cluster().with(konvoy("1.5.0"))
			end := at(row.end)
			last := rowOf(t, s.assess(c.evaluationInput, justBefore(end)), facts.Konvoy)
			if last.Exception == nil || !last.Exception.EndTime.Time.Equal(end) {
				t.Errorf("%s: at the last instant: %+v", row.reason, last.Exception)
			}
			if over := rowOf(t, s.assess(c.evaluationInput, end), facts.Konvoy); over.Exception != nil {
				t.Errorf("%s: it still covers at its end: %+v", row.reason, over.Exception)
			}
			if message := messageOf(last, v1alpha1.ReasonExceptionEndsSoon) + messageOf(last, v1alpha1.ReasonExceptionRunning); !strings.Contains(
				message, "exception e, which lasts through "+row.text+" (OPS-7: the migration takes until then)") {
				t.Errorf("%s: %s", row.reason, message)
			}
		})
	}
}

// TestExceptionChangesNothingElse: with and without one the assessment is the same, but for what says that there is one.
func TestExceptionChangesNothingElse(t *testing.T) {
	c := cluster().on("v1.15.12").labelled("tier", "gold").
		with(konvoy("1.5.0"), kommander("1.4.0"), bps("stable-1.15-2.0.0", "master"), product("Other", "1"), forbidden("Kaptain")).
		containing("istio", facts.Konvoy, "Preview").in(v1alpha1.EnvironmentProduction).running(2, "Arch Linux", "5")
	policies := []policyBuilder{konvoyRanges().experimental("istio"), kommanderOnKonvoy(), baseServices(), kubernetesOf(facts.Konvoy)}
	var exceptions []exceptionBuilder
	for _, product := range []string{facts.Konvoy, facts.Kommander, facts.BasePlatformServices, facts.Kubernetes, "Other", "Kaptain", "Absent"} {
		exceptions = append(exceptions, exception(strings.ToLower(product), product, "2021-12-31"))
	}
	for _, now := range []string{"2021-06-01", "2021-12-01", "2022-06-01"} {
		without := assess(validSet(t, policies...), c, now)
		with := assess(validSet(t, policies...).excepting(exceptions...), c, now)
		told := 0
		for i := range with.Releases {
			row := &with.Releases[i]
			expect.Equal(t, now == "2022-06-01", row.Exception == nil, "at", now, row.Product)
			row.Exception = nil
			var others []v1alpha1.Finding
			for _, f := range row.Findings {
				if f.Type == v1alpha1.FindingException {
					told++
					continue
				}
				others = append(others, f)
			}
			row.Findings = others
		}
		if told == 0 {
			t.Errorf("at %s nothing is said of the exceptions", now)
		}
		for i := range with.Conditions {
			switch with.Conditions[i].Type {
			case v1alpha1.ConditionExpiringSoon:
				with.Conditions[i] = without.Conditions[i]
			case v1alpha1.ConditionSupported:
				message, told, _ := strings.Cut(with.Conditions[i].Message, "; exceptions: ")
				expect.Equal(t, now == "2022-06-01", told == "", "at", now, with.Conditions[i].Message)
				with.Conditions[i].Message = message
			}
		}
		expect.Equal(t, without, with, "at", now)
	}
}

// TestExceptionWarns: ExpiringSoon is about what a release rests on.
func TestExceptionWarns(t *testing.T) {
	base := policy("konvoy").window(2).
		minor("1.9", ga("2022-01-01"), runs("1.18", "1.21")).
		minor("1.8", ga("2021-05-05"), runs("1.18", "1.20"), patched("1.8.4")).
		minor("1.7", ga("2021-02-10"), runs("1.17", "1.19")).
		minor("1.6", ga("2020-11-16"), runs("1.16", "1.18")).warns(0)
	for _, row := range []struct {
		name      string
		exception exceptionBuilder
		cluster   clusterBuilder
		now       string
		want      string
		finding   string
		reason    string
	}{
		{
			"unsupported, far from its end", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.6.3")).on("v1.18.8"), "2021-10-02T23:59:59.999999999Z",
			"False SupportEnded", "ExceptionRunning", "90 days before, where nothing is said",
		},
		{
			"unsupported, near its end", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.6.3")).on("v1.18.8"), "2021-10-03",
			"True ExceptionEndsSoon", "ExceptionEndsSoon", "the warning begins",
		},
		{
			"the warning's own length", exception("e", facts.Konvoy, "2021-12-31").warns(7), cluster().with(konvoy("1.6.3")).on("v1.18.8"), "2021-12-24T23:59:59Z",
			"False SupportEnded", "ExceptionRunning", "7 days before the end are 2021-12-25",
		},
		{
			"no warning", exception("e", facts.Konvoy, "2021-12-31").warns(0), cluster().with(konvoy("1.6.3")).on("v1.18.8"), "2021-12-31T23:59:59Z",
			"False SupportEnded", "ExceptionRunning", "0 days warn of nothing",
		},
		{
			"ended", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.6.3")).on("v1.18.8"), "2022-01-01",
			"False ExceptionEnded", "ExceptionEnded", "it is told that it ended",
		},
		{
			"ended, and supported", exception("e", facts.Konvoy, "2021-06-30"), cluster().with(konvoy("1.8.3")).on("v1.18.8"), "2021-07-01",
			"False EndNotAnnounced", "", "nobody needs it any more",
		},
		{
			"supported, no end announced", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.8.3")).on("v1.18.8"), "2021-12-31",
			"False EndNotAnnounced", "ExceptionRunning", "it does not rest on the exception",
		},
		{
			"supported, and ending after the exception", exception("e", facts.Konvoy, "2021-12-30"), cluster().with(konvoy("1.7.3")).on("v1.18.8"), "2021-12-30",
			"False EndNotNear", "ExceptionRunning", "the exception ends first and is not needed until then",
		},
		{
			"supported, and ending with the exception", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.7.3")).on("v1.18.8"), "2021-12-31",
			"False EndNotNear", "ExceptionRunning", "it will never rest on the exception",
		},
		{
			"supported, and ending before the exception", exception("e", facts.Konvoy, "2022-01-01"), cluster().with(konvoy("1.7.3")).on("v1.18.8"), "2021-12-31",
			"True ExceptionEndsSoon", "ExceptionEndsSoon", "it will rest on the exception, and that ends soon as well",
		},
		{
			"not compatible", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.8.3")).on("v1.16.15"), "2021-12-31",
			"True ExceptionEndsSoon", "ExceptionEndsSoon", "a combination that the vendor does not support needs it, too",
		},
		{
			"unknown", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("2.3.3")).on("v1.18.8"), "2021-12-31",
			"True ExceptionEndsSoon", "ExceptionEndsSoon", "unknown is never supported",
		},
		{
			"experimental in production", exception("e", facts.Konvoy, "2021-12-31"),
			cluster().with(konvoy("1.8.3")).on("v1.18.8").containing("istio", facts.Konvoy, "Beta").in(v1alpha1.EnvironmentProduction), "2021-12-31",
			"True ExceptionEndsSoon", "ExceptionEndsSoon", "it makes the release unsupported",
		},
		{
			"experimental elsewhere", exception("e", facts.Konvoy, "2021-12-31"),
			cluster().with(konvoy("1.8.3")).on("v1.18.8").containing("istio", facts.Konvoy, "Beta"), "2021-12-31",
			"False EndNotAnnounced", "ExceptionRunning", "it does not",
		},
		{
			"a newer patch", exception("e", facts.Konvoy, "2021-12-31"), cluster().with(konvoy("1.8.3")).on("v1.18.8"), "2021-11-01",
			"False EndNotAnnounced", "ExceptionRunning", "that an upgrade is recommended needs no exception",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, base).excepting(row.exception)
			assessment := assess(s, row.cluster, row.now)
			expect.Equal(t, row.want, conditionOf(t, assessment, v1alpha1.ConditionExpiringSoon),
				row.reason, "ExpiringSoon")
			expect.Equal(t, row.finding,
				strings.Join(findings(rowOf(t, assessment, facts.Konvoy), v1alpha1.FindingException), " "), row.reason)
		})
	}
}

// TestExceptionsInSupported: where a cluster is not supported, the condition that says so tells who has decided to bear it.
func TestExceptionsInSupported(t *testing.T) {
	s := validSet(t, history(), threeOut()).excepting(
		exception("b", facts.Konvoy, "2021-12-31").zone("Europe/Berlin"), exception("a", facts.Kommander, "2022-03-31"), exception("absent", "Other", "2022-03-31"))
	for _, row := range []struct {
		cluster clusterBuilder
		now     string
		want    string
		reason  string
	}{
		{cluster().with(konvoy("1.5.0")), "2021-06-01", "; exceptions: b until 2021-12-31T23:00:00Z", "one covers it"},
		{
			cluster().with(konvoy("1.5.0"), kommander("9.9.9")), "2021-06-01",
			"; exceptions: a until 2022-04-01T00:00:00Z, b until 2021-12-31T23:00:00Z", "all of them, by name",
		},
		{
			cluster().with(found(facts.Konvoy, "x", sign(v1alpha1.SourceLabel, "1.5.0")), found(facts.Konvoy, "y", sign(v1alpha1.SourceLabel, "1.5.0"))), "2021-06-01",
			"; exceptions: b until 2021-12-31T23:00:00Z", "each once",
		},
		{cluster().with(found(facts.Konvoy, "default")), "2021-06-01", "; exceptions: b until 2021-12-31T23:00:00Z", "what is not known is not supported either"},
		{cluster().with(konvoy("1.5.0")), "2022-01-01", "", "it has ended"},
		{cluster().with(konvoy("1.8.0")), "2021-06-01", "", "nobody needs it"},
		{cluster().with(konvoy("1.5.0")).labelled("a", "b"), "2021-12-31T22:59:59Z", "; exceptions: b until 2021-12-31T23:00:00Z", "to its last second"},
	} {
		message := conditionMessage(t, assess(s, row.cluster, row.now), v1alpha1.ConditionSupported)
		said := ""
		if i := strings.Index(message, "; exceptions: "); i >= 0 {
			said = message[i:]
		}
		expect.Equal(t, row.want, said, row.reason, message)
	}
}

// TestLongReference: who reads a message wants to open the link in it.
func TestLongReference(t *testing.T) {
	link := "https://tickets.example.com/browse/" + strings.Repeat("A", 200)
	e := exception("e", facts.Konvoy, "2021-12-31").edit(func(s *v1alpha1.SupportExceptionSpec) { s.Reference = link })
	got := rowOf(t, assess(validSet(t, history()).excepting(e), cluster().with(konvoy("1.5.0")), "2021-06-01"), facts.Konvoy)
	if message := messageOf(got, v1alpha1.ReasonExceptionRunning); !strings.Contains(message, "("+link+": the migration takes until then)") {
		t.Error(message)
	}
}

func TestExceptionMessages(t *testing.T) {
	e := exception("late", facts.Konvoy, "2021-12-31").zone("Europe/Berlin").edit(func(s *v1alpha1.SupportExceptionSpec) {
		s.Reference, s.Reason = "OPS-\x1b[31m1", "the\nmigration"
	})
	const quoted = ` 2021-12-31 (Europe/Berlin) (OPS-\x1b[31m1: the\nmigration)`
	for _, row := range []struct{ now, reason, want string }{
		{"2021-09-01", "ExceptionRunning", "Konvoy 1.5.0 is covered by exception late, which lasts through" + quoted},
		{"2021-12-01", "ExceptionEndsSoon", "Konvoy 1.5.0 rests on exception late, which lasts through" + quoted},
		{"2022-01-01", "ExceptionEnded", "Konvoy 1.5.0 was covered by exception late, which lasted through" + quoted},
	} {
		assessment := assess(validSet(t, history()).excepting(e), cluster().with(konvoy("1.5.0")), row.now)
		expect.Equal(t, row.want, messageOf(rowOf(t, assessment, facts.Konvoy), row.reason))
		if row.reason == "ExceptionEndsSoon" {
			expect.Equal(t, row.want, conditionMessage(t, assessment, v1alpha1.ConditionExpiringSoon))
		}
	}
}

// TestSeveralExceptions: of those that cover a release the one that ends last is named, whatever the order.
func TestSeveralExceptions(t *testing.T) {
	short, long := exception("b-short", facts.Konvoy, "2021-06-30"), exception("a-long", facts.Konvoy, "2021-12-31")
	same := exception("c-same", facts.Konvoy, "2021-12-31")
	elsewhere := exception("z-elsewhere", facts.Konvoy, "2030-12-31").selects("tier", "gold")
	for _, row := range []struct {
		name       string
		exceptions []exceptionBuilder
		now        string
		want       string
		reason     string
	}{
		{"both run", []exceptionBuilder{short, long, elsewhere}, "2021-06-01", "ExceptionRunning a-long", "it lasts longer"},
		{"one has ended", []exceptionBuilder{long, short}, "2021-07-01", "ExceptionRunning a-long", "the other one runs"},
		{"the longer one is about to end", []exceptionBuilder{short, long}, "2021-12-01", "ExceptionEndsSoon a-long", "it is the last one"},
		{"the shorter one is about to end", []exceptionBuilder{short, long}, "2021-06-30", "ExceptionRunning a-long", "nothing ends for the release"},
		{"both have ended", []exceptionBuilder{short, long}, "2022-01-01", "ExceptionEnded a-long", "the one that did last"},
		{"equal ends", []exceptionBuilder{same, long}, "2021-06-01", "ExceptionRunning a-long", "the first by name"},
		{
			"the longer one is invalid", []exceptionBuilder{short, long.edit(func(s *v1alpha1.SupportExceptionSpec) { s.Reference = "" })}, "2021-06-01",
			"ExceptionEndsSoon b-short", "it covers nothing",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 2 {
				got := rowOf(t, assess(validSet(t, history()).excepting(row.exceptions...), cluster().with(konvoy("1.5.0")), row.now), facts.Konvoy)
				reason, name, _ := strings.Cut(row.want, " ")
				if said := findings(got, v1alpha1.FindingException); len(said) != 1 || said[0] != reason {
					t.Fatalf("%s: %v", row.reason, said)
				}
				if message := messageOf(got, reason); !strings.Contains(message, "exception "+name+",") {
					t.Errorf("%s: %s", row.reason, message)
				}
				row.exceptions[0], row.exceptions[1] = row.exceptions[1], row.exceptions[0]
			}
		})
	}
}

// TestNextChangeByExceptions: the answer changes when the warning begins and when the exception ends, exactly then.
func TestNextChangeByExceptions(t *testing.T) {
	s := validSet(t, history()).excepting(exception("e", facts.Konvoy, "2022-06-30").zone("Europe/Berlin").warns(30))
	c := cluster().with(konvoy("1.5.0")).evaluationInput
	warning, end := at("2022-05-31T22:00:00Z"), at("2022-06-30T22:00:00Z")
	first, next := s.evaluate(c, at("2022-05-01"))
	if !next.Equal(warning) {
		t.Fatalf("the first change is at %s", next)
	}
	expect.Equal(t, first, s.assess(c, justBefore(warning)), "it changed before")
	if _, next := s.evaluate(c, justBefore(warning)); !next.Equal(warning) {
		t.Errorf("just before the warning the next change is at %s", next)
	}
	second, next := s.evaluate(c, warning)
	if !next.Equal(end) || cmp.Equal(first, second) {
		t.Errorf("at the warning the next change is at %s", next)
	}
	expect.Equal(t, second, s.assess(c, justBefore(end)), "it changed before its end")
	third, next := s.evaluate(c, end)
	if !next.IsZero() || cmp.Equal(second, third) {
		t.Errorf("at the end the next change is at %s", next)
	}
	if _, next := s.evaluate(cluster().with(konvoy("2.0.0")).evaluationInput, warning); !next.Equal(end) {
		t.Errorf("of a release that does not rest on it the next change is at %s", next)
	}
	if _, next := s.evaluate(cluster().with(kommander("1.3.0")).evaluationInput, warning); !next.IsZero() {
		t.Errorf("of a release that it does not cover the next change is at %s", next)
	}
}

func TestDescribeException(t *testing.T) {
	valid := exception("e", facts.Konvoy, "2021-12-31").zone("Europe/Berlin").warns(30)
	rows := func(names ...string) v1alpha1.ClusterSupport {
		var object v1alpha1.ClusterSupport
		for _, name := range names {
			row := v1alpha1.InstalledRelease{Product: facts.Konvoy}
			if name != "" {
				row.Exception = &v1alpha1.CoveringException{Name: name}
			}
			object.Status.Releases = append(object.Status.Releases, row)
		}
		return object
	}
	clusters := []v1alpha1.ClusterSupport{rows("e", "e"), rows("other", ""), rows(), rows("other", "e")}
	const lasts, lasted = "lasts through 2021-12-31 (Europe/Berlin)", "lasted through 2021-12-31 (Europe/Berlin)"
	for _, row := range []struct {
		name      string
		exception exceptionBuilder
		now       string
		want      []string
		clusters  int32
		next      string
	}{
		{
			"far from its end", valid, "2021-12-01T22:59:59.999999999Z",
			[]string{"Active True ExceptionRunning: " + lasts, "ExpiringSoon False EndNotNear: " + lasts}, 2, "2021-12-01T23:00:00Z",
		},
		{
			"near its end", valid, "2021-12-01T23:00:00Z",
			[]string{"Active True ExceptionRunning: " + lasts, "ExpiringSoon True ExceptionEndsSoon: " + lasts}, 2, "2021-12-31T23:00:00Z",
		},
		{
			"at its last instant", valid, "2021-12-31T22:59:59.999999999Z",
			[]string{"Active True ExceptionRunning: " + lasts, "ExpiringSoon True ExceptionEndsSoon: " + lasts}, 2, "2021-12-31T23:00:00Z",
		},
		{
			"ended", valid, "2021-12-31T23:00:00Z",
			[]string{"Active False ExceptionEnded: " + lasted, "ExpiringSoon False ExceptionEnded: " + lasted}, 0, "0001-01-01T00:00:00Z",
		},
		{
			"without a warning", valid.warns(0), "2021-12-31T22:59:59Z",
			[]string{"Active True ExceptionRunning: " + lasts, "ExpiringSoon False EndNotNear: " + lasts}, 2, "2021-12-31T23:00:00Z",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, next := CompileException(row.exception.object).describeException(clusters, at(row.now))
			var said []string
			for _, c := range got.Conditions {
				said = append(said, fmt.Sprintf("%s %s %s: %s", c.Type, c.Status, c.Reason, c.Message))
			}
			expect.Equal(t, row.want, said)
			if *got.Clusters != row.clusters || !next.Equal(at(row.next)) || !got.EndTime.Time.Equal(at("2021-12-31T23:00:00Z")) {
				t.Errorf("%d clusters, next %s, end %s", *got.Clusters, next, got.EndTime)
			}
		})
	}
	for want, e := range map[string]exceptionBuilder{"all": valid, "1.6.x, 1.7.2": valid.covering("1.6.x", "1.7.2")} {
		if got, _ := CompileException(e.object).describeException(clusters, at("2021-06-01")); got.CoveredVersions != want {
			t.Errorf("covered are %q, want %q", got.CoveredVersions, want)
		}
	}
	invalid := CompileException(valid.edit(func(s *v1alpha1.SupportExceptionSpec) { s.Reference = "" }).object)
	got, next := invalid.describeException(clusters, at("2021-06-01"))
	want := exceptionDescription{Conditions: []condition{
		{Type: "Active", Status: "False", Reason: "InvalidException", Message: `the exception is invalid and covers nothing: spec.reference: Invalid value: "":` +
			" must be where the decision is written down, such as a ticket"},
		{Type: "ExpiringSoon", Status: "Unknown", Reason: "InvalidException", Message: "the exception is invalid and covers nothing"},
	}}
	if diff := cmp.Diff(want, got); diff != "" || !next.IsZero() {
		t.Errorf("next %s (-want +got):\n%s", next, diff)
	}
}

func TestExceptionValidator(t *testing.T) {
	base := exception("e", facts.Konvoy, "2021-12-31")
	edit := func(change func(*v1alpha1.SupportExceptionSpec)) exceptionBuilder { return base.edit(change) }
	long := strings.Repeat("x", 513)
	const version = "must be MAJOR.MINOR.x, an exact version, or a whole tag such as stable-1.17-2.5.0"
	for _, row := range []struct {
		name      string
		exception exceptionBuilder
		want      []string
	}{
		{"valid", base, nil},
		{
			"valid in all its fields", edit(func(s *v1alpha1.SupportExceptionSpec) {
				s.Reference, s.Reason = long[:256], long[:512]
			}).covering("1.6.x", "1.6.3", "stable-1.17-2.5.0", "master").selects("tier", "gold").zone("Pacific/Apia").warns(3650), nil,
		},
		{
			"empty", exceptionBuilder{&v1alpha1.SupportException{}},
			[]string{
				`spec.product: Invalid value: "": must be the name of a product`,
				`spec.through: Invalid value: "": must be ` + allowedDay,
				`spec.reference: Invalid value: "": must be where the decision is written down, such as a ticket`,
				`spec.reason: Invalid value: "": must be why the exception was made`,
			},
		},
		{
			"long", edit(func(s *v1alpha1.SupportExceptionSpec) { s.Product, s.Reference, s.Reason = long[:64], long[:257], long }),
			[]string{
				`spec.product: Invalid value: "64 characters": must be at most 63`,
				`spec.reference: Invalid value: "257 characters": must be at most 256`,
				`spec.reason: Invalid value: "513 characters": must be at most 512`,
			},
		},
		{"a day that does not exist", exception("e", facts.Konvoy, "2021-02-29"), []string{`spec.through: Invalid value: "2021-02-29": must be ` + allowedDay}},
		{"for ever", exception("e", facts.Konvoy, "9999-12-31"), []string{`spec.through: Invalid value: "9999-12-31": must be ` + allowedDay}},
		{
			"a day that the zone skipped", exception("e", facts.Konvoy, "2011-12-30").zone("Pacific/Apia"),
			[]string{`spec.through: Invalid value: "2011-12-30": must be a day that exists in Pacific/Apia`},
		},
		{"the machine's zone", base.zone("Local"), []string{`spec.timeZone: Invalid value: "Local": must be the name of an IANA time zone, such as Europe/Berlin`}},
		{"empty zone", base.zone(""), []string{`spec.timeZone: Invalid value: "": must be the name of an IANA time zone, such as Europe/Berlin`}},
		{"negative warning", base.warns(-1), []string{`spec.expiringSoonDays: Invalid value: -1: must be a number of days from 0 to 3650`}},
		{"long warning", base.warns(3651), []string{`spec.expiringSoonDays: Invalid value: 3651: must be a number of days from 0 to 3650`}},
		{
			"selector without sense", edit(func(s *v1alpha1.SupportExceptionSpec) {
				s.ClusterSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Like"}}}
			}),
			[]string{`spec.clusterSelector.matchExpressions[0]: Invalid value: "a Like ": must be a term of a label selector: "Like" is not a valid label` +
				` selector operator`},
		},
		{
			"what can only be meant as a version", base.covering("1.6", "1", "v1.6.x", "1.6.*", "1.6.3.4", "01.6.x"),
			[]string{
				`spec.versions[0]: Invalid value: "1.6": ` + version, `spec.versions[1]: Invalid value: "1": ` + version,
				`spec.versions[2]: Invalid value: "v1.6.x": ` + version, `spec.versions[3]: Invalid value: "1.6.*": ` + version,
				`spec.versions[4]: Invalid value: "1.6.3.4": ` + version, `spec.versions[5]: Invalid value: "01.6.x": ` + version,
			},
		},
		{
			"what nearly is a version", base.covering("1.6.X", ">=1.6.0", "1.6.3-", "1.6.x.x", "1.6.3,1.6.4", "=1.6.3", "v1.6"),
			[]string{
				`spec.versions[0]: Invalid value: "1.6.X": ` + version, `spec.versions[1]: Invalid value: ">=1.6.0": ` + version,
				`spec.versions[2]: Invalid value: "1.6.3-": ` + version, `spec.versions[3]: Invalid value: "1.6.x.x": ` + version,
				`spec.versions[4]: Invalid value: "1.6.3,1.6.4": ` + version, `spec.versions[5]: Invalid value: "=1.6.3": ` + version,
				`spec.versions[6]: Invalid value: "v1.6": ` + version,
			},
		},
		{"tags and branches", base.covering("release-3", "stable-1.16.4-2", "master", "fix/1.6.3", "v1.6.3", "1.6.3-12"), nil},
		{
			"no versions at all", edit(func(s *v1alpha1.SupportExceptionSpec) { s.Versions = []string{} }),
			[]string{`spec.versions: Invalid value: "an empty list": must be absent, which means all versions, or have at least one`},
		},
		{
			"what no tag is called", base.covering("", "a b", "a\x1b", "~1.6", long[:65]),
			[]string{
				`spec.versions[0]: Invalid value: "": ` + version, `spec.versions[1]: Invalid value: "a b": ` + version,
				`spec.versions[2]: Invalid value: "a\\x1b": ` + version, `spec.versions[3]: Invalid value: "~1.6": ` + version,
				`spec.versions[4]: Invalid value: "` + long[:61] + `...": ` + version,
			},
		},
		{"twice", base.covering("1.6.x", "1.6.x"), []string{`spec.versions[1]: Duplicate value: "1.6.x"`}},
		{"many", base.covering(make([]string, 33)...), []string{`spec.versions: Invalid value: "33 versions": must be at most 32`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			compiled := CompileException(row.exception.object)
			expect.Equal(t, row.want, textsOf(compiled.Problems()))
			expect.Equal(t, len(row.want) == 0, len(NewSet(nil, compiled).exceptions) == 1, "the set has it")
			expect.Equal(t, row.exception.object.Name, compiled.name, "its name")
		})
	}
}
