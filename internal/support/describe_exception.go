// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// describeException gives what the status of the exception says at an instant, given the clusters as they were assessed, and the
// next instant at which that changes by time alone; zero when none is known.
func (e *Exception) describeException(clusters []v1alpha1.ClusterSupport, now time.Time) (exceptionDescription, time.Time) {
	if len(e.problems) > 0 {
		return exceptionDescription{Conditions: []condition{
			{Type: v1alpha1.ConditionActive, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidException,
				Message: "the exception is invalid and covers nothing: " + facts.JoinProblems(e.problems)},
			{Type: v1alpha1.ConditionExpiringSoon, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonInvalidException,
				Message: "the exception is invalid and covers nothing"},
		}}, time.Time{}
	}
	covered := int32(0)
	for i := range clusters {
		if clusters[i].Status.DuplicateOf == "" && slices.ContainsFunc(clusters[i].Status.Releases, e.coversRelease) {
			covered++
		}
	}
	active := condition{Type: v1alpha1.ConditionActive, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonExceptionRunning,
		Message: "lasts through " + lastDay(e.end, e.zone)}
	soon := condition{Type: v1alpha1.ConditionExpiringSoon, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonEndNotNear, Message: active.Message}
	var next time.Time
	switch {
	case !now.Before(e.end):
		active.Status, active.Reason, active.Message = metav1.ConditionFalse, v1alpha1.ReasonExceptionEnded, "lasted through "+lastDay(e.end, e.zone)
		soon.Reason, soon.Message, covered = v1alpha1.ReasonExceptionEnded, active.Message, 0
	case !now.Before(e.warnsFrom()):
		soon.Status, soon.Reason = metav1.ConditionTrue, v1alpha1.ReasonExceptionEndsSoon
		next = e.end
	default:
		next = e.warnsFrom()
	}
	return exceptionDescription{
		Conditions: []condition{active, soon}, EndTime: &metav1.Time{Time: e.end}, CoveredVersions: e.coveredVersions(), Clusters: ptr.To(covered),
	}, next
}

func (e *Exception) coveredVersions() string {
	if len(e.texts) == 0 {
		return "all"
	}
	return facts.ListOf(e.texts, maxSupportedText)
}

func (e *Exception) coversRelease(r v1alpha1.InstalledRelease) bool {
	return r.Exception != nil && r.Exception.Name == e.name
}

// exceptionDescription is what the status of an exception says at one instant, apart from Ready.
type exceptionDescription struct {
	// Conditions are Active and ExpiringSoon.
	Conditions []condition
	EndTime    *metav1.Time
	// CoveredVersions are the covered versions, for the printed column.
	CoveredVersions string
	// Clusters is the number of clusters on which it covers a release.
	Clusters *int32
}
