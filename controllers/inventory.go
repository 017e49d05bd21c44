package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=clustersupports,verbs=list;watch;create;patch

// Inventory creates the ClusterSupport for the operator's own cluster, and creates it again when somebody deletes it. It
// applies spec.cluster and nothing else: the rest of the spec is the user's.
type Inventory struct {
	Client    client.Client
	Namespace string
}

// SetupWithManager looks at the host's object once at the start and whenever it changes.
func (r *Inventory) SetupWithManager(mgr manager.Manager) error {
	host := hostIn(r.Namespace)
	isHost := predicate.NewPredicateFuncs(func(o client.Object) bool { return client.ObjectKeyFromObject(o) == host })
	atStart := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		queue.Add(reconcile.Request{NamespacedName: host})
		return nil
	})
	return ctrl.NewControllerManagedBy(mgr).Named("inventory").
		For(&v1alpha1.ClusterSupport{}, builder.WithPredicates(isHost, predicate.GenerationChangedPredicate{})).
		WatchesRawSource(atStart).
		Complete(r)
}

// hostIn is the one object that stands for the cluster of an operator with this namespace.
func hostIn(namespace string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: v1alpha1.HostName}
}

// Reconcile makes sure that the host's ClusterSupport is there. One that exists is left alone, whoever made it, so that a
// restart causes no request that writes.
func (r *Inventory) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var found v1alpha1.ClusterSupport
	err := r.Client.Get(ctx, request.NamespacedName, &found)
	if err == nil || !apierrors.IsNotFound(err) {
		return reconcile.Result{}, err
	}
	desired := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"cluster": map[string]any{"host": map[string]any{}}},
	}}
	desired.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ClusterSupport"))
	desired.SetNamespace(request.Namespace)
	desired.SetName(request.Name)
	err = r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(desired),
		client.FieldOwner(Name), client.ForceOwnership, client.DisableReadYourWritesConsistency)
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("apply ClusterSupport %s for the operator's own cluster: %w", request.NamespacedName, err)
	}
	return reconcile.Result{}, nil
}
