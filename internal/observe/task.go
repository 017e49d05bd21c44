// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// task is work that is done again and again, never twice at the same time. While it waits it costs no more than a timer:
// an operator that observes many clusters has very many of them.
type task struct {
	// work does it once, and returns after which time to do it again; never means not before the task is woken.
	work func(context.Context) time.Duration
	// delay is how long after it was woken the task begins; nil means at once.
	delay func() time.Duration

	mu sync.Mutex
	// launch begins the work in a goroutine of its own, and plan has that done later; both are nil unless the task has
	// started and not ended.
	launch func()
	plan   func(time.Duration) clock.Timer
	// timer is for the next time; nil when there is none planned.
	timer clock.Timer
	busy  bool
	// woken tells that the task was woken and has not begun since.
	woken bool
}

// start does the work for the first time.
func (t *task) start(ctx context.Context, by clock.WithDelayedExecution, running *sync.WaitGroup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.launch = func() { running.Go(func() { t.do(ctx) }) }
	// A clock for tests calls while it is locked, and whoever has this task locked may be about to ask it for a timer.
	t.plan = func(after time.Duration) clock.Timer { return by.AfterFunc(after, func() { go t.begin() }) }
	t.beginLocked()
}

// end has the work not begin any more. That which is being done goes on.
func (t *task) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unplan()
	t.launch, t.plan = nil, nil
}

// wake has the work done soon, once for all who ask until it begins. What is being done at the moment may be too early to
// see why, so it is done once more.
func (t *task) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.woken {
		return
	}
	t.woken = true
	if !t.busy {
		t.planWoken()
	}
}

func (t *task) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.beginLocked()
}

func (t *task) beginLocked() {
	if t.launch == nil || t.busy {
		return
	}
	t.unplan()
	t.busy, t.woken = true, false
	t.launch()
}

func (t *task) do(ctx context.Context) {
	after := t.work(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy = false
	switch {
	case t.woken:
		t.planWoken()
	case after != never && t.plan != nil:
		t.timer = t.plan(after)
	}
}

func (t *task) planWoken() {
	switch {
	case t.plan == nil:
	case t.delay == nil:
		t.beginLocked()
	default:
		t.unplan()
		t.timer = t.plan(t.delay())
	}
}

func (t *task) unplan() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}
