// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

// latest sets the image of the kustomizations.
const latest = "image: {tag: latest}\n"

// allValues sets each value that adds an object.
const allValues = kustomizeValues + "podDisruptionBudget: {enabled: true}\n"

// kustomizeValues sets those whose objects there are in kustomizations, too.
const kustomizeValues = latest + `
shards: 3
fleet: {enabled: true}
metrics: {certManager: {enabled: true}, networkPolicy: {enabled: true}}
egressPolicy: {enabled: true}
serviceMonitor: {enabled: true}
prometheusRule: {enabled: true}
dashboard: {enabled: true}
kubeStateMetrics: {enabled: true}
`

// TestSameAsKustomize compares the chart with the kustomizations, object by object.
func TestSameAsKustomize(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		overlay, values string
		// namespace is that of the release, where it is not the default.
		namespace string
	}{
		"the default": {overlay: "resources: [ROOT/config/default]", values: latest},
		"a fleet":     {overlay: "resources: [ROOT/config/fleet]", values: latest + "fleet: {enabled: true}"},
		"shards":      {overlay: "resources: [ROOT/config/sharded]", values: latest + "fleet: {enabled: true}\nshards: 3"},
		"another namespace": {
			overlay:   "namespace: elsewhere\nresources: [ROOT/config/sharded]\ncomponents: [ROOT/monitoring/prometheus-operator]",
			values:    latest + "fleet: {enabled: true}\nshards: 3\nserviceMonitor: {enabled: true}\nprometheusRule: {enabled: true}",
			namespace: "elsewhere",
		},
		"the Prometheus Operator": {
			overlay: "resources: [ROOT/config/default]\ncomponents: [ROOT/monitoring/prometheus-operator]",
			values:  latest + "serviceMonitor: {enabled: true}\nprometheusRule: {enabled: true}",
		},
		"cert-manager": {
			overlay: "resources: [ROOT/config/default]\ncomponents: [ROOT/monitoring/prometheus-operator, ROOT/monitoring/cert-manager]",
			values:  latest + "metrics: {certManager: {enabled: true}}\nserviceMonitor: {enabled: true}\nprometheusRule: {enabled: true}",
		},
		"a Prometheus without its operator": {
			overlay: "resources: [ROOT/config/default]\ncomponents: [ROOT/monitoring/reader, ROOT/monitoring/cert-manager/certificate]",
			values:  latest + "metrics: {reader: {enabled: true}, certManager: {enabled: true}}",
		},
		"a NetworkPolicy": {
			overlay: "resources: [ROOT/config/default]\ncomponents: [ROOT/config/network-policy]",
			values:  latest + "metrics: {networkPolicy: {enabled: true}}",
		},
		"a NetworkPolicy for the API server": {
			overlay: "resources: [ROOT/config/default]\ncomponents: [ROOT/config/network-policy, ROOT/config/network-policy/egress]",
			values:  latest + "metrics: {networkPolicy: {enabled: true}}\negressPolicy: {enabled: true}",
		},
		"NetworkPolicies for a fleet, with another port": {
			overlay: "resources: [ROOT/config/fleet]\ncomponents: [ROOT/config/network-policy/egress-fleet]\npatches:\n" +
				"- target: {kind: NetworkPolicy, name: support-policy-operator-api-servers}\n" +
				"  patch: |\n    - op: add\n      path: /spec/egress/0/ports/-\n      value: {protocol: TCP, port: 8443}",
			values: latest + "fleet: {enabled: true}\negressPolicy: {enabled: true, ports: [8443]}",
		},
		"Grafana": {
			overlay: "resources: [ROOT/config/default]\ncomponents: [ROOT/monitoring/grafana]",
			values:  latest + "dashboard: {enabled: true}",
		},
		"kube-state-metrics": {
			overlay: "resources: [ROOT/config/default, kube-state-metrics.yaml]\ncomponents: [ROOT/monitoring/kube-state-metrics]",
			values:  latest + "kubeStateMetrics: {enabled: true}",
		},
		"all together": {
			overlay: "resources: [ROOT/config/sharded, kube-state-metrics.yaml]\ncomponents: [ROOT/monitoring/prometheus-operator," +
				" ROOT/monitoring/cert-manager, ROOT/config/network-policy, ROOT/config/network-policy/egress-fleet, ROOT/monitoring/grafana," +
				" ROOT/monitoring/kube-state-metrics]",
			values: kustomizeValues,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := kustomized(t, test.overlay)
			if len(want) < 10 {
				t.Fatalf("the kustomization has %d objects only", len(want))
			}
			namespace := system
			if test.namespace != "" {
				namespace = test.namespace
			}
			if diff := cmp.Diff(want, chart(t, "support-policy-operator", namespace, test.values)); diff != "" {
				t.Errorf("perhaps for want of make generate-all (-kustomize +chart):\n%s", diff)
			}
		})
	}
}

