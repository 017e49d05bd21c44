// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package process runs programs for tests and demos. It asks them to end before it kills them, and has them killed when the
// process that started them ends.
package process

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Process is a started program. Its methods may be called from several goroutines.
type Process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
	// err is set once exited is closed.
	err error
}

// Start starts a program. A program from WithParentDeathSignal must be started on a Thread.
func Start(cmd *exec.Cmd) (*Process, error) {
	name := filepath.Base(cmd.Path)
	// Children that hold the program's output must not block Wait.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &Process{name: name, cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// Exited is closed when the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err returns how the program ended. It must be called only after Exited is closed.
func (p *Process) Err() error { return p.err }

// Stop asks the program to end, kills it after the timeout, and waits for its end. It is an error where it had to be killed,
// or had ended before.
func (p *Process) Stop(timeout time.Duration) error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s had ended by itself: %w", p.name, p.err)
	default:
	}
	// An error means that the program has just ended.
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return nil
	case <-time.After(timeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("%s had to be killed after %s", p.name, timeout)
	}
}

// SerialWriter lets several goroutines share a writer.
type SerialWriter struct {
	To io.Writer

	mu sync.Mutex
}

// Write waits until no other write is under way.
func (w *SerialWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.To.Write(p)
}
