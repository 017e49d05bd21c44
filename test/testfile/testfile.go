// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package testfile reads and writes the files of tests, and decodes what is in them. Each function ends the test after an
// error.
package testfile

import (
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

// Read returns what a file contains.
func Read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Write writes a file that only its owner can read.
func Write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Glob returns the files that match a pattern, of which there must be one at least.
func Glob(t testing.TB, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("there is no file %s: %v", pattern, err)
	}
	return found
}

// Decode reads one document of YAML or JSON. Fields that the type lacks are left out.
func Decode(t testing.TB, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
}

// DecodeStrict is Decode, and a field that the type lacks is an error.
func DecodeStrict(t testing.TB, text string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
}
