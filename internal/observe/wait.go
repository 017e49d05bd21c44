// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// broadcaster wakes all subscribers at once. The zero value is usable.
type broadcaster struct {
	mu   sync.Mutex
	next chan struct{}
}

// subscribe returns a channel that the next broadcast closes.
func (b *broadcaster) subscribe() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *broadcaster) broadcast() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

// sleep waits for the time to pass, or for wake to be closed. It is not alive when the context has ended.
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
