// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
)

// lintOptions are the flags of lint.
type lintOptions struct {
	asOf              string
	strict, recursive bool
}

func newLint(now clock.PassiveClock) *cobra.Command {
	var options lintOptions
	command := &cobra.Command{
		Use:   "lint POLICIES... [--as-of DATE] [--strict]",
		Short: "Find errors and likely mistakes in policies",
		Long: `Find errors and likely mistakes in SupportPolicies and SupportExceptions.

POLICIES are files, folders, or - for the standard input. All of them are judged together, since policies rest on each
other. Of a folder the .yaml, .yml and .json files in it are read, with -R also those in the folders below it, but not a
kustomization.yaml.

Errors are what the operator refuses, by its own code and in its own words, and what an API server refuses: unknown fields,
keys that stand twice, names and labels that cannot be. Warnings are what the operator accepts:
  - a released minor without a day of general availability, where a window counts
  - a minor that is missing in the list of a window
  - a required version that can never be there beside the release
  - a planned day that has passed
  - a newest minor that is more than a year old
  - days that are out of order: a minor after a newer one, or a patch before its minor
  - versions that the policy does not list, in upgradesFrom and in experimental.components
  - policies of one product and one priority that can select the same cluster

Exit codes: 1 there is an error, or with --strict a warning; 0 otherwise.`,
		Example: `  # Before a change of policies is merged
  kubectl support-policy lint config/policies

  # What will be overdue by then
  kubectl support-policy lint config/policies --as-of 2022-01-01 --strict`,
		Args:                  atLeastOne,
		DisableFlagsInUseLine: true,
		RunE:                  func(command *cobra.Command, paths []string) error { return options.run(command, paths, now) },
	}
	command.Flags().StringVar(&options.asOf, "as-of", "", asOfUsage)
	command.Flags().BoolVarP(&options.recursive, "recursive", "R", false, recursiveUsage)
	command.Flags().BoolVar(&options.strict, "strict", false, "let warnings be answered with exit code 1 as well")
	return command
}

func atLeastOne(_ *cobra.Command, paths []string) error {
	if len(paths) == 0 {
		return usageErrorf("name the files or folders with the policies")
	}
	return nil
}

func (o *lintOptions) run(command *cobra.Command, paths []string, now clock.PassiveClock) error {
	at, err := asOf(command.Flags(), o.asOf, now)
	if err != nil {
		return err
	}
	if err := cmp.Or(refuseEmpty("POLICIES", paths), readOnce(paths)); err != nil {
		return err
	}
	// What could be read is judged also where something could not be: so one run finds as much as there is.
	reader := manifest.Reader{Stdin: command.InOrStdin(), Recursive: o.recursive}
	read, unread := reader.Policies(paths...)
	noteUnread(command, &reader)
	all, refused := compile(read)
	unread = errors.Join(unread, refused)
	if len(read.Policies)+len(read.Exceptions) == 0 {
		return cmp.Or(unread, errors.New("there is no SupportPolicy in what was read"))
	}
	errorsFound, warnings := append(all.errors(), all.refused()...), all.warnings(at)
	if err := printDiagnostics(command, append(errorsFound, warnings...)); err != nil {
		return err
	}
	printLine(command.ErrOrStderr(), "%s and %s read: %s, %s", facts.Plural(len(read.Policies), "policy", "policies"),
		facts.Plural(len(read.Exceptions), "exception", "exceptions"), facts.Plural(len(errorsFound), "error", "errors"),
		facts.Plural(len(warnings), "warning", "warnings"))
	switch {
	case unread != nil:
		return unread
	case len(errorsFound) > 0, o.strict && len(warnings) > 0:
		return exitError
	}
	return nil
}

// warnings are what the operator accepts, and what is likely to be a mistake all the same.
func (c *compiled) warnings(at time.Time) []diagnostic {
	var found []diagnostic
	for i := range c.PolicySet.Policies {
		one := &c.PolicySet.Policies[i]
		for _, warning := range c.set.Lint(one.Object.Name, at) {
			found = append(found, diagnostic{one.Source, levelWarning, "SupportPolicy", one.Object.Name, warning})
		}
	}
	return found
}

func printDiagnostics(command *cobra.Command, diagnostics []diagnostic) error {
	var text bytes.Buffer
	for _, one := range diagnostics {
		printLine(&text, "%s", one)
	}
	if _, err := command.OutOrStdout().Write(text.Bytes()); err != nil {
		return fmt.Errorf("print the answer: %w", err)
	}
	return nil
}
