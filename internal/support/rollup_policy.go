// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// maxPolicyClusters is how many clusters a policy's status names: it must not grow with the fleet.
const maxPolicyClusters = 100

// policyRollup is what a policy means for the clusters on which it decides.
type policyRollup struct {
	Summary  v1alpha1.PolicySummary
	Clusters []v1alpha1.PolicyCluster
	Omitted  int32
	// Conditions are Supported and ExpiringSoon, and Conflicting where it is True.
	Conditions []condition
}

// clusterRollup is one cluster on which a policy decides, by the worst of its releases.
type clusterRollup struct {
	v1alpha1.PolicyCluster

	product  string
	expiring bool
}

// rollUpPolicy counts the clusters on which a policy decides, from their assessments. A policy that conflicts with another
// one decides nothing there, but the cluster is counted as Unknown with both.
func (s *Set) rollUpPolicy(name string, clusters []v1alpha1.ClusterSupport) policyRollup {
	p := s.policy(name)
	if p == nil {
		return policyRollup{}
	}
	var rollups []clusterRollup
	conflicting := map[string]bool{}
	for i := range clusters {
		if clusters[i].Status.DuplicateOf != "" {
			continue
		}
		claims := s.claims(clusters[i].Labels, p.product)
		if !slices.Contains(claims, p) {
			continue
		}
		one, ok := worstRelease(&clusters[i], p.product)
		if !ok {
			continue
		}
		rollups = append(rollups, one)
		for _, other := range claims {
			if other != p {
				conflicting[other.name] = true
			}
		}
	}
	slices.SortFunc(rollups, worseFirst)
	result := rollUpClusters(rollups, conflicting)
	if problems := s.problems[name]; len(problems) > 0 {
		result.Conditions[0] = invalidCondition(v1alpha1.ConditionSupported, problems)
		result.Conditions[1] = invalidCondition(v1alpha1.ConditionExpiringSoon, problems)
	}
	return result
}

// invalidCondition is a condition of an invalid policy. It hides the number of clusters, on which the policy decides nothing.
func invalidCondition(conditionType string, problems field.ErrorList) condition {
	return condition{Type: conditionType, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonPolicyInvalid,
		Message: "the policy is invalid: " + facts.JoinProblems(problems)}
}

// worstRelease finds the worst release of a product on a cluster.
func worstRelease(cluster *v1alpha1.ClusterSupport, product string) (clusterRollup, bool) {
	var found []clusterRollup
	for i := range cluster.Status.Releases {
		r := &cluster.Status.Releases[i]
		if r.Product != product {
			continue
		}
		one := clusterRollup{product: product, PolicyCluster: v1alpha1.PolicyCluster{
			Namespace: cluster.Namespace, Name: cluster.Name, Version: r.Version, State: r.State, SupportEndTime: r.SupportEndTime,
		}}
		if len(r.Findings) > 0 {
			one.Reason = r.Findings[0].Reason
		}
		one.expiring = r.State == v1alpha1.StateSupported && slices.ContainsFunc(r.Findings, func(f v1alpha1.Finding) bool {
			return f.Type == v1alpha1.FindingLifecycle && f.Says(v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue)
		})
		found = append(found, one)
	}
	if len(found) == 0 {
		return clusterRollup{}, false
	}
	return slices.MinFunc(found, worseFirst), true
}

// worseFirst orders by how much a cluster needs attention, then by the end that comes first, then by name.
func worseFirst(a, b clusterRollup) int {
	return cmp.Or(
		cmp.Compare(a.rank(), b.rank()),
		compareEnds(a.SupportEndTime, b.SupportEndTime),
		strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Version, b.Version),
	)
}

func (s *clusterRollup) rank() int {
	switch {
	case s.State == v1alpha1.StateUnsupported:
		return 0
	case s.State == v1alpha1.StateUnknown:
		return 1
	case s.expiring:
		return 2
	}
	return 3
}

// compareEnds puts no end behind every end.
func compareEnds(a, b *metav1.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Time.Compare(b.Time)
}

