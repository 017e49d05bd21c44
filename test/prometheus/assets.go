// Package prometheus runs a real Prometheus and a real Alertmanager for tests, and has promtool. hack/prometheus/fetch.sh
// gets the programs; where they are missing, tests are skipped with the reason, and fail with CI=true.
package prometheus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The programs, as they are called in the folder of which assetsVariable has the name. Debian has Alertmanager under the
// first of its names, everybody else under the second.
const (
	server            = "prometheus"
	promtool          = "promtool"
	alertmanager      = "prometheus-alertmanager"
	plainAlertmanager = "alertmanager"
)

// assetsVariable names the folder to use instead of the project's own.
const assetsVariable = "PROMETHEUS_ASSETS"

// fetcher, seen from the root of the repository, fills .cache/prometheus/bin there.
const fetcher = "hack/prometheus/fetch.sh"

// ErrMissing is wrapped by the errors that say that a program is not there, and how to get it.
var ErrMissing = errors.New("run make prometheus (seconds), or set " + assetsVariable +
	" to a folder that has Prometheus, promtool and Alertmanager")

// Promtool returns the path of promtool.
func Promtool(t testing.TB) string {
	t.Helper()
	path, err := program(promtool)
	unlessMissing(t, err)
	return path
}

// program returns the path of the program with one of the names, the first that there is. The error wraps ErrMissing.
func program(names ...string) (string, error) {
	folder := os.Getenv(assetsVariable)
	if folder == "" {
		root, err := repositoryRoot()
		if err != nil {
			return "", err
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

// repositoryRoot is the nearest folder above the working directory, which for a test is its package's, that has fetcher.
func repositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("prometheus: no working directory to look for %s from: %w", fetcher, err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(fetcher))); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("prometheus: neither %s nor a folder above it has %s; change into the repository, or %w",
				start, fetcher, ErrMissing)
		}
	}
}

// unlessMissing ends the test when a program is missing: it is skipped, or fails with CI=true, so that no run passes for
// want of a program.
func unlessMissing(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}
