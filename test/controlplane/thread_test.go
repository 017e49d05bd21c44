// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

// helperVariable makes this test binary a process that starts a control plane and waits to be killed.
const helperVariable = "CONTROLPLANE_TEST_HELPER"

func TestHelperProcess(t *testing.T) {
	if os.Getenv(helperVariable) == "" {
		t.Skip("only for TestProgramsEndWithTheTest")
	}
	plane := controlplane.ForTest(t, controlplane.Options{ControllerManager: true})
	fmt.Println("\nserving", plane.Config().Host)
	select {}
}

// TestProgramsEndWithTheTest: a test that is killed or times out leaves no server behind on the machine.
func TestProgramsEndWithTheTest(t *testing.T) {
	if _, err := exec.LookPath("setpriv"); err != nil || runtime.GOOS != "linux" {
		t.Skip("programs are bound to their parent on Linux with setpriv only")
	}
	shared.ForTest(t) // skips where there are no programs to start
	scratch := t.TempDir()
	helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperProcess$", "-test.v")
	helper.Env = append(os.Environ(), helperVariable+"=yes", "TMPDIR="+scratch)
	output, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(output); ; {
		if !lines.Scan() {
			t.Fatalf("the control plane to be killed did not start: %v", lines.Err())
		}
		if strings.HasPrefix(lines.Text(), "serving") {
			break
		}
	}
	if got := processesNaming(t, scratch); len(got) != 3 {
		t.Errorf("%d programs before: %q, want 3", len(got), got)
	}

	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = helper.Wait() // it was killed, and says so
	eventually(t, "the programs to end", func(context.Context) (bool, error) {
		return len(processesNaming(t, scratch)) == 0, nil
	})
}

// processesNaming returns the command lines that contain a path.
func processesNaming(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		// A process that has ended meanwhile cannot be read.
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(path)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}
