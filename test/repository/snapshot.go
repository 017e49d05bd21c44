// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Snapshot is a copy of the repository with its uncommitted changes, committed in a Git repository of its own, for tests of what needs
// a clean tree.
type Snapshot struct {
	// Folder is the root of the copy.
	Folder string
}

// NewSnapshot makes a copy that goes with the test.
func NewSnapshot(t testing.TB) Snapshot {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	s := Snapshot{Folder: filepath.Join(t.TempDir(), "repository")}
	listed := Snapshot{Folder: root}.git(t, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	for name := range strings.SplitSeq(strings.TrimRight(listed, "\x00"), "\x00") {
		copyFile(t, filepath.Join(root, name), filepath.Join(s.Folder, name))
	}
	s.git(t, "init", "--quiet")
	s.Commit(t)
	return s
}

// copyFile copies a regular file with its mode. One that is deleted and not committed is passed over.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	found, err := os.Lstat(from)
	if os.IsNotExist(err) || err == nil && !found.Mode().IsRegular() {
		return
	}
	content, errRead := os.ReadFile(from)
	if err != nil || errRead != nil {
		t.Fatal(err, errRead)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, found.Mode()); err != nil {
		t.Fatal(err)
	}
}

// Commit commits all that has changed, at a time that is always the same.
func (s Snapshot) Commit(t testing.TB) {
	t.Helper()
	s.git(t, "add", "--all")
	s.git(t, "-c", "user.name=test", "-c", "user.email=test@publisher.test", "commit", "--quiet", "--allow-empty", "--message=Snapshot")
}

// Tag gives the commit a tag.
func (s Snapshot) Tag(t testing.TB, name string) {
	t.Helper()
	s.git(t, "tag", name)
}

func (s Snapshot) git(t testing.TB, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", arguments...)
	command.Dir = s.Folder
	command.Env = append(os.Environ(), "GIT_AUTHOR_DATE=2021-05-20T12:00:00Z", "GIT_COMMITTER_DATE=2021-05-20T12:00:00Z")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("git %v: %v", arguments, err)
	}
	return string(out)
}
