// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// TestVersion: both forms print what the operator knows about itself, and end without a cluster.
func TestVersion(t *testing.T) {
	t.Setenv("KUBECONFIG", "/does/not/exist")
	for _, argument := range []string{"version", "--version"} {
		var out strings.Builder
		if err := run(t.Context(), []string{argument}, &out); err != nil || out.String() != version.Get().String() {
			t.Errorf("%s printed %q, %v", argument, out.String(), err)
		}
	}
}
