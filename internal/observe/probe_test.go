package observe

import (
	"context"
	"errors"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// TestProbeWaitsForAllThatBreaksTogether has ten watches break within a second.
func TestProbeWaitsForAllThatBreaksTogether(t *testing.T) {
	world, clock := newTestWorld()
	asked := make(chan struct{}, 100)
	probe := &probe{
		name:  serverVersion,
		every: time.Hour,
		ask: func(context.Context) (string, error) {
			asked <- struct{}{}
			return "v1.19.7", nil
		},
		tell: world.tellVersion,
		wake: make(chan struct{}, 1),
	}
	o := &Observer{world: world, options: Options{Clock: clock}.withDefaults()}
	go o.run(t.Context(), probe)
	<-asked
	awaitTimers(t, clock)
	for range 10 {
		poke(probe.wake)
		time.Sleep(10 * time.Millisecond)
	}
	if n := len(asked); n > 0 {
		t.Fatalf("asked %d times while more may break", n)
	}
	clock.Step(2 * nudgeDelay)
	<-asked
	awaitTimers(t, clock)
	clock.Step(2 * nudgeDelay)
	time.Sleep(50 * time.Millisecond)
	if n := len(asked); n > 0 {
		t.Errorf("asked %d times more than once for what broke together", n)
	}
}

func TestProbePaces(t *testing.T) {
	const (
		every       = time.Hour
		deniedEvery = 5 * time.Minute
	)
	for _, row := range []struct {
		name, reason      string
		err               error
		shortest, longest time.Duration
		state             lookState
		told              string
		before            lookState
	}{
		{"answered", "until the answer may be another", nil, every, every * 6 / 5, seen, "v1.19.7", ""},
		{"forbidden", "permission may come", errForbidden(), deniedEvery, deniedEvery * 6 / 5, forbidden, "", ""},
		{"forbidden for a moment", "what was known is kept", errForbidden(), firstRetry, time.Second, seen, "before", seen},
		{"missing", "the answer is that there is none", errNotFound(), every, every * 6 / 5, absent, "", ""},
		{"failed", "soon, and what was known is kept", errors.New("refused"), firstRetry, time.Second, pending, "before", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			world, clock := newTestWorld()
			told := "before"
			probe := &probe{
				name: serverVersion, every: every, deniedEvery: deniedEvery,
				ask:  func(context.Context) (string, error) { return "v1.19.7", row.err },
				tell: func(version string) { told = version },
			}
			o := &Observer{world: world, options: Options{Clock: clock}.withDefaults()}
			if row.before == seen {
				world.show(serverVersion, nil)
			}
			wait := o.ask(t.Context(), probe, newRetry(every))
			if wait < row.shortest || wait > row.longest {
				t.Errorf("asks again after %s, want from %s to %s: %s", wait, row.shortest, row.longest, row.reason)
			}
			if got := world.looks[serverVersion].state; got != row.state || told != row.told {
				t.Errorf("the world was told %q and that it is %s, want %q and %s", told, got, row.told, row.state)
			}
		})
	}
}

// awaitTimers waits until somebody waits for the clock.
func awaitTimers(t *testing.T, clock *clocktesting.FakeClock) {
	t.Helper()
	for deadline := time.Now().Add(soon); !clock.HasWaiters(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody waits for the clock")
		}
	}
}
