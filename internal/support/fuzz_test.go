// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// oddTexts have been found where a version was expected, or could be.
var oddTexts = []string{
	"1.3.1", "v1.8.5", "1.2.0-36", "1.2.0-rc.5", "v0.0.79-1", "3.0.2-0", "1.184.0", "4.4.0-rc.3", "0.44.0-5", "2.1.0+sha256.5114f85", "1.20.13+d2iq.1",
	"stable-1.19-3.2.0", "stable-1.16-1.2.0", "stable-1.16.4-1.2.0", "stable-1.15.6-3", "stable-1.16.4-2", "stable-1.15.6", "stable-1.5-2.0.0",
	"stable-1.6-2.0.0", "stable-1.7-2.0.0", "testing-1.20-4.0.0-rc.1", "untested-1.20-4.0.0", "v3.2.0", "v4.4.0-rc.3", "master", "release-3",
	"stable-1.19-3.4.1", "stable-1.19-3.4.0", "kfa-1.5.2-stable-1.17-0.4.3", "kommander-0.4.2", "${chartVersion}", "v1.19.9-gke.1900", "v1.18.20-eks-8c49e2",
	"", " ", "-", ".", "v", "stable-", "stable--", "1.3.1\n", "1.3.1\x00", "\xff\xfe", "１.３.１", "1.3.18446744073709551616", "1..1", "1.3.1-", "1.3.1+",
	"1.8.x", "1.6.X", ">=1.6.0", "1.6.*", "v0.2.0-beta.1", "2.1.0-dev.20211118", "6.0.4+git.1", "0.0.0-dev-abc", "release-v1.8", "refs/heads/master",
	"5114f85ad5a0c7a3ee1b4b3b9b9e5a9b2c1d0e0f", "stable-1.17-2.5.0", "stable-1.20-3.9.9-1", "testing-1.19", "untested", "stable", "1.0.2-1.2.1",
	"stable-1.19-", "stable-1.19-3", "stable-1.10-1.0.0", "STABLE-1.19-3.2.0", strings.Repeat("1.", 40),
}

func seed(f *testing.F, texts ...string) {
	f.Helper()
	for _, text := range append(texts, oddTexts...) {
		f.Add(text)
	}
}

// FuzzParseVersion holds that what can be read as a version says again what was read, and that a release whose version
// cannot be read is never supported.
func FuzzParseVersion(f *testing.F) {
	seed(f)
	generous := set(policy("kommander").window(100).minor("1.4", ga("2021-05-05")).minor("1.3").minor("1.2").minor("2.1", ga("2021-06-01")))
	f.Fuzz(func(t *testing.T, text string) {
		version, err := facts.ParseVersion(text)
		if err == nil {
			again, err := facts.ParseVersion(version.String())
			if err != nil || !again.Equal(version) {
				t.Errorf("%q became %s and then %v, %v", text, version, again, err)
			}
			if version.Metadata() != "" || regexp.MustCompile(`^[0-9]+$`).MatchString(version.Prerelease()) {
				t.Errorf("%q became %s", text, version)
			}
		}
		minor, errMinor := facts.ParseMinor(text)
		if errMinor == nil && minor.String() != text {
			t.Errorf("minor %q became %s", text, minor)
		}
		if kubernetes, err := facts.ParseKubernetesVersion(text); err == nil && !strings.HasPrefix(strings.TrimPrefix(text, "v"), kubernetes.String()) {
			t.Errorf("Kubernetes %q became %s", text, kubernetes)
		}
		assessment := assess(generous, cluster().with(kommander(facts.Printable(text))).on(text), "2021-07-01")
		row := assessment.Releases[0]
		if row.State == v1alpha1.StateSupported && (err != nil || version.Prerelease() != "") {
			t.Errorf("%q is supported", text)
		}
		checkAssessment(t, assessment)
	})
}

