// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// statusWriter writes the status of the kinds of the API, and the events about it.
type statusWriter struct {
	client client.Client
	events *EventWriter
}

// write writes the events for the transitions from old to desired conditions, and patches the status in which object
// differs from before. The patch replaces lists, so it carries the version that it was computed from: a status that another
// client wrote in the meantime must not be mixed with it. A deleted object needs no status, and an object that has changed
// in the meantime is in the queue.
func (w statusWriter) write(ctx context.Context, before, object client.Object, old, desired []metav1.Condition, now time.Time) error {
	if err := w.events.WriteTransitions(ctx, object, old, desired, now); err != nil {
		return err
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := w.client.Status().Patch(ctx, object, patch, client.FieldOwner(Name))
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return fmt.Errorf("patch the status of %T %s: %w", object, client.ObjectKeyFromObject(object), err)
}
