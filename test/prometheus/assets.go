// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package prometheus runs a real Prometheus and a real Alertmanager for tests, and finds promtool. hack/prometheus/fetch.sh
// downloads the programs. Where one is missing, tests are skipped, or fail with CI=true.
package prometheus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

// The names of the programs. Debian names Alertmanager differently from its own releases.
const (
	server               = "prometheus"
	promtool             = "promtool"
	alertmanager         = "prometheus-alertmanager"
	upstreamAlertmanager = "alertmanager"
)

// assetsVariable is the environment variable with the folder to use instead of the project's own.
const assetsVariable = "PROMETHEUS_ASSETS"

// ErrMissing is wrapped by the errors for a missing program, which say how to get it.
var ErrMissing = errors.New("run make prometheus (seconds), or set " + assetsVariable +
	" to a folder that has Prometheus, promtool and Alertmanager")

// Promtool returns the path of promtool. Where it is missing, the test is skipped, or fails with CI=true.
func Promtool(t testing.TB) string {
	t.Helper()
	path, err := program(promtool)
	process.Need(t, err, ErrMissing)
	return path
}

// program returns the path of the first of these programs that exists. The error wraps ErrMissing.
func program(names ...string) (string, error) {
	folder := os.Getenv(assetsVariable)
	if folder == "" {
		root, err := repository.Root()
		if err != nil {
			return "", fmt.Errorf("prometheus: %w; or %w", err, ErrMissing)
		}
		folder = filepath.Join(root, ".cache", "prometheus", "bin")
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", fmt.Errorf("prometheus: where %s is: %w", folder, err)
	}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if found, err := os.Stat(path); err == nil && !found.IsDir() {
			return path, nil
		}
	}
	return "", fmt.Errorf("prometheus: there is no %s: %w", filepath.Join(folder, names[0]), ErrMissing)
}
