// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/security"
)

// TestEachRoleIsListed: docs/rights.md has a row for each role of the kustomizations and of the bundle, with tests that exist, and
// no row for another one. The chart's roles are looked up beside the chart.
func TestEachRoleIsListed(t *testing.T) {
	listed, err := security.ListedRoles(root)
	if err != nil {
		t.Fatal(err)
	}
	shipped := shippedRoles(t)
	for name := range shipped {
		if _, is := listed[name]; !is {
			t.Errorf("docs/rights.md has no row for %s: say which test fails without each of its rights", name)
		}
	}
	for name, row := range listed {
		if !shipped[name] && row.In != "Helm" {
			t.Errorf("docs/rights.md has a row for %s, and %s has no such role", name, row.In)
		}
		if len(row.Tests) == 0 {
			t.Errorf("docs/rights.md names no test for %s", name)
		}
		for _, test := range row.Tests {
			content, err := os.ReadFile(filepath.Join(root, test[0]))
			if err != nil || !strings.Contains(string(content), "\nfunc "+test[1]+"(t *testing.T) {\n") {
				t.Errorf("docs/rights.md, %s: there is no %s in %s", name, test[1], test[0])
			}
		}
	}
}

// shippedRoles are the roles of all kustomizations, with and without components, and of the bundle.
func shippedRoles(t *testing.T) map[string]bool {
	t.Helper()
	manifests := []string{bundle(t)}
	for _, base := range deployments {
		manifests = append(manifests, build(t, base), build(t, base, components...))
	}
	for _, folder := range folders(t, "config/components") {
		manifests = append(manifests, build(t, "config/default", folder))
	}
	shipped := map[string]bool{}
	for _, manifest := range manifests {
		roles, err := security.Roles(manifest)
		if err != nil {
			t.Fatal(err)
		}
		for name := range roles {
			shipped[name] = true
		}
	}
	return shipped
}
