// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package golden compares the output of tests with files. The flag -update writes the files, whose differences are then
// reviewed.
package golden

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// Update tells whether files are written instead of compared. Flags must be parsed before.
func Update() bool { return *update }

// Expect compares a file with the wanted content, line by line, or writes it with -update. A missing file counts as empty.
func Expect(t testing.TB, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n"))
	switch {
	case diff == "":
	case Update():
		write(t, path, want)
	default:
		t.Errorf("%s is not as it should be; if that is meant, run the test with -update (-file +want):\n%s", path, diff)
	}
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
