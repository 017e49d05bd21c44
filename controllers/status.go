// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// statusWriter writes the status of both kinds.
type statusWriter struct {
	client      client.Client
	transitions *Transitions
}

// write tells the transitions and patches the status that object has beyond before. The patch replaces lists, so it
// carries the version that it was computed from: a status that somebody else wrote meanwhile must not be mixed with it.
// An object that is gone needs no status, and one that has changed meanwhile is on its way to be evaluated again.
func (w statusWriter) write(ctx context.Context, before, object client.Object, old, desired []metav1.Condition, now time.Time) error {
	if err := w.transitions.Record(ctx, object, old, desired, now); err != nil {
		return err
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := w.client.Status().Patch(ctx, object, patch, client.FieldOwner(Name))
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return fmt.Errorf("patch the status of %T %s: %w", object, client.ObjectKeyFromObject(object), err)
}

// every makes a change of anything a reason to evaluate all objects of a kind, as the cache has them.
func every(reader client.Reader, kind client.ObjectList) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
		list := kind.DeepCopyObject().(client.ObjectList) //nolint:forcetypeassert // a copy has the type of the original
		if err := reader.List(ctx, list, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "cannot list the objects to evaluate again", "kind", fmt.Sprintf("%T", kind))
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
