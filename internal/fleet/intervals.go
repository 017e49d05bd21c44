// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// never is to wait until woken.
	never time.Duration = -1
	// jitter keeps the requests about many clusters apart.
	jitter = 0.2
)

// intervals are the waits of an accessor, which tests shorten.
type intervals struct {
	// secretTimeout is for one read of a Secret.
	secretTimeout time.Duration
	// firstRetry and lastRetry are between reads of a Secret without a kubeconfig.
	firstRetry, lastRetry time.Duration
	// firstRenewal and nextRenewal are until the first and the second read after the cluster has refused the credentials.
	firstRenewal, nextRenewal time.Duration
}

var defaultIntervals = intervals{
	secretTimeout: 10 * time.Second,
	firstRetry:    time.Second,
	lastRetry:     2 * time.Minute,
	firstRenewal:  time.Second,
	nextRenewal:   30 * time.Second,
}

// newBackoff returns a wait that doubles from first to most.
func newBackoff(first, most time.Duration) wait.Backoff {
	return wait.Backoff{Duration: min(first, most), Cap: most, Factor: 2, Jitter: jitter, Steps: 64}
}

// sleep waits for the time to pass, or for a value from wake.
func sleep(ctx context.Context, duration time.Duration, wake <-chan struct{}) (woken bool) {
	var passed <-chan time.Time
	if duration != never {
		timer := time.NewTimer(duration)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case <-ctx.Done():
	case <-passed:
	case <-wake:
		return true
	}
	return false
}
