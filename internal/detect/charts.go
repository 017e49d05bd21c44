// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The labels that Helm charts put on what they install.
const (
	labelChart    = "helm.sh/chart"
	labelInstance = "app.kubernetes.io/instance"
)

// maxLabelBytes is how long the value of a label can be. Charts cut theirs to fit.
const maxLabelBytes = 63

var chartVersion = regexp.MustCompile(`^v?[0-9]`)

// versionOfChart returns the version in a label <name>-<version>, in which + is written as _. The names of charts have
// dashes, too: prometheus-operator-9.3.1 is no prometheus. Of a label that may have been cut nobody knows what is
// missing, and the version is empty.
func versionOfChart(label, name string) (version string, is bool) {
	version, is = strings.CutPrefix(label, name+"-")
	if !is || !chartVersion.MatchString(version) {
		return "", false
	}
	if len(label) >= maxLabelBytes {
		return "", true
	}
	return coreVersion(strings.ReplaceAll(version, "_", "+")), true
}

// chartsBy are the installations of the charts that the rules name. What is labelled as the same instance in one
// namespace is one of them; its parts can be of different versions while it is upgraded, and the lowest one decides.
func (o Objects) chartsBy(rules []facts.DetectionRule) []sighting {
	var found []sighting
	for _, workload := range o.Workloads {
		version, is := workload.versionBy(rules)
		if !is {
			continue
		}
		name := cmp.Or(facts.Printable(workload.Instance), facts.DefaultInstallation)
		same := func(s sighting) bool { return s.namespace == workload.Namespace && s.name == name }
		i := slices.IndexFunc(found, same)
		if i < 0 {
			i = len(found)
			found = append(found, sighting{namespace: workload.Namespace, name: name})
		}
		piece := sign(v1alpha1.SourceLabel, workload.object(), version)
		known := func(e v1alpha1.Evidence) bool { return e.Version == piece.Version }
		if !slices.ContainsFunc(found[i].evidence, known) {
			found[i].evidence = append(found[i].evidence, piece)
		}
	}
	for _, s := range found {
		slices.SortStableFunc(s.evidence, lowestFirst)
	}
	return found
}

// versionBy is the version of the chart, of those that the rules name, that has installed the workload.
func (w Workload) versionBy(rules []facts.DetectionRule) (version string, is bool) {
	for _, rule := range rules {
		if rule.HelmChart == nil {
			continue
		}
		if version, is = versionOfChart(w.Chart, rule.HelmChart.Name); is {
			return version, true
		}
	}
	return "", false
}
