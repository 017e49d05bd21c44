// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// probe asks for something that cannot be watched, again and again.
type probe[T any] struct {
	// name is that of what is asked for.
	name string
	// every is the time between two answers; deniedEvery that after one which says that we may not look.
	every, deniedEvery time.Duration
	// ask makes the requests.
	ask func(context.Context) (T, error)
	// tell takes the answer; the zero value when there is none to be had.
	tell func(T)
	// early tells that an answer will not hold for long; nil means that all do.
	early func(T) bool
	// pace is how long it waits after what it did not want to hear.
	pace pace
	// task asks; woken, it does so before it is time.
	task task
	// failing tells that it has not got an answer, and again that the API server answers again, so that what failed before
	// says nothing.
	failing, again atomic.Bool
}

// nudgeDelay is from when a probe is woken until it asks: of what breaks together, each part wakes it.
const nudgeDelay = time.Second

type pace struct{ failed, early *retry }

// ready prepares the probe to be started.
func (p *probe[T]) ready(world *world) *probe[T] {
	p.pace = pace{newRetry(p.every), newEarlyRetry(p.every)}
	p.task.work = func(ctx context.Context) time.Duration { return p.look(ctx, world) }
	p.task.delay = func() time.Duration { return wait.Jitter(nudgeDelay, jitter) }
	return p
}

// hurry has it ask soon if it waits after a failure.
func (p *probe[T]) hurry() {
	if p.failing.Load() {
		p.again.Store(true)
		p.task.wake()
	}
}

// look asks, and returns after which time to ask again.
func (p *probe[T]) look(ctx context.Context, world *world) time.Duration {
	var none T
	if p.again.Swap(false) {
		p.pace.failed.reset()
	}
	found, err := p.ask(ctx)
	if ctx.Err() != nil {
		return never
	}
	answer := world.heard(p.name, err)
	p.failing.Store(answer == failed)
	switch answer {
	case granted:
		p.tell(found)
		world.show(p.name, nil)
		if p.early != nil && p.early(found) {
			p.pace.failed.reset()
			return p.pace.early.next()
		}
	case denied:
		if !world.deny(p.name) {
			return p.pace.failed.next()
		}
		p.tell(none)
		p.pace.failed.reset()
		return wait.Jitter(p.deniedEvery, jitter)
	case missing:
		if !world.lose(p.name) {
			return p.pace.failed.next()
		}
		p.tell(none)
	case outdated, failed:
		return p.pace.failed.next()
	}
	p.pace.failed.reset()
	p.pace.early.reset()
	return wait.Jitter(p.every, jitter)
}

// within bounds the time of a request.
func within[T any](timeout time.Duration, ask func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return ask(ctx)
	}
}
