// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestTrim(t *testing.T) {
	for _, row := range []struct {
		name, reason, object string
		trim                 func(*unstructured.Unstructured) any
		want                 any
	}{
		{
			name:   "addon",
			reason: "what the detectors read is kept, and no values",
			trim:   trimAddon,
			object: `
apiVersion: kubeaddons.mesosphere.io/v1beta1
kind: ClusterAddon
metadata:
  name: cert-manager
  labels:
    app: foreign
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0
    kubefed.io/managed: "true"
    kubeaddons.mesosphere.io/provides: foreign
    notkubeaddons.mesosphere.io/name: foreign
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{secret}"
    catalog.kubeaddons.mesosphere.io/addon-revision: 1.0.3-7
    catalog.kubeaddons.mesosphere.io/origin-repository: https://github.com/mesosphere/kubernetes-base-addons
    catalog.kubeaddons.mesosphere.io/origin-repository-version: stable-1.19-3.1.0
    appversion.kubeaddons.mesosphere.io/cert-manager: 1.0.3
    appversion.kubeaddons.mesosphere.io/part: foreign
    endpoint.kubeaddons.mesosphere.io/cert-manager: foreign
    stage.kubeaddons.mesosphere.io/cert-manager: Preview
spec:
  chartReference: {chart: cert-manager-setup, version: 0.2.7, values: "secret"}
  namespace: data
  kudoReference: {package: cassandra, version: 1.0.2, appVersion: foreign, repo: x, parameters: "secret"}
status: {ready: true, stage: deployed}
`,
			want: Addon{
				Name:       "cert-manager",
				Repository: "mesosphere-kubernetes-base-addons", Ref: "stable-1.19-3.2.0", Federated: true,
				OriginRepository: "https://github.com/mesosphere/kubernetes-base-addons", OriginRef: "stable-1.19-3.1.0",
				Revision: "1.0.3-7", AppVersion: "1.0.3", Stages: map[string]string{"cert-manager": "Preview"},
				Target: "data", Stage: "deployed", Chart: "cert-manager-setup", ChartVersion: "0.2.7",
				Package: Package{Name: "cassandra", Version: "1.0.2", Repository: "x"},
			},
		},
		{
			name:   "KonvoyCluster",
			reason: "its spec can hold credentials, so what is not named is not kept",
			trim:   trimKonvoyCluster,
			object: `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: konvoy, annotations: {kubeaddons.mesosphere.io/x: secret}}
spec:
  cluster:
    version: v1.7.2
    kubernetes: {version: 1.19.9}
    addons:
    - configRepository: https://github.com/mesosphere/kubernetes-base-addons
      configVersion: stable-1.19-3.4.1
      addonsList: [{name: dex, enabled: true, values: secret}]
    - foreign
  provisioner: {provider: aws, version: v1.7.1, sshCredentials: {user: secret}}
status: {phase: Provisioned, adminConfSecretRef: {name: secret}}
`,
			want: KonvoyCluster{
				Namespace: "konvoy", Name: "prod", Version: "v1.7.2", ProvisionerVersion: "v1.7.1", Phase: "Provisioned",
				Repositories: []Repository{{URL: "https://github.com/mesosphere/kubernetes-base-addons", Ref: "stable-1.19-3.4.1"}},
			},
		},
		{
			name:   "HelmRelease v2beta1",
			reason: "the values are not kept",
			trim:   trimHelmRelease,
			object: `
apiVersion: helm.toolkit.fluxcd.io/v2beta1
kind: HelmRelease
metadata: {name: kommander, namespace: kommander}
spec: {values: {password: secret}}
status: {lastAppliedRevision: v2.1.4}
`,
			want: HelmRelease{Namespace: "kommander", Name: "kommander", LastAppliedRevision: "v2.1.4"},
		},
		{
			name:   "HelmRelease v2",
			reason: "of each snapshot the chart's version and the status are kept, in order",
			trim:   trimHelmRelease,
			object: `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: kommander, namespace: kommander}
status:
  history:
  - {chartName: kommander, chartVersion: v2.17.0, status: pending-upgrade, version: 8, digest: "sha256:0"}
  - {chartName: kommander, chartVersion: v2.16.0, status: deployed, version: 7}
`,
			want: HelmRelease{
				Namespace: "kommander", Name: "kommander",
				History: []HelmSnapshot{{"v2.17.0", "pending-upgrade"}, {"v2.16.0", "deployed"}},
			},
		},
		{
			name:   "KommanderCore",
			reason: "both versions are kept",
			trim:   trimKommanderCore,
			object: `
apiVersion: dkp.d2iq.io/v1alpha1
kind: KommanderCore
metadata: {name: kommander-core}
spec: {version: v2.8.0, airgapped: {enabled: false}}
status: {version: v2.7.0}
`,
			want: KommanderCore{Name: "kommander-core", Wanted: "v2.8.0", Running: "v2.7.0"},
		},
		{
			name:   "Instance",
			reason: "of the plans only those that bring a version are kept, and no parameters",
			trim:   trimInstance,
			object: `
apiVersion: kudo.dev/v1beta1
kind: Instance
metadata: {name: cassandra, namespace: data, labels: {kudo.dev/operator: cassandra, app: foreign}}
spec: {operatorVersion: {name: cassandra-3.11.7-1.0.2, namespace: kudo}, parameters: {PASSWORD: secret}}
status:
  planStatus:
    deploy: {name: deploy, status: COMPLETE, phases: [{name: foreign}]}
    upgrade: {name: upgrade, status: NEVER_RUN}
    backup: {name: backup, status: foreign}
`,
			want: Instance{
				Namespace: "data", Name: "cassandra", Operator: "cassandra",
				VersionNamespace: "kudo", VersionName: "cassandra-3.11.7-1.0.2",
				Plans: map[string]string{"deploy": "COMPLETE", "upgrade": "NEVER_RUN"},
			},
		},
		{
			name:   "OperatorVersion",
			reason: "it holds all templates and tasks of the operator, which can be hundreds of KB",
			trim:   trimOperatorVersion,
			object: `
apiVersion: kudo.dev/v1beta1
kind: OperatorVersion
metadata: {name: cassandra-3.11.7-1.0.2, namespace: data}
spec:
  operator: {name: cassandra, kind: Operator}
  version: 1.0.2
  appVersion: 3.11.7
  templates: {stateful-set.yaml: secret}
  parameters: [{name: foreign}]
`,
			want: OperatorVersion{Namespace: "data", Name: "cassandra-3.11.7-1.0.2", Operator: "cassandra", Version: "1.0.2"},
		},
		{
			name:   "KommanderCluster of 2.x",
			reason: "what it refers to, its labels, and of its annotations those that are for the operator",
			trim:   trimKommanderCluster,
			object: `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KommanderCluster
metadata:
  name: prod
  namespace: workspace-a
  uid: 0b0f
  deletionTimestamp: "2021-05-05T00:00:00Z"
  finalizers: [foreign]
  labels: {team: payments, example.com/stage: "", "not a label": secret, bad: "secret!"}
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{secret}"
    kommander.d2iq.io/host: "true"
    support.d2iq.io/environment: production
    support.d2iq.io/declared-releases: Konvoy=2.2.0,Spark=1.1.0
spec:
  kubeconfigRef: {name: prod-kubeconfig, key: foreign}
  clusterRef: {capiCluster: {name: prod, namespace: capi}}
status: {phase: Joined, clusterId: 5b1b, type: foreign, kubefedclusterRef: {name: foreign}}
`,
			want: KommanderCluster{
				Namespace: "workspace-a", Name: "prod", UID: "0b0f", APIVersion: "kommander.mesosphere.io/v1beta1",
				Labels: map[string]string{"team": "payments", "example.com/stage": ""},
				IsHost: true, Environment: "production", DeclaredReleases: "Konvoy=2.2.0,Spark=1.1.0",
				KubeconfigSecret: "prod-kubeconfig", CAPICluster: types.NamespacedName{Namespace: "capi", Name: "prod"},
				Phase: "Joined", ClusterID: "5b1b",
			},
		},
		{
			name:   "KommanderCluster of 1.x",
			reason: "a cluster that Konvoy 1.x made, behind a tunnel",
			trim:   trimKommanderCluster,
			object: `
metadata: {name: prod, namespace: a, annotations: {kommander.d2iq.io/host: "false"}}
spec: {clusterRef: {konvoyCluster: {name: described}}, clusterTunnelConnectorRef: {name: tunnel}}
status: {phase: Pending}
`,
			want: KommanderCluster{
				Namespace: "a", Name: "prod", KonvoyCluster: "described", Tunnel: "tunnel", Phase: "Pending",
			},
		},
		{
			name:   "KommanderCluster with a cluster of its own namespace",
			reason: "what does not say where it is, is where it is said",
			trim:   trimKommanderCluster,
			object: `
metadata: {name: prod, namespace: a}
spec: {clusterRef: {capiCluster: {name: made}}}
`,
			want: KommanderCluster{
				Namespace: "a", Name: "prod",
				CAPICluster: types.NamespacedName{Namespace: "a", Name: "made"},
			},
		},
		{
			name:   "KommanderCluster with nonsense",
			reason: "a namespace without a name refers to nothing, and what is no UID identifies no cluster",
			trim:   trimKommanderCluster,
			object: `
metadata: {name: prod, namespace: a, labels: [foreign], annotations: {kommander.d2iq.io/host: true}}
spec: {kubeconfigRef: foreign, clusterRef: {capiCluster: {namespace: b}}}
status: {clusterId: "foreign\u0007"}
`,
			want: KommanderCluster{Namespace: "a", Name: "prod"},
		},
		{
			name:   "Cluster of Konvoy 2.x",
			reason: "Konvoy labels what it makes",
			trim:   trimCAPICluster,
			object: `
apiVersion: cluster.x-k8s.io/v1alpha4
kind: Cluster
metadata: {name: prod, namespace: a, uid: 0b0f, labels: {konvoy.d2iq.io/provider: aws}, annotations: {a: secret}}
spec: {topology: {version: foreign}, controlPlaneEndpoint: {host: secret}}
`,
			want: CAPICluster{
				Namespace: "a", Name: "prod", UID: "0b0f", APIVersion: "cluster.x-k8s.io/v1alpha4",
				Labels: map[string]string{"konvoy.d2iq.io/provider": "aws"}, IsKonvoy: true,
			},
		},
		{
			name:   "Cluster of somebody else",
			reason: "Cluster API is not Konvoy's alone",
			trim:   trimCAPICluster,
			object: `metadata: {name: prod, namespace: a, labels: {notkonvoy.d2iq.io/provider: aws}}`,
			want: CAPICluster{
				Namespace: "a", Name: "prod", Labels: map[string]string{"notkonvoy.d2iq.io/provider": "aws"},
			},
		},
		{
			name:   "TunnelConnector",
			reason: "its kubeconfig leads through the tunnel",
			trim:   trimTunnelConnector,
			object: `
apiVersion: kubetunnel.d2iq.io/v1alpha1
kind: TunnelConnector
metadata: {name: tunnel, namespace: a, labels: {app: foreign}}
spec: {gatewayRef: {name: foreign}}
status: {state: Connected, kubeconfigRef: {name: tunnel-kubeconfig}}
`,
			want: TunnelConnector{Namespace: "a", Name: "tunnel", KubeconfigSecret: "tunnel-kubeconfig"},
		},
		{
			name:   "fields of other types",
			reason: "a value of another type is as good as absent",
			trim:   trimKonvoyCluster,
			object: `
metadata: {name: odd, namespace: konvoy}
spec: {cluster: {version: 1.7, addons: none}, provisioner: []}
status: 7
`,
			want: KonvoyCluster{Namespace: "konvoy", Name: "odd"},
		},
		{
			name:   "names that no API server lets through",
			reason: "they get into the status, which would refuse them",
			trim:   trimKonvoyCluster,
			object: `metadata: {name: "a\nb", namespace: "c.d/e\u0007"}`,
			want:   KonvoyCluster{Namespace: `c.d/e\a`, Name: `a\nb`},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := row.trim(fixtures.Object(t, row.object))
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
			if kept := fmt.Sprint(got); strings.Contains(kept, "secret") || strings.Contains(kept, "foreign") {
				t.Errorf("what is not read was kept: %s", kept)
			}
		})
	}
}

