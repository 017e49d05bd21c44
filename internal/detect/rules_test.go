// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestDetectByRules(t *testing.T) {
	const widget = "Widget"
	one := func(name string, evidence ...string) []facts.Installation {
		return []facts.Installation{fixtures.Found(widget, name, evidence...)}
	}
	checkDetector(t, detectByRules, []detectorRow{
		{
			name:   "no rules",
			reason: "without a rule nothing is found",
			input: Input{
				HelmReleases: []HelmRelease{helmRelease("1.0.0").called("team", "widget")},
				Workloads:    []Workload{workload("Deployment", "team", "widget", "widget-1.0.0", "widget")},
			},
		},
		{
			name:   "nothing there",
			reason: "a rule finds what it names and nothing else",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByRelease(widget, "", "widget"), fixtures.ByAddon(widget, "widget"), fixtures.ByChart(widget, "widget")),
				HelmReleases:  []HelmRelease{helmRelease("1.0.0").called("team", "widgets")},
				ClusterAddons: []Addon{addon("gadget").revision("1.0.0-1"), addon("widget").stage("absent")},
				Workloads:     []Workload{workload("Deployment", "team", "widget", "gadget-1.0.0", "widget")},
			},
		},
		{
			name:   "HelmRelease",
			reason: "the version is that of the chart which is deployed, without build metadata",
			input: Input{
				Rules: fixtures.Rules(fixtures.ByRelease(widget, "", "widget")),
				HelmReleases: []HelmRelease{
					helmRelease("", "v1.1.0", "pending-upgrade", "v1.0.0+3f1c2a9b", "deployed").called("team", "widget"),
				},
			},
			want: one("widget", "HelmRelease", "HelmRelease/team/widget", "1.0.0"),
		},
		{
			name:   "HelmRelease, not deployed yet",
			reason: "it is wanted, and the installed version is not known",
			input:  Input{Rules: fixtures.Rules(fixtures.ByRelease(widget, "", "widget")), HelmReleases: []HelmRelease{helmRelease("").called("team", "widget")}},
			want:   one("widget", "HelmRelease", "HelmRelease/team/widget", ""),
		},
		{
			name:   "HelmReleases in several namespaces",
			reason: "each is an installation, with its namespace in its name",
			input: Input{
				Rules:        fixtures.Rules(fixtures.ByRelease(widget, "", "widget")),
				HelmReleases: []HelmRelease{helmRelease("1.0.0").called("a", "widget"), helmRelease("1.1.0").called("b", "widget")},
			},
			want: append(one("a.widget", "HelmRelease", "HelmRelease/a/widget", "1.0.0"),
				one("b.widget", "HelmRelease", "HelmRelease/b/widget", "1.1.0")...),
		},
		{
			name:   "HelmRelease in one namespace",
			reason: "a rule can mean one of them",
			input: Input{
				Rules:        fixtures.Rules(fixtures.ByRelease(widget, "b", "widget")),
				HelmReleases: []HelmRelease{helmRelease("1.0.0").called("a", "widget"), helmRelease("1.1.0").called("b", "widget")},
			},
			want: one("widget", "HelmRelease", "HelmRelease/b/widget", "1.1.0"),
		},
		{
			name:   "addon as Dispatch is",
			reason: "revision, appversion and the ref of the product's own repository say the same; the chart is weaker",
			input: Input{
				Rules: fixtures.Rules(fixtures.ByAddon(widget, "dispatch")),
				ClusterAddons: []Addon{
					addon("dispatch").revision("1.4.6").appVersion("1.4.6").
						from(dispatchLabel, "stable-1.20-1.4.6").chart("dispatch", "1.4.7"),
				},
			},
			want: one("dispatch", "Annotation", "ClusterAddon/dispatch", "1.4.6", "Annotation", "ClusterAddon/dispatch", "1.4.6",
				"Label", "ClusterAddon/dispatch", "1.4.6"),
		},
		{
			name:   "addon from a repository of many",
			reason: "the ref of the base addons is no version of one of them",
			input: Input{
				Rules:  fixtures.Rules(fixtures.ByAddon(widget, "cert-manager")),
				Addons: []Addon{addon("cert-manager").in("kubeaddons").revision("1.0.3-7").from(baseLabel, "stable-1.19-3.2.0")},
			},
			want: one("cert-manager", "Annotation", "Addon/kubeaddons/cert-manager", "1.0.3"),
		},
		{
			name:   "addon by its ref alone",
			reason: "the catalog's annotation is as good as the label",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByAddon(widget, "dispatch")),
				ClusterAddons: []Addon{addon("dispatch").origin("https://github.com/mesosphere/kubeaddons-dispatch", "stable-1.20-1.4.6")},
			},
			want: one("dispatch", "Annotation", "ClusterAddon/dispatch", "1.4.6"),
		},
		{
			name:   "addon by its chart alone",
			reason: "the chart's version goes with the product's, which is a conclusion",
			input:  Input{Rules: fixtures.Rules(fixtures.ByAddon(widget, "widget")), ClusterAddons: []Addon{addon("widget").chart("stable/widget", "v1.2.3")}},
			want:   one("widget", "Inferred", "ClusterAddon/widget", "1.2.3"),
		},
		{
			name:   "addon without a version",
			reason: "it proves the product",
			input:  Input{Rules: fixtures.Rules(fixtures.ByAddon(widget, "widget")), ClusterAddons: []Addon{addon("widget").from("acme-addons", "master")}},
			want:   one("widget", "CustomResource", "ClusterAddon/widget", ""),
		},
		{
			name:   "addon with a package of KUDO",
			reason: "the package has a version of its own, and the annotations are those of the application",
			input: Input{
				Rules: fixtures.Rules(fixtures.ByAddon(widget, "elastic")),
				Addons: []Addon{addon("elastic").in("data").revision("7.0.0-1").appVersion("7.0.0").
					packageOf("elastic", "0.2.1", "https://packages.acme.corp")},
			},
			want: ofFork(one("elastic", "CustomResource", "Addon/data/elastic", "0.2.1"), "packages.acme.corp", 0),
		},
		{
			name:   "addon of both kinds",
			reason: "each is an installation",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByAddon(widget, "widget")),
				ClusterAddons: []Addon{addon("widget").revision("1.0.0-1")},
				Addons:        []Addon{addon("widget").in("team").revision("1.1.0-1")},
			},
			want: append(one("widget", "Annotation", "ClusterAddon/widget", "1.0.0"),
				one("team.widget", "Annotation", "Addon/team/widget", "1.1.0")...),
		},
		{
			name:   "chart",
			reason: "all that is labelled as one instance is one installation",
			input: Input{
				Rules: fixtures.Rules(fixtures.ByChart(widget, "widget")),
				Workloads: []Workload{
					workload("Deployment", "team", "widget-api", "widget-1.2.3", "blue"),
					workload("StatefulSet", "team", "widget-store", "widget-1.2.3", "blue"),
					workload("DaemonSet", "team", "widget-agent", "widget-agent-0.1.0", "blue"),
				},
			},
			want: one("blue", "Label", "Deployment/team/widget-api", "1.2.3"),
		},
		{
			name:   "chart, upgraded half way",
			reason: "the installation is as old as its oldest part",
			input: Input{
				Rules: fixtures.Rules(fixtures.ByChart(widget, "widget")),
				Workloads: []Workload{
					workload("Deployment", "team", "a", "widget-1.10.0", "blue"), workload("Deployment", "team", "b", "widget-1.9.0", "blue"),
				},
			},
			want: one("blue", "Label", "Deployment/team/b", "1.9.0", "Label", "Deployment/team/a", "1.10.0"),
		},
		{
			name:   "chart, several instances",
			reason: "the namespace is in the name only where the name is not unique",
			input: Input{
				Rules: fixtures.Rules(fixtures.ByChart(widget, "widget")),
				Workloads: []Workload{
					workload("Deployment", "a", "w", "widget-1.0.0", "blue"), workload("Deployment", "a", "v", "widget-1.1.0", "green"),
					workload("DaemonSet", "b", "w", "widget-1.2.0", "blue"), workload("DaemonSet", "b", "v", "widget-1.3.0", ""),
				},
			},
			want: append(append(one("a.blue", "Label", "Deployment/a/w", "1.0.0"), one("green", "Label", "Deployment/a/v", "1.1.0")...),
				append(one("b.blue", "Label", "DaemonSet/b/w", "1.2.0"), one("default", "Label", "DaemonSet/b/v", "1.3.0")...)...),
		},
		{
			name:   "everything finds one",
			reason: "it is the same installation, named by the strongest of them",
			input: Input{
				Rules:        fixtures.Rules(fixtures.ByChart(widget, "widget"), fixtures.ByAddon(widget, "widgets"), fixtures.ByRelease(widget, "", "the-widget")),
				HelmReleases: []HelmRelease{helmRelease("1.0.0").called("team", "the-widget")},
				Addons:       []Addon{addon("widgets").in("team").revision("1.0.0-1")},
				Workloads:    []Workload{workload("Deployment", "team", "w", "widget-0.9.0", "blue")},
			},
			want: one("the-widget", "HelmRelease", "HelmRelease/team/the-widget", "1.0.0",
				"Annotation", "Addon/team/widgets", "1.0.0", "Label", "Deployment/team/w", "0.9.0"),
		},
		{
			name:   "one finds more than the other",
			reason: "only those of the same name are certainly the same",
			input: Input{
				Rules:        fixtures.Rules(fixtures.ByRelease(widget, "", "blue"), fixtures.ByChart(widget, "widget")),
				HelmReleases: []HelmRelease{helmRelease("1.0.0").called("flux", "blue")},
				Workloads: []Workload{
					workload("Deployment", "team", "w", "widget-1.0.0", "blue"), workload("Deployment", "team", "v", "widget-1.1.0", "green"),
				},
			},
			want: append(one("blue", "HelmRelease", "HelmRelease/flux/blue", "1.0.0", "Label", "Deployment/team/w", "1.0.0"),
				one("green", "Label", "Deployment/team/v", "1.1.0")...),
		},
		{
			name:   "several products",
			reason: "each rule is about its own",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByAddon("Gadget", "gadget"), fixtures.ByAddon(widget, "widget")),
				ClusterAddons: []Addon{addon("gadget").revision("2.0.0-1"), addon("widget").revision("1.0.0-1")},
			},
			want: append([]facts.Installation{fixtures.Found("Gadget", "gadget", "Annotation", "ClusterAddon/gadget", "2.0.0")},
				one("widget", "Annotation", "ClusterAddon/widget", "1.0.0")...),
		},
		{
			name:   "several rules for one product",
			reason: "two policies that mean the same find it once",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByAddon(widget, "widget"), fixtures.ByAddon(widget, "widget")),
				ClusterAddons: []Addon{addon("widget").revision("1.0.0-1")},
			},
			want: one("widget", "Annotation", "ClusterAddon/widget", "1.0.0"),
		},
		{
			name:   "forbidden",
			reason: "the product may be where a rule would find it",
			input: Input{
				Rules:     fixtures.Rules(fixtures.ByRelease(widget, "", "widget"), fixtures.ByChart("Gadget", "gadget"), fixtures.ByAddon("Thing", "thing")),
				Forbidden: []string{DaemonSets, Deployments, HelmReleases, Nodes},
			},
			want: []facts.Installation{
				fixtures.Found(widget, "default", "Forbidden", HelmReleases, ""),
				fixtures.Found("Gadget", "default", "Forbidden", Deployments, "", "Forbidden", DaemonSets, ""),
			},
		},
		{
			name:   "forbidden, and found elsewhere",
			reason: "the question is answered",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByRelease(widget, "", "widget"), fixtures.ByAddon(widget, "widget")),
				Forbidden:     []string{HelmReleases},
				ClusterAddons: []Addon{addon("widget").revision("1.0.0-1")},
			},
			want: one("widget", "Annotation", "ClusterAddon/widget", "1.0.0"),
		},
		{
			name:   "hostile",
			reason: "text is made printable and truncated before it gets into a status",
			input: Input{
				Rules:     fixtures.Rules(fixtures.ByChart(widget, "widget")),
				Workloads: []Workload{workload("Deployment", "team", "w", "widget-1\n", "blue\x1b")},
			},
			want: one(`blue\x1b`, "Label", "Deployment/team/w", `1\n`),
		},
	})
}

