// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=clustersupports,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=clustersupports/status,verbs=patch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies;supportexceptions,verbs=list;watch

// ClusterSupports writes the status of ClusterSupports: what was observed in the cluster, judged by all policies.
type ClusterSupports struct {
	Client   client.Client
	Clock    clock.PassiveClock
	Policies *Policies
	Alarm    *Alarm
	Status   statusWriter
	// Host is the operator's own cluster, Fleet are the connections to all others.
	Host  *host
	Fleet *fleet.ClusterCache
	// Bell is rung when what is known about a cluster changes.
	Bell *bell[reconcile.Request]
	// Namespace is the operator's own, Shard the part of the clusters that it is for.
	Namespace string
	Shard     Shard
}

// evaluations is how many clusters are evaluated at a time. Most of that time is the wait for the API server.
const evaluations = 8

// SetupWithManager evaluates a cluster when its object, its observed facts or its duplicates change, when any policy or
// exception changes, and when the alarm rings.
func (r *ClusterSupports) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("clustersupport").
		WithOptions(controller.Options{MaxConcurrentReconciles: evaluations}).
		For(&v1alpha1.ClusterSupport{}).
		Watches(&v1alpha1.ClusterSupport{}, duplicates(r.Client)).
		Watches(&v1alpha1.SupportPolicy{}, every(r.Client, &v1alpha1.ClusterSupportList{}),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SupportException{}, every(r.Client, &v1alpha1.ClusterSupportList{}),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(r.Bell.Source()).
		WatchesRawSource(r.Alarm).
		Complete(r)
}

// Reconcile evaluates one cluster at this instant and writes what changed.
func (r *ClusterSupports) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.ClusterSupport
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !r.isMine(&object) {
		return reconcile.Result{}, nil
	}
	policies, err := r.Policies.Set(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	input, err := r.gather(ctx, &object, policies)
	if err != nil {
		return reconcile.Result{}, err
	}
	status, next := policies.ClusterStatus(input, now)
	r.Alarm.Set(request.NamespacedName, next)
	if equality.Semantic.DeepEqual(object.Status, status) {
		return reconcile.Result{}, nil
	}
	before := object.DeepCopy()
	object.Status = status
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, object.Status.Conditions, now)
}

// forget is for an object that is gone.
func (r *ClusterSupports) forget(key types.NamespacedName) {
	r.Alarm.Forget(key)
	r.Fleet.Forget(key)
	r.Bell.pace.forget(reconcile.Request{NamespacedName: key})
}

// gather collects what is known about the cluster of an object, and sees to it that the cluster is observed. The state of
// the hub is read once, so that all that is said rests on the same one.
func (r *ClusterSupports) gather(ctx context.Context, object *v1alpha1.ClusterSupport, policies *support.Set) (support.ClusterInput, error) {
	input := support.ClusterInput{Object: object, HostNamespace: r.Namespace, Contact: &facts.Contact{}}
	key := client.ObjectKeyFromObject(object)
	if problems, _ := input.Validate(); len(problems) > 0 {
		r.Fleet.Forget(key)
		return input, nil
	}
	hub := r.Host.hub.Load()
	input.Hub = hub.FactsFor(object.Namespace, &object.Spec.Cluster)
	target, obstacle := r.target(object, hub)
	switch {
	case target != nil:
		r.Fleet.Connect(key, *target, policies.Detections(object.Labels))
		snapshot := r.Fleet.Snapshot(key)
		input.Contact.Problem, input.Contact.Complete = snapshot.Problem, snapshot.Complete
		if snapshot.Complete {
			input.Facts = &snapshot.Facts
		}
	case obstacle.Status != "":
		// What is not to be looked into is not, whatever was looked into before.
		r.Fleet.Forget(key)
	}
	input.Contact.Obstacle = obstacle
	var err error
	input.DuplicateOf, err = r.olderDuplicate(ctx, object, input.ClusterID())
	return input, err
}

// target is how the cluster of an object is reached, or what is in the way.
func (r *ClusterSupports) target(object *v1alpha1.ClusterSupport, hub *hub.State) (*fleet.Target, *facts.Obstacle) {
	if object.Spec.Cluster.Host != nil {
		return r.Host.target(), nil
	}
	return hub.TargetFor(object.Namespace, &object.Spec.Cluster)
}

// isMine tells whether this operator writes the object's status: not that of another shard, nor the host of another
// operator, in that one's own namespace. Two operators in a cluster must not take each other's for a mistake: each would
// write what the other mends, without end.
func (r *ClusterSupports) isMine(object *v1alpha1.ClusterSupport) bool {
	key := client.ObjectKeyFromObject(object)
	if key == r.Host.key {
		return r.Shard.isFirst()
	}
	return r.Shard.owns(key) && !r.isKeptByAnother(object)
}

// isKeptByAnother tells whether the object is the host of another operator, and that one takes it for its own.
func (r *ClusterSupports) isKeptByAnother(object *v1alpha1.ClusterSupport) bool {
	if object.Spec.Cluster.Host == nil || object.Name != v1alpha1.HostName || object.Namespace == r.Namespace {
		return false
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.Generation
}
