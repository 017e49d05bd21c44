package controllers

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// readiness gives Ready, and Stalled where the spec has problems: the one place in which both are decided.
func readiness(problems field.ErrorList, reason string) []support.Condition {
	if len(problems) == 0 {
		return []support.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue,
			Reason: v1alpha1.ReasonEvaluated, Message: "the object is valid and was evaluated",
		}}
	}
	what := support.Describe(problems)
	return []support.Condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: what},
		{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason, Message: what},
	}
}

// stamp turns computed conditions into those of a status. The time of the last transition is kept where the status of a
// condition is the same as before. Conditions are ordered by type, and those that are not computed are gone.
func stamp(computed []support.Condition, old []metav1.Condition, generation int64, now time.Time) []metav1.Condition {
	stamped := make([]metav1.Condition, 0, len(computed))
	for _, c := range computed {
		condition := metav1.Condition{
			Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message,
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now).Rfc3339Copy(),
		}
		if before := meta.FindStatusCondition(old, c.Type); before != nil && before.Status == c.Status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
		stamped = append(stamped, condition)
	}
	slices.SortFunc(stamped, func(a, b metav1.Condition) int { return order(a.Type) - order(b.Type) })
	return stamped
}

// order is the order in which conditions are listed: first whether the object works, then what it says.
func order(conditionType string) int {
	return slices.Index([]string{
		v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling, v1alpha1.ConditionConflicting,
		v1alpha1.ConditionReachable, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible,
		v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended,
	}, conditionType)
}
