// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// Thread is an operating system thread that lives until End. To Linux the parent of a program is the thread that started
// it (see WithParentDeathSignal), and Go can end its threads at any time.
type Thread struct {
	work chan func()
	once sync.Once
}

// NewThread returns a thread that waits for work.
func NewThread() *Thread {
	t := &Thread{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for do := range t.work {
			do()
		}
	}()
	return t
}

// Do runs f on the thread and waits for it.
func (t *Thread) Do(f func()) {
	done := make(chan struct{})
	t.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

// End ends the thread. Further calls do nothing; Do must not be called after it.
func (t *Thread) End() { t.once.Do(func() { close(t.work) }) }

// WithParentDeathSignal writes a script into a folder, and returns its path. The script runs the program at path, which the
// kernel kills when the thread that started it ends, and so when the process of a test is killed or times out. It needs
// setpriv, which comes with Linux; without it the path of the program itself is returned, and only Stop ends the program.
func WithParentDeathSignal(path, folder string) (string, error) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || runtime.GOOS != "linux" {
		return path, nil //nolint:nilerr // without setpriv the program runs without the signal
	}
	name := filepath.Base(path)
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("where %s is: %w", name, err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s --pdeathsig KILL -- %s \"$@\"\n", quote(setpriv), quote(path))
	wrapper := filepath.Join(folder, name)
	// A script has to be executable.
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		return "", fmt.Errorf("writing the script for %s: %w", name, err)
	}
	return wrapper, nil
}

// quote makes a path one word for the shell.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
