// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestArchives: both kinds have the same files, sorted, executable or not, and of the time of the commit.
func TestArchives(t *testing.T) {
	at := time.Date(2021, 5, 20, 12, 0, 0, 0, time.UTC)
	entries := []entry{{"program", []byte("run"), 0o755}, {"LICENSE", []byte("may"), 0o644}, {"licenses/a@v1/LICENSE", []byte("too"), 0o644}}
	want := []string{
		"LICENSE -rw-r--r-- 2021-05-20 12:00:00 0:may", "licenses/a@v1/LICENSE -rw-r--r-- 2021-05-20 12:00:00 0:too",
		"program -rwxr-xr-x 2021-05-20 12:00:00 0:run",
	}
	for name, kind := range map[string]struct {
		pack func([]entry, time.Time) ([]byte, error)
		list func(*testing.T, []byte) []string
	}{"tar.gz": {gzipped, listTar}, "zip": {zipped, listZip}} {
		first, err := kind.pack(entries, at)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(entries)
		second, err := kind.pack(entries, at)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s: the order of the files changes the archive", name)
		}
		if diff := cmp.Diff(want, kind.list(t, first)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func listTar(t *testing.T, archive []byte) []string {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	if !plain.ModTime.IsZero() || plain.Name != "" {
		t.Errorf("the head has the time %s and the name %q", plain.ModTime, plain.Name)
	}
	var lines []string
	for files := tar.NewReader(plain); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line(t, header.Name, header.FileInfo().Mode().String(), header.ModTime, header.Uid+header.Gid, files))
	}
}

func listZip(t *testing.T, archive []byte) []string {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range files.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line(t, file.Name, file.Mode().String(), file.Modified, 0, content))
	}
	return lines
}

func line(t *testing.T, name, mode string, at time.Time, owner int, from io.Reader) string {
	t.Helper()
	content, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %s %s %d:%s", name, mode, at.UTC().Format(time.DateTime), owner, content)
}
