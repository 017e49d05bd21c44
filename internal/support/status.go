// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// PolicyStatus is the whole status that a policy of the set ought to have, given the clusters as they were assessed, and
// the next instant at which the stages in it change by time alone; zero when none is known.
func (s *Set) PolicyStatus(object *v1alpha1.SupportPolicy, clusters []v1alpha1.ClusterSupport, now time.Time) (
	v1alpha1.SupportPolicyStatus, time.Time,
) {
	description, next := s.describePolicy(object.Name, now)
	rollup := s.rollUpPolicy(object.Name, clusters)
	conditions := append(readyConditions(s.Problems(object.Name), v1alpha1.ReasonInvalidPolicy), rollup.Conditions...)
	status := v1alpha1.SupportPolicyStatus{
		ObservedGeneration: ptr.To(object.Generation),
		Conditions:         stampConditions(conditions, object.Status.Conditions, object.Generation, now),
		SupportedVersions:  description.SupportedVersions,
		Releases:           description.Releases,
		Summary:            &rollup.Summary,
		Clusters:           rollup.Clusters,
		ClustersOmitted:    rollup.Omitted,
		NextTransitionTime: optionalTime(next),
	}
	// The times of ends are still those of the clusters, which are others'.
	return *status.DeepCopy(), next
}

// Status is the whole status that an exception ought to have, given the clusters as they were assessed, and the next
// instant at which it changes by time alone; zero when none is known.
func (e *Exception) Status(object *v1alpha1.SupportException, clusters []v1alpha1.ClusterSupport, now time.Time) (
	v1alpha1.SupportExceptionStatus, time.Time,
) {
	description, next := e.describeException(clusters, now)
	conditions := append(readyConditions(e.problems, v1alpha1.ReasonInvalidException), description.Conditions...)
	return v1alpha1.SupportExceptionStatus{
		ObservedGeneration: ptr.To(object.Generation),
		Conditions:         stampConditions(conditions, object.Status.Conditions, object.Generation, now),
		EndTime:            description.EndTime,
		CoveredVersions:    description.CoveredVersions,
		Clusters:           description.Clusters,
	}, next
}

// readyConditions gives Ready, and Stalled where the spec has problems: the one place in which both are decided.
func readyConditions(problems field.ErrorList, reason string) []condition {
	if len(problems) == 0 {
		return []condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonEvaluated, Message: "the object is valid and was evaluated",
		}}
	}
	return stalledConditions(reason, facts.JoinProblems(problems))
}

// stalledConditions gives Ready and Stalled of an object that a user has to correct.
func stalledConditions(reason, message string) []condition {
	return []condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: message},
		{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason, Message: message},
	}
}

// stampConditions turns computed conditions into those of a status. The time of the last transition is kept where the status of a
// condition is the same as before. Conditions are ordered by type, and those that are not computed are gone.
func stampConditions(computed []condition, old []metav1.Condition, generation int64, now time.Time) []metav1.Condition {
	stamped := make([]metav1.Condition, 0, len(computed))
	for _, c := range computed {
		condition := metav1.Condition{
			Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message,
			ObservedGeneration: generation, LastTransitionTime: *timestamp(now),
		}
		if before := meta.FindStatusCondition(old, c.Type); before != nil && before.Status == c.Status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
		stamped = append(stamped, condition)
	}
	slices.SortFunc(stamped, func(a, b metav1.Condition) int { return conditionOrder(a.Type) - conditionOrder(b.Type) })
	return stamped
}

// conditionOrder is the order in which conditions are listed: first whether the object works, then what it says.
func conditionOrder(conditionType string) int {
	return slices.Index([]string{
		v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling, v1alpha1.ConditionConflicting,
		v1alpha1.ConditionReachable, v1alpha1.ConditionActive, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible,
		v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended,
	}, conditionType)
}

// timestamp is an instant as a status can hold it: in whole seconds, and not the zero time, which is written as null.
func timestamp(now time.Time) *metav1.Time {
	return ptr.To(metav1.NewTime(now.UTC()).Rfc3339Copy())
}
