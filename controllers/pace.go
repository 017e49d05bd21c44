// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace lets each of many things be done at most so often, by the machine's time. The zero value is ready, for once in a
// writeInterval.
type pace[Key comparable] struct {
	// every is the time in which a thing may be done once more, burst how often it may be done at once.
	every time.Duration
	burst int

	mu       sync.Mutex
	limiters map[Key]*rate.Limiter
}

// left is how long to wait until it may be done; 0 when it may be done now.
func (p *pace[Key]) left(key Key) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter := p.limiters[key]
	if limiter == nil {
		return 0
	}
	missing := 1 - limiter.Tokens()
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing/float64(limiter.Limit())*float64(time.Second)) + time.Millisecond
}

// spend tells that it is done.
func (p *pace[Key]) spend(key Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limiters == nil {
		p.limiters = map[Key]*rate.Limiter{}
	}
	if p.limiters[key] == nil {
		every, burst := writeInterval, 1
		if p.every > 0 {
			every, burst = p.every, p.burst
		}
		p.limiters[key] = rate.NewLimiter(rate.Every(every), burst)
	}
	p.limiters[key].Allow()
}

func (p *pace[Key]) forget(key Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.limiters, key)
}
