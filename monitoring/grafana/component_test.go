// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// TestComponent builds the overlays of README.md.
func TestComponent(t *testing.T) {
	content := testfile.Read(t, "dashboard.json")
	for name, test := range map[string]struct{ overlay, namespace string }{
		"with the operator": {"resources: [ROOT/config/default]\ncomponents: [ROOT/monitoring/grafana]\n", "support-policy-system"},
		"alone":             {"namespace: monitoring\ncomponents: [ROOT/monitoring/grafana]\n", "monitoring"},
	} {
		t.Run(name, func(t *testing.T) {
			manifest := repository.Build(t, repository.Overlay{Kustomization: test.overlay})
			documents := strings.Split(manifest, "\n---\n")
			var found []corev1.ConfigMap
			for _, document := range documents {
				var object corev1.ConfigMap
				testfile.Decode(t, document, &object)
				if object.Kind == "ConfigMap" {
					found = append(found, object)
				}
			}
			if len(found) != 1 {
				t.Fatalf("%d ConfigMaps in %d documents, want 1", len(found), len(documents))
			}
			got := found[0]
			expect.Equal(t, map[string]string{"support-policy.json": string(content)}, got.Data, "data")
			if got.Name != "support-policy-dashboard" || got.Namespace != test.namespace || got.Labels["grafana_dashboard"] != "1" ||
				got.Annotations["kustomize.toolkit.fluxcd.io/substitute"] != "disabled" {
				t.Errorf("metadata %+v", got.ObjectMeta)
			}
			// kubectl apply stores the object in an annotation, too, and annotations are limited to 256 KiB.
			if size := len(manifest); name == "alone" && size > 200<<10 {
				t.Errorf("%d bytes, which kubectl apply may not be able to take", size)
			}
		})
	}
}
