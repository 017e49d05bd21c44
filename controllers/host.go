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
	"sigs.k8s.io/controller-runtime/pkg/manager"

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

// host is the operator's own cluster, which is the hub of the others.
type host struct {
	// key is that of its ClusterSupport.
	key types.NamespacedName
	// target is how it is reached.
	target fleet.Target
	// facts are what its last snapshot says of other clusters.
	state atomic.Pointer[hub.State]
}

func newHost(config *rest.Config, namespace string) *host {
	h := &host{key: hostKey(namespace), target: fleet.Target{Hub: config}}
	h.state.Store(hub.New(observe.Snapshot{}))
	return h
}

// hostKey is the key of the one object for the own cluster of an operator in a namespace.
func hostKey(namespace string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: v1alpha1.HostName}
}

// update takes over a snapshot of the cluster, and returns the facts of before and of now.
func (h *host) update(snapshot observe.Snapshot) (before, now *hub.State) {
	now = hub.New(snapshot)
	return h.state.Swap(now), now
}

// observeHost connects to the operator's own cluster, whether or not it has a ClusterSupport. It does so when the policies
// are in the cache: what their detection rules find is there from the first snapshot, and a restart does not take it for
// removed.
func observeHost(h *host, clusterCache *fleet.ClusterCache, policies *PolicyCache, reader client.Reader) manager.RunnableFunc {
	return func(ctx context.Context) error {
		set, err := policies.Get(ctx)
		if err != nil {
			return err
		}
		var object v1alpha1.ClusterSupport
		if err := reader.Get(ctx, h.key, &object); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("get ClusterSupport %s: %w", h.key, err)
		}
		clusterCache.Connect(h.key, h.target, set.Detections(object.Labels))
		return nil
	}
}
