// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// checkSupport: is the release supported?
func checkSupport(s *subject) []statement {
	status := metav1.ConditionUnknown
	switch s.verdict.state {
	case v1alpha1.StateSupported:
		status = metav1.ConditionTrue
	case v1alpha1.StateUnsupported:
		status = metav1.ConditionFalse
	case v1alpha1.StateUnknown:
	}
	return []statement{s.state(v1alpha1.ConditionSupported, status, s.verdict.finding, s.verdict.reason, s.verdict.message)}
}

// checkExpiry: is an announced end near?
func checkExpiry(s *subject) []statement {
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionExpiringSoon, status, v1alpha1.FindingLifecycle, reason, predicate)
	}
	end := s.verdict.end
	switch {
	case s.isProhibited():
		return []statement{silently(state(metav1.ConditionFalse, v1alpha1.ReasonNotSupported, "is not supported as it is"))}
	case s.verdict.state == v1alpha1.StateUnknown:
		return []statement{silently(state(metav1.ConditionUnknown, s.verdict.reason, s.verdict.message))}
	case s.verdict.state == v1alpha1.StateUnsupported:
		return []statement{silently(state(metav1.ConditionFalse, s.notExpiringReason(), s.verdict.message))}
	case end.IsZero():
		return []statement{silently(state(metav1.ConditionFalse, v1alpha1.ReasonEndNotAnnounced, s.verdict.message))}
	case s.now.Before(s.choice.policy.warnsFrom(end)):
		return []statement{silently(state(metav1.ConditionFalse, v1alpha1.ReasonEndNotNear, s.verdict.message))}
	}
	return []statement{state(metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon, s.verdict.message)}
}

// notExpiringReason tells an unsupported release that once was supported from one that never was.
func (s *subject) notExpiringReason() string {
	switch s.verdict.reason {
	case v1alpha1.ReasonSupportEnded, v1alpha1.ReasonWithdrawn:
		return v1alpha1.ReasonSupportEnded
	}
	return v1alpha1.ReasonNotSupported
}

// checkOverduePlan: did a planned day pass without being confirmed? Nothing ends by that.
func checkOverduePlan(s *subject) []statement {
	if len(s.verdict.overdue) == 0 {
		return nil
	}
	return []statement{s.state("", "", v1alpha1.FindingLifecycle, v1alpha1.ReasonPlannedReleaseOverdue, fmt.Sprintf(
		"may be about to lose its support: %s; give the generalAvailability in the policy, or move the"+
			" plannedGeneralAvailability", facts.ListOf(s.verdict.overdue, 3)))}
}
