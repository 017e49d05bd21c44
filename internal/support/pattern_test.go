// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestVersionPattern(t *testing.T) {
	for _, row := range []struct {
		pattern string
		matches []string
		not     []string
	}{
		{"1.8.x", []string{"1.8.0", "v1.8.5", "1.8.3-12"}, []string{"1.7.9", "1.80.0", "2.8.0"}},
		{"1.8.3", []string{"1.8.3", "1.8.3-12", "v1.8.3+x"}, []string{"1.8.4", "1.8.3-rc.1"}},
		{"1.8.3-rc.1", []string{"1.8.3-rc.1"}, []string{"1.8.3"}},
	} {
		pattern, err := parseVersionPattern(row.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for want, versions := range map[bool][]string{true: row.matches, false: row.not} {
			for _, text := range versions {
				version, err := facts.ParseVersion(text)
				if err != nil {
					t.Fatal(err)
				}
				expect.Equal(t, want, pattern.matches(version), row.pattern, "matches", text)
			}
		}
	}
	for _, text := range []string{"", "x", "1.x", "1.8", ">=1.8.0", "1.8.*", "1.8.x.x", "~1.8.0", "1.8.x-1"} {
		if _, err := parseVersionPattern(text); err == nil {
			t.Errorf("%q is a pattern", text)
		}
	}
}

func TestKubernetesBounds(t *testing.T) {
	for _, row := range []struct {
		minimum, maximum, version string
		want                      bool
	}{
		{"1.19", "1.19", "v1.19.0", true},
		{"1.19", "1.19", "v1.19.99", true},
		{"1.19", "1.19", "v1.18.99", false},
		{"1.19", "1.19", "v1.20.0", false},
		{"1.19.x", "1.20.x", "v1.20.15", true},
		{"1.15.4", "1.15.4", "v1.15.4+d2iq.1", true},
		{"1.15.4", "1.15.4", "v1.15.5", false},
		{"1.15.4", "1.15.4", "v1.15.3", false},
		{"1.15.4", "1.16.x", "v1.16.0", true},
		{"1.15", "1.15.4", "v1.15.0", true},
		{"1.9", "1.10", "v1.10.3", true},
		{"1.18", "2.0", "v1.99.1", true},
	} {
		compiled := compileRange(rangeSpec([]string{row.minimum, row.maximum}), func(field, found, allowed string) {
			t.Errorf("%s to %s: %s %s must be %s", row.minimum, row.maximum, field, found, allowed)
		})
		version, err := facts.ParseKubernetesVersion(row.version)
		if err != nil {
			t.Fatal(err)
		}
		expect.Equal(t, row.want, compiled.contains(version), row.minimum, "to", row.maximum, "contains", row.version)
	}
}
