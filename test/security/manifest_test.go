// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// every is a manifest with each kind that makes Pods or grants rights.
const every = `
{kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}
---
{kind: Deployment, metadata: {name: b}, spec: {template: {spec: {containers: [{name: c}]}}}}
---
{kind: Job, metadata: {name: c}, spec: {template: {spec: {containers: [{name: c}]}}}}
---
{kind: CronJob, metadata: {name: d}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}}
---
kind: ClusterServiceVersion
metadata: {name: e}
spec:
  install:
    spec:
      deployments: [{name: f, spec: {template: {spec: {containers: [{name: c}]}}}}]
      permissions: [{serviceAccountName: g, rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]}]
      clusterPermissions: [{serviceAccountName: g, rules: [{nonResourceURLs: [/metrics], verbs: [get]}]}]
---
{kind: Certificate, metadata: {name: h}, spec: {template: a text}}
---
{kind: Role, metadata: {name: i}, rules: [{apiGroups: [apps], resources: [deployments/status], resourceNames: [j, k], verbs: [patch]}]}
`

func TestPods(t *testing.T) {
	pods, err := security.Pods(every)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"ClusterServiceVersion/e f", "CronJob/d", "Deployment/b", "Job/c", "Pod/a"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(pods))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, pod := range pods {
		if len(pod.Spec.Containers) != 1 {
			t.Errorf("%s has lost its container", name)
		}
	}
}

func TestRoles(t *testing.T) {
	roles, err := security.Roles(every)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Role/g": "get secrets", "ClusterRole/g": "get /metrics",
		"Role/i": "patch deployments.apps/status j,patch deployments.apps/status k",
	}
	got := map[string]string{}
	for name, rules := range roles {
		got[name] = strings.Join(slices.Sorted(maps.Keys(security.Rights(rules))), ",")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if rights := security.Rights([]rbacv1.PolicyRule{{Verbs: []string{"get", "list"}, APIGroups: []string{""}, Resources: []string{"pods"}}}); len(rights) != 2 {
		t.Errorf("a rule with two verbs has the rights %v", rights)
	}
}
