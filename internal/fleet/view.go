// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// View is what is known of one cluster. What it refers to is shared, and not to be changed.
type View struct {
	// Snapshot is that of its observer; the zero value before there is one. When the credentials are replaced or
	// withdrawn, what was known stays until new ones have shown everything.
	Snapshot observe.Snapshot
	// Problem is why the cluster is not observed at present, or not all of it; nil while all is well, and before the
	// first answer.
	Problem *facts.Problem
}

func (v View) equal(other View) bool {
	return v.Snapshot.Equal(other.Snapshot) && apiequality.Semantic.DeepEqual(v.Problem, other.Problem)
}

func (v View) isUnauthorized() bool {
	return v.Problem != nil && v.Problem.Reason == v1alpha1.ReasonUnauthorized
}

// merge is what is known while an observer has taken over from earlier ones: what those have found, until it has seen
// everything, and what went wrong for them, until it has had an answer of its own.
func merge(before, now observe.Snapshot) observe.Snapshot {
	if now.Complete {
		return now
	}
	if now.Problem == nil && now.Facts.KubernetesVersion == "" {
		now.Problem = before.Problem
	}
	if before.Complete {
		before.Problem = now.Problem
		return before
	}
	return now
}
