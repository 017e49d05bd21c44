// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
)

const (
	// never is for those who wait to be told.
	never time.Duration = -1
	// jitter keeps the requests to many clusters, and of many operators, apart.
	jitter = 0.2

	firstRetry = 250 * time.Millisecond
	lastRetry  = 30 * time.Second
	earlyRetry = time.Minute
)

// retry is how long to wait after each of several failures in a row.
type retry struct {
	first, most time.Duration
	backoff     wait.Backoff
}

// newRetry returns a retry that waits no longer than what was asked for is of interest.
func newRetry(most time.Duration) *retry {
	r := &retry{first: firstRetry, most: min(most, lastRetry)}
	r.reset()
	return r
}

// newEarlyRetry returns a retry for answers that hold at most that long, and at first much less.
func newEarlyRetry(most time.Duration) *retry {
	r := &retry{first: earlyRetry, most: most}
	r.reset()
	return r
}

func (r *retry) reset() {
	r.backoff = wait.Backoff{
		Duration: min(r.first, r.most), Cap: r.most, Factor: 2, Jitter: jitter, Steps: 64,
	}
}

func (r *retry) next() time.Duration { return r.backoff.Step() }

// bell wakes all who listen. The zero value is one that has not rung yet.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

// listen returns what is closed when the bell rings.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// sleep waits for the time to pass, or until it is woken. It is not alive when the context has ended.
func sleep(ctx context.Context, clock clock.Clock, duration time.Duration, wake <-chan struct{}) (alive, woken bool) {
	timer := clock.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
	case <-wake:
		woken = true
	}
	return ctx.Err() == nil, woken
}