// TestPolicies compares the chart of the policies with their kustomization, object by object.
func TestPolicies(t *testing.T) {
	t.Parallel()
	out, err := runHelm(t, "", "template", "policies", "charts/"+policiesChart)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kustomized(t, "resources: [ROOT/config/policies]"), parse(t, out)); diff != "" {
		t.Errorf("perhaps for want of make generate-all (-kustomize +chart):\n%s", diff)
	}
}

// TestEachValue sets one value at a time, and lists the objects that it adds and removes.
func TestEachValue(t *testing.T) {
	t.Parallel()
	const (
		deployment = "Deployment support-policy-system/support-policy-operator"
		scraper    = "support-policy-metrics-reader"
		readable   = "support-policy-operator-kubeconfigs"
	)
	reading := []string{"ClusterRole /" + scraper, "Service support-policy-system/support-policy-operator-metrics"}
	without := chart(t, "support-policy-operator", system, "")
	for values, test := range map[string]struct{ added, gone []string }{
		"fleet: {enabled: true}": {added: []string{"ClusterRole /" + readable, "ClusterRoleBinding /" + readable}},
		"fleet: {enabled: true, namespaces: [workspace-a, workspace-b]}": {added: []string{
			"ClusterRole /" + readable, "RoleBinding workspace-a/" + readable, "RoleBinding workspace-b/" + readable,
		}},
		"shards: 2": {
			added: []string{deployment + "-shard-0", deployment + "-shard-1"},
			gone:  []string{deployment},
		},
		"crds: {enabled: false}": {gone: []string{
			"CustomResourceDefinition /clustersupports.support.d2iq.io", "CustomResourceDefinition /supportexceptions.support.d2iq.io",
			"CustomResourceDefinition /supportpolicies.support.d2iq.io",
		}},
		"metrics: {enabled: false}": {gone: reading},
		"metrics: {certManager: {enabled: true}}": {added: []string{
			"Certificate support-policy-system/support-policy-operator-metrics", "Issuer support-policy-system/support-policy-operator-metrics",
		}},
		"metrics: {reader: {enabled: true}}": {added: []string{
			"ClusterRoleBinding /" + scraper, "Secret support-policy-system/" + scraper, "ServiceAccount support-policy-system/" + scraper,
		}},
		"metrics: {networkPolicy: {enabled: true}}": {added: []string{
			"NetworkPolicy support-policy-system/support-policy-operator-metrics",
		}},
		"podDisruptionBudget: {enabled: true}": {added: []string{
			"PodDisruptionBudget support-policy-system/support-policy-operator",
		}},
		"podDisruptionBudget: {enabled: true}\nshards: 2": {
			added: []string{
				deployment + "-shard-0", deployment + "-shard-1",
				"PodDisruptionBudget support-policy-system/support-policy-operator-shard-0",
				"PodDisruptionBudget support-policy-system/support-policy-operator-shard-1",
			},
			gone: []string{deployment},
		},
		"egressPolicy: {enabled: true}": {added: []string{
			"NetworkPolicy support-policy-system/support-policy-operator-api-servers",
		}},
		"serviceMonitor: {enabled: true}": {added: []string{
			"ClusterRoleBinding /" + scraper, "Secret support-policy-system/" + scraper, "ServiceAccount support-policy-system/" + scraper,
			"ServiceMonitor support-policy-system/support-policy-operator",
		}},
		"prometheusRule: {enabled: true}":                   {added: []string{"PrometheusRule support-policy-system/support-policy-operator"}},
		"dashboard: {enabled: true}":                        {added: []string{"ConfigMap support-policy-system/support-policy-dashboard"}},
		"dashboard: {enabled: true, namespace: monitoring}": {added: []string{"ConfigMap monitoring/support-policy-dashboard"}},
		"kubeStateMetrics: {enabled: true, namespace: monitoring}": {added: []string{
			"ClusterRole /kube-state-metrics-support", "ClusterRoleBinding /kube-state-metrics-support",
			"ConfigMap monitoring/kube-state-metrics-support",
		}},
	} {
		t.Run(values, func(t *testing.T) {
			t.Parallel()
			with := chart(t, "support-policy-operator", system, values)
			if diff := cmp.Diff(test.added, missingFrom(with, without)); diff != "" {
				t.Errorf("added (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.gone, missingFrom(without, with)); diff != "" {
				t.Errorf("gone (-want +got):\n%s", diff)
			}
		})
	}
}

// missingFrom returns the names of the objects that the others lack.
func missingFrom(all, others objects) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if _, is := others[name]; !is {
			names = append(names, name)
		}
	}
	return names
}

