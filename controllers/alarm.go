// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	// heartbeat is how often an alarm compares all instants with the clock. Timers follow the machine's monotonic clock,
	// which stands still while a machine is suspended and does not follow a step of the wall clock.
	heartbeat = time.Minute
	// maxDelay bounds how long the delaying queue keeps an object, so that deleted objects leave it.
	maxDelay = time.Hour
)

// Alarm is a source of a controller that wakes objects at instants of the injected clock. RequeueAfter cannot: it follows
// the machine's timers, and an answer that changes at the beginning of a day must change by the clock that it is made with.
type Alarm struct {
	clock clock.WithTicker
	// delayed hands out an object at the earliest instant that was set for it, which a later Set may have replaced.
	delayed workqueue.TypedDelayingInterface[reconcile.Request]

	mu sync.Mutex
	// instants has all objects. The instant of those that wait for none is zero.
	instants map[reconcile.Request]time.Time
	// lastNow is what the clock said last.
	lastNow time.Time
	// controller is the work queue of the controller.
	controller workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// NewAlarm makes an alarm over a clock.
func NewAlarm(c clock.WithTicker) *Alarm {
	return &Alarm{
		clock:    c,
		delayed:  workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[reconcile.Request]{Clock: c}),
		instants: map[reconcile.Request]time.Time{},
	}
}

// Start wakes objects in the queue of a controller until the context ends. It implements source.Source.
func (a *Alarm) Start(ctx context.Context, controller workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.controller = controller
	go a.checkDelayed()
	go a.checkAll(ctx)
	return nil
}

// Set makes a started alarm wake an object at an instant, instead of any instant set before. A zero instant: never, unless
// the clock is set back.
func (a *Alarm) Set(key types.NamespacedName, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	request, now := reconcile.Request{NamespacedName: key}, a.now()
	a.instants[request] = at
	a.check(request, now)
}

// Forget is for a deleted object.
func (a *Alarm) Forget(key types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.instants, reconcile.Request{NamespacedName: key})
}

// checkDelayed checks each object that the delaying queue hands out, until that is shut down.
func (a *Alarm) checkDelayed() {
	for {
		request, shutdown := a.delayed.Get()
		if shutdown {
			return
		}
		a.mu.Lock()
		a.check(request, a.now())
		a.mu.Unlock()
		a.delayed.Done(request)
	}
}

// checkAll checks all objects at each heartbeat.
func (a *Alarm) checkAll(ctx context.Context) {
	defer a.delayed.ShutDown()
	ticker := a.clock.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			a.mu.Lock()
			now := a.now()
			for request := range a.instants {
				a.check(request, now)
			}
			a.mu.Unlock()
		}
	}
}

// now reads the clock. When it was set back, objects may have been evaluated ahead of time: all are woken.
func (a *Alarm) now() time.Time {
	// Without its monotonic reading, which would hide that the clock was set.
	now := a.clock.Now().Round(0)
	if now.Before(a.lastNow) {
		for request := range a.instants {
			a.controller.Add(request)
		}
	}
	a.lastNow = now
	return now
}

// check wakes an object whose instant has come, once, and delays any other until its instant.
func (a *Alarm) check(request reconcile.Request, now time.Time) {
	switch at := a.instants[request]; {
	case at.IsZero():
	case now.Before(at):
		a.delayed.AddAfter(request, min(at.Sub(now), maxDelay))
	default:
		a.instants[request] = time.Time{}
		a.controller.Add(request)
	}
}
