package controlplane

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is a program that envtest does not start for us.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
	// err is set once exited is closed.
	err error
}

// startProcess starts a program. The caller sees to it that it runs on a thread that lives long enough.
func startProcess(path, name string, logs io.Writer, args ...string) (*process, error) {
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = logs, logs
	// What the programs spawn or still hold must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("controlplane: starting %s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// stop asks the program to end, and kills it when it has not after the timeout. It returns when it has ended. A
// program that had ended by itself is an error: whoever needed it was without.
func (p *process) stop(timeout time.Duration) error {
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

// serialWriter lets several programs share a writer that knows nothing of goroutines.
type serialWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *serialWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
