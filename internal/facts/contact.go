// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Contact is how the contact with a cluster stands. The zero value says nothing: the cluster is being looked into for the
// first time since the operator started.
type Contact struct {
	// Obstacle is why the reference leads to no cluster; nil where it does.
	Obstacle *Obstacle
	// Problem is why the cluster is not observed at present, or not all of it; nil while all is well.
	Problem *Problem
	// Complete tells that all that there is to look at was looked at once.
	Complete bool
}

// Obstacle is why a reference leads to no cluster.
type Obstacle struct {
	// Status is that of the condition Reachable; empty where nothing is known yet, since the hub has not answered.
	Status metav1.ConditionStatus
	Reason string
	// Message says what is in the way and what to do.
	Message string
}

// Problem is why a cluster is not observed, or not all of it. No text in it comes from the cluster.
type Problem struct {
	// Reason is one of the reasons of the condition Reachable.
	Reason string
	// Message says what is wrong and what to do.
	Message string
}

// IsRefusal tells whether only another kubeconfig solves the problem. It is false for nil.
func (p *Problem) IsRefusal() bool {
	return p != nil && (p.Reason == v1alpha1.ReasonInsecureKubeconfig || p.Reason == v1alpha1.ReasonInvalidKubeconfig)
}
