// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

func TestRoot(t *testing.T) {
	root, err := repository.Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "test", "repository", "repository.go")); err != nil {
		t.Error(err)
	}
	t.Chdir(t.TempDir())
	if _, err := repository.Root(); !errors.Is(err, repository.ErrOutside) {
		t.Errorf("error %v, want ErrOutside", err)
	}
}

// hash matches what the generator appends to a name.
var hash = regexp.MustCompile(`name: module-[a-z0-9]{10}`)

func TestBuild(t *testing.T) {
	got := repository.Build(t, repository.Overlay{
		Kustomization: "namespace: here\nresources: [map.yaml]\nconfigMapGenerator: [{name: module, files: [go.mod=go.mod]}]",
		Files: map[string]string{
			"map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\ndata: {at: there}",
			"go.mod":   "module example",
		},
	})
	want := `apiVersion: v1
data:
  at: there
kind: ConfigMap
metadata:
  name: map
  namespace: here
---
apiVersion: v1
data:
  go.mod: module example
kind: ConfigMap
metadata:
  name: module-HASH
  namespace: here
`
	expect.Equal(t, want, hash.ReplaceAllString(got, "name: module-HASH"), "manifest")
}
