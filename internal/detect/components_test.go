// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

func TestComponents(t *testing.T) {
	const (
		base      = facts.BasePlatformServices
		kommander = facts.Kommander
	)
	for _, row := range []struct {
		name, reason string
		objects      Objects
		want         []v1alpha1.Component
	}{
		{
			name:   "base addons",
			reason: "the repository, by label or else by annotation, tells the product",
			objects: Objects{
				ClusterAddons: []Addon{
					addon("traefik").from(baseLabel, "stable-1.19-3.2.0"),
					addon("dex").origin("https://github.com/acme/kubernetes-base-addons", "master"),
				},
				Addons: []Addon{addon("jaeger").in("kubeaddons").from(baseLabel, "stable-1.19-3.2.0").marked("jaeger", "Experimental")},
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
			objects: Objects{ClusterAddons: []Addon{
				addon("istio").from(baseLabel, "stable-1.18-3.0.1").marked("kiali", "Preview").marked("jaeger", " preview\n"),
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
			objects: Objects{Addons: []Addon{
				addon("prometheus").in("kommander").federated(),
				addon("jaeger").in("project").federated().from(baseLabel, "stable-1.20-4.0.0").marked("jaeger", "Experimental"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("prometheus", "Addon/kommander/prometheus", "Federated", kommander, ""),
				fixtures.Component("jaeger", "Addon/project/jaeger", "Federated", kommander, "Experimental"),
			},
		},
		{
			name:   "Kommander",
			reason: "the addon itself is an installation; parts of it and other addons of its repository are components",
			objects: Objects{ClusterAddons: []Addon{
				addon("kommander").from(kommanderLabel, "stable-1.20-1.4.0").marked("kommander", "Beta").marked("karma", "Preview"),
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
			objects: Objects{Addons: []Addon{
				addon("cassandra").in("data").operator("cassandra").from(enterpriseLabel, "stable-1.20-1.0.0").marked("reaper", "Beta"),
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
			objects: Objects{
				Rules:         []facts.DetectionRule{fixtures.ByAddon("Dispatch", "dispatch")},
				ClusterAddons: []Addon{addon("dispatch").from(dispatchLabel, "stable-1.16-1.0.0").marked("dispatch", "Beta").marked("argo-cd", "Beta")},
			},
			want: []v1alpha1.Component{
				fixtures.Component("argo-cd", "ClusterAddon/dispatch", "Repository", "Dispatch", "Beta"),
				fixtures.Component("dispatch", "ClusterAddon/dispatch", "Repository", "Dispatch", "Beta"),
			},
		},
		{
			name:    "unmarked",
			reason:  "nothing tells where it comes from, nor what it belongs to",
			objects: Objects{ClusterAddons: []Addon{addon("traefik"), addon("team").in("kommander")}},
			want: []v1alpha1.Component{
				fixtures.Component("team", "Addon/kommander/team", "", "", ""), fixtures.Component("traefik", "ClusterAddon/traefik", "", "", ""),
			},
		},
		{
			name:    "absent",
			reason:  "an addon of stage absent is not installed",
			objects: Objects{ClusterAddons: []Addon{addon("istio").from(baseLabel, "x").marked("kiali", "Preview").stage("absent")}},
		},
		{
			name:   "HelmReleases",
			reason: "those beside Kommander's own belong to it, and those of others to nobody whom we know",
			objects: Objects{HelmReleases: []HelmRelease{
				helmRelease("v2.4.0"), helmRelease("").called("kommander", "dkp-insights-management"), helmRelease("").called("team", "shop"),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("dkp-insights-management", "HelmRelease/kommander/dkp-insights-management", "HelmRelease", kommander, ""),
			},
		},
		{
			name:   "HelmReleases of a rule",
			reason: "a rule knows better what they belong to, wherever they are",
			objects: Objects{
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
			reason: "foreign text is made printable and cut, and what has no name is nothing",
			objects: Objects{ClusterAddons: []Addon{
				addon("").marked("", "Beta"), addon("x").marked("a\nb", strings.Repeat("€", 100)),
			}},
			want: []v1alpha1.Component{
				fixtures.Component("x", "ClusterAddon/x", "", "", ""),
				fixtures.Component(`a\nb`, "ClusterAddon/x", "", "", strings.Repeat("€", 61)+"..."),
			}[:],
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			slices.SortFunc(row.want, byObject)
			if diff := cmp.Diff(row.want, Components(row.objects)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

func TestComponentsKeepThoseWithAStage(t *testing.T) {
	var objects Objects
	for i := range 200 {
		made := addon(fmt.Sprintf("addon-%03d", i)).from(baseLabel, "stable-1.19-3.2.0")
		if i >= 100 {
			made = made.marked(made.Name, "Beta")
		}
		objects.ClusterAddons = append(objects.ClusterAddons, made)
	}
	got := Components(objects)
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
