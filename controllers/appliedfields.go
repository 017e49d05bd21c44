// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// keepAppliedFields is a transform for the cache: of the managed fields it keeps those that the operator has applied. By
// these the operator knows which objects it has created, and which labels it has copied.
func keepAppliedFields(object any) (any, error) {
	if cluster, ok := object.(client.Object); ok {
		cluster.SetManagedFields(slices.DeleteFunc(cluster.GetManagedFields(), func(m metav1.ManagedFieldsEntry) bool {
			return !isApplied(m)
		}))
	}
	return object, nil
}

func isApplied(m metav1.ManagedFieldsEntry) bool {
	return m.Manager == Name && m.Operation == metav1.ManagedFieldsOperationApply && m.Subresource == ""
}

// appliedFields are the fields of an object that the operator has applied.
type appliedFields struct {
	// labels are the keys of the labels.
	labels sets.Set[string]
}

// appliedFieldsOf is nil for an object that the operator did not create.
func appliedFieldsOf(object *v1alpha1.ClusterSupport) (*appliedFields, error) {
	i := slices.IndexFunc(object.ManagedFields, isApplied)
	if i < 0 || object.ManagedFields[i].FieldsV1 == nil {
		return nil, nil //nolint:nilnil // there is nothing to tell, and that is no error
	}
	var fields fieldpath.Set
	if err := fields.FromJSON(bytes.NewReader(object.ManagedFields[i].FieldsV1.GetRawBytes())); err != nil {
		return nil, fmt.Errorf("read the managed fields of ClusterSupport %s: %w", client.ObjectKeyFromObject(object), err)
	}
	applied := &appliedFields{labels: sets.New[string]()}
	labels := fields.WithPrefix(fieldName("metadata")).WithPrefix(fieldName("labels"))
	labels.Members.Iterate(func(e fieldpath.PathElement) {
		if e.FieldName != nil {
			applied.labels.Insert(*e.FieldName)
		}
	})
	return applied, nil
}

func fieldName(name string) fieldpath.PathElement { return fieldpath.PathElement{FieldName: &name} }
