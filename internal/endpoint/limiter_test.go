// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var here, there = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")

// after is how long it takes until all of so many requests of an address are let through.
func after(t *testing.T, limiter *requestLimiter, from netip.Addr, requests int) time.Duration {
	t.Helper()
	started := time.Now()
	var all sync.WaitGroup
	for range requests {
		all.Go(func() {
			if !limiter.wait(t.Context(), from) {
				t.Error("one is not let through")
			}
		})
	}
	all.Wait()
	return time.Since(started)
}

func TestTurns(t *testing.T) {
	for name, test := range map[string]struct {
		requests int
		want     time.Duration
		reason   string
	}{
		"one":                              {1, 0, "there is nothing to wait for"},
		"as many as may come at once":      {20, 0, "they have rested"},
		"as many as there are connections": {20 + 16, 1600 * time.Millisecond, "a scrape that comes last has time left"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := after(t, newRequestLimiter(defaultLimits), here, test.requests); got.Round(time.Millisecond) != test.want {
					t.Errorf("all are through after %s, want %s: %s", got, test.want, test.reason)
				}
			})
		})
	}
}

// Addresses do not wait for each other, unless all of them together ask too much.
func TestTurnsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newRequestLimiter(defaultLimits)
		done := make(chan struct{})
		go func() {
			after(t, limiter, here, 36)
			close(done)
		}()
		synctest.Wait()
		if got := after(t, limiter, there, 1); got != 0 {
			t.Errorf("one of another address waits for %s", got)
		}
		<-done
	})
	synctest.Test(t, func(t *testing.T) {
		limits := defaultLimits
		limits.allRequests = rateLimit{1, 1}
		limiter := newRequestLimiter(limits)
		after(t, limiter, here, 1)
		if got := after(t, limiter, there, 1); got != time.Second {
			t.Errorf("everybody is let through after %s", got)
		}
	})
}

// Who waits and goes away, again and again, leaves no gap behind that others would have to wait for.
func TestTurnsOfThoseWhoHaveGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newRequestLimiter(defaultLimits)
		after(t, limiter, here, 20)
		gone, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { limiter.wait(gone, here) })
		}
		synctest.Wait()
		cancel()
		all.Wait()
		if got := after(t, limiter, here, 1); got > 100*time.Millisecond {
			t.Errorf("the next one waits for %s", got)
		}
	})
}

// What is remembered of addresses has a bound.
func TestTurnsForgetAddresses(t *testing.T) {
	limiter := newRequestLimiter(defaultLimits)
	address := netip.MustParseAddr("10.1.0.0")
	for range 2 * maxAddresses {
		limiter.queueOf(address)
		address = address.Next()
	}
	if got := limiter.each.Len(); got != maxAddresses {
		t.Errorf("it remembers %d", got)
	}
}
