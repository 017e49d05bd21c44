// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// kubectl-support_policy is the kubectl plugin of the support-policy-operator: the same engine, on files. kubectl finds it
// by its name, as "kubectl support-policy".
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// invocation is how a person calls the plugin.
const invocation = "kubectl support-policy"

// memory is where the collector of garbage begins to work harder: of what the worst files take, half is garbage otherwise.
const memory = 700 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory)
	}
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}, clock.RealClock{}))
}

// streams are where a command reads and writes: data goes to out, everything else to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run executes the plugin and gives its exit code.
func run(arguments []string, s streams, now clock.PassiveClock) int {
	root := newRoot(s, now)
	root.SetArgs(arguments)
	called, err := root.ExecuteC()
	var verdict exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &verdict):
		return int(verdict)
	}
	printError(s.err, err)
	var misuse usageError
	if errors.As(err, &misuse) {
		printLine(s.err, "See '%s --help'.", called.CommandPath())
	}
	return int(exitError)
}

func newRoot(s streams, now clock.PassiveClock) *cobra.Command {
	root := &cobra.Command{
		Use:           "kubectl-support_policy",
		Short:         "Judge releases by a vendor's version support policies",
		Long:          "Judge releases by a vendor's version support policies, as the support-policy-operator does.",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: invocation},
		Version:       version.Get().String(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.SetVersionTemplate("{{.Version}}")
	root.AddCommand(newCheck(now), newLint(now), newVersion())
	return root
}

// usageError is an error in the command line itself.
type usageError struct{ error }

func usageErrorf(format string, arguments ...any) error {
	return usageError{fmt.Errorf(format, arguments...)}
}
