// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// Overlay is the text of a kustomization.yaml, and of the files beside it by name. In all of them ROOT stands for the root
// of the repository.
type Overlay struct {
	Kustomization string
	Files         map[string]string
}

// Build returns the manifest that kustomize makes of an overlay, and ends the test after an error. It runs kustomize in this
// process, so that Go's cache of test results knows the files that it reads.
func Build(t testing.TB, overlay Overlay) string {
	t.Helper()
	manifest, err := TryBuild(t, overlay)
	if err != nil {
		t.Fatal(err)
	}
	return manifest
}

// TryBuild is Build with the error returned.
func TryBuild(t testing.TB, overlay Overlay) (string, error) {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	// kustomize accepts only relative paths.
	relative, err := filepath.Rel(folder, root)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		content = strings.ReplaceAll(content, "ROOT", relative)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("kustomization.yaml", overlay.Kustomization)
	for name, content := range overlay.Files {
		write(name, content)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return "", fmt.Errorf("kustomize: %w", err)
	}
	manifest, err := built.AsYaml()
	if err != nil {
		return "", fmt.Errorf("kustomize: %w", err)
	}
	return string(manifest), nil
}
