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

// ErrOutside is wrapped by the errors that say that the working directory is in no checkout of the repository.
var ErrOutside = errors.New("change into the repository")

// own is this package's folder. Others have a go.mod as well.
const own = "test/repository"

// Root is the nearest folder above the working directory, which for a test is its package's, that has this package. The
// error wraps ErrOutside where there is none.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("no working directory to look for the repository from: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		switch _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(own))); {
		case err == nil:
			return folder, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("where the repository is: %w", err)
		case folder == filepath.Dir(folder):
			return "", fmt.Errorf("neither %s nor a folder above it has %s: %w", start, own, ErrOutside)
		}
	}
}
