// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Generate prints the rules of package alerts: `generate file` as a rule file of Prometheus, `generate object` as a manifest
// of the Prometheus Operator.
package main

import (
	"fmt"
	"os"

	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate the rules:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	forms := map[string]func(alerts.Timing) ([]byte, error){"file": alerts.RuleFile, "object": alerts.Manifest}
	if len(arguments) != 1 || forms[arguments[0]] == nil {
		return fmt.Errorf("want file or object, got %q", arguments)
	}
	content, err := forms[arguments[0]](alerts.Default())
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(content)
	return err
}