// TestNamespacesOfKubeconfigs: the operator may read the Secrets of the namespaces it is configured with, and no others.
func TestNamespacesOfKubeconfigs(t *testing.T) {
	t.Parallel()
	const binding = "support-policy-operator-kubeconfigs"
	all := chart(t, "support-policy-operator", system, "fleet: {enabled: true}")
	some := chart(t, "support-policy-operator", system, "fleet: {enabled: true, namespaces: [workspace-a, workspace-b]}")
	for _, namespace := range []string{"workspace-a", "workspace-b"} {
		want := runtime.DeepCopyJSON(all["ClusterRoleBinding /"+binding])
		want["kind"] = "RoleBinding"
		want["metadata"] = map[string]any{"name": binding, "namespace": namespace}
		if diff := cmp.Diff(want, some["RoleBinding "+namespace+"/"+binding]); diff != "" {
			t.Errorf("(-that of all +that of %s):\n%s", namespace, diff)
		}
	}
	for kind, granted := range map[string]objects{"all": all, "some": some} {
		argument := map[string]string{
			"all": "--kubeconfig-namespaces=*", "some": "--kubeconfig-namespaces=workspace-a,workspace-b",
		}[kind]
		if args := deployment(t, granted).Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, argument) {
			t.Errorf("%s: %q has no %s", kind, args, argument)
		}
	}
}

