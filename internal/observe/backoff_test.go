// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

func TestBackoff(t *testing.T) {
	const (
		most    = 10 * time.Second
		longest = 12 * time.Second
	)
	backoff := newBackoff(most)
	var last time.Duration
	for range 20 {
		last = backoff.next()
		if last < firstRetry || last > longest {
			t.Errorf("waits %s, want from %s to %s", last, firstRetry, longest)
		}
	}
	if last < most {
		t.Errorf("waits %s after 20 failures, want at least %s", last, most)
	}
	backoff.reset()
	if first := backoff.next(); first > 2*firstRetry {
		t.Errorf("waits %s after the first failure, want about %s", first, firstRetry)
	}
	if got := newBackoff(24 * time.Hour).most; got != lastRetry {
		t.Errorf("waits up to %s for what is asked once a day, want %s", got, lastRetry)
	}
}

func TestSleep(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, row := range []struct {
		name     string
		ctx      context.Context
		duration time.Duration
		alive    bool
	}{
		{"time passes", t.Context(), time.Millisecond, true},
		{"no time to pass", t.Context(), 0, true},
		{"ended", ended, time.Hour, false},
		{"ended, and time has passed", ended, 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if alive, woken := sleep(row.ctx, clock.RealClock{}, row.duration, nil); alive != row.alive || woken {
				t.Errorf("alive %v, want %v", alive, row.alive)
			}
		})
	}
}
