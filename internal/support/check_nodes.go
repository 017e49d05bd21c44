// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// checkOperatingSystem: does the release support what the nodes run? The vendor's pages name tested kernels and never say
// that others are unsupported, so another kernel makes the answer Unknown, and so does a system that the policy has
// nowhere.
func checkOperatingSystem(s *subject) []statement {
	if s.minor == nil || s.version == nil || s.cluster.nodes == nil {
		return nil
	}
	if len(s.minor.systemsFor(s.version)) == 0 {
		return nil
	}
	state := func(status metav1.ConditionStatus, reason, predicate string) statement {
		return s.state(v1alpha1.ConditionCompatible, status, v1alpha1.FindingOperatingSystem, reason, predicate)
	}
	if s.cluster.nodes.Count == nil {
		return []statement{state(metav1.ConditionUnknown, v1alpha1.ReasonNodesUnknown,
			"supports certain operating systems only, and the cluster refuses to list its nodes; grant the operator list on nodes")}
	}
	var statements []statement
	if len(s.nodes.unsupported) > 0 {
		statements = append(statements, state(metav1.ConditionFalse, v1alpha1.ReasonUnsupportedOperatingSystem,
			"does not support what some nodes run: "+facts.ListOf(s.nodes.unsupported, maxNodesNamed)+"; replace these nodes"))
	}
	if len(s.nodes.untestedKernels) > 0 {
		statements = append(statements, state(metav1.ConditionUnknown, v1alpha1.ReasonKernelNotListed,
			"supports what some nodes run, but was tested with other kernels: "+facts.ListOf(s.nodes.untestedKernels, maxNodesNamed)+
				"; ask the vendor about these kernels"))
	}
	if len(s.nodes.unlisted) > 0 {
		statements = append(statements, state(metav1.ConditionUnknown, v1alpha1.ReasonOperatingSystemNotInPolicy,
			"cannot be compared with what some nodes run, which the policy lists nowhere: "+
				facts.ListOf(s.nodes.unlisted, maxNodesNamed)+"; ask the vendor, and bring the policy up to date"))
	}
	if omitted := s.cluster.nodes.Omitted; omitted != nil && *omitted > 0 {
		statements = append(statements, state(metav1.ConditionUnknown, v1alpha1.ReasonNodesUnknown, fmt.Sprintf(
			"cannot be compared with what %s: there are too many different ones to tell them apart",
			facts.Plural(int(*omitted), "more node runs", "more nodes run"))))
	}
	if len(statements) == 0 && *s.cluster.nodes.Count > 0 {
		statements = append(statements, state(metav1.ConditionTrue, v1alpha1.ReasonCompatible,
			"supports what "+facts.Plural(int(*s.cluster.nodes.Count), "node runs", "nodes run")))
	}
	return statements
}

// maxNodesNamed is how many kinds of nodes a finding names.
const maxNodesNamed = 4
