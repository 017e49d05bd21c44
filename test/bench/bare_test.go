// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
	"testing"
)

// A list of custom resources has its version at its end, other lists at their beginning.
func TestDrop(t *testing.T) {
	items := `"items":[` + strings.Repeat(`{"metadata":{"resourceVersion":"7","name":"a"}},`, 500) + `{}]`
	for name, test := range map[string]struct{ answer, want string }{
		"at the beginning":   {`{"kind":"List","metadata":{"resourceVersion":"42"},` + items + `}`, "42"},
		"at the end":         {`{"apiVersion":"v1",` + items + `,"kind":"List","metadata":{"continue":"","resourceVersion":"42"}}`, "42"},
		"of an empty list":   {`{"apiVersion":"v1","items":[],"kind":"List","metadata":{"resourceVersion":"42"}}`, "42"},
		"of what is no list": {`{"gitVersion":"v1.20.13"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := drop(io.NopCloser(strings.NewReader(test.answer)))
			if err != nil || got != test.want {
				t.Errorf("the version is %q, want %q (error %v)", got, test.want, err)
			}
		})
	}
}
