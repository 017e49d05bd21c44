// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/controllers"
)

// fakeQueue is a work queue that only records the names of the objects that are woken.
type fakeQueue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]

	mu    sync.Mutex
	names []string
}

func (q *fakeQueue) Add(request reconcile.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.names = append(q.names, request.Name)
}

// woken waits until the alarm does nothing but wait, and returns the names of the objects that it has woken since the last
// call.
func (q *fakeQueue) woken() []string {
	synctest.Wait()
	q.mu.Lock()
	defer q.mu.Unlock()
	names := q.names
	q.names = nil
	return names
}

// startAlarm runs an alarm in a synctest bubble, in which waiting takes no time and Wait returns when all goroutines wait. The
// bubble ends when the alarm has ended with the test's context.
func startAlarm(t *testing.T, c clock.WithTicker) (*controllers.Alarm, *fakeQueue) {
	t.Helper()
	alarm, queue := controllers.NewAlarm(c), &fakeQueue{}
	must(t, alarm.Start(t.Context(), queue))
	return alarm, queue
}

// offBeat keeps the instants of a test apart from the ticks of its clock, which begin when the alarm does: at a tick the
// alarm compares all instants, and would hide a timer that rings too late.
const offBeat = 7 * time.Second

func named(name string) types.NamespacedName { return types.NamespacedName{Name: name} }

func expectWoken(t *testing.T, when string, queue *fakeQueue, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, queue.woken()); diff != "" {
		t.Errorf("%s the alarm woke other objects than expected (-want +got):\n%s", when, diff)
	}
}

func TestAlarmWakesAtTheInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := clocktesting.NewFakeClock(noon.Add(-36*time.Hour - offBeat))
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("host"), noon)
		expectWoken(t, "a day and a half before", queue)
		c.SetTime(noon.Add(-time.Nanosecond))
		expectWoken(t, "a nanosecond before", queue)
		c.Step(time.Nanosecond)
		expectWoken(t, "at the instant", queue, "host")
		c.Step(24 * time.Hour)
		expectWoken(t, "a day later", queue)
	})
}

func TestAlarmSetAgain(t *testing.T) {
	// A setting is an object's instant, counted from noon.
	type setting struct {
		name string
		at   time.Duration
	}
	const never, forgotten = time.Duration(math.MinInt64), time.Duration(math.MaxInt64)
	for name, test := range map[string]struct {
		set    []setting
		before []string // woken by 11:59:59.999999999
		noon   []string
		after  []string // woken by 13:00
	}{
		"earlier":                {set: []setting{{"host", time.Hour}, {"host", 0}}, noon: []string{"host"}},
		"later":                  {set: []setting{{"host", 0}, {"host", time.Hour}}, after: []string{"host"}},
		"never":                  {set: []setting{{"host", 0}, {"host", never}}},
		"never, and never again": {set: []setting{{"host", never}, {"host", never}}},
		"forgotten":              {set: []setting{{"host", 0}, {"host", forgotten}, {"other", forgotten}}},
		"never, then an instant": {set: []setting{{"host", never}, {"host", 0}}, noon: []string{"host"}},
		"in the past":            {set: []setting{{"host", -48 * time.Hour}}, before: []string{"host"}},
		"two, the later one first": {
			set: []setting{{"later", time.Hour}, {"sooner", 0}}, noon: []string{"sooner"}, after: []string{"later"},
		},
		"one of two never": {
			set: []setting{{"host", 0}, {"other", time.Hour}, {"host", never}}, after: []string{"other"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				noon := at(t, "2021-05-05T12:00:00Z")
				c := clocktesting.NewFakeClock(noon.Add(-time.Hour - offBeat))
				alarm, queue := startAlarm(t, c)
				synctest.Wait()
				for _, setting := range test.set {
					switch setting.at {
					case never:
						alarm.Set(named(setting.name), time.Time{})
					case forgotten:
						alarm.Forget(named(setting.name))
					default:
						alarm.Set(named(setting.name), noon.Add(setting.at))
					}
				}
				c.SetTime(noon.Add(-time.Nanosecond))
				expectWoken(t, "before noon", queue, test.before...)
				c.Step(time.Nanosecond)
				expectWoken(t, "at noon", queue, test.noon...)
				c.Step(time.Hour)
				expectWoken(t, "an hour later", queue, test.after...)
			})
		})
	}
}

// What is woken sets itself anew while the alarm runs, as a reconcile does.
func TestAlarmAgainstSortedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const objects = 2_000
		random := rand.New(rand.NewPCG(1, 2))
		begin := at(t, "2021-01-01")
		span := int64(365 * 24 * time.Hour)
		c := clocktesting.NewFakeClock(begin)
		alarm, queue := startAlarm(t, c)

		due := map[string]time.Time{}
		set := func(name string, now time.Time) {
			instant := now.Add(time.Duration(1 + random.Int64N(span)))
			switch random.IntN(10) {
			case 0:
				instant = time.Time{}
				delete(due, name)
			case 1:
				alarm.Forget(named(name))
				delete(due, name)
				return
			default:
				due[name] = instant
			}
			alarm.Set(named(name), instant)
		}
		for range 3 * objects {
			set(fmt.Sprintf("object-%d", random.IntN(objects)), begin)
		}
		for now := begin; now.Before(begin.AddDate(1, 0, 7)); {
			now = now.Add(time.Duration(random.Int64N(int64(7 * 24 * time.Hour))))
			c.SetTime(now)
			var want []string
			for name, instant := range due {
				if !now.Before(instant) {
					want = append(want, name)
				}
			}
			got := slices.Sorted(slices.Values(queue.woken()))
			slices.Sort(want)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("at %s the alarm woke others than expected (-want +got):\n%s", now, diff)
			}
			for _, name := range got {
				delete(due, name)
			}
			for range 20 {
				set(fmt.Sprintf("object-%d", random.IntN(objects)), now)
			}
		}
	})
}

