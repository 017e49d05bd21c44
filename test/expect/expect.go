// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package expect compares what a test got with what it wants.
package expect

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Equal reports how what a test got differs from what it wants, behind the caller's words about it: a reason, a row's name.
// Fields that are not exported count. The test goes on.
func Equal[T any](t testing.TB, want, got T, about ...any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Error(append(about, "(-want +got):\n"+diff)...)
	}
}
