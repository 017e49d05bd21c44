// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Verify makes the release again, from a clone in another folder, and compares the digests with those in options.Folder, which
// Make has written.
func Verify(ctx context.Context, options Options) error {
	first, err := os.ReadFile(filepath.Join(options.Folder, sumsFile))
	if err != nil {
		return fmt.Errorf("release: the digests to compare with: %w", err)
	}
	scratch, err := os.MkdirTemp("", "release-again-")
	if err != nil {
		return fmt.Errorf("release: make a folder to build in: %w", err)
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // a folder left behind in the system's own is no harm
	again := options
	again.Root, again.Folder = filepath.Join(scratch, "clone"), filepath.Join(scratch, "dist")
	if _, err := git(ctx, options.Root, "clone", "--quiet", "--no-hardlinks", ".", again.Root); err != nil {
		return fmt.Errorf("release: %w", err)
	}
	if err := Make(ctx, again); err != nil {
		return err
	}
	second, err := os.ReadFile(filepath.Join(again.Folder, sumsFile))
	if err != nil {
		return fmt.Errorf("release: the digests to compare: %w", err)
	}
	return compare(first, second)
}

// compare names the files whose digests differ, or that are in one only.
func compare(first, second []byte) error {
	if bytes.Equal(first, second) {
		return nil
	}
	lines := map[string]int{}
	for line := range strings.Lines(string(first)) {
		lines[line]++
	}
	for line := range strings.Lines(string(second)) {
		lines[line]--
	}
	var problems []error
	for line, count := range lines {
		if count != 0 {
			problems = append(problems, fmt.Errorf("not the same twice: %s", strings.TrimSpace(line)))
		}
	}
	return fmt.Errorf("release: %w", errors.Join(problems...))
}
