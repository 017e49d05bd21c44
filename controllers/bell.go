package controllers

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// bell wakes a controller for reasons that are not in the API server. Who rings before the controller has started is heard
// when it starts. The zero value is ready.
type bell[Request comparable] struct {
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
