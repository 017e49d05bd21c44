// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder records failures instead of failing.
type recorder struct {
	testing.TB

	failures []string
}

func (c *recorder) Helper() {}

func (c *recorder) Errorf(format string, a ...any) {
	c.failures = append(c.failures, fmt.Sprintf(format, a...))
}

func TestExpect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file.golden")
	run := func(updating bool, want string) []string {
		*update = updating
		defer func() { *update = false }()
		c := &recorder{TB: t}
		Expect(c, path, want)
		return c.failures
	}
	if said := run(false, "one\n"); len(said) != 1 {
		t.Errorf("a file that is not there: %q", said)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was written without -update")
	}
	if said := run(true, "one\ntwo\n"); len(said) != 0 {
		t.Errorf("-update: %q", said)
	}
	if said := run(false, "one\ntwo\n"); len(said) != 0 {
		t.Errorf("the same: %q", said)
	}
	if said := run(false, "one\nthree\n"); len(said) != 1 || !strings.Contains(said[0], "two") || !strings.Contains(said[0], "three") {
		t.Errorf("something else: %q", said)
	}
}
