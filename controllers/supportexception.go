// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportexceptions,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportexceptions/status,verbs=patch

// SupportExceptions writes the status of SupportExceptions: whether they are valid, run, and are about to end. What they
// cover is decided with the clusters; see ClusterSupports.
type SupportExceptions struct{ counting }

// SetupWithManager evaluates an exception when it changes, when the status of a cluster changes, and when the alarm rings.
func (r *SupportExceptions) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("supportexception").
		For(&v1alpha1.SupportException{}).
		Watches(&v1alpha1.ClusterSupport{}, every(r.Client, &v1alpha1.SupportExceptionList{})).
		WatchesRawSource(r.Alarm).
		Complete(r)
}

// Reconcile evaluates one exception at this instant and writes what changed, at most once a second.
func (r *SupportExceptions) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.SupportException
	clusters, wait, exists, err := r.get(ctx, request.NamespacedName, &object)
	if err != nil || !exists {
		return reconcile.Result{RequeueAfter: wait}, err
	}
	before := object.DeepCopy()
	status, next := support.CompileException(&object).Status(before, clusters, now)
	r.Alarm.Set(request.NamespacedName, next)
	object.Status = status
	if equality.Semantic.DeepEqual(before.Status, object.Status) {
		return reconcile.Result{}, nil
	}
	return r.write(ctx, before, &object, before.Status.Conditions, object.Status.Conditions, now)
}
