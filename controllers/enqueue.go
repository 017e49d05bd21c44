// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// requestQueue is the work queue of a controller.
type requestQueue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// enqueueAll enqueues all objects of a kind, as the cache has them, when any object of the watched kind changes.
func enqueueAll(reader client.Reader, kind client.ObjectList) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
		list := kind.DeepCopyObject().(client.ObjectList) //nolint:forcetypeassert // a copy has the type of the original
		if err := reader.List(ctx, list, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "Cannot list the objects to evaluate again", "kind", fmt.Sprintf("%T", kind))
			return nil
		}
		var requests []reconcile.Request
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			object := item.(client.Object) //nolint:forcetypeassert // items of an ObjectList are Objects
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
			return nil
		})
		return requests
	})
}

// enqueueDuplicates enqueues the ClusterSupports of the same cluster when one of them is created or deleted, or turns out to
// be of another cluster.
func enqueueDuplicates(reader client.Reader) handler.EventHandler {
	enqueue := func(ctx context.Context, queue requestQueue, changed client.Object, clusterID string) {
		if clusterID == "" {
			return
		}
		// This fails only while the cache has not started, and then all objects are about to be evaluated.
		found, _ := listByIndex(ctx, reader, indexClusterID, clusterID, client.DisableReadYourWritesConsistency)
		for i := range found {
			if key := client.ObjectKeyFromObject(&found[i]); key != client.ObjectKeyFromObject(changed) {
				queue.Add(reconcile.Request{NamespacedName: key})
			}
		}
	}
	idOf := func(object client.Object) string {
		if cluster, ok := object.(*v1alpha1.ClusterSupport); ok {
			return cluster.Status.ClusterID
		}
		return ""
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue requestQueue) {
			enqueue(ctx, queue, e.Object, idOf(e.Object))
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue requestQueue) {
			if before, now := idOf(e.ObjectOld), idOf(e.ObjectNew); before != now {
				enqueue(ctx, queue, e.ObjectNew, before)
				enqueue(ctx, queue, e.ObjectNew, now)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue requestQueue) {
			enqueue(ctx, queue, e.Object, idOf(e.Object))
		},
	}
}

// delayed makes a handler enqueue after a delay. The queue keeps the first of several requests for an object, so that any
// number of events in that time costs one evaluation.
func delayed(h handler.EventHandler, delay time.Duration) handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue requestQueue) {
			h.Create(ctx, e, delayedQueue{queue, delay})
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue requestQueue) {
			h.Update(ctx, e, delayedQueue{queue, delay})
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue requestQueue) {
			h.Delete(ctx, e, delayedQueue{queue, delay})
		},
	}
}

// delayedQueue is the queue of a controller that delays new requests.
type delayedQueue struct {
	requestQueue

	delay time.Duration
}

// Add adds a request after the delay.
func (q delayedQueue) Add(request reconcile.Request) { q.AddAfter(request, q.delay) }
