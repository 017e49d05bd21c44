// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// command writes the licences of what programs consist of into a folder. It runs in the folder of the repository.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/d2iq-labs/support-policy-operator/hack/licences"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("usage: command FOLDER PROGRAM [PROGRAM…]")
	}
	files, err := licences.Collect(ctx, ".", arguments[1:]...)
	if err != nil {
		return err
	}
	for _, file := range files {
		path := filepath.Join(arguments[0], filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, file.Content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
