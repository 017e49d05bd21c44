// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// check refuses a version, a publisher and a tree of which no release can be made, all of them at once.
func check(ctx context.Context, options Options) (*build, error) {
	b := &build{Options: options}
	if err := errors.Join(checkVersion(b.Version), b.Publisher.check(), b.readCommit(ctx), checkClean(ctx, b.Root)); err != nil {
		return nil, fmt.Errorf("release: no release is made:\n%w", err)
	}
	if err := b.checkTags(ctx); err != nil {
		return nil, fmt.Errorf("release: no release is made:\n%w", err)
	}
	return b, nil
}

// readCommit reads the commit of the tree and its time.
func (b *build) readCommit(ctx context.Context) error {
	head, err := git(ctx, b.Root, "log", "-1", "--format=%H %cI")
	if err != nil {
		return err
	}
	commit, at, _ := strings.Cut(head, " ")
	parsed, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return fmt.Errorf("the time of commit %s: %w", commit, err)
	}
	b.commit, b.at = commit, parsed.UTC()
	return nil
}

// checkClean refuses files that the commit does not have. What .gitignore names is allowed.
func checkClean(ctx context.Context, root string) error {
	changed, err := git(ctx, root, "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("the tree differs from its commit: commit or remove these first:\n%s", changed)
	}
	return nil
}

// checkTags refuses a version that disagrees with the tags: the commit has one for another version, or another commit has it.
func (b *build) checkTags(ctx context.Context) error {
	here, err := git(ctx, b.Root, "tag", "--points-at", "HEAD")
	if err != nil {
		return err
	}
	tags := slices.DeleteFunc(strings.Fields(here), func(tag string) bool { return checkVersion(tag) != nil })
	if len(tags) > 0 && !slices.Contains(tags, b.Version) {
		return fmt.Errorf("VERSION is %s, and the commit has the tag %s: give that version, or remove the tag", b.Version, strings.Join(tags, ", "))
	}
	all, err := git(ctx, b.Root, "tag", "--list", b.Version)
	if err != nil {
		return err
	}
	if all != "" && !slices.Contains(tags, b.Version) {
		return fmt.Errorf("the tag %s is on another commit: give a version that was not released yet", b.Version)
	}
	return nil
}

// git runs git in a repository and returns its output.
func git(ctx context.Context, root string, arguments ...string) (string, error) {
	out, err := run(ctx, root, nil, "git", arguments...)
	return strings.TrimSpace(string(out)), err
}

// run runs a program in a folder, with more environment, and returns its output. The error has what it wrote to stderr.
func run(ctx context.Context, folder string, environment []string, program string, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	command.Env = append(command.Environ(), environment...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", program, strings.Join(arguments, " "), err, stderr.Bytes())
	}
	return out, nil
}
