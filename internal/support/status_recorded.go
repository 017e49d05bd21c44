// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

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
		if text := notUnderstood(row); text != "" {
			if observed.NotUnderstood == nil {
				observed.NotUnderstood = map[facts.ReleaseKey]string{}
			}
			observed.NotUnderstood[facts.ReleaseKey{Product: row.Product, Name: row.Name}] = text
		}
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

// knownStates and knownSources are the values that this version knows. A newer one may have more.
var (
	knownStates  = []v1alpha1.State{v1alpha1.StateSupported, v1alpha1.StateUnsupported, v1alpha1.StateUnknown}
	knownSources = []v1alpha1.EvidenceSource{
		v1alpha1.SourceServerVersion, v1alpha1.SourceLabel, v1alpha1.SourceAnnotation, v1alpha1.SourceCustomResource,
		v1alpha1.SourceHelmRelease, v1alpha1.SourceInferred, v1alpha1.SourceDeclared, v1alpha1.SourceForbidden,
	}
)

// notUnderstood is what a row says that this version does not know; empty where it knows all. Of what is not understood nobody can
// say that it does not matter.
func notUnderstood(row *v1alpha1.InstalledRelease) string {
	if row.State != "" && !slices.Contains(knownStates, row.State) {
		return "the state " + facts.Quote(string(row.State))
	}
	for _, e := range evidenceOf(row) {
		if !slices.Contains(knownSources, e.Source) {
			return "evidence of the source " + facts.Quote(string(e.Source))
		}
	}
	return ""
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
// conditions say. A reason or a status that this version does not know may say anything: without a release it tells of no contact.
func contacted(status *v1alpha1.ClusterSupportStatus) bool {
	if HasFacts(status) {
		return true
	}
	supported := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionSupported)
	if supported == nil || slices.Contains([]string{
		v1alpha1.ReasonNotContacted, v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonClusterChanged,
	}, supported.Reason) {
		return false
	}
	return len(status.Releases) > 0 || supported.Reason == v1alpha1.ReasonNothingToCheck && supported.Status == metav1.ConditionTrue
}
