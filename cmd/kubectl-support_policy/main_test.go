// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

// shared and sharedOld are the control planes of the tests that ask a real API server, of the current and of an old version.
var (
	shared    = controlplane.Shared{Options: controlplane.Options{CRDs: crds}}
	sharedOld = controlplane.Shared{Options: controlplane.Options{CRDs: crds, Version: controlplane.Old}}
)

var crds = []string{filepath.Join("..", "..", "config", "crd", "bases")}

func TestMain(m *testing.M) { os.Exit(shared.Run(m, &sharedOld)) }
