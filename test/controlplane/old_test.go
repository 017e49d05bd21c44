// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// TestOldVersion runs the other tests on one control plane of the old version.
func TestOldVersion(t *testing.T) {
	crds := widgetCRDs(t)
	// This folder in their arguments identifies its programs among those of other tests.
	scratch := t.TempDir()
	t.Setenv("TMPDIR", scratch)
	plane := controlplane.ForTest(t, controlplane.Options{Version: controlplane.Old, ControllerManager: true, CRDs: crds})

	t.Run("it says which one it is", func(t *testing.T) {
		_, got, want := versions(t, plane)
		expect.Equal(t, want, got, "server")
		if !strings.HasPrefix(got.GitVersion, controlplane.Old+".") {
			t.Errorf("version %s, want %s", got.GitVersion, controlplane.Old)
		}
	})
	t.Run("it serves and collects a given kind", func(t *testing.T) {
		givenKindsAreCollectedFromTheStart(t, plane)
	})
	t.Run("a service account may do what its role allows", func(t *testing.T) {
		serviceAccountMayDoWhatItsRoleAllows(t, plane)
	})
	t.Run("it stops", func(t *testing.T) {
		stopEndsWatches(t, plane)
		if left := processesNaming(t, scratch); len(left) != 0 {
			t.Errorf("still running: %q", left)
		}
	})
}