// TestValuesOfDeployment sets the values that change the Deployment.
func TestValuesOfDeployment(t *testing.T) {
	t.Parallel()
	with := func(argument string) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			container := &d.Spec.Template.Spec.Containers[0]
			container.Args = append(container.Args, argument)
		}
	}
	nothing := func(*appsv1.Deployment) {}
	unchanged := chart(t, "support-policy-operator", system, "")
	for values, change := range map[string]func(*appsv1.Deployment){
		"image: {repository: registry.example/operator}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Image = "registry.example/operator:v0.1.0"
		},
		"image: {tag: '1'}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Image = "support-policy-operator:1"
		},
		"image: {digest: 'sha256:" + digest + "'}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Image = "support-policy-operator@sha256:" + digest
		},
		"image: {pullPolicy: Always}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].ImagePullPolicy = corev1.PullAlways
		},
		"image: {pullSecrets: [a, '7']}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: "a"}, {Name: "7"}}
		},
		"replicas: 2": func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](2) },
		"replicas: 0": func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](0) },
		// What is not set keeps its default.
		"resources: {limits: {memory: 2Gi, cpu: 1}}": func(d *appsv1.Deployment) {
			limits := d.Spec.Template.Spec.Containers[0].Resources.Limits
			limits[corev1.ResourceMemory], limits[corev1.ResourceCPU] = resource.MustParse("2Gi"), resource.MustParse("1")
		},
		"nodeSelector: {kubernetes.io/os: linux}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.NodeSelector = map[string]string{"kubernetes.io/os": "linux"}
		},
		"tolerations: [{key: control-plane, operator: Exists, effect: NoSchedule}]": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Tolerations = []corev1.Toleration{
				{Key: "control-plane", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
			}
		},
		"affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}}": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{TopologyKey: "zone"}},
			}}
		},
		"topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]\npodLabels: {a: b}": func(d *appsv1.Deployment) {
			d.Spec.Template.Labels["a"] = "b"
			d.Spec.Template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{
				{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: d.Spec.Selector},
			}
		},
		"topologySpreadConstraints: [{maxSkew: 2, topologyKey: node, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchExpressions: [{key: a, operator: Exists}]}}]": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{
				{MaxSkew: 2, TopologyKey: "node", WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: &metav1.LabelSelector{
					MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: metav1.LabelSelectorOpExists}},
				}},
			}
		},
		"priorityClassName: system-cluster-critical": func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.PriorityClassName = "system-cluster-critical"
		},
		// The label by which the Deployment finds its pods stays.
		"podLabels: {team: 'true', app.kubernetes.io/name: other}": func(d *appsv1.Deployment) {
			d.Spec.Template.Labels["team"] = "true"
		},
		"podAnnotations: {sidecar.istio.io/inject: 'false'}": func(d *appsv1.Deployment) {
			d.Spec.Template.Annotations = map[string]string{"sidecar.istio.io/inject": "false"}
		},
		"extraArgs: [--zap-stacktrace-level=panic]": with("--zap-stacktrace-level=panic"),
		"extraEnv: [{name: GOGC, value: '50'}]": func(d *appsv1.Deployment) {
			container := &d.Spec.Template.Spec.Containers[0]
			container.Env = append(container.Env, corev1.EnvVar{Name: "GOGC", Value: "50"})
		},
		"extraEnv: [{name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}]": func(d *appsv1.Deployment) {
			container := &d.Spec.Template.Spec.Containers[0]
			container.Env = append(container.Env, corev1.EnvVar{Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{
				ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.memory"},
			}})
		},
		"copyLabels: null":            nothing,
		"copyLabels: []":              with("--copy-labels="),
		"copyLabels: [a.example/, b]": with("--copy-labels=a.example/,b"),
		"logging: {level: info}":      nothing,
		"logging: {level: debug}":     with("--zap-log-level=debug"),
		"logging: {level: 3}":         with("--zap-log-level=3"),
		"logging: {encoder: console}": with("--zap-encoder=console"),
		"metrics: {enabled: false}": func(d *appsv1.Deployment) {
			container := &d.Spec.Template.Spec.Containers[0]
			container.Args, container.Ports = container.Args[:1], container.Ports[:1]
		},
	} {
		t.Run(values, func(t *testing.T) {
			t.Parallel()
			want := deployment(t, unchanged)
			change(want)
			if diff := cmp.Diff(want, deployment(t, chart(t, "support-policy-operator", system, values))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// digest is that of an image, without its algorithm.
const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// deployment returns the operator's Deployment. An unknown field is an error.
func deployment(t *testing.T, all objects) *appsv1.Deployment {
	t.Helper()
	var d appsv1.Deployment
	convert(t, all["Deployment support-policy-system/support-policy-operator"], &d)
	return &d
}

// convert reads an object. An unknown field is an error.
func convert(t *testing.T, content map[string]any, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(content, into, true); err != nil {
		t.Fatal(err)
	}
}

// TestPodDisruptionBudget: a drain leaves a pod of each Deployment, by the API that the version of the cluster has.
func TestPodDisruptionBudget(t *testing.T) {
	t.Parallel()
	for version, api := range map[string]string{"v1.16.0": "policy/v1beta1", "v1.20.15-eks-1": "policy/v1beta1", "v1.21.0-gke.1": "policy/v1", "v1.37.0": "policy/v1"} {
		out, err := template(t, "operator", system, "podDisruptionBudget: {enabled: true, maxUnavailable: 50%}\nshards: 2\nreplicas: 2", "--kube-version="+version)
		if err != nil {
			t.Fatal(err)
		}
		all := withoutHelm(parse(t, out))
		for _, shard := range []string{"-shard-0", "-shard-1"} {
			var budget policyv1.PodDisruptionBudget
			var protected appsv1.Deployment
			convert(t, all["PodDisruptionBudget support-policy-system/support-policy-operator"+shard], &budget)
			convert(t, all["Deployment support-policy-system/support-policy-operator"+shard], &protected)
			if budget.APIVersion != api {
				t.Errorf("%s: the budget is one of %s, want %s", version, budget.APIVersion, api)
			}
			want := policyv1.PodDisruptionBudgetSpec{MaxUnavailable: ptr.To(intstr.FromString("50%")), Selector: protected.Spec.Selector}
			if diff := cmp.Diff(want, budget.Spec); diff != "" {
				t.Errorf("%s (-want +got):\n%s", version, diff)
			}
		}
	}
}

// TestArguments has the operator read the arguments that it gets. It reads them up to -h, and then ends.
func TestArguments(t *testing.T) {
	t.Parallel()
	values := "fleet: {enabled: true, namespaces: [a, b], allowProxy: true}\nmetrics: {certManager: {enabled: true}}\n" +
		"copyLabels: [a.example/]\nlogging: {level: 3, encoder: console}\nextraArgs: [--zap-stacktrace-level=panic]"
	args := deployment(t, chart(t, "support-policy-operator", system, values)).Spec.Template.Spec.Containers[0].Args
	if want := 9; len(args) != want {
		t.Errorf("%d arguments, want %d: %q", len(args), want, args)
	}
	if _, err := run(exec.CommandContext(t.Context(), "go", append(append([]string{"run", "."}, args...), "-h")...)); err != nil {
		t.Error(err)
	}
}

// TestAnotherRelease renders all of the chart under another name, in another namespace: the names stay, since there is one
// operator in a cluster, and all that is in a namespace is in that one.
func TestAnotherRelease(t *testing.T) {
	t.Parallel()
	const namespace = "1234" // a number, but for the quotes
	content, err := json.Marshal(chart(t, "support-policy-operator", system, allValues))
	if err != nil {
		t.Fatal(err)
	}
	var want objects
	if err := json.Unmarshal(bytes.ReplaceAll(content, []byte(system), []byte(namespace)), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, chart(t, "5678", namespace, allValues)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLabels: objects have Helm's labels and those by which Prometheus and Grafana select them. Labels in values cannot replace
// the chart's own.
func TestLabels(t *testing.T) {
	t.Parallel()
	const added = "{release: prometheus, app.kubernetes.io/name: other, helm.sh/chart: other}"
	out, err := template(t, "spo", system, fmt.Sprintf("serviceMonitor: {enabled: true, additionalLabels: %[1]s}\n"+
		"prometheusRule: {enabled: true, additionalLabels: %[1]s}\ndashboard: {enabled: true, labels: %[1]s}", added))
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]any{
		"helm.sh/chart": "support-policy-operator-0.1.0", "app.kubernetes.io/instance": "spo",
		"app.kubernetes.io/version": "v0.1.0", "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "support-policy-operator",
	}
	found := maps.Clone(own)
	found["release"] = "prometheus"
	// Helm merges a map with that of the chart, so that the label of the sidecar stays.
	shown := maps.Clone(found)
	shown["grafana_dashboard"] = "1"
	all := parse(t, out)
	for name, want := range map[string]map[string]any{
		"Deployment support-policy-system/support-policy-operator":      own,
		"ServiceMonitor support-policy-system/support-policy-operator":  found,
		"PrometheusRule support-policy-system/support-policy-operator":  found,
		"ConfigMap support-policy-system/support-policy-dashboard":      shown,
		"Service support-policy-system/support-policy-operator-metrics": own,
	} {
		metadata, _ := all[name]["metadata"].(map[string]any)
		if diff := cmp.Diff(any(want), metadata["labels"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRefused: a mistake in a value is an error.
func TestRefused(t *testing.T) {
	t.Parallel()
	for values, message := range map[string]string{
		"shard: 3":                                                "additional properties 'shard' not allowed",
		"fleet: {namespce: [a]}":                                  "at '/fleet': additional properties 'namespce' not allowed",
		"metrics: {certmanager: {}}":                              "at '/metrics': additional properties 'certmanager' not allowed",
		"resources: {limit: {memory: 1Gi}}":                       "at '/resources': additional properties 'limit' not allowed",
		"tolerations: [{name: a}]":                                "at '/tolerations/0': additional properties 'name' not allowed",
		"affinity: {nodeAfinity: {}}":                             "at '/affinity': additional properties 'nodeAfinity' not allowed",
		"shards: 0":                                               "at '/shards': minimum: got 0, want 1",
		"shards: '3'":                                             "at '/shards': got string, want integer",
		"shards: 1.5":                                             "at '/shards': got number, want integer",
		"replicas: -1":                                            "at '/replicas': minimum: got -1, want 0",
		"fleet: {enabled: 'true'}":                                "at '/fleet/enabled': got string, want boolean",
		"egressPolicy: {ports: [0]}":                              "at '/egressPolicy/ports/0': minimum: got 0, want 1",
		"fleet: {namespaces: a}":                                  "at '/fleet/namespaces': got string, want array",
		"fleet: {namespaces: ['*']}":                              "at '/fleet/namespaces/0': '*' does not match pattern",
		"fleet: {namespaces: [a, a]}":                             "at '/fleet/namespaces': items at 0 and 1 are equal",
		"copyLabels: ['a,b']":                                     "at '/copyLabels/0': 'a,b' does not match pattern",
		"logging: {level: warn}":                                  "at '/logging/level'",
		"logging: {level: 0}":                                     "at '/logging/level'",
		"image: {tag: 1.0}":                                       "at '/image/tag': got number, want string",
		"image: {repository: ''}":                                 "at '/image/repository': minLength",
		"image: {pullPolicy: always}":                             "at '/image/pullPolicy': value must be one of",
		"nodeSelector: {a: true}":                                 "at '/nodeSelector/a': got boolean, want string",
		"dashboard: {labels: {a: 1}}":                             "at '/dashboard/labels/a': got number, want string",
		"fleet: {namespaces: [a]}":                                "fleet.namespaces is set, and fleet.enabled is not",
		"fleet: {allowProxy: true}":                               "fleet.allowProxy is set, and fleet.enabled is not",
		"kubeStateMetrics: {namespace: ''}":                       "at '/kubeStateMetrics/namespace': '' does not match pattern",
		"dashboard: {namespace: Monitoring}":                      "at '/dashboard/namespace'",
		"metrics: {enabled: false, certManager: {enabled: true}}": "metrics.certManager.enabled is set, and metrics.enabled is not",
		"metrics: {enabled: false}\nserviceMonitor: {enabled: true}": "serviceMonitor.enabled is set, and metrics.enabled is not",
		"metrics: {enabled: false}\nprometheusRule: {enabled: true}": "prometheusRule.enabled is set, and metrics.enabled is not",
		"metrics: {enabled: false}\ndashboard: {enabled: true}":      "dashboard.enabled is set, and metrics.enabled is not",
		"metrics: {enabled: false, reader: {enabled: true}}":         "metrics.reader.enabled is set, and metrics.enabled is not",
		"metrics: {enabled: false, networkPolicy: {enabled: true}}":  "metrics.networkPolicy.enabled is set, and metrics.enabled is not",
		"image: {digest: e3b0c442}":                                  "at '/image/digest': 'e3b0c442' does not match pattern",
		"image: {tag: v1, digest: 'sha256:" + digest + "'}":          "image.tag and image.digest are both set",
		"enabled: false":                      "enabled is false, and the chart is installed all the same",
		"enabled: 'false'":                    "at '/enabled': got string, want boolean",
		"global: eu":                          "at '/global': got string, want object",
		"extraArgs: --zap-devel":              "at '/extraArgs': got string, want array",
		"extraArgs: [zap-devel]":              "at '/extraArgs/0': 'zap-devel' does not match pattern",
		"extraEnv: {GOGC: '50'}":              "at '/extraEnv': got object, want array",
		"extraEnv: [{name: GOGC, value: 50}]": "at '/extraEnv/0/value': got number, want string",
		"extraEnv: [{name: POD_NAMESPACE, value: elsewhere}]": "extraEnv has POD_NAMESPACE",
		"podLabels: {a: 1}":                                                    "at '/podLabels/a': got number, want string",
		"podAnnotations: {a: true}":                                            "at '/podAnnotations/a': got boolean, want string",
		"priorityClassName: High":                                              "at '/priorityClassName'",
		"topologySpreadConstraints: [{topologyKey: zone}]":                     "at '/topologySpreadConstraints/0': missing properties 'maxSkew', 'whenUnsatisfiable'",
		"podDisruptionBudget: {enabled: true, minAvailable: 1}":                "at '/podDisruptionBudget': additional properties 'minAvailable' not allowed",
		"podDisruptionBudget: {maxUnavailable: half}":                          "at '/podDisruptionBudget/maxUnavailable'",
		"serviceMonitor: {additionalLabels: [release]}":                        "at '/serviceMonitor/additionalLabels': got array, want object",
		"prometheusRule: {enabled: true, labels: {release: prometheus}}":       "at '/prometheusRule': additional properties 'labels' not allowed",
		"resources: {requests: {memory: {}}}":                                  "at '/resources/requests/memory': got object, want",
		"tolerations: [{key: a, operator: exists}]":                            "at '/tolerations/0/operator': value must be one of",
		"kubeStateMetrics: {serviceAccount: 'kube-system/kube-state-metrics'}": "at '/kubeStateMetrics/serviceAccount'",
	} {
		t.Run(values, func(t *testing.T) {
			t.Parallel()
			switch _, err := template(t, "spo", system, values); {
			case err == nil:
				t.Error("it is accepted")
			case !strings.Contains(err.Error(), message):
				t.Errorf("got %v, want %q in it", err, message)
			}
		})
	}
}

// TestNull sets each value to null, by which Helm removes a default. A list or a map is then empty; for anything else it is an
// error.
func TestNull(t *testing.T) {
	t.Parallel()
	full := chart(t, "support-policy-operator", system, allValues)
	for _, v := range values(t) {
		t.Run(v.path, func(t *testing.T) {
			t.Parallel()
			var tree map[string]any
			if err := yaml.Unmarshal([]byte(allValues), &tree); err != nil {
				t.Fatal(err)
			}
			path := strings.Split(v.path, ".")
			if err := unstructured.SetNestedField(tree, nil, path...); err != nil {
				t.Fatal(err)
			}
			without, err := yaml.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			if v.content != "null" && !strings.ContainsAny(v.content, "{[") {
				message := fmt.Sprintf("missing property '%s'", path[len(path)-1])
				if _, err := template(t, "support-policy-operator", system, string(without)); err == nil || !strings.Contains(err.Error(), message) {
					t.Errorf("got %v, want %q in it", err, message)
				}
				return
			}
			want := maps.Clone(full)
			if v.path == "dashboard.labels" {
				const dashboard = "ConfigMap support-policy-system/support-policy-dashboard"
				want[dashboard] = runtime.DeepCopyJSON(full[dashboard])
				unstructured.RemoveNestedField(want[dashboard], "metadata", "labels", "grafana_dashboard")
			}
			if diff := cmp.Diff(want, chart(t, "support-policy-operator", system, string(without))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLint runs `helm lint`, with each value set and with none.
func TestLint(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{
		{"charts/" + operatorChart, "charts/" + policiesChart},
		{"charts/" + operatorChart, "--values=-"},
	} {
		out, err := runHelm(t, allValues, append([]string{"lint", "--strict"}, arguments...)...)
		if err != nil || strings.Contains(out, "[WARNING]") {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
