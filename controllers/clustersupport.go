// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

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
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=clustersupports,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=clustersupports/status,verbs=patch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies;supportexceptions,verbs=list;watch

// ClusterSupportReconciler writes the status of ClusterSupports: what was observed in the cluster, and what all policies say
// about it.
type ClusterSupportReconciler struct {
	Client   client.Client
	Clock    clock.PassiveClock
	Policies *PolicyCache
	Alarm    *Alarm
	Status   statusWriter
	// Host is the operator's own cluster, Clusters are all of them, the host included.
	Host     *host
	Clusters *fleet.ClusterCache
	// Changes wakes the objects whose clusters have changed, Limiter limits how often.
	Changes *wakeSource[reconcile.Request]
	Limiter *rateLimiter
	// Namespace is the operator's own, Shard the part of the clusters that it is responsible for.
	Namespace string
	Shard     Shard
}

// maxConcurrentEvaluations of clusters wait for the API server most of the time.
const maxConcurrentEvaluations = 8

// SetupWithManager evaluates a cluster when its object, its observed facts or its duplicates change, when any policy or
// exception changes, and when the alarm wakes it.
func (r *ClusterSupportReconciler) SetupWithManager(mgr manager.Manager) error {
	ofSpecs := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).Named("clustersupport").
		WithOptions(controller.Options{MaxConcurrentReconciles: maxConcurrentEvaluations}).
		For(&v1alpha1.ClusterSupport{}).
		Watches(&v1alpha1.ClusterSupport{}, enqueueDuplicates(r.Client)).
		Watches(&v1alpha1.SupportPolicy{}, enqueueAll(r.Client, &v1alpha1.ClusterSupportList{}), ofSpecs).
		Watches(&v1alpha1.SupportException{}, enqueueAll(r.Client, &v1alpha1.ClusterSupportList{}), ofSpecs).
		WatchesRawSource(r.Changes).
		WatchesRawSource(r.Alarm).
		Complete(r)
}

// Reconcile evaluates one cluster at this instant and writes what changed.
func (r *ClusterSupportReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.ClusterSupport
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if !r.isResponsible(&object) {
		return reconcile.Result{}, nil
	}
	policies, err := r.Policies.Get(ctx)
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
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, status.Conditions, now)
}

// forget is for a deleted object.
func (r *ClusterSupportReconciler) forget(key types.NamespacedName) {
	r.Alarm.Forget(key)
	r.Clusters.Forget(key)
	r.Limiter.forget(key)
}

// gather collects what is known about the cluster of an object, and connects to the cluster so that it is observed. It
// reads the hub's facts once, so that the whole status follows from the same ones.
func (r *ClusterSupportReconciler) gather(ctx context.Context, object *v1alpha1.ClusterSupport, policies *support.Set) (support.ClusterInput, error) {
	input := support.ClusterInput{Object: object, HostNamespace: r.Namespace, Contact: &facts.Contact{}}
	key := client.ObjectKeyFromObject(object)
	if problems, _ := input.Validate(); len(problems) > 0 {
		r.Clusters.Forget(key)
		return input, nil
	}
	hubState := r.Host.state.Load()
	input.Hub = hubState.FactsFor(object.Namespace, &object.Spec.Cluster)
	target, obstacle := r.target(object, hubState)
	switch {
	case target != nil:
		r.Clusters.Connect(key, *target, policies.Detections(object.Labels))
		snapshot := r.Clusters.Snapshot(key)
		input.Contact.Problem, input.Contact.Complete = snapshot.Problem, snapshot.Complete
		if snapshot.Complete {
			input.Facts = &snapshot.Facts
		}
	case obstacle.Status != "":
		// A cluster that must not be contacted now is no longer observed.
		r.Clusters.Forget(key)
	}
	input.Contact.Obstacle = obstacle
	var err error
	input.DuplicateOf, err = r.olderDuplicate(ctx, object, input.ClusterID())
	return input, err
}

// target tells how the cluster of an object is reached, or what prevents that.
func (r *ClusterSupportReconciler) target(object *v1alpha1.ClusterSupport, hubState *hub.State) (*fleet.Target, *facts.Obstacle) {
	if object.Spec.Cluster.Host != nil {
		return &r.Host.target, nil
	}
	return hubState.TargetFor(object.Namespace, &object.Spec.Cluster)
}

// olderDuplicate names an older object of the same cluster; empty where there is none.
func (r *ClusterSupportReconciler) olderDuplicate(ctx context.Context, object *v1alpha1.ClusterSupport, clusterID string) (string, error) {
	if clusterID == "" {
		return "", nil
	}
	found, err := listByIndex(ctx, r.Client, indexClusterID, clusterID, client.DisableReadYourWritesConsistency)
	if err != nil {
		return "", err
	}
	return support.OlderDuplicate(object, clusterID, found), nil
}

// isResponsible tells whether this operator writes the object's status: neither that of another shard, nor that of the host
// of another operator. Two operators in a cluster would otherwise call each other's host a mistake, and overwrite each other
// without end.
func (r *ClusterSupportReconciler) isResponsible(object *v1alpha1.ClusterSupport) bool {
	key := client.ObjectKeyFromObject(object)
	if key == r.Host.key {
		return r.Shard.isFirst()
	}
	return r.Shard.owns(key) && !r.isHostOfOtherOperator(object)
}

// isHostOfOtherOperator tells whether the object is the host of an operator in another namespace, which has accepted it.
func (r *ClusterSupportReconciler) isHostOfOtherOperator(object *v1alpha1.ClusterSupport) bool {
	if object.Spec.Cluster.Host == nil || object.Name != v1alpha1.HostName || object.Namespace == r.Namespace {
		return false
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.Generation
}
