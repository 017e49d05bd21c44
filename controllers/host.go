// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// What the observation of the operator's own cluster reads, and what that says of other clusters. Nothing in it is a
// Secret, and nothing is written.
//
// +kubebuilder:rbac:urls=/version,verbs=get
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,resourceNames=kube-system,verbs=get
// +kubebuilder:rbac:groups="",resources=nodes,verbs=list
// +kubebuilder:rbac:groups=kubeaddons.mesosphere.io,resources=addons;clusteraddons,verbs=list;watch
// +kubebuilder:rbac:groups=kommander.mesosphere.io,resources=konvoyclusters;kommanderclusters,verbs=list;watch
// +kubebuilder:rbac:groups=cluster.x-k8s.io,resources=clusters,verbs=list;watch
// +kubebuilder:rbac:groups=kubetunnel.d2iq.io,resources=tunnelconnectors,verbs=list;watch
// +kubebuilder:rbac:groups=helm.toolkit.fluxcd.io,resources=helmreleases,verbs=list;watch
// +kubebuilder:rbac:groups=dkp.d2iq.io,resources=kommandercores,verbs=list;watch
// +kubebuilder:rbac:groups=kudo.dev,resources=instances;operatorversions,verbs=list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets;daemonsets,verbs=list;watch

// host is the operator's own cluster under observation, which is the hub of the others.
type host struct {
	config   *rest.Config
	policies *Policies
	// connections observe it, as all other clusters.
	connections *fleet.ClusterCache
	// key is that of its ClusterSupport.
	key types.NamespacedName
	// hub is what the last snapshot says of other clusters.
	hub atomic.Pointer[hub.State]
	// changed is called after each change of anything, with what was known before and what is known now.
	changed func(before, now *hub.State)
}

func newHost(config *rest.Config, policies *Policies, changed func(before, now *hub.State), options Options) *host {
	h := &host{config: config, policies: policies, key: hostIn(options.Namespace), changed: changed}
	h.hub.Store(hub.New(observe.Snapshot{}))
	return h
}

func (h *host) target() *fleet.Target { return &fleet.Target{Hub: h.config} }

// refresh reads what has changed.
func (h *host) refresh() {
	now := hub.New(h.connections.Snapshot(h.key))
	h.changed(h.hub.Swap(now), now)
}

// Start observes the cluster, whether or not it has a ClusterSupport. It begins when the policies are known: what they tell
// how to find is looked for from the start, and a restart does not take it for gone.
func (h *host) Start(ctx context.Context) error {
	policies, err := h.policies.Set(ctx)
	if err != nil {
		return err
	}
	var object v1alpha1.ClusterSupport
	if err := h.policies.reader.Get(ctx, h.key, &object); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("get ClusterSupport %s: %w", h.key, err)
	}
	h.connections.Connect(h.key, *h.target(), policies.Detections(object.Labels))
	<-ctx.Done()
	return nil
}