// FuzzParseTag holds the same of tags.
func FuzzParseTag(f *testing.F) {
	seed(f)
	s := set(baseServices(), policy("kubernetes").window(100).minor("1.20", ga("2020-12-08")).minor("1.19").minor("1.18").minor("1.17").minor("1.16").
		minor("1.15"))
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := judgeableTag(text)
		if err == nil {
			switch {
			case !strings.Contains(text, "-"+parsed.kubernetesText):
				t.Errorf("%q became %+v", text, parsed)
			case parsed.kubernetes.Minor < 10:
				t.Errorf("%q is for Kubernetes %s", text, parsed.kubernetes)
			case parsed.version != nil && !strings.HasSuffix(text, "-"+parsed.version.Original()):
				t.Errorf("%q has version %s", text, parsed.version)
			}
		}
		assessment := assess(s, cluster().with(bps(facts.Printable(text))).on("v1.19.9"), "2021-07-01")
		row := assessment.Releases[0]
		for _, r := range assessment.Releases {
			if r.Product == facts.BasePlatformServices {
				row = r
			}
		}
		if row.State == v1alpha1.StateSupported && (err != nil || !strings.HasPrefix(text, "stable-") || parsed.isPrerelease()) {
			t.Errorf("%q is supported", text)
		}
		checkAssessment(t, assessment)
	})
}

// checkAssessment holds what the schema of the status demands.
func checkAssessment(t *testing.T, assessment clusterAssessment) {
	t.Helper()
	for _, row := range assessment.Releases {
		if facts.Printable(row.Version) != row.Version {
			t.Errorf("the version %q is not printable", row.Version)
		}
		if row.State == "" || len(row.Findings) == 0 || len(row.Findings) > 32 || len(row.UpgradeTo) > 64 {
			t.Errorf("%+v", row)
		}
	}
	for _, finding := range allFindings(assessment) {
		if finding.Message == "" || len(finding.Message) > 1024 || finding.Reason == "" || finding.Type == "" {
			t.Errorf("%+v", finding)
		}
	}
	for _, c := range assessment.Conditions {
		if c.Message == "" || len(c.Message) > 32768 || c.Reason == "" || c.Status == "" {
			t.Errorf("%+v", c)
		}
	}
}

// checkText wants a text that no terminal takes for commands.
func checkText(t *testing.T, text string) {
	t.Helper()
	if text == "" || strings.ContainsAny(text, "\x00\x1b\n") {
		t.Errorf("%q", text)
	}
}

// allFindings are those of the releases and those of the cluster.
func allFindings(assessment clusterAssessment) []v1alpha1.Finding {
	var all []v1alpha1.Finding
	for _, row := range assessment.Releases {
		all = append(all, row.Findings...)
	}
	return append(all, assessment.Findings...)
}

