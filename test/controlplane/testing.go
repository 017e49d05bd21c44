// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// ForTest starts a control plane that stops when the test ends. Where programs are missing it skips the test; with CI=true
// it fails the test.
func ForTest(t testing.TB, options Options) *ControlPlane {
	t.Helper()
	c, err := Start(t.Context(), options)
	process.Need(t, err, ErrMissing)
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Shared is a control plane for the tests of one package. It starts when the first test calls ForTest, so that the others
// stay fast:
//
//	var shared = controlplane.Shared{Options: controlplane.Options{ControllerManager: true}}
//
//	func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }
//
//	func TestReconcile(t *testing.T) {
//		config := shared.ForTest(t).Config()
//		…
//	}
//
// Each test uses namespaces and names of its own. A Shared must not be copied.
type Shared struct {
	Options Options

	once  sync.Once
	plane *ControlPlane
	err   error
}

// Run runs the tests, stops this and the other control planes that were started, and returns the exit code for os.Exit.
func (s *Shared) Run(m *testing.M, others ...*Shared) int {
	code := m.Run()
	for _, shared := range append([]*Shared{s}, others...) {
		if shared.plane == nil {
			continue
		}
		if err := shared.plane.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	return code
}

// ForTest returns the control plane, and starts it if necessary. Where programs are missing it skips or fails the test, as
// the function ForTest does.
func (s *Shared) ForTest(t testing.TB) *ControlPlane {
	t.Helper()
	s.once.Do(func() { s.plane, s.err = Start(t.Context(), s.Options) })
	process.Need(t, s.err, ErrMissing)
	return s.plane
}
