// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

func newVersion() *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "version [-o FORM]",
		Short: "Print the version of the plugin",
		Long: `Print the version of the plugin, the commit that it is built from and the time of that commit, and the version of Go.
What the plugin does not know about itself is "unknown".`,
		Args:                  versionTakesNothing,
		DisableFlagsInUseLine: true,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := versionText(output)
			if err != nil {
				return err
			}
			_, err = command.OutOrStdout().Write(text)
			return err
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "the `FORM` of the answer: json, yaml (default a table for people)")
	return command
}

func versionTakesNothing(_ *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return usageErrorf("%q is not expected here", arguments[0])
	}
	return nil
}

func versionText(output string) ([]byte, error) {
	switch output {
	case "":
		return []byte(version.Get().String()), nil
	case "yaml":
		return yaml.Marshal(version.Get())
	case "json":
		text, err := json.MarshalIndent(version.Get(), "", "    ")
		return append(text, '\n'), err
	default:
		return nil, usageErrorf("--output: %q is none of json, yaml", output)
	}
}
