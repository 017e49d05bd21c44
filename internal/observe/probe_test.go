// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

// TestProbeWaitsForAllThatBreaksTogether has ten watches break within a second.
func TestProbeWaitsForAllThatBreaksTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		state, clock := newTestState()
		asked := make(chan struct{}, 100)
		probe := newProbe(&probe[string]{
			name:     serverVersion,
			interval: time.Hour,
			fetch: func(context.Context) (string, error) {
				asked <- struct{}{}
				return "v1.19.7", nil
			},
			set: state.setVersion,
		}, state)
		var running sync.WaitGroup
		probe.task.start(t.Context(), clock, &running)
		<-asked
		awaitTimers(t, clock)
		for range 10 {
			probe.task.wake()
			synctest.Wait()
		}
		if n := len(asked); n > 0 {
			t.Fatalf("asked %d times while more may break", n)
		}
		clock.Step(2 * probeDelay)
		<-asked
		awaitTimers(t, clock)
		clock.Step(2 * probeDelay)
		synctest.Wait()
		if n := len(asked); n > 0 {
			t.Errorf("asked %d times more than once for what broke together", n)
		}
		probe.task.stop()
		running.Wait()
	})
}

func TestProbeIntervals(t *testing.T) {
	const (
		every       = time.Hour
		deniedEvery = 5 * time.Minute
	)
	for _, row := range []struct {
		name, reason      string
		err               error
		shortest, longest time.Duration
		state             availability
		told              string
		before            availability
	}{
		{"answered", "until the answer may be another", nil, every, every * 6 / 5, available, "v1.19.7", ""},
		{"forbidden", "permission may come", errForbidden(), deniedEvery, deniedEvery * 6 / 5, forbidden, "", ""},
		{"forbidden for a moment", "what was known is kept", errForbidden(), firstRetry, time.Second, available, "before", available},
		{"missing", "the answer is that there is none", errNotFound(), every, every * 6 / 5, absent, "", ""},
		{"missing for a moment", "what was known is kept", errNotFound(), firstRetry, time.Second, available, "before", available},
		{"failed", "soon, and what was known is kept", errors.New("refused"), firstRetry, time.Second, pending, "before", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			state, _ := newTestState()
			told := "before"
			probe := newProbe(&probe[string]{
				name: detect.Nodes, interval: every, forbiddenInterval: deniedEvery,
				fetch: func(context.Context) (string, error) { return "v1.19.7", row.err },
				set:   func(version string) { told = version },
			}, state)
			if row.before == available {
				state.setAvailable(detect.Nodes, nil)
			}
			wait := probe.run(t.Context(), state)
			if wait < row.shortest || wait > row.longest {
				t.Errorf("asks again after %s, want from %s to %s: %s", wait, row.shortest, row.longest, row.reason)
			}
			if got := state.resources[detect.Nodes].availability; got != row.state || told != row.told {
				t.Errorf("set to %q and %s, want %q and %s", told, got, row.told, row.state)
			}
		})
	}
}

// TestProvisionalAnswerIsReadAgainSoon has a cluster whose first nodes come after a while.
func TestProvisionalAnswerIsReadAgainSoon(t *testing.T) {
	const every = 4 * time.Hour
	nodes := int32(0)
	o, err := New(&rest.Config{Host: "https://127.0.0.1:1"}, Options{NodesInterval: every})
	must(t, err)
	probe := o.nodes
	probe.fetch = func(context.Context) (nodeSummary, error) {
		return nodeSummary{status: &v1alpha1.NodesStatus{Count: &nodes}}, nil
	}
	expect := func(what string, shortest time.Duration) {
		t.Helper()
		if got := probe.run(t.Context(), o.state); got < shortest || got > shortest*6/5 {
			t.Errorf("%s: looks again after %s, want from %s to %s", what, got, shortest, shortest*6/5)
		}
	}
	for _, shortest := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 240, 240} {
		expect("no nodes yet", shortest*time.Minute)
	}
	nodes = 3
	expect("nodes", every)
	nodes = 0
	expect("no nodes any more", time.Minute)
}

// TestRecoveryRetriesAllThatFailed has the API server answer again after everything has failed many times.
func TestRecoveryRetriesAllThatFailed(t *testing.T) {
	o, err := New(&rest.Config{Host: "https://127.0.0.1:1"}, Options{})
	must(t, err)
	o.nodes.fetch = func(context.Context) (nodeSummary, error) { return nodeSummary{}, errors.New("refused") }
	o.namespaces.fetch = func(context.Context) (string, error) { return "a", nil }
	o.namespaces.run(t.Context(), o.state)
	for range 12 {
		o.nodes.run(t.Context(), o.state)
	}
	o.state.record(serverVersion, errors.New("refused"))
	rung := o.recovery.subscribe()
	o.state.record(serverVersion, nil)
	select {
	case <-rung:
	default:
		t.Error("reflectors go on waiting")
	}
	if !o.nodes.task.woken || o.namespaces.task.woken {
		t.Errorf("nodes are asked for: %t, namespaces, which have not failed: %t", o.nodes.task.woken, o.namespaces.task.woken)
	}
	if pause := o.nodes.run(t.Context(), o.state); pause > 2*firstRetry {
		t.Errorf("after another failure waits %s, want about %s", pause, firstRetry)
	}
	for _, watcher := range o.watchers {
		if !watcher.task.woken || !watcher.resetBackoff.Load() {
			t.Errorf("%s goes on waiting", watcher.Name)
		}
	}
	o.state.record(serverVersion, nil)
	if next := o.recovery.subscribe(); next != o.recovery.subscribe() {
		t.Error("a recovery without a failure before it")
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
