// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
)

// Snapshot is what is known about a cluster at one instant.
type Snapshot struct {
	// Facts are what was found so far. While the cluster does not answer they are the last that were known.
	Facts facts.Facts
	// Complete tells that all that there is to look at was looked at once, or proved to be out of reach (403). Before,
	// what Facts does not have may still be there. It never becomes false again.
	Complete bool
	// Problem tells that the cluster does not answer, or not to everything; nil while all is well. A failure shorter than
	// Options.Patience is not told.
	Problem *facts.Problem
	// Fleet is what the cluster knows of others; nil without Options.Fleet.
	Fleet *detect.HubDescription
}

// Equal tells whether two snapshots say the same.
func (s Snapshot) Equal(other Snapshot) bool {
	return s.Complete == other.Complete && apiequality.Semantic.DeepEqual(s.Problem, other.Problem) &&
		apiequality.Semantic.DeepEqual(s.Facts, other.Facts) && apiequality.Semantic.DeepEqual(s.Fleet, other.Fleet)
}

func (s Snapshot) clone() Snapshot {
	s.Facts.Installations = slices.Clone(s.Facts.Installations)
	for i := range s.Facts.Installations {
		s.Facts.Installations[i].Evidence = slices.Clone(s.Facts.Installations[i].Evidence)
	}
	s.Facts.Components = slices.Clone(s.Facts.Components)
	s.Facts.Nodes = s.Facts.Nodes.DeepCopy()
	s.Fleet = s.Fleet.Clone()
	return s
}
