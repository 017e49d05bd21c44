// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// probeDelay is how long after a wake a probe makes its request: of what breaks together, each part wakes it.
const probeDelay = time.Second

// probe reads at intervals what cannot be watched.
type probe[T any] struct {
	// name is that of the resource.
	name string
	// interval is the time between two answers; forbiddenInterval that after a confirmed 403.
	interval, forbiddenInterval time.Duration
	// fetch makes the requests.
	fetch func(context.Context) (T, error)
	// set takes what was read; the zero value when the operator may not read it, or it is not served.
	set func(T)
	// isProvisional tells that an answer will not hold for long; nil means that all do.
	isProvisional func(T) bool

	// task is woken to make the request before it is time.
	task task
	// failureBackoff is for failures, and provisionalBackoff for provisional answers.
	failureBackoff, provisionalBackoff *backoff
	// isFailing tells that the last request has failed.
	isFailing atomic.Bool
	// resetBackoff tells that the API server answers again: failures before that do not count.
	resetBackoff atomic.Bool
}

// newProbe completes a probe, which writes to the state.
func newProbe[T any](p *probe[T], state *clusterState) *probe[T] {
	p.failureBackoff, p.provisionalBackoff = newBackoff(p.interval), newProvisionalBackoff(p.interval)
	p.task.run = func(ctx context.Context) time.Duration { return p.run(ctx, state) }
	p.task.delay = func() time.Duration { return wait.Jitter(probeDelay, jitter) }
	return p
}

// retrySoon has a failing probe make its request soon.
func (p *probe[T]) retrySoon() {
	if p.isFailing.Load() {
		p.resetBackoff.Store(true)
		p.task.wake()
	}
}

// run makes the request, and returns after which time to make it again.
func (p *probe[T]) run(ctx context.Context, state *clusterState) time.Duration {
	var none T
	if p.resetBackoff.Swap(false) {
		p.failureBackoff.reset()
	}
	value, err := p.fetch(ctx)
	if ctx.Err() != nil {
		return never
	}
	outcome := state.record(p.name, err)
	p.isFailing.Store(outcome == outcomeFailed)
	switch outcome {
	case outcomeOK:
		p.set(value)
		state.setAvailable(p.name, nil)
		if p.isProvisional != nil && p.isProvisional(value) {
			p.failureBackoff.reset()
			return p.provisionalBackoff.next()
		}
	case outcomeForbidden:
		if !state.confirmForbidden(p.name) {
			return p.failureBackoff.next()
		}
		p.set(none)
		p.failureBackoff.reset()
		return wait.Jitter(p.forbiddenInterval, jitter)
	case outcomeNotFound:
		if !state.confirmAbsent(p.name) {
			return p.failureBackoff.next()
		}
		p.set(none)
	case outcomeExpired, outcomeFailed:
		return p.failureBackoff.next()
	}
	p.failureBackoff.reset()
	p.provisionalBackoff.reset()
	return wait.Jitter(p.interval, jitter)
}

// withTimeout bounds the time of a request.
func withTimeout[T any](timeout time.Duration, fetch func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return fetch(ctx)
	}
}
