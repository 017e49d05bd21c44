// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// TestVersion: every form has all that the plugin knows about itself.
func TestVersion(t *testing.T) {
	want := version.Get()
	for _, arguments := range [][]string{{"--version"}, {"version"}} {
		if diff := cmp.Diff(outcome{0, want.String(), ""}, plugin("", arguments...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", arguments, diff)
		}
	}
	for form, read := range map[string]func([]byte, any) error{
		"json": json.Unmarshal, "yaml": func(text []byte, to any) error { return yaml.UnmarshalStrict(text, to) },
	} {
		answer := plugin("", "version", "-o", form)
		var got version.Info
		if err := read([]byte(answer.Out), &got); err != nil || answer.Code != 0 {
			t.Fatalf("-o %s: %+v, %v", form, answer, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-o %s (-want +got):\n%s", form, diff)
		}
	}
	for reason, arguments := range map[string][]string{
		`--output: "table" is none of json, yaml`: {"version", "-o", "table"},
		`"all" is not expected here`:              {"version", "all"},
	} {
		if answer := plugin("", arguments...); answer.Code != 1 || !strings.HasPrefix(answer.Err, "error: "+reason+"\n") {
			t.Errorf("%s: %+v, want the error %q", arguments, answer, reason)
		}
	}
}
