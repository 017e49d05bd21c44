// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

const (
	// longestSleep bounds how long the alarm trusts a timer. Timers follow the machine's monotonic clock, which stands
	// still while a machine is suspended and does not follow a step of the wall clock; a look at the wall clock does both.
	longestSleep = time.Minute
	// longestDelay is how much later than asked for a timer may ring.
	longestDelay = time.Millisecond
)

// Alarm wakes objects at instants of the injected clock. RequeueAfter cannot: it follows the machine's timers, and an
// answer that changes at a day's beginning must change by the clock that the answer was made with.
type Alarm struct {
	clock clock.WithTicker

	mu   sync.Mutex
	heap wakeups
	// byKey has all objects. Those that wait for no instant are not in the heap.
	byKey map[types.NamespacedName]*wakeup
	// looked is the time that the clock told last.
	looked time.Time
	// earlier is signalled at each Set, which may change the first instant, so that the sleeper sleeps anew.
	earlier chan struct{}
	// bell is rung for the objects whose instant has come.
	bell bell[reconcile.Request]
}

// NewAlarm makes an alarm over a clock. It wakes nobody until it is started.
func NewAlarm(c clock.WithTicker) *Alarm {
	return &Alarm{clock: c, byKey: map[types.NamespacedName]*wakeup{}, earlier: make(chan struct{}, 1)}
}

// Set makes the alarm wake an object at an instant, instead of any instant set before. A zero instant: never, unless the
// clock is set back.
func (a *Alarm) Set(key types.NamespacedName, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.look()
	a.remove(key)
	own := &wakeup{key: key, at: at, index: outside}
	a.byKey[key] = own
	if !at.IsZero() {
		heap.Push(&a.heap, own)
	}
	select {
	case a.earlier <- struct{}{}:
	default:
	}
}

// Forget is for an object that is gone.
func (a *Alarm) Forget(key types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(key)
}

func (a *Alarm) remove(key types.NamespacedName) {
	if old := a.byKey[key]; old != nil && old.index != outside {
		heap.Remove(&a.heap, old.index)
	}
	delete(a.byKey, key)
}

// Source is where a controller gets the wake-ups from.
func (a *Alarm) Source() source.Source { return a.bell.Source() }

// Start wakes objects until the context ends.
func (a *Alarm) Start(ctx context.Context) error {
	for {
		pause := a.wake()
		timer := a.clock.NewTimer(pause)
		if left := a.wake(); left > pause || left < pause-longestDelay {
			// The clock was set while the timer was made.
			timer.Stop()
			continue
		}
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C():
		case <-a.earlier:
			timer.Stop()
		}
	}
}

// wake wakes all objects whose instant has come, and says how long to sleep.
func (a *Alarm) wake() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.look()
	for len(a.heap) > 0 && !now.Before(a.heap[0].at) {
		due := heap.Pop(&a.heap).(*wakeup) //nolint:forcetypeassert // the heap holds nothing else
		a.ring(due.key)
	}
	if len(a.heap) == 0 {
		return longestSleep
	}
	return min(longestSleep, a.heap[0].at.Sub(now))
}

// look reads the clock. When it was set back, objects may have been evaluated ahead of time: all are woken.
func (a *Alarm) look() time.Time {
	// Without its monotonic reading, which would hide that the clock was set.
	now := a.clock.Now().Round(0)
	if now.Before(a.looked) {
		for key := range a.byKey {
			a.ring(key)
		}
	}
	a.looked = now
	return now
}

func (a *Alarm) ring(key types.NamespacedName) {
	a.bell.ring(reconcile.Request{NamespacedName: key})
}

// wakeup is one object's instant, and its place in the heap.
type wakeup struct {
	key   types.NamespacedName
	at    time.Time
	index int
}

// outside is the index of a wakeup that is not in the heap.
const outside = -1

// wakeups is a heap, earliest first.
type wakeups []*wakeup

func (w wakeups) Len() int           { return len(w) }
func (w wakeups) Less(i, j int) bool { return w[i].at.Before(w[j].at) }
func (w wakeups) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].index, w[j].index = i, j
}

// Push is for package heap alone.
func (w *wakeups) Push(x any) {
	added := x.(*wakeup) //nolint:forcetypeassert // the heap holds nothing else
	added.index = len(*w)
	*w = append(*w, added)
}

// Pop is for package heap alone.
func (w *wakeups) Pop() any {
	last := (*w)[len(*w)-1]
	last.index = outside
	(*w)[len(*w)-1] = nil
	*w = (*w)[:len(*w)-1]
	return last
}