func TestTrimWorkload(t *testing.T) {
	got := trimWorkload("DaemonSet")(fixtures.Object(t, `
metadata:
  name: agent
  namespace: data
  labels: {helm.sh/chart: agent-1.2.3, app.kubernetes.io/instance: a, app: foreign}
  annotations: {kubectl.kubernetes.io/last-applied-configuration: secret}
`))
	if diff := cmp.Diff(any(workload("DaemonSet", "data", "agent", "agent-1.2.3", "a")), got); diff != "" {
		t.Errorf("the labels of the chart are kept, and nothing else\n-want +got:\n%s", diff)
	}
}

func TestTrimIsBounded(t *testing.T) {
	annotations := map[string]any{}
	for i := range 1000 {
		annotations[fmt.Sprintf("stage.kubeaddons.mesosphere.io/%03d", i)] = strings.Repeat("€", 1000)
	}
	var entries []any
	for range 1000 {
		entries = append(entries, map[string]any{"configRepository": "r"})
	}
	hostile := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "hostile", "annotations": annotations},
		"spec":     map[string]any{"cluster": map[string]any{"addons": entries}},
	}}
	addon, _ := trimAddon(hostile).(Addon)
	if len(addon.Stages) != maxEntries {
		t.Errorf("the stages of %d components are kept, want %d", len(addon.Stages), maxEntries)
	}
	for key, value := range addon.Stages {
		if len(value) > maxTextBytes || !utf8.ValidString(value) {
			t.Errorf("%s has %d bytes, want at most %d, cut between characters", key, len(value), maxTextBytes)
		}
	}
	long := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{
		"annotations": map[string]any{annotationStage + strings.Repeat("x", 64): "Preview"}}}}
	if stages := stagesOf(long); len(stages) > 0 {
		t.Errorf("a key that no API server lets through is kept: %v", stages)
	}
	labels := map[string]any{"konvoy.d2iq.io/provider": "aws"}
	for i := range 1000 {
		labels[fmt.Sprintf("a%03d", i)] = "x"
	}
	hostile.SetUID(types.UID(strings.Repeat("u", 1000)))
	metadata, _ := hostile.Object["metadata"].(map[string]any)
	metadata["labels"] = labels
	managed, _ := trimKommanderCluster(hostile).(KommanderCluster)
	if len(managed.Labels) != maxEntries || len(managed.UID) > maxTextBytes {
		t.Errorf("%d labels and a UID of %d bytes are kept", len(managed.Labels), len(managed.UID))
	}
	labels["kommander.d2iq.io/z"], labels["support.d2iq.io/z"], labels["z"] = "x", "x", "x"
	first, _ := trimKommanderCluster(hostile).(KommanderCluster)
	for _, key := range []string{"konvoy.d2iq.io/provider", "kommander.d2iq.io/z", "support.d2iq.io/z", "a000"} {
		if first.Labels[key] == "" {
			t.Errorf("the label %s is not among those that are kept of too many", key)
		}
	}
	if made, _ := trimCAPICluster(hostile).(CAPICluster); !made.IsKonvoy || len(made.Labels) != maxEntries {
		t.Errorf("of Konvoy: %t, with %d labels; want it recognized by a label beyond the first %d",
			made.IsKonvoy, len(made.Labels), maxEntries)
	}
	cluster, _ := trimKonvoyCluster(hostile).(KonvoyCluster)
	if len(cluster.Repositories) != maxListEntries {
		t.Errorf("%d repositories are kept, want %d", len(cluster.Repositories), maxListEntries)
	}
}

// TestTrimOfDeclaredReleases is for an annotation that lists many products, and may be longer than others.
func TestTrimOfDeclaredReleases(t *testing.T) {
	for _, row := range []struct {
		name, reason  string
		written, kept int
	}{
		{"many products", "a dozen releases are more than other texts may have", 1000, 1000},
		{"as many as are kept", "nothing is lost", 4096, 4096},
		{"more", "what is cut off is lost, and what is there is not", 4097, 4096},
	} {
		t.Run(row.name, func(t *testing.T) {
			object := &unstructured.Unstructured{}
			object.SetAnnotations(map[string]string{v1alpha1.AnnotationDeclaredReleases: strings.Repeat("a", row.written)})
			cluster, _ := trimKommanderCluster(object).(KommanderCluster)
			if got := len(cluster.DeclaredReleases); got != row.kept {
				t.Errorf("%d bytes are kept, want %d: %s", got, row.kept, row.reason)
			}
		})
	}
}
