// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
)

// hubHandler wakes what depends on the hub's facts when they change.
type hubHandler struct {
	reader       client.Reader
	options      Options
	clusters     *wakeSource[reconcile.Request]
	descriptions *wakeSource[hub.ID]
}

// handle wakes the host's object, the inventory for each description that has changed, and the objects that refer to one
// of these. When the answer for clusters without a description has changed, it wakes all objects.
func (h *hubHandler) handle(ctx context.Context, before, now *hub.State) {
	h.clusters.wake(reconcile.Request{NamespacedName: hostKey(h.options.Namespace)})
	changed := hub.Changed(before, now)
	if h.options.Shard.isFirst() {
		for _, id := range changed {
			h.descriptions.wake(id)
		}
	}
	if hub.ChangedForMissing(before, now) {
		h.wakeAll(listClusters(ctx, h.reader, client.DisableReadYourWritesConsistency))
		return
	}
	for _, id := range changed {
		h.wakeAll(listByIndex(ctx, h.reader, indexDescription, id.String()))
	}
}

func (h *hubHandler) wakeAll(objects []v1alpha1.ClusterSupport, err error) {
	if err != nil {
		h.options.Log.Error(err, "Cannot list the objects to evaluate again")
	}
	for i := range objects {
		h.clusters.wake(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&objects[i])})
	}
}
