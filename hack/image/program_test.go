// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRevision: a program that says which commit it is from is taken for that commit only.
func TestRevision(t *testing.T) {
	folder := t.TempDir()
	run := func(name string, arguments ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir = folder
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=", "GOWORK=off", "GIT_CONFIG_GLOBAL=/dev/null")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, arguments, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.com/tiny\n\ngo 1.26\n")
	write("main.go", "package main\n\nfunc main() {}\n")
	write(".gitignore", "/program\n")
	run("git", "init", "-q")
	run("git", "add", ".")
	run("git", "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "-m", "Add a program")
	commit := run("git", "rev-parse", "HEAD")
	program := filepath.Join(folder, "program")
	for _, test := range []struct {
		content, built string
	}{
		{"package main\n\nfunc main() {}\n", commit},
		{"package main\n\nfunc main() { println() }\n", commit + Dirty},
	} {
		write("main.go", test.content)
		run("go", "build", "-buildvcs=true", "-o", program, ".")
		for _, said := range []string{commit, commit + Dirty, strings.Repeat("f", 40)} {
			err := checkProgram(program, "linux/amd64", said)
			if refused := err != nil && strings.Contains(err.Error(), "built from the commit "+test.built+", and not from "+said); refused != (said != test.built) {
				t.Errorf("built from %s and said to be from %s: %v", test.built, said, err)
			}
		}
	}
}
