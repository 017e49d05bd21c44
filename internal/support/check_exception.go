// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// exceptionFor is the exception that covers the release at present, or else the one that did last. Of several that run, it
// is the one that ends last.
func (s *subject) exceptionFor() *Exception {
	var best *Exception
	for _, e := range s.set.exceptions {
		if e.covers(s) && (best == nil || e.end.After(best.end)) {
			best = e
		}
	}
	return best
}

// checkException: does an exception cover the release, and what when it ends? It comes after all other checks, because a
// release needs the exception only by what they state.
func checkException(s *subject, stated []statement) []statement {
	e := s.exceptionFor()
	if e == nil {
		return nil
	}
	finding := func(reason, predicate string) statement {
		// It is not the policy that says so.
		return statement{Finding: v1alpha1.Finding{
			Type: v1alpha1.FindingException, Reason: reason, Message: facts.Escaped(s.title() + " " + predicate),
		}}
	}
	isUnsupported := slices.ContainsFunc(stated, func(one statement) bool {
		return (one.Condition == v1alpha1.ConditionSupported || one.Condition == v1alpha1.ConditionCompatible) &&
			one.Status != metav1.ConditionTrue
	})
	endsFirst := !s.verdict.end.IsZero() && s.verdict.end.Before(e.end)
	switch {
	case !s.now.Before(e.end) && isUnsupported:
		ended := finding(v1alpha1.ReasonExceptionEnded, "was covered by "+e.sentence(s.now))
		ended.Condition, ended.Status = v1alpha1.ConditionExpiringSoon, metav1.ConditionFalse
		return []statement{ended}
	case !s.now.Before(e.end):
		return nil
	case !s.now.Before(e.warnsFrom()) && (isUnsupported || endsFirst):
		soon := finding(v1alpha1.ReasonExceptionEndsSoon, "rests on "+e.sentence(s.now))
		soon.Condition, soon.Status = v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue
		return []statement{soon}
	}
	return []statement{finding(v1alpha1.ReasonExceptionRunning, "is covered by "+e.sentence(s.now))}
}

// coveringException is the exception that covers the release now, for the status.
func (s *subject) coveringException() *v1alpha1.CoveringException {
	e := s.exceptionFor()
	if e == nil || !s.now.Before(e.end) {
		return nil
	}
	return &v1alpha1.CoveringException{Name: e.name, EndTime: &metav1.Time{Time: e.end}}
}
