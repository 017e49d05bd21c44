// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// The indices of the cache.
const (
	// indexClusterID finds the ClusterSupports that stand for one cluster.
	indexClusterID = "status.clusterID"
	// indexDescription finds those that refer to what describes a cluster on the hub.
	indexDescription = "spec.cluster"
)

func addIndices(ctx context.Context, mgr manager.Manager) error {
	clusters := &v1alpha1.ClusterSupport{}
	index := func(name string, values func(*v1alpha1.ClusterSupport) []string) error {
		err := mgr.GetFieldIndexer().IndexField(ctx, clusters, name, func(object client.Object) []string {
			return values(object.(*v1alpha1.ClusterSupport)) //nolint:forcetypeassert // the index is of this kind
		})
		if err != nil {
			return fmt.Errorf("index ClusterSupports by %s: %w", name, err)
		}
		return nil
	}
	err := index(indexClusterID, func(c *v1alpha1.ClusterSupport) []string {
		if c.Status.ClusterID == "" {
			return nil
		}
		return []string{c.Status.ClusterID}
	})
	if err != nil {
		return err
	}
	return index(indexDescription, func(c *v1alpha1.ClusterSupport) []string {
		var found []string
		for _, id := range describedIDs(c) {
			found = append(found, id.String())
		}
		return found
	})
}

// describedIDs are those of what describes the cluster of an object: by its spec, and by its status, if that is still about
// another one. An object whose reference was changed keeps its place until it is deleted.
func describedIDs(c *v1alpha1.ClusterSupport) []hub.ID {
	var ids []hub.ID
	for _, reference := range []*v1alpha1.ClusterReference{&c.Spec.Cluster, c.Status.Cluster} {
		if reference == nil {
			continue
		}
		if id, is := hub.IDOf(c.Namespace, reference); is && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// indexed lists the ClusterSupports with a value in an index. They are the cache's own.
func indexed(
	ctx context.Context, reader client.Reader, index, value string, options ...client.ListOption,
) ([]v1alpha1.ClusterSupport, error) {
	var found v1alpha1.ClusterSupportList
	err := reader.List(ctx, &found, append(options, client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy)...)
	if err != nil {
		return nil, fmt.Errorf("list ClusterSupports by %s: %w", index, err)
	}
	return found.Items, nil
}

// olderDuplicate finds an older object that stands for the same cluster.
func (r *ClusterSupports) olderDuplicate(ctx context.Context, object *v1alpha1.ClusterSupport, clusterID string) (string, error) {
	if clusterID == "" {
		return "", nil
	}
	others, err := indexed(ctx, r.Client, indexClusterID, clusterID, client.DisableReadYourWritesConsistency)
	if err != nil {
		return "", err
	}
	return support.OlderDuplicate(object, clusterID, others), nil
}

// duplicates makes an object that comes, goes, or turns out to be of another cluster a reason to evaluate those that stand
// for the same cluster.
func duplicates(reader client.Reader) handler.EventHandler {
	wake := func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request], of client.Object, clusterID string) {
		if clusterID == "" {
			return
		}
		// What fails here is only a cache that has not started, and then all objects are about to be evaluated.
		others, _ := indexed(ctx, reader, indexClusterID, clusterID, client.DisableReadYourWritesConsistency)
		for i := range others {
			if key := client.ObjectKeyFromObject(&others[i]); key != client.ObjectKeyFromObject(of) {
				queue.Add(reconcile.Request{NamespacedName: key})
			}
		}
	}
	idOf := func(object client.Object) string {
		if cluster, is := object.(*v1alpha1.ClusterSupport); is {
			return cluster.Status.ClusterID
		}
		return ""
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			wake(ctx, queue, e.Object, idOf(e.Object))
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if before, now := idOf(e.ObjectOld), idOf(e.ObjectNew); before != now {
				wake(ctx, queue, e.ObjectNew, before)
				wake(ctx, queue, e.ObjectNew, now)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			wake(ctx, queue, e.Object, idOf(e.Object))
		},
	}
}
