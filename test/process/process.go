// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package process runs programs for tests and demos: started on a thread that keeps them alive, asked to end before
// they are killed, and killed when whoever started them is gone.
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

// Process is a program that was started. Its methods may be called from several goroutines.
type Process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
	// err is set once exited is closed.
	err error
}

// Start starts a program. The caller sees to it that it runs on a thread that lives long enough, see Thread.
func Start(cmd *exec.Cmd) (*Process, error) {
	name := filepath.Base(cmd.Path)
	// What the programs spawn or still hold must not keep Wait from returning.
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

// Err says how the program ended. It may be asked for once Exited is closed.
func (p *Process) Err() error { return p.err }

// Stop asks the program to end, and kills it when it has not after the timeout. It returns when it has ended. A
// program that had ended by itself is an error: whoever needed it was without.
func (p *Process) Stop(timeout time.Duration) error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s had ended by itself: %w", p.name, p.err)
	default:
	}
	// An error means that it ends at this moment.
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

// SerialWriter lets several programs share a writer that knows nothing of goroutines.
type SerialWriter struct {
	To io.Writer

	mu sync.Mutex
}

// Write writes when no other write is under way.
func (w *SerialWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.To.Write(p)
}
