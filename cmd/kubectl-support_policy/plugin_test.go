package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
)

// update makes the tests write the golden files anew: go test ./cmd/kubectl-support_policy -update
var update = flag.Bool("update", false, "write the golden files")

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

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, diff)
	}
}
