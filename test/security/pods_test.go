// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// TestShippedPodsAreRestricted: the namespace that is shipped takes each Pod of each kustomization, with all that components
// change, and of the bundle, without a warning. The chart's Pods are tested beside the chart.
func TestShippedPodsAreRestricted(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs control planes")
	}
	manifests := map[string]string{"bundle": bundle(t)}
	for _, base := range deployments {
		manifests[base] = build(t, base)
		manifests[base+" with all components"] = build(t, base, components...)
	}
	for _, folder := range folders(t, "config/components") {
		manifests[folder] = build(t, "config/default", folder)
	}
	for version, plane := range map[string]*controlplane.Shared{"new": &shared, "old": &old} {
		t.Run(version, func(t *testing.T) {
			namespace := security.NewRestricted(t, plane.ForTest(t).Config(), shippedLabels(t))
			for name, manifest := range manifests {
				t.Run(name, func(t *testing.T) {
					taken := namespace.Takes(t, manifest)
					if manifest != "" && !slices.ContainsFunc(taken, func(pod string) bool { return strings.Contains(pod, operator) }) {
						t.Errorf("there is no Pod of the operator among %q", taken)
					}
				})
			}
			unrestricted(t, namespace, manifests["config/default"])
		})
	}
}

// folders returns the folders of a folder of the repository.
func folders(t *testing.T, below string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, below))
	if err != nil || len(entries) == 0 {
		t.Fatalf("there is nothing in %s: %v", below, err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, below+"/"+entry.Name())
	}
	return found
}

// shippedLabels are those of the Namespace that is shipped.
func shippedLabels(t *testing.T) map[string]string {
	t.Helper()
	documents, err := security.Documents(build(t, "config/default"))
	if err != nil {
		t.Fatal(err)
	}
	var namespace corev1.Namespace
	if err := yaml.UnmarshalStrict([]byte(documents["Namespace/"+system]), &namespace); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(security.RestrictedLabels(), namespace.Labels); diff != "" {
		t.Errorf("the shipped Namespace has other labels (-want +got):\n%s", diff)
	}
	return namespace.Labels
}

// unrestricted takes one restriction after the other from the operator's Pod: the namespace notices each. What the standard does
// not ask for, such as a root file system that nobody can write to, is no part of it.
func unrestricted(t *testing.T, namespace *security.Restricted, manifest string) {
	t.Helper()
	pods, err := security.Pods(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*corev1.Pod){
		"it may run as root":               func(p *corev1.Pod) { p.Spec.SecurityContext.RunAsNonRoot = nil },
		"it runs as root":                  func(p *corev1.Pod) { p.Spec.SecurityContext.RunAsUser = ptr.To[int64](0) },
		"all system calls":                 func(p *corev1.Pod) { p.Spec.SecurityContext.SeccompProfile = nil },
		"it may gain privileges":           func(p *corev1.Pod) { p.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"it keeps capabilities":            func(p *corev1.Pod) { p.Spec.Containers[0].SecurityContext.Capabilities = nil },
		"it is on the network of its node": func(p *corev1.Pod) { p.Spec.HostNetwork = true },
	} {
		t.Run(name, func(t *testing.T) {
			pod := pods["Deployment/"+operator].DeepCopy()
			change(pod)
			if err := namespace.Admit(t, pod); err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
				t.Errorf("got %v, want that the namespace refuses it", err)
			}
		})
	}
}
