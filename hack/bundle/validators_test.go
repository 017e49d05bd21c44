// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
)

// TestValidators runs the validators of operator-framework/api. Neither an error nor a warning is tolerated. They are
// compiled first, which takes half a minute.
func TestValidators(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the validators, with Kubernetes 0.20")
	}
	program := buildValidators(t)
	whole, _ := generate(t, release())
	for _, test := range []struct {
		name   string
		files  bundle.Files
		damage func(*testing.T, bundle.Files)
		want   []string
	}{
		{name: "release", files: whole},
		{name: "repository", files: readFolder(t, "bundle"), want: []string{"Error: csv.Spec.Provider.Name not specified"}},
		{
			name: "no CRD", files: whole, damage: removed("manifests/support.d2iq.io_clustersupports.yaml"),
			want: []string{"Error: owned CRD"},
		},
		{
			name: "an example of another kind", files: whole, damage: replaced(csvFile, `"kind": "SupportPolicy"`, `"kind": "Policy"`),
			want: []string{"Error: example must have a provided API", "Warning: provided API should have an example annotation"},
		},
		{name: "no icon", files: whole, damage: without("spec", "icon"), want: []string{"Warning: csv.Spec.Icon not specified"}},
		{name: "another category", files: whole, damage: replaced(csvFile, "categories: Monitoring", "categories: Support"), want: []string{"Error: csv.Metadata.Annotations"}},
		{
			name: "a CRD of no scope", files: whole, damage: replaced("manifests/support.d2iq.io_supportpolicies.yaml", "scope: Cluster", "scope: World"),
			want: []string{"Error: spec.scope"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := maps.Clone(test.files)
			if test.damage != nil {
				test.damage(t, files)
			}
			found := validate(t, program, files)
			if len(found) != len(test.want) {
				t.Fatalf("want %q, found %q", test.want, found)
			}
			for i, want := range test.want {
				level, text, _ := strings.Cut(want, ": ")
				if !strings.HasPrefix(found[i], level) || !strings.Contains(found[i], text) {
					t.Errorf("want %q, found %q", want, found[i])
				}
			}
		})
	}
}

// buildValidators builds the program of hack/bundle/validate and returns its path.
func buildValidators(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "validate")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	command.Dir = filepath.Join(root(t), "hack", "bundle", "validate")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return program
}

// validate returns the errors and warnings of the validators.
func validate(t *testing.T, program string, files bundle.Files) []string {
	t.Helper()
	folder := t.TempDir()
	if err := files.Write(folder); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), program, folder).Output()
	if err != nil {
		t.Fatalf("validate: %v\n%s", err, output)
	}
	var all []string
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var finding struct{ Detail string }
		switch err := decoder.Decode(&finding); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, finding.Detail)
	}
}
