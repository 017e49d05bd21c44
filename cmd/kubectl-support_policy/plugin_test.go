// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// shipped are the policies that the operator comes with.
var shipped = filepath.Join("..", "..", "config", "policies")

// today is the clock of all tests.
var today = time.Date(2021, 11, 22, 9, 30, 0, 0, time.UTC)

// outcome is what a person sees of a run.
type outcome struct {
	Code     int
	Out, Err string
}

// plugin runs the plugin in this process.
func plugin(stdin string, arguments ...string) outcome {
	var out, errs bytes.Buffer
	code := run(arguments, streams{strings.NewReader(stdin), &out, &errs}, clocktesting.NewFakePassiveClock(today))
	return outcome{code, out.String(), errs.String()}
}
