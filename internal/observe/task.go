// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// never is what a task returns that is not to run again before it is woken.
const never time.Duration = -1

// task runs a function again and again, never twice at the same time. While it waits it costs no more than a timer: an
// operator that observes many clusters has very many tasks.
type task struct {
	// run returns after which time to run again; never means not before the task is woken.
	run func(context.Context) time.Duration
	// delay is how long after a wake the task runs; nil means at once.
	delay func() time.Duration

	mu sync.Mutex
	// launch calls run in a goroutine of its own, and schedule has the task begin later; both are nil unless the task has
	// started and not stopped.
	launch   func()
	schedule func(time.Duration) clock.Timer
	// timer is for the next run; nil when none is scheduled.
	timer     clock.Timer
	isRunning bool
	// woken tells that the task was woken and has not begun since.
	woken bool
}

// start runs the task for the first time.
func (t *task) start(ctx context.Context, by clock.WithDelayedExecution, running *sync.WaitGroup) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.launch = func() { running.Go(func() { t.runOnce(ctx) }) }
	// A fake clock calls with its lock held, while the holder of the task's lock may be about to ask it for a timer.
	t.schedule = func(after time.Duration) clock.Timer { return by.AfterFunc(after, func() { go t.begin() }) }
	t.beginLocked()
}

// stop has the task not run again. A run that has begun goes on.
func (t *task) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancelTimer()
	t.launch, t.schedule = nil, nil
}

// wake has the task run soon, once for all wakes until it begins. A run that has begun may have missed the reason for the
// wake, so the task runs once more.
func (t *task) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.woken {
		return
	}
	t.woken = true
	if !t.isRunning {
		t.scheduleWoken()
	}
}

func (t *task) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.beginLocked()
}

func (t *task) beginLocked() {
	if t.launch == nil || t.isRunning {
		return
	}
	t.cancelTimer()
	t.isRunning, t.woken = true, false
	t.launch()
}

func (t *task) runOnce(ctx context.Context) {
	after := t.run(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isRunning = false
	switch {
	case t.woken:
		t.scheduleWoken()
	case after != never && t.schedule != nil:
		t.timer = t.schedule(after)
	}
}

func (t *task) scheduleWoken() {
	switch {
	case t.schedule == nil:
	case t.delay == nil:
		t.beginLocked()
	default:
		t.cancelTimer()
		t.timer = t.schedule(t.delay())
	}
}

func (t *task) cancelTimer() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}
