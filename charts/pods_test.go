// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package charts_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// TestPodsAreRestricted: a namespace that enforces the Pod Security Standard restricted takes the chart's Pods without a warning,
// whatever values change them.
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("Helm may have to be built first")
	}
	namespace := security.NewRestricted(t, shared.ForTest(t).Config(), security.RestrictedLabels())
	for name, values := range map[string]string{
		"the default": "",
		"all objects": allValues,
		"what changes the Pods": `
image: {repository: registry.example/operator, tag: '1', pullPolicy: Always, pullSecrets: [a]}
replicas: 2
resources: {limits: {memory: 2Gi, cpu: 1}}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: control-plane, operator: Exists, effect: NoSchedule}]
affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: {}}]}}
copyLabels: [a.example/]
logging: {level: debug, encoder: console}
fleet: {enabled: true, namespaces: [a], allowProxy: true}
metrics: {certManager: {enabled: true}}
extraArgs: [--zap-devel]
extraEnv: [{name: GOGC, value: '50'}]
podLabels: {team: a}
podAnnotations: {example/a: b}
priorityClassName: system-cluster-critical
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
`,
	} {
		t.Run(name, func(t *testing.T) {
			manifest, err := template(t, "operator", system, values, "--skip-tests=false")
			if err != nil {
				t.Fatal(err)
			}
			if taken := namespace.Takes(t, manifest); !slices.ContainsFunc(taken, func(pod string) bool { return strings.Contains(pod, operatorChart) }) {
				t.Errorf("there is no Pod of the operator among %q", taken)
			}
		})
	}
}

// TestRolesAreListed: docs/rights.md has a row for each role of the chart, and each that it has from Helm alone is one of the chart's.
func TestRolesAreListed(t *testing.T) {
	t.Parallel()
	// A later --skip-tests counts.
	manifest, err := template(t, "operator", system, allValues, "--skip-tests=false")
	if err != nil {
		t.Fatal(err)
	}
	roles, err := security.Roles(manifest)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := security.ListedRoles("..")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for name, row := range listed {
		if strings.Contains(row.In, "Helm") {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(roles))); diff != "" {
		t.Errorf("say in docs/rights.md which test fails without each right of a role (-docs/rights.md +chart):\n%s", diff)
	}
}
