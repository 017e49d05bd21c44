// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestComponents(t *testing.T) {
	const (
		base      = facts.BasePlatformServices
		kommander = facts.Kommander
	)
	for _, row := range []struct {
		name, reason string
		input        Input
		want         []v1alpha1.Component
	}{
		{
			name:   "base addons",
			reason: "the repository, by label or else by annotation, shows the product",
			input: Input{
				ClusterAddons: []Addon{
					addon("traefik").from(baseLabel, "stable-1.19-3.2.0"),
					addon("dex").origin("https://github.com/acme/kubernetes-base-addons", "master"),
				},
				Addons: []Addon{addon("jaeger").in("kubeaddons").from(baseLabel, "stable-1.19-3.2.0").withStage("jaeger", "Experimental")},
			},
			want: []v1alpha1.Component{
				fixtures.Component("jaeger", "Addon/kubeaddons/jaeger", "Repository", base, "Experimental"),
				fixtures.Component("dex", "ClusterAddon/dex", "Repository", base, ""),
				fixtures.Component("traefik", "ClusterAddon/traefik", "Repository", base, ""),
			},
		},
		{
			name:   "parts of an addon",
			reason: "the end of the annotation names the component, which need not be the addon",
			input: Input{ClusterAddons: []Addon{
				addon("istio").from(baseLabel, "stable-1.18-3.0.1").withStage("kiali", "Preview").withStage("jaeger", " preview\n"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("istio", "ClusterAddon/istio", "Repository", base, ""),
				fixtures.Component("jaeger", "ClusterAddon/istio", "Repository", base, "preview"),
				fixtures.Component("kiali", "ClusterAddon/istio", "Repository", base, "Preview"),
			},
		},
		{
			name:   "federated",
			reason: "what Kommander federates is a part of Kommander, also when it comes from the base addons",
			input: Input{Addons: []Addon{
				addon("prometheus").in("kommander").federated(),
				addon("jaeger").in("project").federated().from(baseLabel, "stable-1.20-4.0.0").withStage("jaeger", "Experimental"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("prometheus", "Addon/kommander/prometheus", "Federated", kommander, ""),
				fixtures.Component("jaeger", "Addon/project/jaeger", "Federated", kommander, "Experimental"),
			},
		},
		{
			name:   "Kommander",
			reason: "the addon itself is an installation; parts of it and other addons of its repository are components",
			input: Input{ClusterAddons: []Addon{
				addon("kommander").from(kommanderLabel, "stable-1.20-1.4.0").withStage("kommander", "Beta").withStage("karma", "Preview"),
				addon("flagger").from(kommanderLabel, "stable-1.20-1.4.0"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("flagger", "ClusterAddon/flagger", "Repository", kommander, ""),
				fixtures.Component("karma", "ClusterAddon/kommander", "Repository", kommander, "Preview"),
			},
		},
		{
			name:   "KUDO",
			reason: "the supported operators are installations; parts of them, and other operators, are components",
			input: Input{Addons: []Addon{
				addon("cassandra").in("data").operator("cassandra").from(enterpriseLabel, "stable-1.20-1.0.0").withStage("reaper", "Beta"),
				addon("zookeeper").in("data").operator("zookeeper").from(enterpriseLabel, "stable-1.20-1.0.0"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("reaper", "Addon/data/cassandra", "Repository", facts.Cassandra, "Beta"),
				fixtures.Component("zookeeper", "Addon/data/zookeeper", "Repository", "", ""),
			},
		},
		{
			name:   "of a rule",
			reason: "what a rule finds is a component of its product, so that its stage can be judged",
			input: Input{
				Rules:         []facts.DetectionRule{fixtures.ByAddon("Dispatch", "dispatch")},
				ClusterAddons: []Addon{addon("dispatch").from(dispatchLabel, "stable-1.16-1.0.0").withStage("dispatch", "Beta").withStage("argo-cd", "Beta")},
			},
			want: []v1alpha1.Component{
				fixtures.Component("argo-cd", "ClusterAddon/dispatch", "Repository", "Dispatch", "Beta"),
				fixtures.Component("dispatch", "ClusterAddon/dispatch", "Repository", "Dispatch", "Beta"),
			},
		},
		{
			name:   "unmarked",
			reason: "neither its repository nor its product is known",
			input:  Input{ClusterAddons: []Addon{addon("traefik"), addon("team").in("kommander")}},
			want: []v1alpha1.Component{
				fixtures.Component("team", "Addon/kommander/team", "", "", ""), fixtures.Component("traefik", "ClusterAddon/traefik", "", "", ""),
			},
		},
		{
			name:   "absent",
			reason: "an addon of stage absent is not installed",
			input:  Input{ClusterAddons: []Addon{addon("istio").from(baseLabel, "x").withStage("kiali", "Preview").stage("absent")}},
		},
		{
			name:   "HelmReleases",
			reason: "those in Kommander's namespace are parts of it; others are parts of no known product",
			input: Input{HelmReleases: []HelmRelease{
				helmRelease("v2.4.0"), helmRelease("").called("kommander", "dkp-insights-management"), helmRelease("").called("team", "shop"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("dkp-insights-management", "HelmRelease/kommander/dkp-insights-management", "HelmRelease", kommander, ""),
			},
		},
		{
			name:   "HelmReleases of a rule",
			reason: "a rule decides to which product they belong, in any namespace",
			input: Input{
				Rules: []facts.DetectionRule{fixtures.ByRelease("Insights", "", "dkp-insights-management"), fixtures.ByRelease("Insights", "team", "dkp-insights")},
				HelmReleases: []HelmRelease{
					helmRelease("").called("kommander", "dkp-insights-management"),
					helmRelease("").called("other", "dkp-insights"), helmRelease("").called("team", "dkp-insights"),
				},
			},
			want: []v1alpha1.Component{
				fixtures.Component("dkp-insights-management", "HelmRelease/kommander/dkp-insights-management", "HelmRelease", "Insights", ""),
				fixtures.Component("dkp-insights", "HelmRelease/team/dkp-insights", "HelmRelease", "Insights", ""),
			},
		},
		{
			name:   "hostile",
			reason: "text is made printable and truncated, and a component without a name is dropped",
			input: Input{ClusterAddons: []Addon{
				addon("").withStage("", "Beta"), addon("x").withStage("a\nb", strings.Repeat("€", 100)),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("x", "ClusterAddon/x", "", "", ""),
				fixtures.Component(`a\nb`, "ClusterAddon/x", "", "", strings.Repeat("€", 61)+"..."),
			}[:],
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			slices.SortFunc(row.want, byObject)
			if diff := cmp.Diff(row.want, Components(row.input)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

func TestComponentsKeepThoseWithAStage(t *testing.T) {
	var input Input
	for i := range 200 {
		made := addon(fmt.Sprintf("addon-%03d", i)).from(baseLabel, "stable-1.19-3.2.0")
		if i >= 100 {
			made = made.withStage(made.Name, "Beta")
		}
		input.ClusterAddons = append(input.ClusterAddons, made)
	}
	got := Components(input)
	if len(got) != maxComponents {
		t.Fatalf("%d components, but the status has room for %d", len(got), maxComponents)
	}
	if !slices.IsSortedFunc(got, byObject) {
		t.Error("they are not in order")
	}
	for i, c := range got {
		if want := fmt.Sprintf("addon-%03d", i); i < 28 && (c.Name != want || c.Stage != "") {
			t.Errorf("component %d is %s, want %s", i, c.Name, want)
		}
		if i >= 28 && c.Stage == "" {
			t.Errorf("%s without a stage has taken the place of one with", c.Name)
		}
	}
}
