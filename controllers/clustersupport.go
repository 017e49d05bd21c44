// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
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
	Fleet *fleet.Connections
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
		WatchesRawSource(r.Alarm.Source()).
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
	known, err := r.gather(ctx, &object, policies)
	if err != nil {
		return reconcile.Result{}, err
	}
	assessment, next := known.evaluate(policies, &object.Status, now)
	r.Alarm.Set(request.NamespacedName, next)
	before := object.DeepCopy()
	object.Status = known.status(before, assessment, now)
	if equality.Semantic.DeepEqual(before.Status, object.Status) {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, object.Status.Conditions, now)
}

// forget is for an object that is gone.
func (r *ClusterSupports) forget(key types.NamespacedName) {
	r.Alarm.Forget(key)
	r.Fleet.Forget(key)
	r.Bell.pace.forget(reconcile.Request{NamespacedName: key})
}

// gatheredCluster is all that the status of a ClusterSupport is made of, besides the policies and the instant.
type gatheredCluster struct {
	problems field.ErrorList
	reason   string
	cluster  support.Cluster
	contact  support.Condition
	// refusal is why the kubeconfig is not used, remarks are what is wrong with annotations on the hub.
	refusal *fleet.Problem
	remarks []string
	// connecting: the first look at the cluster is under way.
	connecting bool
}

// gather reads the object and what is known about its cluster. Before the first look is complete, what the status says
// was known still holds: a restarted operator knows no less than the one before it.
func (r *ClusterSupports) gather(ctx context.Context, object *v1alpha1.ClusterSupport, policies *support.Set) (*gatheredCluster, error) {
	known := &gatheredCluster{}
	known.problems, known.reason = r.validate(object)
	if len(known.problems) > 0 {
		r.Fleet.Forget(client.ObjectKeyFromObject(object))
		known.contact = *notContacted("the spec is not valid")
		return known, nil
	}
	sight := r.look(object, policies)
	known.contact, known.refusal = sight.reachable(object.Status.Conditions), sight.refused(object.Status.Conditions)
	known.connecting = known.contact.Reason == v1alpha1.ReasonNotContacted
	observed := sight.facts
	if observed == nil {
		observed = support.FactsOf(&object.Status)
	}
	environment := object.Status.Environment
	if told, is := r.Host.hub.Load().Knows(object.Namespace, &object.Spec.Cluster); is {
		observed, environment, known.remarks = observed.WithHub(told.HubFacts), told.Environment, told.Remarks
	}
	duplicateOf, err := r.olderDuplicate(ctx, object, observed)
	known.cluster = support.Cluster{
		Labels: object.Labels, Facts: observed, Environment: cmp.Or(object.Spec.Environment, environment),
		Declared: object.Spec.DeclaredReleases, DuplicateOf: duplicateOf,
	}
	return known, err
}

// evaluate judges the cluster. Of one whose spec has problems nothing can be said, and the problems are why; what was
// found in it stays on record.
func (g *gatheredCluster) evaluate(policies *support.Set, before *v1alpha1.ClusterSupportStatus, now time.Time) (
	support.Assessment, time.Time,
) {
	if len(g.problems) > 0 {
		return support.Keeping(before, g.reason, "the spec is not valid: "+facts.JoinProblems(g.problems)), time.Time{}
	}
	return policies.Evaluate(g.cluster, now)
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

// validate finds what is wrong with the spec, and the reason to give for it.
func (r *ClusterSupports) validate(object *v1alpha1.ClusterSupport) (field.ErrorList, string) {
	problems, reason := support.ValidateClusterSupport(object)
	isHost := client.ObjectKeyFromObject(object) == hostIn(r.Namespace)
	if object.Spec.Cluster.Host != nil && !isHost {
		refused := field.Forbidden(field.NewPath("spec", "cluster", "host"), fmt.Sprintf(
			"only the object %s/%s may stand for the operator's own cluster; delete this one", r.Namespace, v1alpha1.HostName))
		return append(field.ErrorList{refused}, problems...), v1alpha1.ReasonHostNotAllowed
	}
	return problems, reason
}

// status is the whole status that the object ought to have.
func (g *gatheredCluster) status(object *v1alpha1.ClusterSupport, assessment support.Assessment, now time.Time) v1alpha1.ClusterSupportStatus {
	readiness := remarked(support.Readiness(g.problems, g.reason), g.remarks)
	if g.refusal != nil {
		readiness = support.Stalled(string(g.refusal.Reason), g.refusal.Message)
	}
	besides := append(readiness, g.contact)
	if g.connecting {
		besides = append(besides, support.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonConnecting, Message: "the first look at the cluster is under way"})
	}
	return assessment.Status(object, besides, now)
}
