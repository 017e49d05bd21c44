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

// addresses are how many are remembered. One that is forgotten begins anew, with what may come at once.
const addresses = 1024

// turns are who may ask the API server next. Each address has a queue of its own, and its first one stands in that of
// everybody. So who sends many requests waits for himself, then those who share his address wait for him, and others only
// when there are very many like him.
//
// As each request has a connection, a queue is no longer than there are connections: 16 requests of an address are through
// after 1.6 seconds, and a scrape succeeds among a flood of others from its own address.
type turns struct {
	limits limits
	all    *turn

	mu   sync.Mutex
	each *lru.Cache
}

func newTurns(limits limits) *turns {
	return &turns{limits: limits, all: newTurn(limits.everybody, nil), each: lru.New(addresses)}
}

// await waits for the turn of a request of an address. It is false when that would come after the end of the context.
func (t *turns) await(ctx context.Context, from netip.Addr) bool { return t.of(from).await(ctx) }

func (t *turns) of(from netip.Addr) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	known, _ := t.each.Get(from)
	its, ok := known.(*turn)
	if !ok {
		its = newTurn(t.limits.address, t.all)
		t.each.Add(from, its)
	}
	return its
}

// turn is a queue: one is let through after the other, in the order in which they came.
type turn struct {
	// first is held by the one who is. The others have not reserved anything yet, so that who goes away leaves no gap.
	first chan struct{}
	pace  *rate.Limiter
	// beyond is another queue behind this one; nil: none.
	beyond *turn
}

func newTurn(pace pace, beyond *turn) *turn {
	return &turn{make(chan struct{}, 1), rate.NewLimiter(rate.Limit(pace.perSecond), pace.atOnce), beyond}
}

func (t *turn) await(ctx context.Context) bool {
	select {
	case t.first <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-t.first }()
	return t.pace.Wait(ctx) == nil && (t.beyond == nil || t.beyond.await(ctx))
}
