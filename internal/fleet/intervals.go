// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// never is for those who wait to be woken.
	never time.Duration = -1
	// jitter keeps the requests about many clusters apart.
	jitter = 0.2
)

// intervals is how long an entry waits.
type intervals struct {
	// secretTimeout is for one look at a Secret.
	secretTimeout time.Duration
	// firstRetry and lastRetry are between looks at a Secret that did not yield a kubeconfig.
	firstRetry, lastRetry time.Duration
	// renewal is until the second look for new credentials after the cluster has refused those that there are; nudge is
	// until the first.
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

// sleep waits for the time to pass, or to be woken.
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
