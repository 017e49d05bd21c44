package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportexceptions,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportexceptions/status,verbs=patch

// SupportExceptions writes the status of SupportExceptions: whether they are valid, run, and are about to end. What they
// cover is decided with the clusters; see ClusterSupports.
type SupportExceptions struct {
	Client client.Client
	Clock  clock.PassiveClock
	Alarm  *Alarm
	Status statusWriter

	pace pace
}

// SetupWithManager evaluates an exception when it changes, when the status of a cluster changes, and when the alarm rings.
func (r *SupportExceptions) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("supportexception").
		For(&v1alpha1.SupportException{}).
		Watches(&v1alpha1.ClusterSupport{}, every(r.Client, &v1alpha1.SupportExceptionList{})).
		WatchesRawSource(r.Alarm.Source()).
		Complete(r)
}

// Reconcile evaluates one exception at this instant and writes what changed, at most once a second.
func (r *SupportExceptions) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.SupportException
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.Alarm.Forget(request.NamespacedName)
		r.pace.forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	var clusters v1alpha1.ClusterSupportList
	if err := r.Client.List(ctx, &clusters, client.UnsafeDisableDeepCopy); err != nil {
		return reconcile.Result{}, fmt.Errorf("list ClusterSupports: %w", err)
	}
	before := object.DeepCopy()
	status, next := support.CompileException(&object).Status(before, clusters.Items, now)
	r.Alarm.Set(request.NamespacedName, next)
	object.Status = status
	if equality.Semantic.DeepEqual(before.Status, object.Status) {
		return reconcile.Result{}, nil
	}
	if !r.pace.allow(request.NamespacedName) {
		return reconcile.Result{RequeueAfter: writeInterval}, nil
	}
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, object.Status.Conditions, now)
}
