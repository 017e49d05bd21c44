// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// jitter keeps the requests to many clusters, and of many operators, apart.
	jitter = 0.2

	firstRetry            = 250 * time.Millisecond
	lastRetry             = 30 * time.Second
	firstProvisionalRetry = time.Minute
)

// backoff is the wait after each of several failures in a row. It doubles from first to most.
type backoff struct {
	first, most time.Duration
	wait        wait.Backoff
}

// newBackoff returns the backoff of a request that is made at that interval when it succeeds, which is the longest wait.
func newBackoff(interval time.Duration) *backoff {
	b := &backoff{first: firstRetry, most: min(interval, lastRetry)}
	b.reset()
	return b
}

// newProvisionalBackoff returns the backoff after answers that are provisional.
func newProvisionalBackoff(interval time.Duration) *backoff {
	b := &backoff{first: firstProvisionalRetry, most: interval}
	b.reset()
	return b
}

func (b *backoff) reset() {
	b.wait = wait.Backoff{Duration: min(b.first, b.most), Cap: b.most, Factor: 2, Jitter: jitter, Steps: 64}
}

func (b *backoff) next() time.Duration { return b.wait.Step() }
