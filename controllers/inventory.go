// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/hub"
)

// +kubebuilder:rbac:groups=support.d2iq.io,resources=clustersupports,verbs=list;watch;create;patch

// Inventory creates a ClusterSupport for the operator's own cluster and for each cluster that is described on it, and again
// when somebody deletes it. It applies spec.cluster, the copied labels and the owner, and nothing else: the rest is the
// user's. It deletes none: the garbage collector does, when the description is gone.
type Inventory struct {
	Client    client.Client
	Namespace string
	Host      *host
	// LabelPrefixes are the beginnings of the labels that are copied.
	LabelPrefixes []string
	// Bell is rung for the clusters of which the hub knows something else than before.
	Bell *bell[hub.ID]
}

// theHost stands for the operator's own cluster among the requests.
var theHost = hub.ID{Kind: "host"}

// SetupWithManager looks at a cluster at the start, when its description changes, and when an object for it does. One
// that loses its owner is left alone for now: that is how the garbage collector lets it stay when the owner is deleted with
// --cascade=orphan.
func (r *Inventory) SetupWithManager(mgr manager.Manager) error {
	r.Bell.ring(theHost)
	return builder.TypedControllerManagedBy[hub.ID](mgr).Named("inventory").
		Watches(&v1alpha1.ClusterSupport{}, handler.TypedEnqueueRequestsFromMapFunc(r.describedBy), builder.WithPredicates(
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))).
		WatchesRawSource(r.Bell.Source()).
		Complete(r)
}

// describedBy are the clusters that may need another object once this one has changed: those that it refers to, and those
// whose object could have its name.
func (r *Inventory) describedBy(_ context.Context, object client.Object) []hub.ID {
	cluster, is := object.(*v1alpha1.ClusterSupport)
	switch {
	case !is:
		return nil
	case client.ObjectKeyFromObject(object) == hostIn(r.Namespace):
		return []hub.ID{theHost}
	}
	var ids []hub.ID
	for _, id := range describedIDs(cluster) {
		ids = append(ids, r.Host.hub.Load().DescriptionsOf(id)...)
	}
	for kind, suffix := range suffixes {
		ids = append(ids, hub.ID{Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName()})
		if name, is := strings.CutSuffix(object.GetName(), suffix); is {
			ids = append(ids, hub.ID{Kind: kind, Namespace: object.GetNamespace(), Name: name})
		}
	}
	return ids
}

// hostIn is the one object that stands for the cluster of an operator with this namespace.
func hostIn(namespace string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: v1alpha1.HostName}
}

