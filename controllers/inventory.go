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
	"k8s.io/apimachinery/pkg/util/sets"
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

// InventoryReconciler creates a ClusterSupport for the operator's own cluster and for each cluster that is described on it,
// and creates it again after it was deleted. It applies spec.cluster, the copied labels and the owner, and nothing else: the
// rest is the user's. It deletes none: the garbage collector does, when the description is deleted.
type InventoryReconciler struct {
	Client    client.Client
	Namespace string
	Host      *host
	// LabelPrefixes are the beginnings of the labels that are copied.
	LabelPrefixes []string
	// Changes wakes the descriptions that have changed on the hub.
	Changes *wakeSource[hub.ID]
}

// hostID is the request for the operator's own cluster.
var hostID = hub.ID{Kind: "host"}

// SetupWithManager reconciles a description at the start, when it changes, and when the spec or the labels of an object for
// it do. An object that only loses its owner wakes nothing: the garbage collector takes the owner away when the description
// is deleted with --cascade=orphan, and the object is to stay as it is.
func (r *InventoryReconciler) SetupWithManager(mgr manager.Manager) error {
	r.Changes.wake(hostID)
	return builder.TypedControllerManagedBy[hub.ID](mgr).Named("inventory").
		Watches(&v1alpha1.ClusterSupport{}, handler.TypedEnqueueRequestsFromMapFunc(r.affectedClusters), builder.WithPredicates(
			predicate.Or(predicate.GenerationChangedPredicate{}, predicate.LabelChangedPredicate{}))).
		WatchesRawSource(r.Changes).
		Complete(r)
}

// affectedClusters are the descriptions whose object may have to change after an object has changed: those to which it
// refers, and those whose object could have its name.
func (r *InventoryReconciler) affectedClusters(_ context.Context, object client.Object) []hub.ID {
	cluster, ok := object.(*v1alpha1.ClusterSupport)
	switch {
	case !ok:
		return nil
	case client.ObjectKeyFromObject(object) == hostKey(r.Namespace):
		return []hub.ID{hostID}
	}
	var ids []hub.ID
	for _, id := range descriptionIDs(cluster) {
		ids = append(ids, r.Host.state.Load().DescriptionsOf(id)...)
	}
	for kind, suffix := range nameSuffixes {
		ids = append(ids, hub.ID{Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName()})
		if name, ok := strings.CutSuffix(object.GetName(), suffix); ok {
			ids = append(ids, hub.ID{Kind: kind, Namespace: object.GetNamespace(), Name: name})
		}
	}
	return ids
}

// Reconcile creates the object for a description, or updates the ones that there are. It sends nothing for an object that is
// as it has to be, so that a restart writes nothing.
func (r *InventoryReconciler) Reconcile(ctx context.Context, id hub.ID) (reconcile.Result, error) {
	if id == hostID {
		return reconcile.Result{}, r.reconcileHost(ctx)
	}
	hubState := r.Host.state.Load()
	member, ok := hubState.Member(id)
	if !ok {
		return reconcile.Result{}, nil
	}
	objects, err := r.objectsFor(ctx, hubState.DescriptionsOf(id))
	if err != nil {
		return reconcile.Result{}, err
	}
	if len(objects) == 0 {
		return reconcile.Result{}, r.create(ctx, member)
	}
	for i := range objects {
		if err := r.updateObject(ctx, &objects[i], member); err != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{}, nil
}

// reconcileHost creates the object for the host. It never changes one that is there.
func (r *InventoryReconciler) reconcileHost(ctx context.Context) error {
	key := hostKey(r.Namespace)
	if exists, err := r.exists(ctx, key); exists || err != nil {
		return err
	}
	return r.apply(ctx, key, map[string]any{"spec": map[string]any{"cluster": map[string]any{"host": map[string]any{}}}})
}

// objectsFor are the objects that refer to any of the descriptions of a cluster.
func (r *InventoryReconciler) objectsFor(ctx context.Context, ids []hub.ID) ([]v1alpha1.ClusterSupport, error) {
	var objects []v1alpha1.ClusterSupport
	for _, id := range ids {
		found, err := listByIndex(ctx, r.Client, indexDescription, id.String())
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// create creates the object for a cluster that has none, under the name of the description or, where another cluster's
// object has that name, with a suffix.
func (r *InventoryReconciler) create(ctx context.Context, member hub.Member) error {
	for _, name := range []string{member.ID.Name, member.ID.Name + nameSuffixes[member.ID.Kind]} {
		key := types.NamespacedName{Namespace: member.ID.Namespace, Name: name}
		exists, err := r.exists(ctx, key)
		if err != nil {
			return err
		}
		if exists || key == hostKey(r.Namespace) {
			continue
		}
		err = r.applyDescription(ctx, key, member)
		if apierrors.IsInvalid(err) || apierrors.IsConflict(err) {
			// An object of that name for another cluster was just created. The cache is about to have it.
			r.Changes.wakeAfter(member.ID, time.Second)
			return nil
		}
		return err
	}
	return reconcile.TerminalError(fmt.Errorf(
		"there is no ClusterSupport for %s, and its names are taken by those of other clusters: delete one of them, or create one for it", member.ID))
}

// nameSuffixes are appended to names that are taken.
var nameSuffixes = map[hub.Kind]string{hub.KommanderCluster: "-kommander-cluster", hub.ClusterAPICluster: "-cluster-api"}

func (r *InventoryReconciler) exists(ctx context.Context, key types.NamespacedName) (bool, error) {
	var object v1alpha1.ClusterSupport
	err := r.Client.Get(ctx, key, &object)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("get ClusterSupport %s: %w", key, err)
	}
	return err == nil, nil
}

// updateObject applies the labels and the owner of a description to the object that the operator created for it. Objects
// that a user created are left alone.
func (r *InventoryReconciler) updateObject(ctx context.Context, object *v1alpha1.ClusterSupport, member hub.Member) error {
	applied, err := appliedFieldsOf(object)
	if err != nil {
		return err
	}
	id, _ := hub.IDOf(object.Namespace, &object.Spec.Cluster)
	if applied == nil || id != member.ID {
		return nil
	}
	copied := hub.CopiedLabels(member.Labels, r.LabelPrefixes)
	isOwned := slices.ContainsFunc(object.OwnerReferences, func(o metav1.OwnerReference) bool {
		return equality.Semantic.DeepEqual(o, member.Owner)
	})
	if isOwned && applied.labels.Equal(sets.KeySet(copied)) && containsLabels(object.Labels, copied) {
		return nil
	}
	return r.applyDescription(ctx, client.ObjectKeyFromObject(object), member)
}

// containsLabels tells whether an object has all wanted labels.
func containsLabels(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if got, ok := labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// applyDescription applies the reference to a description, its labels and its owner.
func (r *InventoryReconciler) applyDescription(ctx context.Context, key types.NamespacedName, member hub.Member) error {
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

// apply applies these fields of an object, and gives up any other that the operator has applied before.
func (r *InventoryReconciler) apply(ctx context.Context, key types.NamespacedName, content map[string]any) error {
	desired := &unstructured.Unstructured{Object: content}
	desired.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ClusterSupport"))
	desired.SetNamespace(key.Namespace)
	desired.SetName(key.Name)
	patch, err := desired.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write ClusterSupport %s: %w", key, err)
	}
	// The patch is one of the cached type, so that the next read waits for it. Otherwise the name would still seem to be free.
	object := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	err = r.Client.Patch(ctx, object, client.RawPatch(types.ApplyPatchType, patch), client.FieldOwner(Name), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply ClusterSupport %s: %w", key, err)
	}
	return nil
}
