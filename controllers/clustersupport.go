package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
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
	// Host is the operator's own cluster, Namespace the operator's own namespace.
	Host      *observed
	Namespace string
}

// SetupWithManager evaluates a cluster when its object or its observed facts change, when any policy or exception
// changes, and when the alarm rings.
func (r *ClusterSupports) SetupWithManager(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).Named("clustersupport").
		For(&v1alpha1.ClusterSupport{}).
		Watches(&v1alpha1.SupportPolicy{}, every(r.Client, &v1alpha1.ClusterSupportList{}),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SupportException{}, every(r.Client, &v1alpha1.ClusterSupportList{}),
			builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(r.hostChanges()).
		WatchesRawSource(r.Alarm.Source()).
		Complete(r)
}

// hostChanges wakes the host's object when what is known about the host changes.
func (r *ClusterSupports) hostChanges() source.Source {
	host := reconcile.Request{NamespacedName: hostIn(r.Namespace)}
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-r.Host.changed:
					queue.Add(host)
				}
			}
		}()
		return nil
	})
}

// Reconcile evaluates one cluster at this instant and writes what changed.
func (r *ClusterSupports) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	now := r.Clock.Now()
	var object v1alpha1.ClusterSupport
	if err := r.Client.Get(ctx, request.NamespacedName, &object); err != nil {
		r.Alarm.Forget(request.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if r.isKeptByAnother(&object) {
		return reconcile.Result{}, nil
	}
	policies, err := r.Policies.Set(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	if request.NamespacedName == r.Host.key {
		r.Host.find(policies, object.Labels)
	}
	known := r.gather(&object)
	assessment, next := known.evaluate(policies, &object.Status, now)
	r.Alarm.Set(request.NamespacedName, next)
	before := object.DeepCopy()
	object.Status = known.status(before, assessment, now)
	if equality.Semantic.DeepEqual(before.Status, object.Status) {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{}, r.Status.write(ctx, before, &object, before.Status.Conditions, object.Status.Conditions, now)
}

// gatheredCluster is all that the status of a ClusterSupport is made of, besides the policies and the instant.
type gatheredCluster struct {
	problems field.ErrorList
	reason   string
	cluster  support.Cluster
	contact  support.Condition
	// connecting: the first look at the cluster is under way.
	connecting bool
}

// gather reads the object and what is known about its cluster. Before the first look is complete, what the status says
// was known still holds: a restarted operator knows no less than the one before it.
func (r *ClusterSupports) gather(object *v1alpha1.ClusterSupport) gatheredCluster {
	known := gatheredCluster{cluster: support.Cluster{
		Labels: object.Labels, Environment: object.Spec.Environment, Declared: object.Spec.DeclaredReleases,
	}}
	known.problems, known.reason = r.validate(object)
	if len(known.problems) > 0 {
		known.contact = notContacted("the spec is not valid")
		return known
	}
	snapshot := r.Host.Snapshot()
	known.cluster.Facts = support.FactsOf(&object.Status)
	if snapshot.Complete {
		known.cluster.Facts = &snapshot.Facts
	}
	known.contact = contact(snapshot, object.Status.Conditions)
	known.connecting = known.contact.Reason == v1alpha1.ReasonNotContacted
	return known
}

// evaluate judges the cluster. Of one whose spec has problems nothing can be said, and the problems are why; what was
// found in it stays on record.
func (g *gatheredCluster) evaluate(policies *support.Set, before *v1alpha1.ClusterSupportStatus, now time.Time) (
	support.Assessment, time.Time,
) {
	if len(g.problems) > 0 {
		return support.Keeping(before, g.reason, "the spec is not valid: "+support.Describe(g.problems)), time.Time{}
	}
	return policies.Evaluate(g.cluster, now)
}

// isKeptByAnother tells whether the object is the host of another operator, in that one's own namespace. Two operators in
// a cluster must not take each other's for a mistake: each would write what the other mends, without end.
func (r *ClusterSupports) isKeptByAnother(object *v1alpha1.ClusterSupport) bool {
	if object.Spec.Cluster.Host == nil || object.Name != v1alpha1.HostName || object.Namespace == r.Namespace {
		return false
	}
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == object.Generation
}

// validate finds what is wrong with the spec, and the reason to give for it.
func (r *ClusterSupports) validate(object *v1alpha1.ClusterSupport) (field.ErrorList, string) {
	problems := support.ValidateClusterSupport(&object.Spec)
	isHost := client.ObjectKeyFromObject(object) == hostIn(r.Namespace)
	if object.Spec.Cluster.Host != nil && !isHost {
		refused := field.Forbidden(field.NewPath("spec", "cluster", "host"), fmt.Sprintf(
			"only the object %s/%s may stand for the operator's own cluster; delete this one", r.Namespace, v1alpha1.HostName))
		return append(field.ErrorList{refused}, problems...), v1alpha1.ReasonHostNotAllowed
	}
	return problems, v1alpha1.ReasonInvalidSpec
}

// contact is the condition Reachable.
func contact(snapshot observe.Snapshot, old []metav1.Condition) support.Condition {
	switch {
	case snapshot.Err != nil:
		return support.Condition{Type: v1alpha1.ConditionReachable, Status: metav1.ConditionFalse,
			Reason: v1alpha1.ReasonUnreachable, Message: snapshot.Err.Error()}
	case snapshot.Complete:
		return support.Condition{Type: v1alpha1.ConditionReachable, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonConnected, Message: "the cluster answers"}
	}
	if before := meta.FindStatusCondition(old, v1alpha1.ConditionReachable); before != nil {
		return support.Condition{Type: before.Type, Status: before.Status, Reason: before.Reason, Message: before.Message}
	}
	return notContacted("the cluster was not contacted yet")
}

func notContacted(why string) support.Condition {
	return support.Condition{Type: v1alpha1.ConditionReachable, Status: metav1.ConditionUnknown,
		Reason: v1alpha1.ReasonNotContacted, Message: why}
}

// status is the whole status that the object ought to have.
func (g *gatheredCluster) status(object *v1alpha1.ClusterSupport, assessment support.Assessment, now time.Time) v1alpha1.ClusterSupportStatus {
	besides := append(support.Readiness(g.problems, g.reason), g.contact)
	if g.connecting {
		besides = append(besides, support.Condition{Type: v1alpha1.ConditionReconciling, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonConnecting, Message: "the first look at the cluster is under way"})
	}
	return assessment.Status(object, besides, now)
}
