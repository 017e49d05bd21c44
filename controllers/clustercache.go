// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// allNamespaces is the member of Options.KubeconfigNamespaces that allows all of them.
const allNamespaces = "*"

// There is no marker for the right to get Secrets: the user grants it, for all namespaces or for some (config/components).

// newClusterCache makes the cache of the clusters of ClusterSupports, which connects to them. It reads Secrets by name and from
// the API server: a client's cache would list them and keep all of them. It calls changed when a snapshot has changed.
func newClusterCache(secrets client.Reader, changed func(types.NamespacedName), options Options) *fleet.ClusterCache {
	return fleet.NewClusterCache(fleet.ClusterCacheOptions{
		Options: fleet.Options{
			AllowProxy: options.AllowProxy, AllowLoopback: options.AllowLoopback, UserAgent: Name,
		},
		Secret: func(ctx context.Context, name types.NamespacedName) (map[string][]byte, error) {
			var secret corev1.Secret
			if err := secrets.Get(ctx, name, &secret); err != nil {
				return nil, fmt.Errorf("get Secret %s: %w", name, err)
			}
			return secret.Data, nil
		},
		IsAllowed: func(namespace string) bool {
			return slices.Contains(options.KubeconfigNamespaces, namespace) || slices.Contains(options.KubeconfigNamespaces, allNamespaces)
		},
		Changed: changed,
		Observe: observe.Options{
			Log: options.Log.WithName("observe"), VersionInterval: options.VersionInterval, GracePeriod: options.Patience,
		},
		RefreshInterval: options.SecretInterval,
	})
}
