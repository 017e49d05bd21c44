// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/fleet"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// sight is what is known about the cluster of an object, from wherever.
type sight struct {
	// facts are nil while no look at the cluster is complete: then what the status says was known still holds.
	facts *facts.Facts
	// contact is the condition Reachable; nil while there is no answer yet: then it is as it was.
	contact *support.Condition
	// isReferred tells that the reference leads to a kubeconfig, so that what was in the way before is no longer.
	isReferred bool
	// refusal is why the kubeconfig is not used; nil while it is.
	refusal *fleet.Problem
}

// look sees to it that the cluster of an object is observed, and tells what is known about it.
func (r *ClusterSupports) look(object *v1alpha1.ClusterSupport, policies *support.Set) sight {
	key := client.ObjectKeyFromObject(object)
	if object.Spec.Cluster.Host != nil {
		r.Host.find(policies, object.Labels)
		return seen(r.Host.observer.Snapshot(), nil)
	}
	target, obstacle := r.Host.hub.Load().Reach(object.Namespace, &object.Spec.Cluster)
	if obstacle != nil {
		if obstacle.Status == "" {
			return sight{}
		}
		// What is not to be looked into is not, whatever was looked into before.
		r.Fleet.Forget(key)
		return sight{contact: reachable(obstacle.Status, obstacle.Reason, obstacle.Message), isReferred: true}
	}
	r.Fleet.Connect(key, *target, policies.Detections(object.Labels))
	view := r.Fleet.View(key)
	return seen(view.Snapshot, view.Problem)
}

// answered is when the API server of an object's cluster last answered to this replica.
func (r *ClusterSupports) answered(object *v1alpha1.ClusterSupport) time.Time {
	key := client.ObjectKeyFromObject(object)
	if key == r.Host.key {
		return r.Host.observer.Answered()
	}
	return r.Fleet.Answered(key)
}

// seen reads what an observer has found, and what keeps it from more.
func seen(snapshot observe.Snapshot, problem *fleet.Problem) sight {
	s := sight{isReferred: true}
	if snapshot.Complete {
		s.facts = &snapshot.Facts
	}
	if problem == nil && snapshot.Err != nil {
		problem = &fleet.Problem{Reason: fleet.ReasonOf(snapshot.Err), Message: snapshot.Err.Error()}
	}
	switch {
	case problem != nil:
		s.contact = reachable(metav1.ConditionFalse, contactReason(problem.Reason), problem.Message)
		if isRefusal(problem.Reason) {
			s.refusal = problem
		}
	case snapshot.Complete:
		s.contact = reachable(metav1.ConditionTrue, v1alpha1.ReasonConnected, "the cluster answers")
	}
	return s
}

// isRefusal tells what only another kubeconfig mends.
func isRefusal(reason fleet.Reason) bool {
	return reason == fleet.InsecureKubeconfig || reason == fleet.InvalidKubeconfig
}

// contactReason is the reason of the condition Reachable; see those in package v1alpha1, which have the same names.
func contactReason(reason fleet.Reason) string {
	if reason == fleet.Unanswered {
		return v1alpha1.ReasonUnreachable
	}
	return string(reason)
}

func reachable(status metav1.ConditionStatus, reason, message string) *support.Condition {
	return &support.Condition{Type: v1alpha1.ConditionReachable, Status: status, Reason: reason, Message: message}
}

// outlived are the reasons of Reachable that are about what comes before a contact. Once there is one to be made, they say
// nothing any more.
var outlived = []string{
	v1alpha1.ReasonNotContacted, v1alpha1.ReasonNotJoined, v1alpha1.ReasonHubUnknown, v1alpha1.ReasonKommanderClusterMissing,
	v1alpha1.ReasonClusterAPIClusterMissing,
}

// reachable is the condition Reachable: what is known now, else what was known last, which a restart does not change.
func (s *sight) reachable(old []metav1.Condition) support.Condition {
	if s.contact != nil {
		return *s.contact
	}
	before := meta.FindStatusCondition(old, v1alpha1.ConditionReachable)
	if before == nil || s.isReferred && slices.Contains(outlived, before.Reason) {
		return *notContacted("the cluster was not contacted yet")
	}
	return support.Condition{Type: before.Type, Status: before.Status, Reason: before.Reason, Message: before.Message}
}

// refused is why the kubeconfig is not used: what is known now, else what was known last.
func (s *sight) refused(old []metav1.Condition) *fleet.Problem {
	stalled := meta.FindStatusCondition(old, v1alpha1.ConditionStalled)
	if s.contact != nil || stalled == nil || !isRefusal(fleet.Reason(stalled.Reason)) {
		return s.refusal
	}
	return &fleet.Problem{Reason: fleet.Reason(stalled.Reason), Message: stalled.Message}
}

func notContacted(why string) *support.Condition {
	return reachable(metav1.ConditionUnknown, v1alpha1.ReasonNotContacted, why)
}

// remarked adds to what Ready says of a valid object what is wrong beside it.
func remarked(conditions []support.Condition, remarks []string) []support.Condition {
	if len(remarks) > 0 && len(conditions) == 1 {
		conditions[0].Message += "; " + strings.Join(remarks[:min(len(remarks), maxRemarks)], "; ")
	}
	return conditions
}

// maxRemarks bounds what is said of annotations that cannot be read.
const maxRemarks = 4
