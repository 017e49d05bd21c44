// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// installedOf lists what an assessment has found: product/name version (source).
func installedOf(assessment clusterAssessment) []string {
	var all []string
	for _, r := range assessment.Releases {
		all = append(all, fmt.Sprintf("%s/%s %s (%s)", r.Product, r.Name, r.Version, r.Evidence.Source))
	}
	return all
}

func TestDeclaredReleases(t *testing.T) {
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		want    []string
		reason  string
	}{
		{
			"detection wins", cluster().with(konvoy("1.7.2")).declaring(facts.Konvoy, "default", "1.8.0"),
			[]string{"Konvoy/default 1.7.2 (CustomResource)"}, "what is detected is what runs",
		},
		{
			"version of what was detected", cluster().with(found(facts.Konvoy, "default")).declaring(facts.Konvoy, "default", "1.7.2"),
			[]string{"Konvoy/default 1.7.2 (Declared)"}, "the nodes tell Konvoy, and nothing tells its version",
		},
		{
			"not detected", cluster().declaring(facts.Konvoy, "default", "1.7.2"),
			[]string{"Konvoy/default 1.7.2 (Declared)"}, "nothing in the cluster reveals it",
		},
		{
			"default means the only one", cluster().with(found(facts.Kommander, "kommander")).declaring(facts.Kommander, "default", "1.3.1"),
			[]string{"Kommander/kommander 1.3.1 (Declared)"}, "nobody should have to know the name",
		},
		{
			"default means none of several", cluster().with(found(facts.Kommander, "a"), found(facts.Kommander, "b")).declaring(facts.Kommander, "default", "1.3.1"),
			[]string{"Kommander/a  (CustomResource)", "Kommander/b  (CustomResource)"}, "which one is meant cannot be told",
		},
		{
			"default is one of several", cluster().with(found(facts.Kommander, "a"), found(facts.Kommander, "default")).declaring(facts.Kommander, "default", "1.3.1"),
			[]string{"Kommander/a  (CustomResource)", "Kommander/default 1.3.1 (Declared)"}, "the name fits",
		},
		{
			"by name", cluster().with(found(facts.Kommander, "a"), found(facts.Kommander, "b")).declaring(facts.Kommander, "b", "1.3.1"),
			[]string{"Kommander/a  (CustomResource)", "Kommander/b 1.3.1 (Declared)"}, "the name fits",
		},
		{
			"another name", cluster().with(found(facts.Kommander, "kommander")).declaring(facts.Kommander, "second", "1.3.1"),
			[]string{"Kommander/kommander 1.3.1 (Declared)"}, "a cluster has one Kommander, whatever it is called",
		},
		{
			"several, none detected", cluster().declaring(facts.Kommander, "a", "1.3.1").declaring(facts.Kommander, "default", "1.4.0"),
			[]string{"Kommander/a 1.3.1 (Declared)", "Kommander/default 1.4.0 (Declared)"}, "two declarations are two installations",
		},
		{
			"several, one detected", cluster().with(found(facts.Kommander, "kommander")).declaring(facts.Kommander, "a", "1.3.1").declaring(facts.Kommander, "default", "1.4.0"),
			[]string{"Kommander/kommander 1.4.0 (Declared)"}, "both mean the only one, and default means it better",
		},
		{
			"not to be seen", cluster().with(forbidden(facts.Konvoy)).declaring(facts.Konvoy, "default", "1.7.2"),
			[]string{"Konvoy/default 1.7.2 (Declared)"}, "a declaration says what the operator may not look for",
		},
		{
			"control characters", cluster().declaring(facts.Konvoy, "default", "1.7.2\x1b[31m"),
			[]string{`Konvoy/default 1.7.2\x1b[31m (Declared)`}, "foreign text is made printable",
		},
		{
			"Kubernetes", cluster().with(konvoy("1.7.2")).on("v1.19.9").declaring(facts.Kubernetes, "default", "v1.18.1"),
			[]string{"Konvoy/default 1.7.2 (CustomResource)", "Kubernetes/default v1.19.9 (ServerVersion)"}, "the server's word wins",
		},
		{
			"Kubernetes that is not known", cluster().with(konvoy("1.7.2")).declaring(facts.Kubernetes, "default", "v1.18.1"),
			[]string{"Konvoy/default 1.7.2 (CustomResource)", "Kubernetes/default v1.18.1 (Declared)"}, "nobody asked the server",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, threeOut(), konvoyRanges(), kubernetesOf(facts.Konvoy))
			onlyAsked := func(c clusterBuilder) []string {
				return slices.DeleteFunc(installedOf(assess(s, c, "2021-06-01")), func(text string) bool {
					return text == "Kubernetes/default  (ServerVersion)"
				})
			}
			expect.Equal(t, row.want, onlyAsked(row.cluster), row.reason)
			slices.Reverse(row.cluster.Declared)
			expect.Equal(t, row.want, onlyAsked(row.cluster), "declared in another order")
		})
	}
}

