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
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportexceptions,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportexceptions/status,verbs=patch

// SupportExceptionReconciler writes the status of SupportExceptions: whether they are valid, in force and about to end, and
// a rollup of the clusters. What they cover is decided for each cluster, by ClusterSupportReconciler.
type SupportExceptionReconciler struct {
	Client client.Client
	Clock  clock.PassiveClock
	Alarm  *Alarm
	Status statusWriter
	// RollupInterval is the least time between two evaluations for changes of clusters.
	RollupInterval time.Duration
}

// SetupWithManager evaluates an exception when its spec changes, when the alarm wakes it, and, at most once in a
// RollupInterval, when the status of any cluster or its own has changed.
func (r *SupportExceptionReconciler) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("supportexception").
		For(&v1alpha1.SupportException{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SupportException{}, delayed(&handler.EnqueueRequestForObject{}, r.RollupInterval)).
		Watches(&v1alpha1.ClusterSupport{}, delayed(enqueueAll(r.Client, &v1alpha1.SupportExceptionList{}), r.RollupInterval)).
		WatchesRawSource(r.Alarm).
		Complete(r)
}

// Reconcile evaluates one exception at this instant and writes what changed.
func (r *SupportExceptionReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.SupportException
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.Alarm.Forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	clusters, err := listClusters(ctx, r.Client)
	if err != nil {
		return reconcile.Result{}, err
	}
	status, next := support.CompileException(&object).Status(&object, clusters, now)
	r.Alarm.Set(request.NamespacedName, next)
	if equality.Semantic.DeepEqual(object.Status, status) {
		return reconcile.Result{}, nil
	}
	before := object.DeepCopy()
	object.Status = status
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, status.Conditions, now)
}
