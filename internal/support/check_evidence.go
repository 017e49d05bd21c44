// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// evidenceStatement is a finding about the evidence. It feeds no condition.
func (s *subject) evidenceStatement(reason, predicate string) []statement {
	return []statement{s.state("", "", v1alpha1.FindingEvidence, reason, predicate)}
}

// checkMixedRefs: do all addons of the repository come from one release?
func checkMixedRefs(s *subject) []statement {
	if s.used.Version == "" {
		return nil
	}
	var mixed []string
	for _, other := range s.others {
		if s.isAnotherRef(other) {
			mixed = append(mixed, cmp.Or(other.Version, "addons without a ref"))
		}
	}
	if len(mixed) == 0 {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonMixedRefs, fmt.Sprintf("is mixed with %s; a release must be used as a whole: finish the upgrade",
		facts.ListOf(mixed, 4)))
}

// isAnotherRef tells whether evidence is the ref of other addons of the same repository, of which a release has one.
func (s *subject) isAnotherRef(other v1alpha1.Evidence) bool {
	fromAddons := s.used.Source == v1alpha1.SourceLabel || s.used.Source == v1alpha1.SourceAnnotation
	return s.product == facts.BasePlatformServices && fromAddons && other.Source == s.used.Source && other.Version != s.used.Version
}

// checkConflict: does all evidence agree on MAJOR.MINOR?
func checkConflict(s *subject) []statement {
	if s.used.Version == "" {
		return nil
	}
	var conflicting []string
	for _, other := range s.others {
		if !s.isAnotherRef(other) && other.Version != "" && other.Version != s.used.Version && !s.agreesWith(other.Version) {
			conflicting = append(conflicting, fmt.Sprintf("%s says %s (%s)", other.Object, other.Version, other.Source))
		}
	}
	if len(conflicting) == 0 {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonConflictingEvidence, fmt.Sprintf("is taken from %s (%s), although %s; find out which is true",
		s.used.Object, s.used.Source, facts.ListOf(conflicting, 3)))
}

// agreesWith tells whether another version agrees with the used one on MAJOR.MINOR; for tags, on their Kubernetes too.
func (s *subject) agreesWith(text string) bool {
	if s.tag != nil {
		other, err := judgeableTag(text)
		if err != nil || other.kubernetes != s.tag.kubernetes || (other.version == nil) != (s.tag.version == nil) {
			return false
		}
		return other.version == nil || facts.MinorOf(other.version) == facts.MinorOf(s.tag.version)
	}
	other, err := facts.ParseVersion(text)
	if err != nil || s.version == nil {
		return text == s.used.Version
	}
	return facts.MinorOf(other) == facts.MinorOf(s.version)
}

// checkBranch: were the addons installed from a branch? The installer takes it when no release is named.
func checkBranch(s *subject) []statement {
	if s.product != facts.BasePlatformServices || !isBranch(s.used.Version) {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonUnpinnedRef, "was installed from a branch, which is no release and moves with each commit;"+
		" set the configVersion of the addon repository to a release tag")
}

// isBranch tells whether a ref is neither a tag of a channel nor a version.
func isBranch(text string) bool {
	if _, err := facts.ParseVersion(text); err == nil {
		return false
	}
	return isForeignRef(text) && !facts.IsTag(text)
}

// checkDistribution: is it the vendor's own release?
func checkDistribution(s *subject) []statement {
	var foreign []string
	for _, e := range append([]v1alpha1.Evidence{s.used}, s.others...) {
		if e.Repository != "" && !slices.Contains(foreign, e.Repository) {
			foreign = append(foreign, e.Repository)
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonModifiedDistribution, "was installed from "+facts.ListOf(foreign, 3)+", which is not the vendor's"+
		" repository; the policy speaks about the vendor's own releases: go back to one")
}

// checkProgress: is the version the installed one, or only the requested one?
func checkProgress(s *subject) []statement {
	if s.used.Source != v1alpha1.SourceDeclared || facts.IsDeclared(s.used) {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonUpgradeInProgress, "is what "+s.used.Object+" asks for, and nothing confirms yet that it is"+
		" there; wait for the upgrade to end, or finish it")
}

// checkGenerations: are two generations of a product installed of which a cluster has one?
func checkGenerations(s *subject) []statement {
	if !facts.IsInstalledOnce(s.product) || s.version == nil {
		return nil
	}
	var others []string
	for _, other := range s.cluster.subjects {
		if other.product == s.product && other.version != nil && other.version.Major() != s.version.Major() {
			others = append(others, fmt.Sprintf("%s (%s)", other.used.Version, other.used.Object))
		}
	}
	if len(others) == 0 {
		return nil
	}
	return s.evidenceStatement(v1alpha1.ReasonMigrationInProgress, "is installed beside "+strings.Join(others, " and ")+
		": finish the migration, then remove the older one")
}