// TestDeclaredKubernetes: what was declared is used, and is not passed off as the server's word.
func TestDeclaredKubernetes(t *testing.T) {
	s := validSet(t, konvoyRanges(), kubernetesOf(facts.Konvoy))
	assessment := assess(s, cluster().with(konvoy("1.7.2")).declaring(facts.Kubernetes, "default", "v1.15.1"), "2021-06-01")
	expect.Equal(t, "False OutsideKubernetesRange", conditionOf(t, assessment, v1alpha1.ConditionCompatible),
		"the declared version was not used")
	expect.Equal(t, "", assessment.KubernetesVersion, "the server never told it")
	status := statusOf(assessment)
	after, _ := s.evaluate(evaluationInput{Facts: FactsOf(&status)}, at("2021-06-01"))
	expect.Equal(t, "Unknown KubernetesUnknown", conditionOf(t, after, v1alpha1.ConditionCompatible),
		"a declaration outlived its removal")
}

// TestOnlyDeclared: where nobody looked, what was not declared is not missing.
func TestOnlyDeclared(t *testing.T) {
	s := validSet(t, konvoyRanges(), kubernetesOf(facts.Konvoy))
	declared := cluster().declaring(facts.Konvoy, "default", "1.7.2")
	for _, row := range []struct {
		name    string
		cluster clusterBuilder
		only    bool
		want    []string
		reason  string
	}{
		{"nobody looked", declared, true, []string{"Konvoy/default 1.7.2 (Declared)"}, "of Kubernetes nothing was said"},
		{
			"nobody looked, Kubernetes declared", declared.declaring(facts.Kubernetes, "default", "v1.19.9"), true,
			[]string{"Konvoy/default 1.7.2 (Declared)", "Kubernetes/default v1.19.9 (Declared)"}, "now it was",
		},
		{
			"somebody looked", declared, false, []string{"Konvoy/default 1.7.2 (Declared)", "Kubernetes/default  (ServerVersion)"},
			"the server ought to have told it",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.cluster.Facts = &facts.Facts{OnlyDeclared: row.only}
			expect.Equal(t, row.want, installedOf(assess(s, row.cluster, "2021-06-01")), row.reason)
		})
	}
}

