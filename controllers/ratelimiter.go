// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
)

// Another cluster may change as often as it likes, and may be made to: after so many changes at once its ClusterSupport is
// evaluated twice a second.
const (
	changeBurst    = 300
	changeInterval = 500 * time.Millisecond
)

// rateLimiter limits how often a change of each cluster is acted on, with a token bucket for each. The zero value is ready.
type rateLimiter struct {
	mu      sync.Mutex
	buckets map[types.NamespacedName]*bucket
}

type bucket struct {
	*rate.Limiter

	// last is the token for the last change that was acted on, or is about to be.
	last *rate.Reservation
}

// delay tells after which time to act on a change. Changes that come in the meantime get the same time: one evaluation
// takes all of them in.
func (l *rateLimiter) delay(key types.NamespacedName) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if l.buckets == nil {
			l.buckets = map[types.NamespacedName]*bucket{}
		}
		b = &bucket{Limiter: rate.NewLimiter(rate.Every(changeInterval), changeBurst)}
		l.buckets[key] = b
	}
	if b.last == nil || b.last.Delay() == 0 {
		b.last = b.Reserve()
	}
	return b.last.Delay()
}

// forget is for a deleted object.
func (l *rateLimiter) forget(key types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, key)
}
