// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Validate runs all validators of github.com/operator-framework/api on a bundle, and prints what they find as JSON, one
// finding on each line. operator-verify, which comes with them, ends with success after errors. A finding is no failure of
// this program: the caller decides.
//
// It is a module of its own: the validators need the CRD validation of Kubernetes 0.20.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/operator-framework/api/pkg/manifests"
	"github.com/operator-framework/api/pkg/validation"
)

// finding is an error or a warning of a validator.
type finding struct {
	Level, Type, Field, Detail string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "validate the bundle:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("want the folder of a bundle, got %q", arguments)
	}
	bundle, err := manifests.GetBundleFromDir(arguments[0])
	if err != nil {
		return err
	}
	output := json.NewEncoder(os.Stdout)
	for _, result := range validation.AllValidators.Validate(bundle.ObjectsToValidate()...) {
		for _, problem := range append(result.Errors, result.Warnings...) {
			if err := output.Encode(finding{string(problem.Level), string(problem.Type), problem.Field, problem.Error()}); err != nil {
				return err
			}
		}
	}
	return nil
}
