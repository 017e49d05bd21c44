// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// OlderDuplicate finds among others the oldest object that stands for the same cluster as object, whose namespace kube-system
// has the UID clusterID, and is older than it; empty when there is none. One for the operator's own cluster is older than all
// that lead there by a kubeconfig: the operator makes it again when it is deleted. Of two that were made in one second the one that
// comes first by namespace and name is the older.
func OlderDuplicate(object *v1alpha1.ClusterSupport, clusterID string, others []v1alpha1.ClusterSupport) string {
	oldest := object
	for i := range others {
		if clusterID != "" && others[i].Status.ClusterID == clusterID && byAge(&others[i], oldest) < 0 {
			oldest = &others[i]
		}
	}
	if oldest == object {
		return ""
	}
	return oldest.Namespace + "/" + oldest.Name
}

func byAge(a, b *v1alpha1.ClusterSupport) int {
	isRemote := func(c *v1alpha1.ClusterSupport) int {
		if c.Spec.Cluster.Host != nil {
			return 0
		}
		return 1
	}
	return cmp.Or(
		isRemote(a)-isRemote(b),
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name),
	)
}

// checkDuplicate: does an older object stand for the same cluster?
func checkDuplicate(s *subject) []statement {
	if s.cluster.duplicateOf == "" {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonDuplicateCluster, "is the one for which "+s.cluster.duplicateOf+
		" stands already (kube-system "+s.cluster.clusterID+"), and policies count it there only; delete one of the two objects")
}
