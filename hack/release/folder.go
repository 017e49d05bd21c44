// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"
)

const (
	// sumsFile has the digest of each other file. A folder that has it is one of a release.
	sumsFile = "SHA256SUMS"
	// recordFile says what the release is.
	recordFile = "release.yaml"
)

// claim empties the folder. One with files of somebody else's is refused.
func claim(folder string) error {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("release: the folder to write: %w", err)
	case len(entries) > 0 && !exists(filepath.Join(folder, sumsFile)):
		return fmt.Errorf("release: %s has %s and no %s, so no release made it: remove it, or name another folder", folder, entries[0].Name(), sumsFile)
	}
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("release: empty the folder: %w", err)
	}
	// A release that fails leaves an empty one, so that the next can replace what is there.
	return write(folder, sumsFile, nil)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// write writes a file of the release, in folders that it makes.
func write(folder, name string, content []byte) error {
	file := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make the folder of %s: %w", name, err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// record is what the release says about itself.
type record struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Date    string `json:"date"`
	// BundleImage is that of the bundle for OLM. Image, in Publisher, is that of the operator.
	BundleImage string `json:"bundleImage"`
	Publisher   `json:",inline"`
}

func (b *build) writeRecord(context.Context) error {
	published := b.Publisher
	published.Image = b.image
	text, err := yaml.Marshal(record{b.Version, b.commit, b.at.Format(time.RFC3339), b.bundleImage, published})
	if err != nil {
		return err
	}
	return write(b.Folder, recordFile, text)
}

// writeSums writes the digests as sha256sum prints them, sorted by path.
func (b *build) writeSums(context.Context) error {
	var lines bytes.Buffer
	err := filepath.WalkDir(b.Folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(b.Folder, file)
		if err != nil || name == sumsFile {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(content), filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		return err
	}
	return write(b.Folder, sumsFile, lines.Bytes())
}