func TestEvidence(t *testing.T) {
	label, custom := v1alpha1.SourceLabel, v1alpha1.SourceCustomResource
	for _, row := range []struct {
		name    string
		found   facts.Installation
		used    string
		finding string
		message string
		reason  string
	}{
		{
			"agreeing", found(facts.Kommander, "default", sign(label, "1.3.1"), sign(custom, "1.3.4")), "1.3.1", "", "",
			"patches may differ, MAJOR.MINOR decides",
		},
		{
			"candidate of the same minor", found(facts.Kommander, "default", sign(label, "1.2.0-36"), sign(custom, "1.2.0-rc.5")), "1.2.0-36", "", "",
			"the final Kommander 1.2.0 calls itself a candidate elsewhere",
		},
		{
			"conflicting", found(facts.Kommander, "default", sign(label, "1.3.1"), sign(custom, "1.4.0"), sign(v1alpha1.SourceInferred, "1.2.0")), "1.3.1",
			v1alpha1.ReasonConflictingEvidence,
			"Kommander 1.3.1 is taken from Label/object (Label), although CustomResource/object says 1.4.0 (CustomResource), Inferred/object says" +
				" 1.2.0 (Inferred); find out which is true (policy kommander)",
			"disagreeing evidence on MAJOR.MINOR is a finding",
		},
		{
			"first with a version", found(facts.Kommander, "default", sign(label, ""), sign(custom, "1.4.0"), sign(v1alpha1.SourceInferred, "")), "1.4.0", "", "",
			"evidence without a version proves presence only",
		},
		{
			"declared and detected", found(facts.Kommander, "default", sign(label, "1.3.1"),
				v1alpha1.Evidence{Source: v1alpha1.SourceDeclared, Object: facts.DeclaredInSpec, Version: "1.4.0"}), "1.3.1",
			v1alpha1.ReasonConflictingEvidence,
			"Kommander 1.3.1 is taken from Label/object (Label), although spec.declaredReleases says 1.4.0 (Declared); find out which is true" +
				" (policy kommander)",
			"a declaration that is wrong should be noticed",
		},
		{
			"mixed refs", bps("stable-1.18-3.2.0", "stable-1.19-3.2.0", "stable-1.19-3.4.0"), "stable-1.18-3.2.0",
			v1alpha1.ReasonMixedRefs,
			"BasePlatformServices stable-1.18-3.2.0 is mixed with stable-1.19-3.2.0, stable-1.19-3.4.0; a release must be used as a whole:" +
				" finish the upgrade (policy bps)",
			"the first, which is the oldest, is judged",
		},
		{
			"mixed refs of annotations", found(facts.BasePlatformServices, "default", sign(v1alpha1.SourceAnnotation, "stable-1.18-3.2.0"),
				sign(v1alpha1.SourceAnnotation, "stable-1.19-3.2.0")), "stable-1.18-3.2.0", v1alpha1.ReasonMixedRefs,
			"BasePlatformServices stable-1.18-3.2.0 is mixed with stable-1.19-3.2.0; a release must be used as a whole: finish the upgrade (policy bps)",
			"addons say it in one way or the other",
		},
		{
			"the same ref in a label and an annotation", found(facts.BasePlatformServices, "default", sign(label, "stable-1.19-3.2.0"),
				sign(v1alpha1.SourceAnnotation, "stable-1.19-3.2.0")), "stable-1.19-3.2.0", "", "", "they agree",
		},
		{
			"another ref in a label and an annotation", found(facts.BasePlatformServices, "default", sign(label, "stable-1.19-3.4.0"),
				sign(v1alpha1.SourceAnnotation, "stable-1.19-3.2.0")), "stable-1.19-3.4.0", v1alpha1.ReasonConflictingEvidence,
			"BasePlatformServices stable-1.19-3.4.0 is taken from Label/object (Label), although Annotation/object says stable-1.19-3.2.0" +
				" (Annotation); find out which is true (policy bps)",
			"different sources disagree, and are no mixture",
		},
		{
			"annotations of another product", found(facts.Kommander, "default", sign(v1alpha1.SourceAnnotation, "1.3.1"), sign(v1alpha1.SourceAnnotation, "1.4.0")),
			"1.3.1", v1alpha1.ReasonConflictingEvidence,
			"Kommander 1.3.1 is taken from Annotation/object (Annotation), although Annotation/object says 1.4.0 (Annotation); find out which is true" +
				" (policy kommander)",
			"it has no set of addons",
		},
		{
			"mixed with addons that name no ref", bps("stable-1.19-3.2.0", ""), "stable-1.19-3.2.0",
			v1alpha1.ReasonMixedRefs,
			"BasePlatformServices stable-1.19-3.2.0 is mixed with addons without a ref; a release must be used as a whole: finish the upgrade (policy bps)",
			"they may be of any release",
		},
		{
			"mixed with another channel", bps("testing-1.19-3.2.0", "stable-1.19-3.2.0"), "testing-1.19-3.2.0",
			v1alpha1.ReasonMixedRefs,
			"BasePlatformServices testing-1.19-3.2.0 is mixed with stable-1.19-3.2.0; a release must be used as a whole: finish the upgrade (policy bps)",
			"what is no release does not hide behind one",
		},
		{
			"tags of the same line", found(facts.BasePlatformServices, "default", sign(label, "stable-1.19-3.4.0"), sign(custom, "stable-1.19-3.4.1")),
			"stable-1.19-3.4.0", "", "", "only the patch differs",
		},
		{
			"tags for another Kubernetes", found(facts.BasePlatformServices, "default", sign(label, "stable-1.19-3.4.0"), sign(custom, "stable-1.18-3.4.0")),
			"stable-1.19-3.4.0", v1alpha1.ReasonConflictingEvidence,
			"BasePlatformServices stable-1.19-3.4.0 is taken from Label/object (Label), although CustomResource/object says stable-1.18-3.4.0" +
				" (CustomResource); find out which is true (policy bps)",
			"the Kubernetes part decides, so it must not differ",
		},
		{
			"old tag and new tag", found(facts.BasePlatformServices, "default", sign(label, "stable-1.16.4-2"), sign(custom, "stable-1.16-1.2.0")),
			"stable-1.16.4-2", v1alpha1.ReasonConflictingEvidence,
			"BasePlatformServices stable-1.16.4-2 is taken from Label/object (Label), although CustomResource/object says stable-1.16-1.2.0" +
				" (CustomResource); find out which is true (policy bps)",
			"one has no version",
		},
		{
			"one that cannot be read", found(facts.Kommander, "default", sign(label, "1.3.1"), sign(custom, "latest")), "1.3.1",
			v1alpha1.ReasonConflictingEvidence,
			"Kommander 1.3.1 is taken from Label/object (Label), although CustomResource/object says latest (CustomResource); find out which is true" +
				" (policy kommander)",
			"what cannot be read agrees with itself only",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := validSet(t, threeOut(), baseServices(), kubernetesOf(facts.Konvoy), konvoyRanges())
			got := rowOf(t, assess(s, cluster().with(row.found).on("v1.19.9"), "2021-06-01"), row.found.Product)
			if got.Version != row.used || got.Evidence.Version != row.used {
				t.Errorf("%s: version %s from %s, want %s", row.reason, got.Version, got.Evidence.Version, row.used)
			}
			expect.Equal(t, row.finding, strings.Join(findings(got, v1alpha1.FindingEvidence), " "), row.reason)
			expect.Equal(t, row.message, messageOf(got, row.finding), row.reason)
			if len(got.OtherEvidence) != len(row.found.Evidence)-1 {
				t.Errorf("%s: other evidence is lost: %v", row.reason, got.OtherEvidence)
			}
		})
	}
}

