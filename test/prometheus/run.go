// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

const (
	// startTimeout is far longer than a start takes: some 200 ms on an idle machine.
	startTimeout = time.Minute
	// stopTimeout is how long a program may take to end before it is killed.
	stopTimeout = 20 * time.Second
)

// anyPort lets the program choose a free port, which it logs.
const anyPort = "127.0.0.1:0"

// listening matches the line with the address that both programs log when they listen.
var listening = regexp.MustCompile(`msg="?Listening on"? .*address=(127\.0\.0\.1:\d+)`)

// run starts a program, and returns its address when it is ready. The program ends with the test. Its output becomes a part
// of the log of a failed test.
func run(t testing.TB, path string, args ...string) string {
	t.Helper()
	logs := &output{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what %s printed:\n%s", filepath.Base(path), logs)
		}
	})
	address, stop, err := start(t.Context(), t.TempDir(), logs, path, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// start starts a program, with a scratch folder of its own, and returns its address when it is ready. After an error nothing
// is left running.
func start(ctx context.Context, scratch string, logs *output, path string, args ...string) (address string, stop func() error, err error) {
	wrapper, err := process.WithParentDeathSignal(path, scratch)
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(wrapper, append(args, "--web.listen-address="+anyPort)...)
	cmd.Stdout, cmd.Stderr = logs, logs
	// Debian's Alertmanager reads its templates from its own folder, see hack/prometheus/fetch.sh. The path can be a link.
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", nil, err
	}
	cmd.Dir = filepath.Dir(target)
	thread := process.NewThread()
	var started *process.Process
	thread.Do(func() { started, err = process.Start(cmd) })
	if err != nil {
		thread.End()
		return "", nil, err
	}
	stop = func() error {
		defer thread.End()
		return started.Stop(stopTimeout)
	}
	if address, err = awaitReady(ctx, started, logs); err != nil {
		return "", nil, errors.Join(err, stop())
	}
	return address, stop, nil
}

// awaitReady waits until the program is ready, and returns its address.
func awaitReady(ctx context.Context, started *process.Process, logs *output) (string, error) {
	address := ""
	ready := func(ctx context.Context) (bool, error) {
		select {
		case <-started.Exited():
			return false, fmt.Errorf("it has ended: %w", started.Err())
		default:
		}
		found := listening.FindStringSubmatch(logs.String())
		if found == nil {
			return false, nil
		}
		address = found[1]
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/-/ready", nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // it may not serve yet; the timeout bounds the wait
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, startTimeout, true, ready); err != nil {
		return "", fmt.Errorf("it is not ready: %w", err)
	}
	return address, nil
}

// writeConfig writes a configuration file into a folder.
func writeConfig(t testing.TB, folder, name, config string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// output is what a program has printed so far. It can be read while the program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends output of the program.
func (p *output) Write(more []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(more)
}

// String returns the output so far.
func (p *output) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}
