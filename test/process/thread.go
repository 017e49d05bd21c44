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

// Thread is one operating system thread that lives until End. A program bound to its parent (see Bound) is, to Linux,
// bound to the thread that started it, and Go may end a thread when it pleases to.
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

// End lets go of the thread. Further calls do nothing; Do must not be called any more.
func (t *Thread) End() { t.once.Do(func() { close(t.work) }) }

// Bound writes a stand-in for the program at path into a folder, and returns its path: the stand-in is the program,
// killed when the thread that started it ends, and so when a test's process is killed or times out. It takes setpriv,
// which comes with Linux; elsewhere the path of the program itself is returned, and only Stop ends it.
func Bound(path, folder string) (string, error) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || runtime.GOOS != "linux" {
		return path, nil //nolint:nilerr // without setpriv the program runs by itself, as the comment says
	}
	name := filepath.Base(path)
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("where %s is: %w", name, err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s --pdeathsig KILL -- %s \"$@\"\n", quote(setpriv), quote(path))
	standIn := filepath.Join(folder, name)
	// A program has to be executable.
	if err := os.WriteFile(standIn, []byte(script), 0o700); err != nil {
		return "", fmt.Errorf("writing the stand-in for %s: %w", name, err)
	}
	return standIn, nil
}

// quote makes a path one word for the shell.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
