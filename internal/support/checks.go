// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// checks are all questions that are asked about an installed release. The list is the policy page as a table: each
// check states what it found, and for which condition it counts.
var checks = []func(*subject) []statement{
	checkSupport,
	checkExpiry,
	checkOverduePlan,
	checkExperimental,
	checkRulesKnown,
	checkRequires,
	checkKubernetesRange,
	checkKubernetesPart,
	checkOperatingSystem,
	checkUpgrade,
	checkMixedRefs,
	checkConflict,
	checkBranch,
	checkDistribution,
	checkProgress,
	checkGenerations,
}

// followUpChecks are asked of a release after all others, and read what those have stated.
var followUpChecks = []func(*subject, []statement) []statement{
	checkException,
}

// clusterChecks are the questions that are about no single release. They are asked of a subject that stands for the
// cluster.
var clusterChecks = []func(*subject) []statement{
	checkOrphanedComponents,
	checkFederatedAddons,
	checkIgnoredDeclarations,
	checkAttachRange,
	checkDuplicate,
}

// statement is one answer: a finding, which may feed a condition of the cluster.
type statement struct {
	v1alpha1.Finding

	// silent statements feed their condition and are not listed: there is nothing in them that the others do not say.
	silent bool
}

// state makes a statement of a predicate, such as "is supported". An empty type: it feeds no condition.
func (s *subject) state(conditionType string, status metav1.ConditionStatus, kind v1alpha1.FindingType, reason, predicate string) statement {
	return statement{Finding: v1alpha1.Finding{
		Type: kind, Reason: reason, Message: s.sentence(predicate), Condition: conditionType, Status: status,
	}}
}

// silently makes a statement that is not listed among the findings.
func silently(s statement) statement {
	s.silent = true
	return s
}
