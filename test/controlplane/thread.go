package controlplane

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// thread is one operating system thread that lives until end. A program bound to its parent (see bound) is, to Linux,
// bound to the thread that started it, and Go may end a thread when it pleases to.
type thread struct {
	work chan func()
	once sync.Once
}

func newThread() *thread {
	t := &thread{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for do := range t.work {
			do()
		}
	}()
	return t
}

// do runs f on the thread and waits for it.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.work <- func() {
		defer close(done)
		f()
	}
	<-done
}

func (t *thread) end() { t.once.Do(func() { close(t.work) }) }

// bound returns the path of a stand-in for one of the programs that is killed when the thread that started it ends,
// and so when a test's process is killed or times out. Without it etcd and the API server, which envtest puts into
// process groups of their own, would go on. It takes setpriv, which comes with Linux; elsewhere it is the program
// itself, and only Stop ends it.
func (c *ControlPlane) bound(name string) (string, error) {
	path, err := program(c.folder, name)
	if err != nil {
		return "", err
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || runtime.GOOS != "linux" {
		return path, nil //nolint:nilerr // without setpriv the program runs by itself, as the comment says
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("controlplane: where %s is: %w", name, err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %s --pdeathsig KILL -- %s \"$@\"\n", quote(setpriv), quote(path))
	standIn := filepath.Join(c.scratch, programsFolder, name)
	// A program has to be executable.
	if err := os.WriteFile(standIn, []byte(script), 0o700); err != nil {
		return "", fmt.Errorf("controlplane: writing the stand-in for %s: %w", name, err)
	}
	return standIn, nil
}

// quote makes a path one word for the shell.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
