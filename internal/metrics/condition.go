// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

var statuses = []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown}

// The conditions that are exported. One that is not there is exported all the same, so that the number of series is known
// and none comes and goes.
var (
	clusterConditions = []string{
		v1alpha1.ConditionReady, v1alpha1.ConditionReachable, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible,
		v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionUpgradeRecommended, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling,
	}
	policyConditions = []string{
		v1alpha1.ConditionReady, v1alpha1.ConditionSupported, v1alpha1.ConditionExpiringSoon, v1alpha1.ConditionStalled,
		v1alpha1.ConditionReconciling, v1alpha1.ConditionConflicting,
	}
	// presentWhileTrue are those whose absence says False. That of any other says that nothing is known yet.
	presentWhileTrue = []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling, v1alpha1.ConditionConflicting}
)

// statusOf is the status of a condition, whether it is there or not.
func statusOf(conditions []metav1.Condition, kind string) metav1.ConditionStatus {
	if found := meta.FindStatusCondition(conditions, kind); found != nil {
		return found.Status
	}
	if slices.Contains(presentWhileTrue, kind) {
		return metav1.ConditionFalse
	}
	return metav1.ConditionUnknown
}
