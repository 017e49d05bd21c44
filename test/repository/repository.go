// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package repository is for tests about the files of this repository: where they are, and what kustomize makes of them.
package repository

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrOutside is wrapped by the errors for a working directory outside of the repository.
var ErrOutside = errors.New("change into the repository")

// ownFolder is the folder of this package. It identifies the root: other folders have a go.mod, too.
const ownFolder = "test/repository"

// Root returns the root of the repository around the working directory, which for a test is the folder of its package. The
// error wraps ErrOutside where there is none.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("no working directory to look for the repository from: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		switch _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(ownFolder))); {
		case err == nil:
			return folder, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("where the repository is: %w", err)
		case folder == filepath.Dir(folder):
			return "", fmt.Errorf("neither %s nor a folder above it has %s: %w", start, ownFolder, ErrOutside)
		}
	}
}
