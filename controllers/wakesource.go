// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
)

// wakeSource is a source of a controller for changes that are not in the API server, such as those of other clusters. The
// zero value is ready.
type wakeSource[Request comparable] struct {
	mu sync.Mutex
	// early are the requests from before the controller's start.
	early sets.Set[Request]
	queue workqueue.TypedRateLimitingInterface[Request]
}

// Start adds requests to the queue of the controller from now on. It implements source.TypedSource.
func (s *wakeSource[Request]) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[Request]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = queue
	for request := range s.early {
		queue.Add(request)
	}
	s.early = nil
	return nil
}

// wake has the controller reconcile a request soon, or when it starts.
func (s *wakeSource[Request]) wake(request Request) { s.wakeAfter(request, 0) }

// wakeAfter is wake with a delay.
func (s *wakeSource[Request]) wakeAfter(request Request, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue == nil {
		if s.early == nil {
			s.early = sets.New[Request]()
		}
		s.early.Insert(request)
		return
	}
	s.queue.AddAfter(request, delay)
}
