// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
)

// The indices of the cache over ClusterSupports.
const (
	// indexClusterID finds those of one cluster.
	indexClusterID = "status.clusterID"
	// indexDescription finds those that refer to a description of a cluster on the hub.
	indexDescription = "spec.cluster"
)

// addIndices adds both indices to the cache.
func addIndices(ctx context.Context, mgr manager.Manager) error {
	index := func(name string, values func(*v1alpha1.ClusterSupport) []string) error {
		err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.ClusterSupport{}, name, func(object client.Object) []string {
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
		var values []string
		for _, id := range descriptionIDs(c) {
			values = append(values, id.String())
		}
		return values
	})
}

// descriptionIDs are the descriptions to which an object refers: in its spec, and in its status while that is still about
// another one. An object whose reference was changed keeps its place until it is deleted.
func descriptionIDs(c *v1alpha1.ClusterSupport) []hub.ID {
	var ids []hub.ID
	for _, reference := range []*v1alpha1.ClusterReference{&c.Spec.Cluster, c.Status.Cluster} {
		if reference == nil {
			continue
		}
		if id, ok := hub.IDOf(c.Namespace, reference); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// listByIndex lists the ClusterSupports with a value in an index. They belong to the cache and must not be changed.
func listByIndex(
	ctx context.Context, reader client.Reader, index, value string, options ...client.ListOption,
) ([]v1alpha1.ClusterSupport, error) {
	clusters, err := listClusters(ctx, reader, append(options, client.MatchingFields{index: value})...)
	if err != nil {
		return nil, fmt.Errorf("by %s: %w", index, err)
	}
	return clusters, nil
}

// listClusters lists ClusterSupports. They belong to the cache and must not be changed.
func listClusters(ctx context.Context, reader client.Reader, options ...client.ListOption) ([]v1alpha1.ClusterSupport, error) {
	var list v1alpha1.ClusterSupportList
	if err := reader.List(ctx, &list, append(options, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, fmt.Errorf("list ClusterSupports: %w", err)
	}
	return list.Items, nil
}
