// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package expect

import (
	"fmt"
	"strings"
	"testing"
)

// recorder keeps what a test would report.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.said = append(r.said, fmt.Sprintln(args...)) }

func TestEqual(t *testing.T) {
	type pair struct{ a, b int }
	r := &recorder{}
	Equal(r, pair{1, 2}, pair{1, 2}, "the same")
	Equal(r, pair{1, 2}, pair{1, 3}, "row", 7)
	if len(r.said) != 1 || !strings.HasPrefix(r.said[0], "row 7 (-want +got):\n") || !strings.Contains(r.said[0], "3") {
		t.Errorf("%q", r.said)
	}
}
