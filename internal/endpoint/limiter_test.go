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

// after is how long it takes until so many requests of an address have passed the limiter.
func after(t *testing.T, limiter *requestLimiter, from netip.Addr, requests int) time.Duration {
	t.Helper()
	started := time.Now()
	var all sync.WaitGroup
	for range requests {
		all.Go(func() {
			if !limiter.wait(t.Context(), from) {
				t.Error("a request is refused")
			}
		})
	}
	all.Wait()
	return time.Since(started)
}

func TestRequestLimiter(t *testing.T) {
	for name, test := range map[string]struct {
		requests int
		want     time.Duration
		reason   string
	}{
		"one":                              {1, 0, "there is nothing to wait for"},
		"as many as may come at once":      {20, 0, "that is the burst"},
		"as many as there are connections": {20 + 16, 1600 * time.Millisecond, "a scrape that comes last has time left"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := after(t, newRequestLimiter(defaultLimits), here, test.requests); got.Round(time.Millisecond) != test.want {
					t.Errorf("all have passed after %s, want %s: %s", got, test.want, test.reason)
				}
			})
		})
	}
}

// Addresses do not wait for each other, unless all together exceed the limit for all.
func TestLimitOfAllAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := newRequestLimiter(defaultLimits)
		done := make(chan struct{})
		go func() {
			after(t, limiter, here, 36)
			close(done)
		}()
		synctest.Wait()
		if got := after(t, limiter, there, 1); got != 0 {
			t.Errorf("a request of another address waits for %s", got)
		}
		<-done
	})
	synctest.Test(t, func(t *testing.T) {
		limits := defaultLimits
		limits.allRequests = rateLimit{1, 1}
		limiter := newRequestLimiter(limits)
		after(t, limiter, here, 1)
		if got := after(t, limiter, there, 1); got != time.Second {
			t.Errorf("the request of another address has passed after %s", got)
		}
	})
}

// A request that is given up while it waits does not delay the requests after it.
func TestCanceledRequestsDoNotCount(t *testing.T) {
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
			t.Errorf("the next request waits for %s", got)
		}
	})
}

// The limiter keeps a bounded number of addresses.
func TestAddressesAreBounded(t *testing.T) {
	limiter := newRequestLimiter(defaultLimits)
	address := netip.MustParseAddr("10.1.0.0")
	for range 2 * maxAddresses {
		limiter.queueOf(address)
		address = address.Next()
	}
	if got := limiter.each.Len(); got != maxAddresses {
		t.Errorf("it keeps %d", got)
	}
}
