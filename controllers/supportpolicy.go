// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/api/equality"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies/status,verbs=patch

// SupportPolicies writes the status of SupportPolicies: the stages of the minors, and how the clusters stand.
type SupportPolicies struct {
	counting

	Policies *Policies
}

// SetupWithManager evaluates a policy when it or another one changes, when the status of a cluster changes, and when the
// alarm rings.
func (r *SupportPolicies) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("supportpolicy").
		For(&v1alpha1.SupportPolicy{}).
		Watches(&v1alpha1.SupportPolicy{}, every(r.Client, &v1alpha1.SupportPolicyList{}),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ClusterSupport{}, every(r.Client, &v1alpha1.SupportPolicyList{})).
		WatchesRawSource(r.Alarm).
		Complete(r)
}

// Reconcile evaluates one policy at this instant and writes what changed, at most once a second.
func (r *SupportPolicies) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.SupportPolicy
	clusters, wait, exists, err := r.get(ctx, request.NamespacedName, &object)
	if err != nil || !exists {
		return reconcile.Result{RequeueAfter: wait}, err
	}
	policies, err := r.Policies.Set(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	before := object.DeepCopy()
	status, next := policies.PolicyStatus(before, clusters, now)
	r.Alarm.Set(request.NamespacedName, next)
	object.Status = status
	if equality.Semantic.DeepEqual(before.Status, object.Status) {
		return reconcile.Result{}, nil
	}
	return r.write(ctx, before, &object, before.Status.Conditions, object.Status.Conditions, now)
}
