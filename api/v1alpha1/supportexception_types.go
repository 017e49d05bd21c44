// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SupportExceptionSpec is a decision to run releases that the vendor does not support, until a day. It is the
// customer's, and stands beside the vendor's facts: no state, condition or exit code changes by it.
type SupportExceptionSpec struct {
	// product is the product whose releases are covered.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`

	// versions are those that are covered: a minor with all its patches as "1.6.x", one exact version as "1.6.3", or a
	// whole tag as "stable-1.17-2.5.0". Absent means all, those whose version is not known included.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +optional
	Versions []string `json:"versions,omitempty"`

	// clusterSelector chooses, by the labels of their ClusterSupport, the clusters on which they are covered. Absent
	// selects all clusters.
	// +optional
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector,omitempty"`

	// through is the last day that is covered, inclusive.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:Format=date
	// +required
	Through string `json:"through,omitempty"`

	// timeZone is the IANA zone in which that day ends, for example Europe/Berlin. Absent means Etc/UTC.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	TimeZone *string `json:"timeZone,omitempty"`

	// expiringSoonDays is how many calendar days before its end ExpiringSoon becomes True where something rests on the
	// exception, from 0 to 3650. Absent means 90.
	// +optional
	ExpiringSoonDays *int32 `json:"expiringSoonDays,omitempty"`

	// reference is where the decision is written down: a contract, a ticket, an address.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	Reference string `json:"reference,omitempty"`

	// reason is why it was made.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Reason string `json:"reason,omitempty"`
}

// SupportExceptionStatus is what the operator makes of the exception at the instant of its last evaluation.
type SupportExceptionStatus struct {
	// observedGeneration is the generation of the spec that this status describes; -1 before the first evaluation.
	// Absent: the same.
	// +optional
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Active and ExpiringSoon, and Stalled while it is True. Absent: the exception was not evaluated
	// yet.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// endTime is the first instant at which the exception covers nothing any more. Absent: the spec is not valid.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// coveredVersions lists the covered versions for the printed column. Absent: the spec is not valid.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	CoveredVersions string `json:"coveredVersions,omitempty"`

	// clusters is the number of clusters on which it covers a release at present; of several exceptions for one release the
	// one counts that ends last. Absent: not evaluated yet, or the spec
	// is not valid.
	// +optional
	Clusters *int32 `json:"clusters,omitempty"`
}

// SupportException is a decision to run releases that the vendor does not support, until a day.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:annotations="kustomize.toolkit.fluxcd.io/substitute=disabled"
// +kubebuilder:resource:scope=Cluster,shortName=sexc,categories=support
// +kubebuilder:printcolumn:name="Product",type=string,JSONPath=`.spec.product`
// +kubebuilder:printcolumn:name="Versions",type=string,JSONPath=`.status.coveredVersions`
// +kubebuilder:printcolumn:name="Through",type=string,JSONPath=`.spec.through`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Active",type=string,JSONPath=`.status.conditions[?(@.type=="Active")].status`
// +kubebuilder:printcolumn:name="Expiring",type=string,JSONPath=`.status.conditions[?(@.type=="ExpiringSoon")].status`
// +kubebuilder:printcolumn:name="Clusters",type=integer,JSONPath=`.status.clusters`
// +kubebuilder:printcolumn:name="Reference",type=string,JSONPath=`.spec.reference`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.spec.reason`
type SupportException struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the decision.
	// +required
	Spec SupportExceptionSpec `json:"spec,omitzero"`

	// status is what the operator makes of it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status SupportExceptionStatus `json:"status,omitzero"`
}

// SupportExceptionList is a list of SupportException objects.
//
// +kubebuilder:object:root=true
type SupportExceptionList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	// items are the exceptions.
	Items []SupportException `json:"items"`
}
