// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
	"k8s.io/utils/lru"
)

// maxAddresses is how many addresses are remembered. One that is forgotten begins anew, with a full burst.
const maxAddresses = 1024

// requestLimiter limits how often the API server is asked, for each address and in all. Each address has a queue of its own,
// whose head waits in the queue of all. So a client that sends many requests delays itself first, then the clients that
// share its address, and others only when there are very many like it.
//
// As each request has a connection, a queue is no longer than there are connections: 16 requests of an address are through
// after 1.6 seconds, and a scrape succeeds among a flood of others from its own address.
type requestLimiter struct {
	limits limits
	all    *requestQueue

	mu   sync.Mutex
	each *lru.Cache
}

func newRequestLimiter(limits limits) *requestLimiter {
	return &requestLimiter{limits: limits, all: newRequestQueue(limits.allRequests, nil), each: lru.New(maxAddresses)}
}

// wait waits until a request from an address may be made. It is false when that would be after the end of the context.
func (t *requestLimiter) wait(ctx context.Context, from netip.Addr) bool {
	return t.queueOf(from).wait(ctx)
}

func (t *requestLimiter) queueOf(from netip.Addr) *requestQueue {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, _ := t.each.Get(from)
	queue, ok := known.(*requestQueue)
	if !ok {
		queue = newRequestQueue(t.limits.addressRequests, t.all)
		t.each.Add(from, queue)
	}
	return queue
}

// requestQueue lets requests through one after the other, in the order in which they came.
type requestQueue struct {
	// head has room for the request at the head of the queue. The others have not reserved anything yet, so that a request
	// that is given up leaves no gap.
	head chan struct{}
	rate *rate.Limiter
	// next is the queue behind this one; nil for none.
	next *requestQueue
}

func newRequestQueue(pace rateLimit, beyond *requestQueue) *requestQueue {
	return &requestQueue{make(chan struct{}, 1), rate.NewLimiter(rate.Limit(pace.perSecond), pace.burst), beyond}
}

func (t *requestQueue) wait(ctx context.Context) bool {
	select {
	case t.head <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-t.head }()
	return t.rate.Wait(ctx) == nil && (t.next == nil || t.next.wait(ctx))
}
