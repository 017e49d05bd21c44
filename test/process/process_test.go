// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// patience bounds how long a test hangs that would never end. No outcome depends on it.
const patience = 2 * time.Minute

// start starts a shell script, and waits until it runs: it makes the file $0.
func start(t *testing.T, script string) *process.Process {
	t.Helper()
	thread := process.NewThread()
	t.Cleanup(thread.End)
	running := filepath.Join(t.TempDir(), "running")
	cmd := exec.Command("/bin/sh", "-c", script, running)
	var p *process.Process
	var err error
	thread.Do(func() { p, err = process.Start(cmd) })
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(running); err == nil {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("the script does not run")
		}
	}
}

func TestStop(t *testing.T) {
	for name, test := range map[string]struct {
		script  string
		timeout time.Duration
		want    string
		reason  string
	}{
		"ends when asked": {
			`trap 'exit 0' TERM; touch "$0"; while :; do sleep 0.01; done`, patience, "",
			"it ends when it is asked to",
		},
		"does not listen": {
			`trap '' TERM; touch "$0"; while :; do sleep 0.01; done`, 100 * time.Millisecond, "had to be killed",
			"a program that ignores the request is killed",
		},
		"had ended": {
			`touch "$0"; exit 3`, patience, "had ended by itself: exit status 3",
			"the test ran without the program",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, test.script)
			if strings.Contains(test.want, "by itself") {
				<-p.Exited()
			}
			err := p.Stop(test.timeout)
			if got := errorText(err); (test.want == "") != (err == nil) || !strings.Contains(got, test.want) {
				t.Errorf("error %q, want %q, as %s", got, test.want, test.reason)
			}
			select {
			case <-p.Exited():
			default:
				t.Error("it still runs")
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestWithParentDeathSignal: the script passes on arguments and exit code, and the path can have any characters.
func TestWithParentDeathSignal(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf '%s|' \"$@\"\nexit 7\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	wrapper, err := process.WithParentDeathSignal(program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	cmd := exec.Command(wrapper, "a b", "$c")
	cmd.Stdout = &output
	_ = cmd.Run() // it fails, as the program does
	if got := output.String(); got != "a b|$c|" || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("it printed %q and ended with %d", got, cmd.ProcessState.ExitCode())
	}
}
