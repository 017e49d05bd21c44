// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// condition is a condition without its times and generation, which are the writer's.
type condition struct {
	Type            string
	Status          metav1.ConditionStatus
	Reason, Message string
}

// maxStatements is how many statements a condition's message names before it counts the rest.
const maxStatements = 3

// rollupRule says how statements become a condition.
type rollupRule struct {
	conditionType string
	// order of statuses: the first that any statement has is the condition's.
	order []metav1.ConditionStatus
	// reasons orders the statements of that status; the first gives the condition's reason. Reasons that are not listed
	// come first, in the order of the releases.
	reasons []string
	// none is the status when there are no statements.
	none metav1.ConditionStatus
}

var (
	worstFirst = []metav1.ConditionStatus{metav1.ConditionFalse, metav1.ConditionUnknown, metav1.ConditionTrue}
	alertFirst = []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionUnknown, metav1.ConditionFalse}
)

// rollupRules is the table of a cluster's conditions. The message of a condition is made by withStatus.
var rollupRules = []rollupRule{
	{conditionType: v1alpha1.ConditionSupported, order: worstFirst, none: metav1.ConditionTrue,
		reasons: []string{v1alpha1.ReasonLastInWindow, v1alpha1.ReasonSupported}},
	{conditionType: v1alpha1.ConditionCompatible, order: worstFirst, none: metav1.ConditionTrue},
	{conditionType: v1alpha1.ConditionExpiringSoon, order: alertFirst, none: metav1.ConditionFalse,
		reasons: []string{v1alpha1.ReasonExceptionEnded, v1alpha1.ReasonSupportEnded, v1alpha1.ReasonNotSupported, v1alpha1.ReasonEndNotNear, v1alpha1.ReasonEndNotAnnounced}},
	{conditionType: v1alpha1.ConditionUpgradeRecommended, order: alertFirst, none: metav1.ConditionFalse,
		reasons: []string{v1alpha1.ReasonSupportEnded, v1alpha1.ReasonWithdrawn, v1alpha1.ReasonNotSupported, v1alpha1.ReasonLastInWindow,
			v1alpha1.ReasonAvoid, v1alpha1.ReasonNewerPatch, v1alpha1.ReasonUpToDate}},
}

func rollUpStatements(statements []statement, releases []v1alpha1.InstalledRelease) []condition {
	conditions := make([]condition, 0, len(rollupRules))
	for _, r := range rollupRules {
		conditions = append(conditions, r.rollUp(statements, releases))
	}
	return conditions
}

func (r rollupRule) rollUp(statements []statement, releases []v1alpha1.InstalledRelease) condition {
	for _, status := range r.order {
		var of []statement
		for _, s := range statements {
			if s.Says(r.conditionType, status) {
				of = append(of, s)
			}
		}
		if len(of) > 0 {
			return r.withStatus(status, of, releases)
		}
	}
	nothing := "nothing is installed that a policy could speak about"
	if len(releases) > 0 {
		nothing = "no requirement is known for what is installed"
	}
	return condition{Type: r.conditionType, Status: r.none, Reason: v1alpha1.ReasonNothingToCheck, Message: nothing}
}

// withStatus makes a condition of the statements that have its status, which are at least one.
func (r rollupRule) withStatus(status metav1.ConditionStatus, statements []statement, releases []v1alpha1.InstalledRelease) condition {
	slices.SortStableFunc(statements, func(a, b statement) int {
		return slices.Index(r.reasons, a.Reason) - slices.Index(r.reasons, b.Reason)
	})
	c := condition{Type: r.conditionType, Status: status, Reason: statements[0].Reason}
	switch {
	case r.conditionType == v1alpha1.ConditionSupported && status == metav1.ConditionTrue:
		c.Reason, c.Message = v1alpha1.ReasonSupported, allSupported(releases)
	case r.conditionType == v1alpha1.ConditionCompatible && status == metav1.ConditionTrue:
		c.Message = fmt.Sprintf("all that was checked of the installed releases is allowed (%s)",
			facts.Plural(len(statements), "check", "checks"))
	case r.conditionType == v1alpha1.ConditionUpgradeRecommended && status == metav1.ConditionFalse:
		c.Message = "no installed release needs an upgrade"
	case c.Reason == v1alpha1.ReasonEndNotAnnounced || c.Reason == v1alpha1.ReasonEndNotNear:
		c.Message = announcedEnds(releases)
	case r.conditionType == v1alpha1.ConditionExpiringSoon && status == metav1.ConditionFalse:
		c.Message = joinMessages(withReason(statements, c.Reason))
	default:
		c.Message = joinMessages(statements)
	}
	if r.conditionType == v1alpha1.ConditionSupported && status != metav1.ConditionTrue {
		c.Message += exceptionsOf(releases)
	}
	return c
}

// exceptionsOf names what covers the releases beside what is wrong with them: an exception changes no status, and has to be
// seen where that is read.
func exceptionsOf(releases []v1alpha1.InstalledRelease) string {
	var covered []string
	for i := range releases {
		if e := releases[i].Exception; e != nil && releases[i].State != v1alpha1.StateSupported {
			covered = append(covered, fmt.Sprintf("%s until %s", e.Name, e.EndTime.UTC().Format(time.RFC3339)))
		}
	}
	if len(covered) == 0 {
		return ""
	}
	slices.Sort(covered)
	return "; exceptions: " + facts.ListOf(slices.Compact(covered), maxStatements)
}

// withReason keeps the statements that the reason is about: without an alert the others only distract.
func withReason(statements []statement, reason string) []statement {
	return slices.DeleteFunc(slices.Clone(statements), func(s statement) bool { return s.Reason != reason })
}

// joinMessages joins what is said; the same sentence is said once.
func joinMessages(statements []statement) string {
	var said []string
	for _, s := range statements {
		if !slices.Contains(said, s.Message) {
			said = append(said, s.Message)
		}
	}
	return facts.JoinSome(said, "; ", maxStatements)
}

// allSupported is the message of a cluster on which all is supported.
func allSupported(releases []v1alpha1.InstalledRelease) string {
	if len(releases) == 1 {
		return "the installed release is supported; " + announcedEnds(releases)
	}
	return fmt.Sprintf("all %d installed releases are supported; %s", len(releases), announcedEnds(releases))
}

// announcedEnds says what is known about the ends to come: the first one that has a day, what is last in its window, and the
// plans that are overdue.
func announcedEnds(releases []v1alpha1.InstalledRelease) string {
	var first *v1alpha1.InstalledRelease
	var last, overdue []string
	for i := range releases {
		r := &releases[i]
		if r.SupportEndTime != nil && (first == nil || r.SupportEndTime.Before(first.SupportEndTime)) {
			first = r
		}
		for _, f := range r.Findings {
			switch {
			case f.Reason == v1alpha1.ReasonPlannedReleaseOverdue:
				overdue = append(overdue, f.Message)
			case f.Reason == v1alpha1.ReasonLastInWindow && f.Condition == v1alpha1.ConditionSupported:
				last = append(last, facts.Printable(r.Product)+" "+r.Version)
			}
		}
	}
	text := "no end is announced"
	if first != nil {
		text = fmt.Sprintf("the first end is that of %s %s, at %s", facts.Printable(first.Product), first.Version,
			first.SupportEndTime.UTC().Format(time.RFC3339))
	} else if len(last) > 0 {
		text += "; last in the window: " + facts.ListOf(last, 4)
	}
	if len(overdue) > 0 {
		text += "; " + facts.JoinSome(overdue, "; ", 1)
	}
	return text
}
