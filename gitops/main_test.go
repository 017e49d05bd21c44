// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops_test holds what this folder tells Argo CD and Flux to what the operator really writes.
package gitops_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
	_ "time/tzdata" // the zones of the policies do not depend on the machine

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// With a control plane the objects of testdata come from the operator. What is generated is written anew with -update: the
// first time these objects, the second time what follows from them.
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