// wallClock tells a time that can be set, while its timers follow the machine's monotonic clock, as those of a real
// machine do.
type wallClock struct {
	clock.RealClock

	mu     sync.Mutex
	offset time.Duration
}

func (w *wallClock) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

// NewTicker makes the short ticks of a delaying queue stop: on a machine they notice no step of the wall clock, since the
// queue compares monotonic readings, and those of these times cannot differ from the wall clock.
func (w *wallClock) NewTicker(d time.Duration) clock.Ticker {
	ticker := w.RealClock.NewTicker(d)
	if d < time.Minute {
		ticker.Stop()
	}
	return ticker
}

func (w *wallClock) Since(instant time.Time) time.Duration { return w.Now().Sub(instant) }

func (w *wallClock) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset = time.Until(now)
}

func TestAlarmLooksAtTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := &wallClock{}
		c.set(noon.AddDate(0, -6, 0))
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("host"), noon)
		time.Sleep(24 * time.Hour)
		expectWoken(t, "after a day", queue)
		// The machine was suspended, or its clock was set: no timer fires by that.
		c.set(noon.Add(time.Hour))
		expectWoken(t, "as soon as the clock was set", queue)
		time.Sleep(time.Minute)
		expectWoken(t, "within a minute", queue, "host")
	})
}

func TestAlarmKeepsInstantsWhenTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := &wallClock{}
		c.set(noon.Add(-offBeat))
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("host"), noon)
		synctest.Wait()
		c.set(noon.Add(-time.Hour - offBeat))
		time.Sleep(2 * time.Minute)
		// All that was evaluated with the clock of before is evaluated again.
		expectWoken(t, "when the clock was set back", queue, "host")
		alarm.Set(named("host"), noon)
		time.Sleep(58*time.Minute + offBeat - time.Nanosecond)
		expectWoken(t, "a nanosecond before", queue)
		time.Sleep(time.Nanosecond)
		expectWoken(t, "at the instant", queue, "host")
	})
}

// An operator that starts with a clock that is ahead evaluates by instants that have not come. When the clock is set right,
// they lie ahead, and only the alarm can notice.
func TestAlarmWakesAllWhenTheClockIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := &wallClock{}
		c.set(noon.AddDate(10, 0, 0))
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("nothing ahead"), time.Time{})
		alarm.Set(named("far ahead"), noon.AddDate(20, 0, 0))
		alarm.Set(named("gone"), noon.AddDate(20, 0, 0))
		alarm.Forget(named("gone"))
		alarm.Set(named("woken before"), noon.AddDate(1, 0, 0))
		expectWoken(t, "at first", queue, "woken before")

		c.set(noon)
		time.Sleep(time.Minute)
		got := slices.Sorted(slices.Values(queue.woken()))
		if diff := cmp.Diff([]string{"far ahead", "nothing ahead", "woken before"}, got); diff != "" {
			t.Errorf("after the clock was set back the alarm woke others than expected (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
		expectWoken(t, "an hour later", queue)
	})
}

// A clock that is set back by less than the time between two heartbeats is noticed when the next object is evaluated.
func TestAlarmNoticesSmallStepsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := &wallClock{}
		c.set(noon.Add(10 * time.Second))
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("ahead of time"), time.Time{})
		c.set(noon.Add(-5 * time.Second))
		expectWoken(t, "as soon as the clock was set back", queue)
		alarm.Set(named("next"), time.Time{})
		expectWoken(t, "when the next object was evaluated", queue, "ahead of time")
	})
}

// An object waits for nothing once it was woken: the heartbeat does not wake it again.
func TestAlarmWakesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := clocktesting.NewFakeClock(noon)
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("host"), noon)
		expectWoken(t, "at the instant", queue, "host")
		for range 3 {
			c.Step(time.Minute)
			expectWoken(t, "a minute later", queue)
		}
	})
}

// hastyClock is set to another time while the next timer is being made.
type hastyClock struct {
	*clocktesting.FakeClock

	to time.Time
}

func (h *hastyClock) NewTimer(d time.Duration) clock.Timer {
	if !h.to.IsZero() {
		h.SetTime(h.to)
		h.to = time.Time{}
	}
	return h.FakeClock.NewTimer(d)
}

// A timer that was asked for before the clock moved, and made after, rings too late. The heartbeat does not.
func TestAlarmWithAClockThatMovesAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noon := at(t, "2021-05-05T12:00:00Z")
		c := &hastyClock{FakeClock: clocktesting.NewFakeClock(noon.Add(-time.Second)), to: noon}
		alarm, queue := startAlarm(t, c)
		alarm.Set(named("host"), noon)
		synctest.Wait()
		c.Step(time.Minute)
		expectWoken(t, "a minute later", queue, "host")
	})
}
