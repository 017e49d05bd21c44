// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// exampleRunning is the host with a version of the example installed.
func exampleRunning(version string) string {
	return hostManifest("", fmt.Sprintf("declaredReleases: [{product: Example, name: default, version: %q}]", version))
}

// awaitHistory waits until the host's history of the example, newest first, is as "version from to".
func (w *world) awaitHistory(since string, want ...string) {
	w.t.Helper()
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		var got []string
		for _, ended := range host.Status.History {
			got = append(got, fmt.Sprintf("%s %s %s", ended.Version, ended.From.UTC().Format(time.DateOnly), ended.To.UTC().Format(time.DateOnly)))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("it differs (-want +got):\n%s", diff)
		}
		if begun := row(host, "Example", "default").ObservedSince; begun == nil || begun.UTC().Format(time.DateOnly) != since {
			return fmt.Errorf("the installed release is seen since %v, expected is %s", begun, since)
		}
		return nil
	})
}

// The status remembers since when a release is there and which ones are gone, over restarts and mistakes, and nothing of
// that is written while nothing comes or goes.
func TestMemory(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-02-01")
	w.apply(examplePolicy("example", "Example"))
	w.apply(exampleRunning("1.0.3"))
	w.start()
	w.awaitHistory("2021-02-01")

	w.Clock.SetTime(at(t, "2021-02-11"))
	w.Front.Reset()
	w.expectNoWrites("ten days at rest")
	w.apply(exampleRunning("1.0.4"))
	w.awaitHistory("2021-02-11", "1.0.3 2021-02-01 2021-02-11")
	w.settle()

	w.Clock.SetTime(at(t, "2021-02-21"))
	w.halt()
	w.Front.Reset()
	w.start()
	w.expectNoWrites("a restart")

	w.apply(exampleRunning("1.0.5\x1b"))
	w.awaitHistory("2021-02-21", "1.0.4 2021-02-11 2021-02-21", "1.0.3 2021-02-01 2021-02-11")
	// A clock that is set back removes nothing from the history.
	w.Clock.SetTime(at(t, "2021-02-20"))
	w.apply(exampleRunning("1.1.0"))
	w.awaitHistory("2021-02-20", `1.0.5\x1b 2021-02-21 2021-02-20`, "1.0.4 2021-02-11 2021-02-21", "1.0.3 2021-02-01 2021-02-11")
}
