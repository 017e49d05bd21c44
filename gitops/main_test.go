// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops_test checks the configuration of Argo CD and Flux in this folder with objects that the operator writes.
package gitops_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// With a control plane the operator writes the objects of testdata. The flag -update writes generated files: in the first run
// these objects, in the second what follows from them.
var shared = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	crds, err := sandbox.CRDs()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared.Options.CRDs = crds
	os.Exit(shared.Run(m))
}
