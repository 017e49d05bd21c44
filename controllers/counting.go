// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// writeInterval is the least time between two writes of one policy's status. A policy's counters follow the whole fleet,
// and one change to a policy changes the status of every cluster.
const writeInterval = time.Second

// counting is what the reconcilers have in common whose objects count the clusters: they read all of them, and write at
// most once a second.
type counting struct {
	Client client.Client
	Clock  clock.PassiveClock
	Alarm  *Alarm
	Status statusWriter

	pace pace[types.NamespacedName]
}

// get reads an object and all clusters, which are the cache's own. It tells whether the object is there; one that is gone is
// forgotten. Right after a write it tells for how long to wait instead: to count a fleet after each change of one of its
// clusters, and write none of the results, would cost more than all else.
func (c *counting) get(ctx context.Context, key types.NamespacedName, object client.Object) (
	clusters []v1alpha1.ClusterSupport, wait time.Duration, exists bool, err error,
) {
	if left := c.pace.left(key); left > 0 {
		return nil, left, false, nil
	}
	if err := c.Client.Get(ctx, key, object); err != nil {
		c.Alarm.Forget(key)
		c.pace.forget(key)
		return nil, 0, false, client.IgnoreNotFound(err)
	}
	var list v1alpha1.ClusterSupportList
	if err := c.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, false, fmt.Errorf("list ClusterSupports: %w", err)
	}
	return list.Items, 0, true, nil
}

// write writes a status that has changed.
func (c *counting) write(ctx context.Context, before, object client.Object, old, desired []metav1.Condition, now time.Time) (reconcile.Result, error) {
	c.pace.spend(client.ObjectKeyFromObject(object))
	return reconcile.Result{}, c.Status.write(ctx, before, object, old, desired, now)
}
