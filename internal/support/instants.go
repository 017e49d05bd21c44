// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nextChange is the first of the instants after now at which an answer is no longer the same; zero when there is none.
// Where very many lie ahead, as only with a policy that is made to be slow, it stops and gives the last one that it tried:
// the caller then asks again at that instant.
func nextChange(instants []time.Time, now time.Time, same func(time.Time) bool) time.Time {
	ahead := instantsAfter(instants, now)
	for i, at := range ahead {
		if !same(at) || i == maxLookahead {
			return at
		}
	}
	return time.Time{}
}

// maxLookahead bounds how often one evaluation asks again. The days of the shipped policies are about a hundred.
const maxLookahead = 400

// instantsAfter are the instants that lie ahead.
func instantsAfter(instants []time.Time, now time.Time) []time.Time {
	first, found := slices.BinarySearchFunc(instants, now, time.Time.Compare)
	if found {
		first++
	}
	return instants[first:]
}

// sortedInstants sorts and drops doubles.
func sortedInstants(instants []time.Time) []time.Time {
	slices.SortFunc(instants, time.Time.Compare)
	return slices.CompactFunc(instants, time.Time.Equal)
}

// optionalTime is an instant as a status has it; nil where it is not known.
func optionalTime(end time.Time) *metav1.Time {
	if end.IsZero() {
		return nil
	}
	return &metav1.Time{Time: end.UTC()}
}

// earliest is the earlier of two instants, of which zero ones are unknown.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
