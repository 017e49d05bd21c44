// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// bell wakes a controller for reasons that are not in the API server. Who rings before the controller has started is heard
// when it starts. The zero value is ready.
type bell[Request comparable] struct {
	pace pace[Request]

	mu      sync.Mutex
	waiting []Request
	queue   workqueue.TypedRateLimitingInterface[Request]
}

// ring has the controller work on a request soon.
func (b *bell[Request]) ring(request Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.queue == nil {
		b.waiting = append(b.waiting, request)
		return
	}
	b.queue.Add(request)
}

// ringInPace rings as long as the request is not woken too often, and then as soon as it may be again.
func (b *bell[Request]) ringInPace(request Request) {
	wait := b.pace.left(request)
	if wait == 0 {
		b.pace.spend(request)
		b.ring(request)
		return
	}
	b.ringAfter(request, wait)
}

// ringAfter rings after a while, once the controller has started.
func (b *bell[Request]) ringAfter(request Request, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.queue != nil {
		b.queue.AddAfter(request, wait)
	}
}

// Source is where the controller hears the bell.
func (b *bell[Request]) Source() source.TypedSource[Request] {
	return source.TypedFunc[Request](func(_ context.Context, queue workqueue.TypedRateLimitingInterface[Request]) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.queue = queue
		for _, request := range b.waiting {
			queue.Add(request)
		}
		b.waiting = nil
		return nil
	})
}