func TestWhatIsNotKnown(t *testing.T) {
	s := validSet(t, threeOut(), konvoyRanges())
	for _, row := range []struct {
		name  string
		found facts.Installation
		want  string
	}{
		{
			"version", found(facts.Konvoy, "default"),
			"Konvoy is installed and nothing in the cluster tells its version; declare it in spec.declaredReleases as {product: Konvoy," +
				" name: default, version: <version>} (policy konvoy)",
		},
		{
			"version of a named installation", found(facts.Kommander, "second"),
			"Kommander second is installed and nothing in the cluster tells its version; declare it in spec.declaredReleases as {product:" +
				" Kommander, name: second, version: <version>} (policy kommander)",
		},
		{
			"refusal", forbidden(facts.Konvoy),
			"Konvoy cannot be looked for: the cluster refuses to list things; grant the operator list and watch on it (policy konvoy)",
		},
		{
			"no version", kommander("latest"),
			`Kommander latest cannot be judged: "latest" is not of the form MAJOR.MINOR.PATCH (policy kommander)`,
		},
		{
			"newer", kommander("1.5.0"),
			"Kommander 1.5.0 is of a minor that policy kommander does not list; bring the policy up to date",
		},
		{
			"installation of another name", found(facts.Kommander, "eu", sign(v1alpha1.SourceAnnotation, "1.5.0")),
			"Kommander eu 1.5.0 is of a minor that policy kommander does not list; bring the policy up to date",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rowOf(t, assess(s, cluster().with(row.found), "2021-06-01"), row.found.Product)
			expect.Equal(t, row.want, got.Findings[0].Message)
		})
	}
}

// TestEvaluateLeavesItsInputAlone: facts are shared with the cache that holds them.
func TestEvaluateLeavesItsInputAlone(t *testing.T) {
	s := validSet(t, threeOut(), konvoyRanges())
	roomy := make([]v1alpha1.Evidence, 1, 8)
	roomy[0] = sign(v1alpha1.SourceLabel, "")
	c := cluster().with(facts.Installation{Product: facts.Konvoy, Name: "default", Evidence: roomy}, kommander("1.3.0"), konvoy("1.0.0")).
		declaring(facts.Konvoy, "default", "1.7.2").evaluationInput
	before := c.Facts.Installations[1]
	s.evaluate(c, at("2021-06-01"))
	expect.Equal(t, before, c.Facts.Installations[1], "the installations were reordered")
	expect.Equal(t, v1alpha1.Evidence{}, roomy[:2][1], "a declaration was written into the facts")
}
