// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// command makes a release, for make. It runs in the folder of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/d2iq-labs/support-policy-operator/hack/release"
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

func run(ctx context.Context, arguments []string, out io.Writer) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	version := flags.String("version", "", "the version of the release, such as v0.2.0")
	publisher := flags.String("publisher", "hack/release/publisher.yaml", "the file that says who publishes")
	folder := flags.String("folder", "dist", "the folder to write")
	verify := flags.Bool("verify", false, "make it a second time, from a clone, and compare the digests")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("release: there are no arguments, got %q", flags.Args())
	}
	who, err := release.ReadPublisher(*publisher)
	if err != nil {
		return err
	}
	root, errRoot := filepath.Abs(".")
	dist, errDist := filepath.Abs(*folder)
	if err := errors.Join(errRoot, errDist); err != nil {
		return err
	}
	options := release.Options{Root: root, Version: *version, Publisher: who, Folder: dist}
	if err := release.Make(ctx, options); err != nil {
		return err
	}
	if *verify {
		if err := release.Verify(ctx, options); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "made twice, with equal digests"); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%s is in %s; RELEASING.md says how it is checked and published\n", *version, *folder)
	return err
}