func TestVersionOfChart(t *testing.T) {
	for _, row := range []struct {
		label, reason, version string
		is                     bool
	}{
		{"prometheus-9.3.1", "the usual form", "9.3.1", true},
		{"prometheus-v9.3.1", "with a v", "9.3.1", true},
		{"prometheus-9.3.1-rc.1", "a prerelease", "9.3.1-rc.1", true},
		{"prometheus-9.3.1_build.5", "build metadata, with _ in place of +", "9.3.1", true},
		{"prometheus-operator-9.3.1", "another chart", "", false},
		{"prometheus-vault-9.3.1", "another chart, of which v is no version", "", false},
		{"myprometheus-9.3.1", "another chart", "", false},
		{"prometheus", "no version", "", false},
		{"prometheus-", "no version", "", false},
		{"", "nothing", "", false},
		{"prometheus-1.2.3-" + strings.Repeat("x", 46), "as long as a label can be, and perhaps cut", "", true},
	} {
		version, is := versionOfChart(row.label, "prometheus")
		if version != row.version || is != row.is {
			t.Errorf("%q gives %q, %v; want %q, %v: %s", row.label, version, is, row.version, row.is, row.reason)
		}
	}
}

func TestQualifiedName(t *testing.T) {
	long := strings.Repeat("x", 250)
	for _, row := range []struct{ namespace, name, reason string }{
		{"data", "cassandra", "it fits"},
		{strings.Repeat("n", 63), long, "it does not"},
	} {
		got := qualifiedName(row.namespace, row.name)
		if len(got) > maxNameBytes || !strings.HasPrefix(got, row.namespace+"."+row.name[:9]) {
			t.Errorf("%s.%s becomes %s: %s", row.namespace, row.name, got, row.reason)
		}
	}
	if qualifiedName(long, long+"a") == qualifiedName(long, long+"b") {
		t.Error("two names that are too long become the same")
	}
}

func TestInstallationsAreBounded(t *testing.T) {
	var evidence []v1alpha1.Evidence
	for range 20 {
		evidence = append(evidence, newEvidence(v1alpha1.SourceLabel, strings.Repeat("x", len(evidence)), ""))
	}
	one := mergeByName([]facts.Installation{
		{Product: "p", Name: "n", Evidence: evidence[:5]}, {Product: "p", Name: "n", Evidence: evidence},
	})
	if len(one) != 1 || len(one[0].Evidence) != maxEvidence {
		t.Errorf("%v, want one installation with %d pieces of evidence", one, maxEvidence)
	}
}
