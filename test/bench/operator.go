// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// build makes a program of a package of this repository.
func build(ctx context.Context, root, program, of string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, of)
	command.Dir, command.Env, command.Stderr = root, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("build %s: %w", of, err)
	}
	return nil
}

// process is a program at work.
type process struct {
	command *exec.Cmd
	started time.Time
	// log has what it has written, and what Go tells of its garbage collections.
	log string
}

// stopTimeout is how long a program may take to end.
const stopTimeout = 30 * time.Second

// newProcess prepares a program to be started.
func newProcess(log, program string, arguments ...string) *process {
	p := &process{command: exec.Command(program, arguments...), log: log}
	p.command.Env = append(os.Environ(), "GODEBUG=gctrace=1")
	return p
}

// start runs the program.
func (p *process) start() error {
	log, err := os.Create(p.log)
	if err != nil {
		return fmt.Errorf("make a log: %w", err)
	}
	defer log.Close()
	p.command.Stderr = log
	p.started = time.Now()
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.command.Path, err)
	}
	return nil
}

// startOperator runs the operator, as config/fleet does but for what a test needs.
func startOperator(program, kubeconfig, folder string, environment []string, arguments ...string) (*process, error) {
	p := newProcess(filepath.Join(folder, "operator.log"), program, append([]string{"--namespace=" + sandbox.Namespace,
		"--health-probe-bind-address=0", "--kubeconfig-namespaces=" + fleetNamespace, "--kubeconfig-allow-loopback"}, arguments...)...)
	p.command.Env = append(p.command.Env, append(environment, "KUBECONFIG="+kubeconfig)...)
	return p, p.start()
}

// stop ends the program and waits for that.
func (p *process) stop() error {
	timer := time.AfterFunc(stopTimeout, func() { _ = p.command.Process.Kill() })
	defer timer.Stop()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.command.Path, err)
	}
	if err := p.command.Wait(); err != nil {
		return fmt.Errorf("%s ended, see %s: %w", p.command.Path, p.log, err)
	}
	return nil
}

// kill ends a process, if there is one and it has not ended yet, after something went wrong.
func (p *process) kill() {
	if p != nil && p.command.ProcessState == nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
	}
}

func (p *process) usage(ports map[int]bool) (usage, error) {
	return usageOf(p.command.Process.Pid, ports)
}

var trace = regexp.MustCompile(`^gc \d+ .*->(\d+) MB, \d+ MB goal`)

// live is what the last garbage collection has left of the heap, by the trace that Go writes. In it a MB is 2^20.
func (p *process) live() (bytesize, error) {
	log, err := os.Open(p.log)
	if err != nil {
		return 0, fmt.Errorf("read a log: %w", err)
	}
	defer log.Close()
	var last bytesize
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if found := trace.FindSubmatch(lines.Bytes()); found != nil {
			left, _ := strconv.Atoi(string(found[1]))
			last = bytesize(left) << 20
		}
	}
	return last, lines.Err()
}
