package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies,verbs=list;watch
// +kubebuilder:rbac:groups=support.d2iq.io,resources=supportpolicies/status,verbs=patch

// writeInterval is the least time between two writes of one policy's status. A policy's counters follow the whole fleet,
// and one change to a policy changes the status of every cluster.
const writeInterval = time.Second

// SupportPolicies writes the status of SupportPolicies: the stages of the minors, and how the clusters stand.
type SupportPolicies struct {
	Client   client.Client
	Clock    clock.PassiveClock
	Policies *Policies
	Alarm    *Alarm
	Status   statusWriter

	pace pace
}

// SetupWithManager evaluates a policy when it or another one changes, when the status of a cluster changes, and when the
// alarm rings.
func (r *SupportPolicies) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("supportpolicy").
		For(&v1alpha1.SupportPolicy{}).
		Watches(&v1alpha1.SupportPolicy{}, every(r.Client, &v1alpha1.SupportPolicyList{}),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.ClusterSupport{}, every(r.Client, &v1alpha1.SupportPolicyList{})).
		WatchesRawSource(r.Alarm.Source()).
		Complete(r)
}

// Reconcile evaluates one policy at this instant and writes what changed, at most once a second.
func (r *SupportPolicies) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.SupportPolicy
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.Alarm.Forget(request.NamespacedName)
		r.pace.forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	policies, err := r.Policies.Set(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	var clusters v1alpha1.ClusterSupportList
	if err := r.Client.List(ctx, &clusters, client.UnsafeDisableDeepCopy); err != nil {
		return reconcile.Result{}, fmt.Errorf("list ClusterSupports: %w", err)
	}
	before := object.DeepCopy()
	status, next := policies.PolicyStatus(before, clusters.Items, now)
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

// pace lets each object be written once in a writeInterval of the machine's time. The zero value is ready.
type pace struct {
	mu       sync.Mutex
	limiters map[types.NamespacedName]*rate.Limiter
}

func (p *pace) allow(key types.NamespacedName) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limiters == nil {
		p.limiters = map[types.NamespacedName]*rate.Limiter{}
	}
	if p.limiters[key] == nil {
		p.limiters[key] = rate.NewLimiter(rate.Every(writeInterval), 1)
	}
	return p.limiters[key].Allow()
}

func (p *pace) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.limiters, key)
}
