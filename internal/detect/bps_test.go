// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func baseAddons(evidence ...string) []facts.Installation {
	return []facts.Installation{fixtures.Found(facts.BasePlatformServices, "default", evidence...)}
}

func TestBasePlatformServices(t *testing.T) {
	checkDetector(t, detectBasePlatformServices, []detectorRow{
		{
			name:   "nothing",
			reason: "a cluster without addons has no base addons",
		},
		{
			name:   "labels",
			reason: "the ref in the labels is the release, and one ref is one piece of evidence, with the first addon",
			input: Input{
				ClusterAddons: []Addon{
					addon("cert-manager").from(baseLabel, "stable-1.19-3.2.0").revision("1.0.3-7"),
					addon("traefik").from(baseLabel, "stable-1.19-3.2.0"),
				},
				Addons: []Addon{addon("prometheus").in("kubeaddons").from(baseLabel, "stable-1.19-3.2.0")},
			},
			want: baseAddons("Label", "ClusterAddon/cert-manager", "stable-1.19-3.2.0"),
		},
		{
			name:   "namespaced",
			reason: "most base addons are Addon input in a namespace, which the evidence names",
			input:  Input{Addons: []Addon{addon("prometheus").in("kubeaddons").from(baseLabel, "stable-1.20-4.4.0")}},
			want:   baseAddons("Label", "Addon/kubeaddons/prometheus", "stable-1.20-4.4.0"),
		},
		{
			name:   "mixed, oldest first",
			reason: "after an upgrade that stopped half way the set is as old as its oldest part",
			input: Input{ClusterAddons: []Addon{
				addon("cert-manager").from(baseLabel, "stable-1.19-3.10.0"),
				addon("dashboard").from(baseLabel, "stable-1.19-3.9.0"),
				addon("traefik").from(baseLabel, "stable-1.18-3.10.0"),
			}},
			want: baseAddons(
				"Label", "ClusterAddon/dashboard", "stable-1.19-3.9.0",
				"Label", "ClusterAddon/traefik", "stable-1.18-3.10.0",
				"Label", "ClusterAddon/cert-manager", "stable-1.19-3.10.0",
			),
		},
		{
			name:   "mixed with what is no release",
			reason: "a part from a branch or from another channel must not be hidden by a supported release",
			input: Input{ClusterAddons: []Addon{
				addon("cert-manager").from(baseLabel, "stable-1.19-3.2.0"),
				addon("dashboard").from(baseLabel, "master"),
				addon("traefik").from(baseLabel, "testing-1.19-3.4.0"),
			}},
			want: baseAddons(
				"Label", "ClusterAddon/dashboard", "master",
				"Label", "ClusterAddon/traefik", "testing-1.19-3.4.0",
				"Label", "ClusterAddon/cert-manager", "stable-1.19-3.2.0",
			),
		},
		{
			name:   "branch",
			reason: "without a configVersion Konvoy takes the default branch; what that means is the policy's to say",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "master")}},
			want:   baseAddons("Label", "ClusterAddon/traefik", "master"),
		},
		{
			name:   "tag with Konvoy's number",
			reason: "stable-1.5-2.0.0 is a real tag, and the version is the whole tag",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "stable-1.5-2.0.0")}},
			want:   baseAddons("Label", "ClusterAddon/traefik", "stable-1.5-2.0.0"),
		},
		{
			name:   "fork",
			reason: "a copy under another owner is still the product, and the evidence names the fork",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from("acme-kubernetes-base-addons", "stable-1.19-3.2.0")}},
			want:   ofFork(baseAddons("Label", "ClusterAddon/traefik", "stable-1.19-3.2.0"), "acme-kubernetes-base-addons", 0),
		},
		{
			name:   "fork by the catalog",
			reason: "the URL in an annotation can hold credentials, which are dropped",
			input: Input{ClusterAddons: []Addon{
				addon("traefik").origin("https://user:secret@git.acme.corp/team/kubernetes-base-addons.git", "stable-1.20-4.0.0"),
			}},
			want: ofFork(baseAddons("Annotation", "ClusterAddon/traefik", "stable-1.20-4.0.0"),
				"git.acme.corp/team/kubernetes-base-addons", 0),
		},
		{
			name:   "one addon from a fork, of the same ref",
			reason: "it must not be hidden by those of the vendor",
			input: Input{ClusterAddons: []Addon{
				addon("cert-manager").from(baseLabel, "stable-1.19-3.2.0"),
				addon("traefik").from("acme-kubernetes-base-addons", "stable-1.19-3.2.0"),
			}},
			want: ofFork(baseAddons("Label", "ClusterAddon/traefik", "stable-1.19-3.2.0",
				"Label", "ClusterAddon/cert-manager", "stable-1.19-3.2.0"), "acme-kubernetes-base-addons", 0),
		},
		{
			name:   "one addon from a fork, of another ref",
			reason: "the oldest decides, and the fork is reported",
			input: Input{ClusterAddons: []Addon{
				addon("cert-manager").from(baseLabel, "stable-1.19-3.2.0"),
				addon("traefik").from("acme-kubernetes-base-addons", "stable-1.19-3.4.1"),
			}},
			want: ofFork(baseAddons("Label", "ClusterAddon/cert-manager", "stable-1.19-3.2.0",
				"Label", "ClusterAddon/traefik", "stable-1.19-3.4.1"), "acme-kubernetes-base-addons", 1),
		},
		{
			name:   "a declared fork",
			reason: "a description that asks for a copy says so, too",
			input: Input{KonvoyClusters: []KonvoyCluster{
				konvoyCluster("prod", "v1.7.2").addons("https://git.acme.corp/kubernetes-base-addons", "stable-1.19-3.4.1"),
			}},
			want: ofFork(baseAddons("Declared", "KonvoyCluster/konvoy/prod", "stable-1.19-3.4.1"),
				"git.acme.corp/kubernetes-base-addons", 0),
		},
		{
			name:   "air-gapped",
			reason: "without a network the repository is a path, with or without .git",
			input: Input{ClusterAddons: []Addon{
				addon("traefik").from("opt-konvoy-artifacts-kubernetes-base-addons.git", "stable-1.19-3.2.0"),
			}},
			want: baseAddons("Label", "ClusterAddon/traefik", "stable-1.19-3.2.0"),
		},
		{
			name:   "label without ref",
			reason: "the repository proves the product, not the version",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "")}},
			want:   baseAddons("Label", "ClusterAddon/traefik", ""),
		},
		{
			name:   "other repositories",
			reason: "the policy of the base addons says nothing about other repositories, whose tags look the same",
			input: Input{
				NodeLabel: labelNodePool,
				ClusterAddons: []Addon{
					addon("kommander").from(kommanderLabel, "stable-1.19-1.3.0").revision("1.3.0-40"),
					addon("dispatch").from(dispatchLabel, "stable-1.16-1.0.0").revision("1.0.0-1"),
				},
				Addons: []Addon{addon("cassandra").in("data").from(enterpriseLabel, "stable-1.19-1.0.0").revision("3.11.7-1")},
			},
		},
		{
			name:   "not base by the end of a word",
			reason: "the name of a repository ends the path, it does not end a word",
			input: Input{ClusterAddons: []Addon{
				addon("traefik").from("acme-mykubernetes-base-addons", "stable-1.19-3.2.0"),
			}},
		},
		{
			name:   "absent",
			reason: "an addon of stage absent is there to say that it is not installed",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "stable-1.19-3.2.0").stage("absent")}},
		},
		{
			name:   "absent within a mixed set",
			reason: "what is not installed makes no set mixed",
			input: Input{ClusterAddons: []Addon{
				addon("cert-manager").from(baseLabel, "stable-1.19-3.2.0").stage("absent"),
				addon("traefik").from(baseLabel, "stable-1.19-3.6.0"),
			}},
			want: baseAddons("Label", "ClusterAddon/traefik", "stable-1.19-3.6.0"),
		},
		{
			name:   "failed",
			reason: "an addon that could not be deployed is still of that release",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "stable-1.19-3.2.0").stage("failed")}},
			want:   baseAddons("Label", "ClusterAddon/traefik", "stable-1.19-3.2.0"),
		},
		{
			name:   "annotations without labels",
			reason: "what the catalog installed has annotations in their place",
			input:  Input{Addons: []Addon{addon("jaeger").in("kubeaddons").origin(baseURL, "stable-1.20-4.0.0")}},
			want:   baseAddons("Annotation", "Addon/kubeaddons/jaeger", "stable-1.20-4.0.0"),
		},
		{
			name:   "labels before annotations",
			reason: "both are reported, and the labels decide",
			input: Input{ClusterAddons: []Addon{
				addon("jaeger").origin(baseURL+".git", "stable-1.20-4.0.0"),
				addon("traefik").from(baseLabel, "stable-1.20-4.1.0"),
			}},
			want: baseAddons(
				"Label", "ClusterAddon/traefik", "stable-1.20-4.1.0",
				"Annotation", "ClusterAddon/jaeger", "stable-1.20-4.0.0",
			),
		},
		{
			name:   "catalog of another repository",
			reason: "the annotations of other repositories say nothing about the base addons",
			input: Input{ClusterAddons: []Addon{
				addon("spark").origin("https://github.com/mesosphere/kubeaddons-enterprise", "stable-1.20-1.0.0").revision("3.0.0-1"),
			}},
		},
		{
			name:   "declared",
			reason: "what the description of the cluster asks for is a declaration",
			input: Input{KonvoyClusters: []KonvoyCluster{
				konvoyCluster("prod", "v1.7.2").
					addons(baseURL, "stable-1.19-3.4.1").
					addons("https://github.com/mesosphere/kubeaddons-kommander", "stable-1.19-1.3.2"),
			}},
			want: baseAddons("Declared", "KonvoyCluster/konvoy/prod", "stable-1.19-3.4.1"),
		},
		{
			name:   "labels before a declaration",
			reason: "what is installed wins over what was asked for, which is reported beside it",
			input: Input{
				ClusterAddons:  []Addon{addon("traefik").from(baseLabel, "stable-1.19-3.2.0")},
				KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "v1.7.2").addons(baseURL, "stable-1.19-3.4.1")},
			},
			want: baseAddons(
				"Label", "ClusterAddon/traefik", "stable-1.19-3.2.0",
				"Declared", "KonvoyCluster/konvoy/prod", "stable-1.19-3.4.1",
			),
		},
		{
			name:   "declared by several",
			reason: "of two descriptions without knowing which one holds, neither gives a version",
			input: Input{KonvoyClusters: []KonvoyCluster{
				konvoyCluster("a", "v1.7.2").addons(baseURL, "stable-1.19-3.4.1"),
				konvoyCluster("b", "v1.8.0").addons(baseURL, "stable-1.20-4.0.0"),
			}},
			want: baseAddons("Declared", "KonvoyCluster/konvoy/a", "", "Declared", "KonvoyCluster/konvoy/b", ""),
		},
		{
			name:   "declared without a version",
			reason: "then it is the default branch, whose version is not known",
			input: Input{KonvoyClusters: []KonvoyCluster{
				konvoyCluster("prod", "v1.7.2").addons("/opt/konvoy/artifacts/kubernetes-base-addons/", ""),
			}},
			want: baseAddons("Declared", "KonvoyCluster/konvoy/prod", ""),
		},
		{
			name:   "unmarked, on a Konvoy node",
			reason: "addons on a Konvoy cluster are base addons, even when their release is not known",
			input:  Input{NodeLabel: labelNodePool, ClusterAddons: []Addon{addon("traefik")}},
			want:   baseAddons("Inferred", "ClusterAddon/traefik", ""),
		},
		{
			name:   "unmarked, with a description of the cluster",
			reason: "a KonvoyCluster is as good a sign of Konvoy as a node",
			input: Input{
				KonvoyClusters: []KonvoyCluster{konvoyCluster("prod", "")},
				Addons:         []Addon{addon("prometheus").in("kubeaddons")},
			},
			want: baseAddons("Inferred", "Addon/kubeaddons/prometheus", ""),
		},
		{
			name:   "unmarked, with a revision",
			reason: "addons of a repository carry a revision, wherever they are installed",
			input:  Input{ClusterAddons: []Addon{addon("cert-manager"), addon("traefik").revision("1.7.2-1")}},
			want:   baseAddons("Inferred", "ClusterAddon/traefik", ""),
		},
		{
			name:   "unmarked, and found by a rule",
			reason: "a rule knows better what it is",
			input: Input{
				Rules:         fixtures.Rules(fixtures.ByAddon("Widget", "widget")),
				ClusterAddons: []Addon{addon("widget").revision("1.0.0-1")},
			},
		},
		{
			name:   "unmarked, elsewhere",
			reason: "an addon by itself proves nothing",
			input:  Input{ClusterAddons: []Addon{addon("traefik")}},
		},
		{
			name:   "federated",
			reason: "what Kommander federates to a cluster is part of Kommander, on Konvoy and elsewhere",
			input: Input{
				NodeLabel:     labelNodePool,
				ClusterAddons: []Addon{addon("cert-manager").federated(), addon("traefik").federated()},
				Addons:        []Addon{addon("prometheus").in("kommander").federated().revision("9.3.1-1")},
			},
		},
		{
			name:   "federated from the repository",
			reason: "what a project of Kommander chose from the base addons is of the catalog's release, not of the cluster's",
			input:  Input{Addons: []Addon{addon("jaeger").in("project").federated().from(baseLabel, "stable-1.20-4.0.0")}},
		},
		{
			name:   "Kommander and KUDO without marks",
			reason: "neither is a base addon, whatever is missing on it",
			input: Input{
				NodeLabel:     labelNodePool,
				ClusterAddons: []Addon{addon("kommander").revision("1.3.0-40"), addon("dispatch")},
				Addons:        []Addon{addon("cassandra").in("data").operator("cassandra").revision("3.11.7-1")},
			},
		},
		{
			name:   "forbidden",
			reason: "what the API server denies may be installed",
			input:  Input{Forbidden: []string{Addons, ClusterAddons, HelmReleases, Nodes}},
			want: baseAddons(
				"Forbidden", "clusteraddons.kubeaddons.mesosphere.io", "",
				"Forbidden", "addons.kubeaddons.mesosphere.io", "",
			),
		},
		{
			name:   "half forbidden, and found",
			reason: "what was found elsewhere answers the question",
			input: Input{
				Forbidden:     []string{Addons},
				ClusterAddons: []Addon{addon("traefik").from(baseLabel, "stable-1.19-3.2.0")},
			},
			want: baseAddons("Label", "ClusterAddon/traefik", "stable-1.19-3.2.0"),
		},
		{
			name:   "half forbidden, and not found",
			reason: "the other half may have it",
			input:  Input{Forbidden: []string{Addons}, ClusterAddons: []Addon{addon("kommander").revision("1.3.0-40")}},
			want:   baseAddons("Forbidden", "addons.kubeaddons.mesosphere.io", ""),
		},
		{
			name:   "only KonvoyClusters forbidden",
			reason: "a declaration that cannot be read is no sign of base addons: the addons can be",
			input:  Input{Forbidden: []string{KonvoyClusters}},
		},
		{
			name:   "hostile ref",
			reason: "text is made printable and truncated before it gets into a status",
			input:  Input{ClusterAddons: []Addon{addon("traefik").from(baseLabel, "stable\n1.19\x1b[31m")}},
			want:   baseAddons("Label", "ClusterAddon/traefik", `stable\n1.19\x1b[31m`),
		},
	})
}

func TestBasePlatformServicesKeepsTheWorst(t *testing.T) {
	var input Input
	for minor := range 20 {
		input.ClusterAddons = append(input.ClusterAddons,
			addon(fmt.Sprintf("addon-%02d", minor)).from(baseLabel, fmt.Sprintf("stable-1.19-3.%d.0", 20-minor)))
	}
	evidence := detectBasePlatformServices(input)[0].Evidence
	if len(evidence) != maxEvidence {
		t.Errorf("%d pieces of evidence, but the status has room for %d", len(evidence), maxEvidence)
	}
	if got := evidence[0].Version; got != "stable-1.19-3.1.0" {
		t.Errorf("the first ref of a mixed set is %s, but the oldest must decide", got)
	}
}
