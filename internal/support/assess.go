// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// clusterAssessment is all that the policies say about one cluster at one instant.
type clusterAssessment struct {
	ClusterID         string
	DuplicateOf       string
	Environment       v1alpha1.Environment
	Manager           *v1alpha1.ManagingKommander
	KubernetesVersion string
	InstalledVersions string
	SupportEndTime    *metav1.Time
	Releases          []v1alpha1.InstalledRelease
	Components        []v1alpha1.Component
	Nodes             *v1alpha1.NodesStatus
	// Findings are those about the cluster as a whole.
	Findings []v1alpha1.Finding
	// Conditions are Supported, Compatible, ExpiringSoon and UpgradeRecommended, in this order.
	Conditions []condition
}

// evaluate gives the assessment of a cluster at an instant, and the next instant at which it changes by time alone; zero
// when none is known.
func (s *Set) evaluate(cluster evaluationInput, now time.Time) (clusterAssessment, time.Time) {
	if cluster.Facts == nil {
		nothing := notEvaluated(v1alpha1.ReasonNotContacted, "the cluster was not contacted yet")
		nothing.Environment = cluster.Environment
		return nothing, time.Time{}
	}
	prepared := s.prepare(cluster)
	assessment := prepared.at(now).assess()
	return assessment, nextChange(s.changes, now, func(at time.Time) bool {
		return equality.Semantic.DeepEqual(assessment, prepared.at(at).assess())
	})
}

// assess runs the checks over the cluster, as it is at an instant.
func (c *clusterState) assess() clusterAssessment {
	assessment := clusterAssessment{
		ClusterID: c.clusterID, DuplicateOf: c.duplicateOf, Environment: c.environment, Manager: c.manager,
		KubernetesVersion: c.kubernetesVersion, Components: c.components, Nodes: c.nodes,
	}
	var statements []statement
	for _, s := range c.subjects {
		row, stated := s.assess()
		assessment.Releases = append(assessment.Releases, row)
		statements = append(statements, stated...)
		if end := row.SupportEndTime; end != nil && (assessment.SupportEndTime == nil || end.Before(assessment.SupportEndTime)) {
			assessment.SupportEndTime = end
		}
	}
	for _, check := range clusterChecks {
		for _, stated := range check(c.clusterSubject()) {
			stated.Message = facts.Truncate(stated.Message, maxMessage)
			statements = append(statements, stated)
			assessment.Findings = append(assessment.Findings, stated.Finding)
		}
	}
	assessment.InstalledVersions = installedVersions(assessment.Releases)
	assessment.Conditions = rollUpStatements(statements, assessment.Releases)
	return assessment
}

// assess runs the checks over one release.
func (s *subject) assess() (v1alpha1.InstalledRelease, []statement) {
	row := v1alpha1.InstalledRelease{
		Product: s.product, Name: s.name, Version: s.used.Version,
		Evidence: s.used, OtherEvidence: s.otherEvidence(),
		State: s.verdict.state, Policy: s.choice.name, UpgradeTo: s.upgradeTo(), Exception: s.coveringException(),
		SupportEndTime: optionalTime(s.verdict.end),
	}
	var statements []statement
	for _, check := range checks {
		statements = append(statements, check(s)...)
	}
	for _, check := range followUpChecks {
		statements = append(statements, check(s, statements)...)
	}
	slices.SortStableFunc(statements, func(a, b statement) int { return a.weight() - b.weight() })
	for i := range statements {
		stated := &statements[i]
		stated.Message = facts.Truncate(stated.Message, maxMessage)
		if !stated.silent {
			row.Findings = append(row.Findings, stated.Finding)
		}
		if stated.Says(v1alpha1.ConditionSupported, metav1.ConditionFalse) {
			row.State = v1alpha1.StateUnsupported
		}
	}
	if row.State == v1alpha1.StateSupported {
		row.Terms = s.choice.policy.terms
	}
	return row, statements
}

// otherEvidence is the evidence besides the used piece, as far as the status has room for it. What the spec says comes last: it
// is not lost with the status.
func (s *subject) otherEvidence() []v1alpha1.Evidence {
	fromSpec := func(e v1alpha1.Evidence) bool { return e.Object == facts.DeclaredInSpec }
	others := slices.DeleteFunc(slices.Clone(s.others), fromSpec)
	for _, other := range s.others {
		if fromSpec(other) {
			others = append(others, other)
		}
	}
	return others[:min(len(others), maxOtherEvidence)]
}

// weight orders statements: what makes a release unsupported comes first.
func (s *statement) weight() int {
	if s.Says(v1alpha1.ConditionSupported, metav1.ConditionFalse) {
		return 0
	}
	return 1
}

// installedVersions is the text of the printed column.
func installedVersions(releases []v1alpha1.InstalledRelease) string {
	words := make([]string, 0, len(releases))
	for i := range releases {
		r := &releases[i]
		version := r.Version
		if version == "" {
			version = "?"
		}
		words = append(words, facts.Printable(r.Product)+" "+version)
	}
	return facts.Truncate(facts.ListOf(words, 12), maxInstalledText)
}

// notEvaluated is the assessment of a cluster about which nothing can be said, and why.
func notEvaluated(reason, message string) clusterAssessment {
	var a clusterAssessment
	for _, r := range rollupRules {
		a.Conditions = append(a.Conditions, condition{Type: r.conditionType, Status: metav1.ConditionUnknown, Reason: reason, Message: message})
	}
	return a
}

// keptAssessment is notEvaluated for a cluster that has been observed: what was found stays on record, with all of it Unknown,
// so that a mistake in a spec loses no record of what is installed.
func keptAssessment(status *v1alpha1.ClusterSupportStatus, reason, message string) clusterAssessment {
	a := notEvaluated(reason, message)
	a.ClusterID, a.DuplicateOf, a.Environment, a.Manager = status.ClusterID, status.DuplicateOf, status.Environment, status.Manager
	a.KubernetesVersion, a.InstalledVersions = status.KubernetesVersion, status.InstalledVersions
	a.Components, a.Nodes = status.Components, status.Nodes
	for i := range status.Releases {
		r := &status.Releases[i]
		a.Releases = append(a.Releases, v1alpha1.InstalledRelease{
			Product: r.Product, Name: r.Name, Version: r.Version, Evidence: r.Evidence, OtherEvidence: r.OtherEvidence,
			State: v1alpha1.StateUnknown,
			Findings: []v1alpha1.Finding{{
				Type: v1alpha1.FindingLifecycle, Reason: reason, Message: facts.Truncate(message, maxMessage),
				Condition: v1alpha1.ConditionSupported, Status: metav1.ConditionUnknown,
			}},
		})
	}
	return a
}