// Reconcile makes sure that the object for a cluster is there. One that is as it ought to be is left alone, so that a
// restart causes no request that writes.
func (r *Inventory) Reconcile(ctx context.Context, id hub.ID) (reconcile.Result, error) {
	if id == theHost {
		return reconcile.Result{}, r.reconcileHost(ctx)
	}
	state := r.Host.hub.Load()
	member, is := state.Member(id)
	if !is {
		return reconcile.Result{}, nil
	}
	objects, err := r.referring(ctx, state.DescriptionsOf(id))
	if err != nil {
		return reconcile.Result{}, err
	}
	if len(objects) == 0 {
		return reconcile.Result{}, r.create(ctx, member)
	}
	for i := range objects {
		if err := r.follow(ctx, &objects[i], member); err != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{}, nil
}

// reconcileHost leaves an object for the host alone, whoever made it.
func (r *Inventory) reconcileHost(ctx context.Context) error {
	key := hostIn(r.Namespace)
	if taken, err := r.isTaken(ctx, key); taken || err != nil {
		return err
	}
	return r.apply(ctx, key, map[string]any{"spec": map[string]any{"cluster": map[string]any{"host": map[string]any{}}}})
}

// referring are the objects that refer to one of the descriptions of a cluster.
func (r *Inventory) referring(ctx context.Context, ids []hub.ID) ([]v1alpha1.ClusterSupport, error) {
	var objects []v1alpha1.ClusterSupport
	for _, id := range ids {
		found, err := indexed(ctx, r.Client, indexDescription, id.String())
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// create makes the object for a cluster that has none. It has the description's name, unless that is taken by the object of
// another cluster.
func (r *Inventory) create(ctx context.Context, member hub.Member) error {
	for _, name := range []string{member.ID.Name, member.ID.Name + suffixes[member.ID.Kind]} {
		key := types.NamespacedName{Namespace: member.ID.Namespace, Name: name}
		taken, err := r.isTaken(ctx, key)
		if err != nil {
			return err
		}
		if taken || key == hostIn(r.Namespace) {
			continue
		}
		err = r.applyMember(ctx, key, member)
		if apierrors.IsInvalid(err) || apierrors.IsConflict(err) {
			// Somebody has just made one of that name for another cluster. The cache is about to have it.
			r.Bell.ringAfter(member.ID, time.Second)
			return nil
		}
		return err
	}
	return reconcile.TerminalError(fmt.Errorf(
		"there is no ClusterSupport for %s, and its names are taken by those of other clusters: delete one of them, or create one for it", member.ID))
}

// suffixes are for names that are taken.
var suffixes = map[hub.Kind]string{hub.KommanderCluster: "-kommander-cluster", hub.ClusterAPICluster: "-cluster-api"}

func (r *Inventory) isTaken(ctx context.Context, key types.NamespacedName) (bool, error) {
	var object v1alpha1.ClusterSupport
	err := r.Client.Get(ctx, key, &object)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("get ClusterSupport %s: %w", key, err)
	}
	return err == nil, nil
}

// follow keeps the labels and the owner of an object up to date that the operator made, of the same description. Those that
// somebody else made are his.
func (r *Inventory) follow(ctx context.Context, object *v1alpha1.ClusterSupport, member hub.Member) error {
	own, err := ownFields(object)
	if err != nil {
		return err
	}
	refers, _ := hub.IDOf(object.Namespace, &object.Spec.Cluster)
	if own == nil || refers != member.ID {
		return nil
	}
	copied := hub.CopiedLabels(member.Labels, r.LabelPrefixes)
	isOwned := slices.ContainsFunc(object.OwnerReferences, func(o metav1.OwnerReference) bool {
		return equality.Semantic.DeepEqual(o, member.Owner)
	})
	if isOwned && own.labels.Equal(keysOf(copied)) && has(object.Labels, copied) {
		return nil
	}
	return r.applyMember(ctx, client.ObjectKeyFromObject(object), member)
}

// has tells whether all the wanted labels are there.
func has(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if got, is := labels[key]; !is || got != value {
			return false
		}
	}
	return true
}

func (r *Inventory) applyMember(ctx context.Context, key types.NamespacedName, member hub.Member) error {
	reference := member.ID.Reference()
	cluster, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&reference)
	if err != nil {
		return fmt.Errorf("write the reference to %s: %w", member.ID, err)
	}
	owner, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&member.Owner)
	if err != nil {
		return fmt.Errorf("write the owner of the object for %s: %w", member.ID, err)
	}
	labels := map[string]any{}
	for key, value := range maps.All(hub.CopiedLabels(member.Labels, r.LabelPrefixes)) {
		labels[key] = value
	}
	return r.apply(ctx, key, map[string]any{
		"metadata": map[string]any{"labels": labels, "ownerReferences": []any{owner}},
		"spec":     map[string]any{"cluster": cluster},
	})
}

// apply applies what is the operator's of an object.
func (r *Inventory) apply(ctx context.Context, key types.NamespacedName, content map[string]any) error {
	desired := &unstructured.Unstructured{Object: content}
	desired.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ClusterSupport"))
	desired.SetNamespace(key.Namespace)
	desired.SetName(key.Name)
	patch, err := desired.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write ClusterSupport %s: %w", key, err)
	}
	// As a patch of the type that is cached: what is read next must not lack it, or the name would seem to be free still.
	object := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	err = r.Client.Patch(ctx, object, client.RawPatch(types.ApplyPatchType, patch), client.FieldOwner(Name), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply ClusterSupport %s: %w", key, err)
	}
	return nil
}
