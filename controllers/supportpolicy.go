// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies/status,verbs=patch

// SupportPolicyReconciler writes the status of SupportPolicies: the stages of the minors, and a rollup of the clusters.
type SupportPolicyReconciler struct {
	Client   client.Client
	Clock    clock.PassiveClock
	Policies *PolicyCache
	Alarm    *Alarm
	Status   statusWriter
	// RollupInterval is the least time between two evaluations for changes of clusters.
	RollupInterval time.Duration
}

// SetupWithManager evaluates a policy when its spec or that of another one changes, when the alarm wakes it, and, at most
// once in a RollupInterval, when the status of any cluster or its own has changed.
func (r *SupportPolicyReconciler) SetupWithManager(mgr manager.Manager) error {
	ofSpecs := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).Named("supportpolicy").
		For(&v1alpha1.SupportPolicy{}, ofSpecs).
		Watches(&v1alpha1.SupportPolicy{}, enqueueAll(r.Client, &v1alpha1.SupportPolicyList{}), ofSpecs).
		Watches(&v1alpha1.SupportPolicy{}, delayed(&handler.EnqueueRequestForObject{}, r.RollupInterval)).
		Watches(&v1alpha1.ClusterSupport{}, delayed(enqueueAll(r.Client, &v1alpha1.SupportPolicyList{}), r.RollupInterval)).
		WatchesRawSource(r.Alarm).
		Complete(r)
}

// Reconcile evaluates one policy at this instant and writes what changed.
func (r *SupportPolicyReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.SupportPolicy
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.Alarm.Forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	clusters, err := listClusters(ctx, r.Client)
	if err != nil {
		return reconcile.Result{}, err
	}
	policies, err := r.Policies.Get(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	status, next := policies.PolicyStatus(&object, clusters, now)
	r.Alarm.Set(request.NamespacedName, next)
	if equality.Semantic.DeepEqual(object.Status, status) {
		return reconcile.Result{}, nil
	}
	before := object.DeepCopy()
	object.Status = status
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, status.Conditions, now)
}