// FuzzCompilePolicy holds that no file makes the engine panic, that an invalid policy decides nothing, and that no policy
// makes what cannot be read supported.
func FuzzCompilePolicy(f *testing.F) {
	for _, b := range []policyBuilder{
		complete(), threeOut(), history(), konvoyRanges(), baseServices(), kubernetesOf(facts.Konvoy), policy("kommander").follows(facts.Kommander),
		threeOut().minor("1.5", planned("9998-12-31")).zone("Pacific/Apia").warns(3650), policy("konvoy").window(1).minor("1.7", runs("0.0", "999999999.0")),
		threeOut().edit(func(spec *v1alpha1.SupportPolicySpec) { spec.Releases[0].Version = "1.4\x00" }),
		attaching(), attaching().about(facts.Konvoy), threeOut().minor("1.5", attaches("1.20", "1.x", "latest")),
		catalogue(), stepwise(), systemsByMinor(), systemsByPatch(),
		threeOut().terms("Secondary", scopeOf("BugFixes", "this", "that", 4, 3), scopeOf("bugs\x1b", "", "", 0, 5)),
		threeOut().experimental("istio", "1.3.x").experimental("kiali").production("tier", "gold"),
		policy("Other").listed().minor("1.3").detects(v1alpha1.Detection{
			Addon: &v1alpha1.AddonDetection{Name: "other"}, HelmRelease: &v1alpha1.HelmReleaseDetection{Name: "x", Namespace: "\x00"},
			HelmChart: &v1alpha1.HelmChartDetection{Name: "_"},
		}),
		konvoyRanges().minor("1.4", runsUnder(system("A", "(a|b", "[[:alpha:]]+"), system("B", `\Qx`), system("C", "(?i)centos.*"), system("D", "a{1001}"))),
		konvoyRanges().minor("1.4", patched("1.4.9", from("1.4.x", "9.9.x", "x"), under(system("A", `\p{Greek}*`)))),
	} {
		content, err := yaml.Marshal(b.object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte("spec: {product: Kommander, lifecycle: {window: {supportedMinors: 3}}, releases: [{version: '1.3', patches: [{version: 1.3.1}]}]}"))
	f.Add([]byte("spec: {timeZone: Local, expiringSoonDays: 99999, releases: [{}, {}]}"))
	others := []*Policy{Compile(konvoyRanges().object), Compile(kubernetesOf(facts.Konvoy).object), Compile(baseServices().object)}
	equip := func(c clusterBuilder) clusterBuilder {
		return c.containing("istio", "", "Beta").containing("kiali", facts.Konvoy, "").running(2, osCentOS7, kernel79).running(1, "a\x00", "b").
			labelled("tier", "gold").in(v1alpha1.EnvironmentProduction).managedBy("1.4.4")
	}
	unreadable := equip(cluster().with(kommander("1.3"), konvoy("latest"), bps("stable-1.5-2.0.0"), product("Other", "x")).on("v1.19"))
	readable := equip(cluster().with(kommander("1.3.1"), konvoy("1.7.0"), bps("stable-1.19-3.2.0"), product("Other", "1.3.1")).on("v1.19.9"))
	f.Fuzz(func(t *testing.T, content []byte) {
		var object v1alpha1.SupportPolicy
		if err := yaml.Unmarshal(content, &object); err != nil {
			return
		}
		object.Name = "fuzzed"
		compiled := Compile(&object)
		for _, text := range textsOf(compiled.problems) {
			checkText(t, text)
		}
		s := NewSet(append([]*Policy{compiled}, others...))
		if detections := s.Detections(nil); len(detections) > 0 && facts.IsBuiltIn(detections[0].Product) {
			t.Errorf("%+v", detections)
		}
		now := at("2021-07-01")
		for _, row := range s.assess(unreadable.evaluationInput, now).Releases {
			if row.State == v1alpha1.StateSupported {
				t.Errorf("%s %q is supported", row.Product, row.Version)
			}
		}
		assessment, next := s.evaluate(readable.evaluationInput, now)
		if !next.IsZero() && !next.After(now) {
			t.Errorf("next is %s", next)
		}
		if len(compiled.problems) == 0 {
			checkAssessment(t, assessment)
		}
		description, next := s.describePolicy("fuzzed", now)
		if !next.IsZero() && !next.After(now) {
			t.Errorf("next is %s", next)
		}
		if len(s.Problems("fuzzed")) == 0 {
			return
		}
		if len(description.Releases) > 0 {
			t.Errorf("an invalid policy describes: %+v", description)
		}
		for _, row := range assessment.Releases {
			if row.Policy == "fuzzed" && row.State != v1alpha1.StateUnknown {
				t.Errorf("an invalid policy decides: %+v", row)
			}
		}
	})
}

// FuzzCompileException holds that no file makes the engine panic, that an exception which is not valid covers nothing, and
// that one which is valid covers something only before its end, and changes no state.
func FuzzCompileException(f *testing.F) {
	for _, b := range []exceptionBuilder{
		exception("e", facts.Konvoy, "2021-12-31"), exception("e", facts.Kommander, "2011-12-29").zone("Pacific/Apia").warns(3650),
		exception("e", facts.BasePlatformServices, "9998-12-31").covering("stable-1.19-3.2.0", "1.6.x", "1.6", "master", "", "\xff", "1.6.X"),
		exception("e", facts.Kubernetes, "1900-01-01").warns(-1).selects("tier", "gold"), exception("e", "Other", "2021-02-29").selects("not a key", "x").zone("Local"),
		exception("e", "Other", "2021-07-01").edit(func(s *v1alpha1.SupportExceptionSpec) { s.Reference, s.Reason = "a\x1b", strings.Repeat("\u202e", 512) }),
	} {
		content, err := yaml.Marshal(b.object)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte("spec: {product: Konvoy, versions: [], through: 2021-12-31, reference: 1, reason: [], expiringSoonDays: 99999999999}"))
	policies := []*Policy{Compile(konvoyRanges().object), Compile(kubernetesOf(facts.Konvoy).object), Compile(baseServices().object), Compile(threeOut().object)}
	without := NewSet(policies)
	c := cluster().with(kommander("1.3.1"), konvoy("1.5.0"), bps("stable-1.19-3.2.0", "master"), product("Other", "x")).on("v1.15.9").labelled("tier", "gold")
	f.Fuzz(func(t *testing.T, content []byte) {
		var object v1alpha1.SupportException
		if err := yaml.Unmarshal(content, &object); err != nil {
			return
		}
		object.Name = "fuzzed"
		compiled := CompileException(&object)
		for _, text := range textsOf(compiled.Problems()) {
			checkText(t, text)
		}
		now := at("2021-07-01")
		s := NewSet(policies, compiled)
		assessment, next := s.evaluate(c.evaluationInput, now)
		if !next.IsZero() && !next.After(now) {
			t.Errorf("next is %s", next)
		}
		checkAssessment(t, assessment)
		plain := without.assess(c.evaluationInput, now)
		for i, row := range assessment.Releases {
			if row.State != plain.Releases[i].State {
				t.Errorf("%s is %s, and %s without the exception", row.Product, row.State, plain.Releases[i].State)
			}
			if e := row.Exception; e != nil && (len(compiled.Problems()) > 0 || !now.Before(e.EndTime.Time) || row.Product != object.Spec.Product) {
				t.Errorf("%s is covered: %+v", row.Product, e)
			}
		}
		description, next := compiled.describeException(nil, now)
		if (!next.IsZero() && !next.After(now)) || len(description.Conditions) != 2 {
			t.Errorf("next is %s: %+v", next, description)
		}
		for _, condition := range description.Conditions {
			checkText(t, condition.Message)
		}
	})
}

// FuzzExpression holds that no regular expression panics, and that one which is accepted matches whole texts only.
func FuzzExpression(f *testing.F) {
	for _, text := range []string{
		`CentOS Linux 7 \(Core\)`, "a|b", "(?i)a", "(?m)^a$", "(?s).", `\Qa`, `\z`, `\A`, "$", "^", "", "(", ")", "[", "a{1000}", "a{1001}", "(?P<n>a)", "(?=a)", "x*?",
		`\pN+`, "\xff", "a\x00", "(a+)+b", "|", "a||b", "a)|(?:b",
	} {
		f.Add(text, "a")
		f.Add(text, osCentOS7)
		f.Add(text, "xa\nb")
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		var c compiler
		compiled := c.expression(expression, nil)
		if compiled == nil {
			if len(c.problems.list) != 1 {
				t.Errorf("%q: %v", expression, c.problems.list)
			}
			return
		}
		if found := compiled.FindStringIndex(text); found != nil && (found[0] != 0 || found[1] != len(text)) {
			t.Errorf("%q matches %v of %q", expression, found, text)
		}
	})
}
