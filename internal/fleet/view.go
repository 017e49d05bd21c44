// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"errors"

	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// View is what is known of one cluster. What it refers to is shared, and not to be changed.
type View struct {
	// Snapshot is that of its observer; the zero value before there is one. When the credentials are replaced or
	// withdrawn, what was known stays until new ones have shown everything.
	Snapshot observe.Snapshot
	// Problem is why the cluster is not observed at present, or not all of it; nil while all is well, and before the
	// first answer.
	Problem *Problem
}

// Problem is why a cluster is not observed. Nothing in it is in the cluster's own words.
type Problem struct {
	Reason Reason
	// Message says what is wrong and what to do.
	Message string
}

// equal compares content. The cause of an error is none: it differs each time, and the problem names its kind.
func (v View) equal(other View) bool {
	return v.Snapshot.Complete == other.Snapshot.Complete && isSameContact(v.Snapshot.Err, other.Snapshot.Err) &&
		apiequality.Semantic.DeepEqual(v.Snapshot.Facts, other.Snapshot.Facts) &&
		apiequality.Semantic.DeepEqual(v.Snapshot.Fleet, other.Snapshot.Fleet) &&
		apiequality.Semantic.DeepEqual(v.Problem, other.Problem)
}

func isSameContact(one, other *observe.ContactError) bool {
	if one == nil || other == nil {
		return one == other
	}
	return one.Reason == other.Reason && one.Object == other.Object
}

// problemOf is about a Refusal, or about what an observer says.
func problemOf(err error) *Problem {
	reason := ReasonOf(err)
	problem := &Problem{Reason: reason, Message: reason.Sentence()}
	var (
		refusal *Refusal
		contact *observe.ContactError
	)
	switch {
	case errors.As(err, &refusal):
		problem.Message = refusal.Error()
	case errors.As(err, &contact) && contact.Object != "" && reason == Failing:
		problem.Message = contact.Error()
	}
	return problem
}

func (v View) isUnauthorized() bool { return v.Problem != nil && v.Problem.Reason == Unauthorized }

// follow is what is known while an observer has taken over from earlier ones: what those have found, until it has seen
// everything, and what went wrong for them, until it has had an answer of its own.
func follow(before, now observe.Snapshot) observe.Snapshot {
	if now.Complete {
		return now
	}
	if now.Err == nil && now.Facts.KubernetesVersion == "" {
		now.Err = before.Err
	}
	if before.Complete {
		before.Err = now.Err
		return before
	}
	return now
}
