// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func computed(kind string, status metav1.ConditionStatus) condition {
	return condition{Type: kind, Status: status, Reason: "Because", Message: "it is so"}
}

func stamped(kind string, status metav1.ConditionStatus, generation int64, since time.Time) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: "Because", Message: "it is so",
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(since),
	}
}

func TestStamp(t *testing.T) {
	before := time.Date(2021, 5, 4, 0, 0, 0, 0, time.UTC)
	now := time.Date(2021, 5, 5, 12, 30, 15, 999_999_999, time.UTC)
	second := now.Truncate(time.Second)
	old := []metav1.Condition{
		stamped(v1alpha1.ConditionReady, metav1.ConditionTrue, 6, before),
		stamped(v1alpha1.ConditionStalled, metav1.ConditionTrue, 6, before),
		stamped(v1alpha1.ConditionSupported, metav1.ConditionTrue, 6, before),
	}
	old[0].Reason, old[0].Message = "Another", "it was so"
	got := stampConditions([]condition{
		computed(v1alpha1.ConditionExpiringSoon, metav1.ConditionFalse),
		computed(v1alpha1.ConditionSupported, metav1.ConditionFalse),
		computed(v1alpha1.ConditionReady, metav1.ConditionTrue),
	}, old, 7, now)
	want := []metav1.Condition{
		// The same status: since before, although everything else is new.
		stamped(v1alpha1.ConditionReady, metav1.ConditionTrue, 7, before),
		// Another status, and one that was not there: since this second, which is what a status can hold.
		stamped(v1alpha1.ConditionSupported, metav1.ConditionFalse, 7, second),
		stamped(v1alpha1.ConditionExpiringSoon, metav1.ConditionFalse, 7, second),
	}
	expect.Equal(t, want, got, "the conditions differ")
	expect.Equal(t, got, stampConditions([]condition{
		computed(v1alpha1.ConditionSupported, metav1.ConditionFalse),
		computed(v1alpha1.ConditionReady, metav1.ConditionTrue),
		computed(v1alpha1.ConditionExpiringSoon, metav1.ConditionFalse),
	}, got, 7, now.Add(time.Hour)), "an hour later, in another order, they differ")
}

// A condition without a place would come before all others.
func TestOrder(t *testing.T) {
	all := []string{
		v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling, v1alpha1.ConditionConflicting,
		v1alpha1.ConditionReachable, v1alpha1.ConditionActive, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible,
		v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended,
	}
	if !slices.IsSortedFunc(all, func(a, b string) int { return conditionOrder(a) - conditionOrder(b) }) || conditionOrder(all[0]) != 0 {
		t.Error("the conditions are not in the order in which they are to be read")
	}
}

func TestReadiness(t *testing.T) {
	path := field.NewPath("spec", "timeZone")
	problems := field.ErrorList{field.Invalid(path, "Mars", "must be a zone"), field.Required(field.NewPath("spec", "product"), "")}
	got := readyConditions(problems, v1alpha1.ReasonInvalidPolicy)
	message := `spec.timeZone: Invalid value: "Mars": must be a zone; spec.product: Required value`
	want := []condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidPolicy, Message: message},
		{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonInvalidPolicy, Message: message},
	}
	expect.Equal(t, want, got, "with problems the conditions differ")
	got = readyConditions(nil, v1alpha1.ReasonInvalidPolicy)
	if len(got) != 1 || got[0].Type != v1alpha1.ConditionReady || got[0].Status != metav1.ConditionTrue || got[0].Reason != v1alpha1.ReasonEvaluated {
		t.Errorf("without problems the conditions are %+v", got)
	}
}
