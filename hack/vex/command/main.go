// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// The command reads what `govulncheck -format json` prints on its input, and fails for a called vulnerability that no statement of
// docs/vex excuses, and for a statement that is wrong or not needed any more.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/d2iq-labs/support-policy-operator/hack/vex"
)

func main() {
	statements := flag.String("vex", "docs/vex", "the folder of the OpenVEX documents")
	database := flag.String("db", "", "the folder of the database, with a file ID.json for each vulnerability")
	flag.Parse()
	now := time.Now() //nolint:forbidigo // it is only asked whether a statement is of a day to come
	if err := run(os.Stdin, os.Stdout, *statements, *database, now); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run compares, and prints what is excused. The error has what is not.
func run(scan io.Reader, out io.Writer, folder, database string, now time.Time) error {
	called, err := vex.Called(scan)
	if err != nil {
		return err
	}
	statements, err := vex.Read(folder, now)
	if err != nil {
		return err
	}
	result := vex.Compare(called, statements, func(id string) bool {
		_, err := os.Stat(filepath.Join(database, id+".json"))
		return err == nil
	})
	for _, text := range result.Excused {
		if _, err := fmt.Fprintln(out, text); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	for _, text := range result.Problems {
		if _, err := fmt.Fprintln(out, text); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	if len(result.Problems) > 0 {
		return fmt.Errorf("%d vulnerabilities or statements to be mended", len(result.Problems))
	}
	if _, err := fmt.Fprintf(out, "Called vulnerabilities without an excuse in %s: none; with one: %d.\n", folder, len(called)); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
