// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// entry is a file in an archive. Its path has slashes.
type entry struct {
	name    string
	content []byte
	mode    int64
}

// sorted returns the entries in the order of an archive.
func sorted(entries []entry) []entry {
	return slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return cmp.Compare(a.name, b.name) })
}

// tarred returns a tar archive. All its files have the time at, and the owner 0.
func tarred(entries []entry, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, e := range sorted(entries) {
		header := tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: at, Format: tar.FormatPAX}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
		if _, err := archive.Write(e.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return out.Bytes(), nil
}

// gzipped returns a tar archive that is compressed, without a time or a name in the head.
func gzipped(entries []entry, at time.Time) ([]byte, error) {
	archive, err := tarred(entries, at)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := compressed.Write(archive); err != nil {
		return nil, err
	}
	err = compressed.Close()
	return out.Bytes(), err
}

// zipped returns a zip archive.
func zipped(entries []entry, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, e := range sorted(entries) {
		header := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: at}
		header.SetMode(fs.FileMode(e.mode))
		file, err := archive.CreateHeader(header)
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
		if _, err := file.Write(e.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", e.name, err)
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}

// ungzipped reads what a compressed tar archive has.
func ungzipped(archive io.Reader) ([]entry, error) {
	plain, err := gzip.NewReader(archive)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if err == io.EOF { //nolint:errorlint // the reader returns it as it is
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{header.Name, content, header.Mode})
	}
}

// below returns the files below a folder.
func below(folder string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(folder, func(file string, found fs.DirEntry, err error) error {
		if err != nil || found.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		entries = append(entries, entry{filepath.ToSlash(name), content, 0o644})
		return nil
	})
	return entries, err
}
