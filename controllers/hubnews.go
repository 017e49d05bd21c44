// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
)

// hubNews tells who has to look when the hub knows something else than before.
type hubNews struct {
	reader       client.Reader
	options      Options
	clusters     *bell[reconcile.Request]
	descriptions *bell[hub.ID]
}

// tell wakes the hub's own object, the inventory for each cluster that is described differently, and the objects that refer
// to one of these. Where the answer for clusters that are not described has changed, all objects are woken.
func (n *hubNews) tell(before, now *hub.State) {
	n.clusters.ring(reconcile.Request{NamespacedName: hostIn(n.options.Namespace)})
	changed := hub.Changed(before, now)
	for _, id := range changed {
		if n.options.Shard.isFirst() {
			n.descriptions.ring(id)
		}
	}
	ctx := context.Background()
	if hub.ChangedForMissing(before, now) {
		n.wake(n.all(ctx))
		return
	}
	for _, id := range changed {
		n.wake(indexed(ctx, n.reader, indexDescription, id.String()))
	}
}

func (n *hubNews) all(ctx context.Context) ([]v1alpha1.ClusterSupport, error) {
	var list v1alpha1.ClusterSupportList
	if err := n.reader.List(ctx, &list, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		return nil, fmt.Errorf("list ClusterSupports: %w", err)
	}
	return list.Items, nil
}

func (n *hubNews) wake(objects []v1alpha1.ClusterSupport, err error) {
	if err != nil {
		n.options.Log.Error(err, "cannot look up the objects to evaluate again")
	}
	for i := range objects {
		n.clusters.ring(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&objects[i])})
	}
}
