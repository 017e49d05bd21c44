// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	calls, err := os.ReadFile("../testdata/calls.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		scan, printed, failure string
	}{
		"vulnerabilities":    {string(calls), "https://pkg.go.dev/vuln/GO-2022-1059", "2 vulnerabilities or statements to be mended"},
		"no vulnerabilities": {`{"config": {"scan_level": "symbol"}}`, ": none; with one: 0.", ""},
		"no scan":            {"", "", "the output of govulncheck"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(strings.NewReader(test.scan), &out, t.TempDir(), t.TempDir(), time.Time{})
			if (err == nil) != (test.failure == "") || err != nil && !strings.Contains(err.Error(), test.failure) {
				t.Errorf("got %v, want %q", err, test.failure)
			}
			if !strings.Contains(out.String(), test.printed) {
				t.Errorf("it prints %q, want %q", out.String(), test.printed)
			}
		})
	}
}
