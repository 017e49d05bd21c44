// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// Products for which a rule names a Helm chart. The evidence is Label: the label helm.sh/chart of Deployments, StatefulSets
// and DaemonSets, whose value is <name>-<version>.

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The labels that Helm charts put on what they install.
const (
	labelChart    = "helm.sh/chart"
	labelInstance = "app.kubernetes.io/instance"
)

// maxLabelBytes is how long the value of a label can be. Charts cut theirs to fit.
const maxLabelBytes = 63

// versionStart tells a version from the rest of a chart's name.
var versionStart = regexp.MustCompile(`^v?[0-9]`)

// versionOfChart returns the version in a label <name>-<version>, in which + is written as _. The name of a chart can have
// dashes: prometheus-operator-9.3.1 is not of the chart prometheus. The version is empty where the label has the greatest
// length: its end may be missing.
func versionOfChart(label, name string) (version string, ok bool) {
	version, ok = strings.CutPrefix(label, name+"-")
	if !ok || !versionStart.MatchString(version) {
		return "", false
	}
	if len(label) >= maxLabelBytes {
		return "", true
	}
	return coreVersion(strings.ReplaceAll(version, "_", "+")), true
}

// matchCharts finds the workloads of the charts that the rules name. Those of one instance in one namespace are one match.
// During an upgrade they can have several versions; the lowest comes first.
func (in Input) matchCharts(rules []facts.DetectionRule) []ruleMatch {
	var matched []ruleMatch
	for _, workload := range in.Workloads {
		version, ok := workload.chartVersion(rules)
		if !ok {
			continue
		}
		name := cmp.Or(facts.Printable(workload.Instance), facts.DefaultInstallation)
		isSame := func(m ruleMatch) bool { return m.namespace == workload.Namespace && m.name == name }
		i := slices.IndexFunc(matched, isSame)
		if i < 0 {
			i = len(matched)
			matched = append(matched, ruleMatch{namespace: workload.Namespace, name: name})
		}
		piece := newEvidence(v1alpha1.SourceLabel, workload.object(), version)
		hasVersion := func(e v1alpha1.Evidence) bool { return e.Version == piece.Version }
		if !slices.ContainsFunc(matched[i].evidence, hasVersion) {
			matched[i].evidence = append(matched[i].evidence, piece)
		}
	}
	for _, match := range matched {
		slices.SortStableFunc(match.evidence, lowestFirst)
	}
	return matched
}

// chartVersion returns the version of the chart that installed the workload, if a rule names that chart.
func (w Workload) chartVersion(rules []facts.DetectionRule) (version string, ok bool) {
	for _, rule := range rules {
		if rule.HelmChart == nil {
			continue
		}
		if version, ok = versionOfChart(w.Chart, rule.HelmChart.Name); ok {
			return version, true
		}
	}
	return "", false
}