// rollUpClusters counts clusters, which come in the order of worseFirst.
func rollUpClusters(rollups []clusterRollup, conflicting map[string]bool) policyRollup {
	var counts [4]int32
	result := policyRollup{}
	for i := range rollups {
		counts[rollups[i].rank()]++
		if i < maxPolicyClusters {
			result.Clusters = append(result.Clusters, rollups[i].PolicyCluster)
		} else {
			result.Omitted++
		}
	}
	unsupported, unknown, expiring := counts[0], counts[1], counts[2]
	all, supported := int32(len(rollups)), counts[2]+counts[3] //nolint:gosec // clusters do not come in billions
	result.Summary = v1alpha1.PolicySummary{
		Clusters: &all, Supported: &supported, ExpiringSoon: &expiring, Unsupported: &unsupported, Unknown: &unknown,
	}
	result.Conditions = []condition{supportedCondition(rollups, unsupported, unknown), expiringSoonCondition(rollups, unsupported, unknown, expiring)}
	if len(conflicting) > 0 {
		names := slices.Sorted(maps.Keys(conflicting))
		result.Conditions = append(result.Conditions, condition{
			Type: v1alpha1.ConditionConflicting, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonConflictingPolicies,
			Message: "has the same priority as " + facts.ListOf(names, 4) + " for the same product on the same cluster; give them" +
				" different priorities",
		})
	}
	return result
}

// noClustersCondition is a condition of a policy that decides on no cluster.
func noClustersCondition(conditionType string) condition {
	return condition{Type: conditionType, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNoClusters,
		Message: "the product is installed on no cluster that the policy selects"}
}

func supportedCondition(rollups []clusterRollup, unsupported, unknown int32) condition {
	c := condition{Type: v1alpha1.ConditionSupported}
	switch {
	case len(rollups) == 0:
		return noClustersCondition(c.Type)
	case unsupported > 0:
		c.Status, c.Reason = metav1.ConditionFalse, rollups[0].Reason
		c.Message = countOf(rollups, "not supported", rollups[:unsupported])
	case unknown > 0:
		c.Status, c.Reason = metav1.ConditionUnknown, rollups[0].Reason
		c.Message = countOf(rollups, "of unknown support", rollups[:unknown])
	default:
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonSupported
		c.Message = "all " + facts.Plural(len(rollups), "cluster is", "clusters are") + " supported"
		if len(rollups) == 1 {
			c.Message = "the one cluster is supported"
		}
	}
	return c
}

func expiringSoonCondition(rollups []clusterRollup, unsupported, unknown, expiring int32) condition {
	c := condition{Type: v1alpha1.ConditionExpiringSoon, Status: metav1.ConditionFalse}
	supported := rollups[unsupported+unknown:]
	announced := slices.ContainsFunc(supported, func(s clusterRollup) bool { return s.SupportEndTime != nil })
	switch {
	case len(rollups) == 0:
		return noClustersCondition(c.Type)
	case expiring > 0:
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon
		c.Message = countOf(rollups, "about to lose support", supported[:expiring])
	case unknown > 0:
		c.Status, c.Reason = metav1.ConditionUnknown, rollups[unsupported].Reason
		c.Message = countOf(rollups, "of unknown support", rollups[unsupported:unsupported+unknown])
	case len(supported) == 0:
		c.Reason, c.Message = v1alpha1.ReasonSupportEnded, "no cluster is supported, so nothing can expire"
	case announced:
		c.Reason, c.Message = v1alpha1.ReasonEndNotNear, "no announced end is near"
	default:
		c.Reason, c.Message = v1alpha1.ReasonEndNotAnnounced, "no end is announced"
	}
	return c
}

// countOf says how many clusters are so, and names the worst of them.
func countOf(all []clusterRollup, what string, named []clusterRollup) string {
	words := make([]string, 0, len(named))
	for i := range named {
		s := &named[i]
		text := s.Namespace + "/" + s.Name + " (" + strings.TrimSpace(facts.Printable(s.product)+" "+s.Version) + ", " + s.Reason
		// The end of a version is not why experimental parts are prohibited.
		if s.SupportEndTime != nil && s.Reason != v1alpha1.ReasonExperimentalInProduction {
			text += ", " + s.SupportEndTime.UTC().Format(time.RFC3339)
		}
		words = append(words, text+")")
	}
	verb := "are"
	if len(named) == 1 {
		verb = "is"
	}
	return fmt.Sprintf("%d of %s %s %s: %s", len(named), facts.Plural(len(all), "cluster", "clusters"), verb, what, facts.ListOf(words, maxStatements))
}
