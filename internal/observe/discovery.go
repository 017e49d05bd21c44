// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"path"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// discover returns the resource in the version that the API server prefers among those that have it. The error is a
// NotFound when none has.
func (c apiClient) discover(ctx context.Context, resource schema.GroupResource) (schema.GroupVersionResource, error) {
	var group metav1.APIGroup
	if err := c.get(ctx, path.Join("/apis", resource.Group), acceptJSON, &group); err != nil {
		return schema.GroupVersionResource{}, err
	}
	for _, version := range byPreference(group) {
		served, err := c.serves(ctx, resource.WithVersion(version))
		if err != nil {
			return schema.GroupVersionResource{}, err
		}
		if served {
			return resource.WithVersion(version), nil
		}
	}
	return schema.GroupVersionResource{}, apierrors.NewNotFound(resource, "")
}

// serves tells whether the version of the group has the resource.
func (c apiClient) serves(ctx context.Context, resource schema.GroupVersionResource) (bool, error) {
	var list metav1.APIResourceList
	err := c.get(ctx, path.Join("/apis", resource.Group, resource.Version), acceptJSON, &list)
	if outcomeOf(err) == outcomeNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool {
		return r.Name == resource.Resource
	}), nil
}

func byPreference(group metav1.APIGroup) []string {
	versions := []string{group.PreferredVersion.Version}
	for _, version := range group.Versions {
		if version.Version != group.PreferredVersion.Version {
			versions = append(versions, version.Version)
		}
	}
	return versions
}
