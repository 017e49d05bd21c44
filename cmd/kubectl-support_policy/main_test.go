// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

// shared is the control plane of the tests that ask a real API server.
var shared = controlplane.Shared{Options: controlplane.Options{CRDs: []string{filepath.Join("..", "..", "config", "crd", "bases")}}}

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }
