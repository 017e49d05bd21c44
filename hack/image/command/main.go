// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// command makes and pushes the operator's image, for make. It runs in the folder of the repository.
package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"time"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const usage = `usage:
  command [-image NAME:TAG] [-version VERSION] write FOLDER linux/ARCHITECTURE=PROGRAM...
  command -image NAME:TAG push FOLDER`

func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("command", flag.ContinueOnError)
	reference := flags.String("image", image.Name+":latest", "the name and the tag of the image")
	given := flags.String("version", "", "the version of the programs (default what Go says about them)")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	switch flags.Arg(0) {
	case "write":
		if flags.NArg() > 2 {
			return write(ctx, *reference, *given, flags.Arg(1), flags.Args()[2:], out)
		}
	case "push":
		if flags.NArg() == 2 {
			return push(ctx, *reference, flags.Arg(1), out)
		}
	}
	return errors.New(usage)
}

func write(ctx context.Context, reference, given, folder string, programs []string, out io.Writer) error {
	options := image.Options{Root: ".", Version: given, Programs: map[string]string{}}
	for _, one := range programs {
		platform, program, _ := strings.Cut(one, "=")
		options.Programs[platform] = program
		if options.Version == "" {
			options.Version = versionOf(program)
		}
	}
	var err error
	if options.Revision, options.Created, err = commit(ctx); err != nil {
		return err
	}
	index, err := image.Build(ctx, options)
	if err != nil {
		return err
	}
	if err := image.Write(folder, index, reference); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s, version %s, revision %s: %s\n", reference, options.Version, options.Revision, digest)
	return err
}

// versionOf is the version that Go has given a program.
func versionOf(program string) string {
	build, err := buildinfo.ReadFile(program)
	if err != nil || build.Main.Version == "" || build.Main.Version == "(devel)" {
		return version.Unknown
	}
	return build.Main.Version
}

// commit returns the commit of the files here, and its time.
func commit(ctx context.Context) (string, time.Time, error) {
	head, err := git(ctx, "log", "-1", "--format=%H %cI")
	if err != nil {
		return "", time.Time{}, err
	}
	revision, at, _ := strings.Cut(head, " ")
	created, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("the time of the commit %s: %w", revision, err)
	}
	changes, err := git(ctx, "status", "--porcelain")
	if changes != "" {
		revision += image.Dirty
	}
	return revision, created, err
}

func git(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	answer, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s, which the image's commit and time come from: %w: %s", arguments[0], err, stderr.Bytes())
	}
	return strings.TrimSpace(string(answer)), nil
}

func push(ctx context.Context, reference, folder string, out io.Writer) error {
	index, err := image.Read(folder)
	if err != nil {
		return err
	}
	pushed, err := image.Push(ctx, index, reference)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, pushed)
	return err
}
