// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
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
	Conditions []Condition
}

// nextChange is the first of the instants after now at which an answer is no longer the same; zero when there is none.
// Where very many lie ahead, as only a policy does that is made to be slow, it stops and gives the last one that it tried:
// whoever is woken then asks again.
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

// The limits of a status. Facts beyond them are cut, which the conditions then cannot know; they are far above what one
// cluster holds.
const (
	maxInstallations = 64
	maxOtherEvidence = 8
	maxComponents    = 128
	maxInstalledText = 1024
	maxMessage       = 1024
)

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
func (g *clusterState) assess() clusterAssessment {
	assessment := clusterAssessment{
		ClusterID: g.clusterID, DuplicateOf: g.duplicateOf, Environment: g.environment, Manager: g.manager,
		KubernetesVersion: g.kubernetesVersion, Components: g.components, Nodes: g.nodes,
	}
	var statements []statement
	for _, s := range g.subjects {
		row, stated := s.assess()
		assessment.Releases = append(assessment.Releases, row)
		statements = append(statements, stated...)
		if end := row.SupportEndTime; end != nil && (assessment.SupportEndTime == nil || end.Before(assessment.SupportEndTime)) {
			assessment.SupportEndTime = end
		}
	}
	for _, check := range clusterChecks {
		for _, stated := range check(g.clusterSubject()) {
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
	}
	if !s.verdict.end.IsZero() {
		row.SupportEndTime = &metav1.Time{Time: s.verdict.end.UTC()}
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
		if stated.Condition == v1alpha1.ConditionSupported && stated.Status == metav1.ConditionFalse {
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

// weight puts what makes a release unsupported before everything else that is said about it.
func (s *statement) weight() int {
	if s.Condition == v1alpha1.ConditionSupported && s.Status == metav1.ConditionFalse {
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

// FactsOf reads back from a status what was observed when it was written: the status is the lossless record of it. What
// came from the spec is left out, since the spec still says it. Nil: the cluster was never contacted.
func FactsOf(status *v1alpha1.ClusterSupportStatus) *facts.Facts {
	if !contacted(status) {
		return nil
	}
	observed := &facts.Facts{
		ClusterID:         status.ClusterID,
		Manager:           status.Manager.DeepCopy(),
		KubernetesVersion: status.KubernetesVersion,
		Components:        slices.Clone(status.Components),
		Nodes:             status.Nodes.DeepCopy(),
	}
	for i := range status.Releases {
		row := &status.Releases[i]
		if row.Product == facts.Kubernetes {
			continue
		}
		evidence := slices.DeleteFunc(evidenceOf(row), func(e v1alpha1.Evidence) bool { return e.Object == facts.DeclaredInSpec })
		if len(evidence) > 0 {
			observed.Installations = append(observed.Installations,
				facts.Installation{Product: row.Product, Name: row.Name, Evidence: evidence})
		}
	}
	return observed
}

// evidenceOf puts the evidence of a row back into its order: what has no version and stands before the used piece was
// passed over, and order among the rest is kept.
func evidenceOf(row *v1alpha1.InstalledRelease) []v1alpha1.Evidence {
	all := slices.Clone(row.OtherEvidence)
	at := 0
	if row.Evidence.Version != "" {
		for at < len(all) && all[at].Version == "" {
			at++
		}
	}
	return slices.Insert(all, at, row.Evidence)
}

// HasFacts tells whether a status holds anything that was observed in the cluster. What was declared is not observed.
func HasFacts(status *v1alpha1.ClusterSupportStatus) bool {
	return status.KubernetesVersion != "" || status.ClusterID != "" || len(status.Components) > 0 || status.Nodes != nil ||
		slices.ContainsFunc(status.Releases, func(r v1alpha1.InstalledRelease) bool {
			return r.Product != facts.Kubernetes && slices.ContainsFunc(evidenceOf(&r), facts.IsFromCluster)
		})
}

// contacted tells whether anybody has looked into the cluster: by what was found, and where that is nothing by what the
// conditions say.
func contacted(status *v1alpha1.ClusterSupportStatus) bool {
	supported := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionSupported)
	if supported == nil || HasFacts(status) {
		return HasFacts(status)
	}
	return !slices.Contains([]string{
		v1alpha1.ReasonNotContacted, v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonClusterChanged,
	}, supported.Reason)
}
