package observe

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// read makes an object of YAML.
func read(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

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
    notkubeaddons.mesosphere.io/name: foreign
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{secret}"
    catalog.kubeaddons.mesosphere.io/addon-revision: 1.0.3-7
    appversion.kubeaddons.mesosphere.io/cert-manager: 1.0.3
    stage.kubeaddons.mesosphere.io/cert-manager: Preview
spec:
  chartReference: {chart: cert-manager-setup, version: 0.2.7, values: "secret"}
  namespace: data
  kudoReference: {package: cassandra, version: 1.0.2, appVersion: foreign, repo: x, parameters: "secret"}
status: {ready: true, stage: deployed}
`,
			want: Addon{
				Name: "cert-manager",
				Labels: map[string]string{
					"kubeaddons.mesosphere.io/repository-name": "mesosphere-kubernetes-base-addons",
					"kubeaddons.mesosphere.io/repository-ref":  "stable-1.19-3.2.0",
					"kubefed.io/managed":                       "true",
				},
				Annotations: map[string]string{
					"catalog.kubeaddons.mesosphere.io/addon-revision":  "1.0.3-7",
					"appversion.kubeaddons.mesosphere.io/cert-manager": "1.0.3",
					"stage.kubeaddons.mesosphere.io/cert-manager":      "Preview",
				},
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
			name:   "fields of other types",
			reason: "what somebody else's object has elsewhere is as good as absent",
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
			got := row.trim(read(t, row.object))
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
	got := trimWorkload("DaemonSet")(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "data", Name: "agent",
		Labels:      map[string]string{"helm.sh/chart": "agent-1.2.3", "app.kubernetes.io/instance": "a", "app": "foreign"},
		Annotations: map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "secret"},
	}})
	if diff := cmp.Diff(any(workload("DaemonSet", "data", "agent", "agent-1.2.3", "a")), got); diff != "" {
		t.Errorf("the labels of the chart are kept, and nothing else\n-want +got:\n%s", diff)
	}
	if kept := whole(trimAddon)(&metav1.PartialObjectMetadata{}); kept != nil {
		t.Errorf("%v is made of an object that has only metadata, where all fields are needed", kept)
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
	if len(addon.Annotations) != maxEntries {
		t.Errorf("%d annotations are kept, want %d", len(addon.Annotations), maxEntries)
	}
	for key, value := range addon.Annotations {
		if len(value) > maxTextBytes || !utf8.ValidString(value) {
			t.Errorf("%s has %d bytes, want at most %d, cut between characters", key, len(value), maxTextBytes)
		}
	}
	cluster, _ := trimKonvoyCluster(hostile).(KonvoyCluster)
	if len(cluster.Repositories) != maxListEntries {
		t.Errorf("%d repositories are kept, want %d", len(cluster.Repositories), maxListEntries)
	}
}
