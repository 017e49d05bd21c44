package observe

import (
	"context"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

func TestRetry(t *testing.T) {
	const (
		most    = 10 * time.Second
		longest = 12 * time.Second
	)
	retry := newRetry(most)
	var last time.Duration
	for range 20 {
		last = retry.next()
		if last < firstRetry || last > longest {
			t.Errorf("waits %s, want from %s to %s", last, firstRetry, longest)
		}
	}
	if last < most {
		t.Errorf("waits %s after 20 failures, want at least %s", last, most)
	}
	retry.reset()
	if first := retry.next(); first > 2*firstRetry {
		t.Errorf("waits %s after the first failure, want about %s", first, firstRetry)
	}
	if got := newRetry(24 * time.Hour).most; got != lastRetry {
		t.Errorf("waits up to %s for what is asked once a day, want %s", got, lastRetry)
	}
}

func TestSleep(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	full := make(chan struct{}, 1)
	poke(full)
	poke(full)
	for _, row := range []struct {
		name         string
		ctx          context.Context
		duration     time.Duration
		wake         chan struct{}
		woken, alive bool
	}{
		{"time passes", t.Context(), time.Millisecond, nil, false, true},
		{"woken", t.Context(), never, full, true, true},
		{"ended", ended, never, nil, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			woken, alive := sleep(row.ctx, clock.RealClock{}, row.duration, row.wake)
			if woken != row.woken || alive != row.alive {
				t.Errorf("woken %v and alive %v, want %v and %v", woken, alive, row.woken, row.alive)
			}
		})
	}
}
