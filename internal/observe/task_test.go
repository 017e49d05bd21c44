// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// doing is a task under test: each time it begins it says so, and goes on when it is let.
type doing struct {
	task

	clock   *clocktesting.FakeClock
	running sync.WaitGroup
	began   chan struct{}
	goOn    chan time.Duration
}

func newDoing(t *testing.T) *doing {
	t.Helper()
	d := &doing{
		clock: clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC)),
		began: make(chan struct{}, 100),
		goOn:  make(chan time.Duration, 100),
	}
	d.run = func(context.Context) time.Duration {
		d.began <- struct{}{}
		return <-d.goOn
	}
	d.start(t.Context(), d.clock, &d.running)
	t.Cleanup(func() {
		d.stop()
		close(d.goOn)
		d.running.Wait()
	})
	return d
}

// expect waits for the task to begin.
func (d *doing) expect(t *testing.T, what string) {
	t.Helper()
	select {
	case <-d.began:
	case <-time.After(soon):
		t.Fatalf("%s: it does not begin", what)
	}
}

// expectNothing looks whether it has begun.
func (d *doing) expectNothing(t *testing.T, what string) {
	t.Helper()
	synctest.Wait()
	if len(d.began) > 0 {
		t.Fatalf("%s: it begins", what)
	}
}

func (d *doing) isIdle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.isRunning
}

func TestTaskIsDoneAgainInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoing(t)
		d.expect(t, "at first")
		d.goOn <- time.Hour
		awaitTimers(t, d.clock)
		d.clock.Step(time.Hour - 1)
		d.expectNothing(t, "before its time")
		d.clock.Step(1)
		d.expect(t, "in time")
		d.goOn <- never
		eventually(t, "end", d.isIdle)
		d.clock.Step(1000 * time.Hour)
		d.expectNothing(t, "when it is to wait for being woken")
		d.wake()
		d.expect(t, "woken")
	})
}

func TestTaskIsDoneOnceMoreWhenWokenMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoing(t)
		d.expect(t, "at first")
		for range 10 {
			d.wake()
		}
		d.expectNothing(t, "while it is being done")
		d.goOn <- time.Hour
		d.expect(t, "woken while it was being done")
		d.goOn <- time.Hour
		awaitTimers(t, d.clock)
		d.expectNothing(t, "woken ten times")
		d.wake()
		d.expect(t, "woken before its time")
		d.goOn <- 2 * time.Hour
		awaitTimers(t, d.clock)
		d.clock.Step(time.Hour)
		d.expectNothing(t, "at the time that was planned before it was woken")
		d.clock.Step(time.Hour)
		d.expect(t, "in time")
	})
}

func TestTaskWaitsForAllWhoWakeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoing(t)
		d.delay = func() time.Duration { return time.Second }
		d.expect(t, "at first")
		d.goOn <- time.Hour
		awaitTimers(t, d.clock)
		d.wake()
		d.clock.Step(time.Second - 1)
		d.wake()
		d.expectNothing(t, "before the delay has passed")
		d.clock.Step(1)
		d.expect(t, "after the delay, which the second one who wakes it does not make longer")
		d.goOn <- time.Hour
		synctest.Wait()
		d.clock.Step(time.Hour - time.Second)
		d.expectNothing(t, "at the time that was planned before it was woken")
	})
}

func TestTaskDoesNothingBeforeItStartsAndAfterItsEnd(t *testing.T) {
	var done int
	var running sync.WaitGroup
	clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
	task := &task{run: func(context.Context) time.Duration {
		done++
		return time.Hour
	}}
	task.wake()
	if done > 0 {
		t.Error("done before it was started")
	}
	task.start(t.Context(), clock, &running)
	running.Wait()
	task.stop()
	if clock.HasWaiters() {
		t.Error("a timer is left")
	}
	task.wake()
	clock.Step(2 * time.Hour)
	running.Wait()
	if done != 1 {
		t.Errorf("done %d times, want once: nobody who had woken it before wants it done twice", done)
	}
}
