// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package golden holds what a test makes against a file that a person can read. With the flag -update the file is written
// anew; its difference is then for a reviewer.
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

var update = flag.Bool("update", false, "write the files anew that tests compare with")

// Update says whether files are to be written instead of compared. Flags have to be parsed by then.
func Update() bool { return *update }

// Expect compares a file, line by line, with what it should hold, or has it hold that. A file that is not there is empty.
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
