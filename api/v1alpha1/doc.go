// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the kinds of support.d2iq.io/v1alpha1: SupportPolicy, a vendor's version support policy,
// ClusterSupport, what the policies say about one cluster, and SupportException, a decision to run for a time what the
// vendor does not support.
//
// The package is data only: the meaning of a policy is in internal/support, which works on these types. The schemas are
// written for API servers from Kubernetes 1.16 on, so they hold no x-kubernetes-validations and no numeric bounds; what
// a schema cannot refuse, internal/support's validator reports in the object's conditions.
//
// +kubebuilder:object:generate=true
// +groupName=support.d2iq.io
package v1alpha1
