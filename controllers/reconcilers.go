// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
)

// addReconcilers adds the reconcilers and what wakes them. Only the first shard has those that exist once.
func addReconcilers(ctx context.Context, mgr manager.Manager, cfg *rest.Config, options Options) error {
	if err := addIndices(ctx, mgr); err != nil {
		return err
	}
	var (
		policies     = NewPolicyCache(mgr.GetClient())
		status       = statusWriter{client: mgr.GetClient(), events: NewEventWriter(mgr.GetClient())}
		clusters     = &wakeSource[reconcile.Request]{}
		limiter      = &rateLimiter{}
		descriptions = &wakeSource[hub.ID]{}
		onHubChange  = &hubHandler{mgr.GetClient(), options, clusters, descriptions}
		hubCluster   = newHost(cfg, options.Namespace)
		clusterCache *fleet.ClusterCache
	)
	clusterCache = newClusterCache(mgr.GetAPIReader(), func(key types.NamespacedName) {
		if key == hubCluster.key {
			before, now := hubCluster.update(clusterCache.Snapshot(key))
			onHubChange.handle(ctx, before, now)
			return
		}
		clusters.wakeAfter(reconcile.Request{NamespacedName: key}, limiter.delay(key))
	}, options)
	err := errors.Join(
		mgr.Add(clusterCache),
		mgr.Add(observeHost(hubCluster, clusterCache, policies, mgr.GetClient())),
		(&ClusterSupportReconciler{
			Client: mgr.GetClient(), Clock: options.Clock, Policies: policies, Alarm: NewAlarm(options.Clock), Status: status,
			Host: hubCluster, Clusters: clusterCache, Changes: clusters, Limiter: limiter,
			Namespace: options.Namespace, Shard: options.Shard,
		}).SetupWithManager(mgr),
		addMetrics(mgr, func(object *v1alpha1.ClusterSupport) time.Time {
			return clusterCache.LastAnswerTime(client.ObjectKeyFromObject(object))
		}, options),
	)
	if err != nil || !options.Shard.isFirst() {
		return err
	}
	return errors.Join(
		(&InventoryReconciler{
			Client: mgr.GetClient(), Namespace: options.Namespace, Host: hubCluster, LabelPrefixes: options.LabelPrefixes,
			Changes: descriptions,
		}).SetupWithManager(mgr),
		(&SupportPolicyReconciler{
			Client: mgr.GetClient(), Clock: options.Clock, Policies: policies, Alarm: NewAlarm(options.Clock), Status: status,
			RollupInterval: options.RollupInterval,
		}).SetupWithManager(mgr),
		(&SupportExceptionReconciler{
			Client: mgr.GetClient(), Clock: options.Clock, Alarm: NewAlarm(options.Clock), Status: status,
			RollupInterval: options.RollupInterval,
		}).SetupWithManager(mgr),
	)
}
