// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// sink takes series.
type sink chan<- prometheus.Metric

func (s sink) operator(build version.Info, shard, shards int, active bool) {
	s.gauge(buildInfo, 1, build.Version, build.Commit, build.GoVersion)
	s.flag(operatorActive, active, strconv.Itoa(shard))
	s.gauge(operatorShards, float64(shards))
}

func (s sink) cluster(cluster *v1alpha1.ClusterSupport, answered time.Time) {
	labels := []string{cluster.Namespace, cluster.Name}
	s.conditions(clusterCondition, cluster.Status.Conditions, clusterConditions, labels...)
	if !answered.IsZero() {
		s.instant(clusterObserved, &metav1.Time{Time: answered}, labels...)
	}
	s.flag(clusterProhibited, slices.ContainsFunc(cluster.Status.Findings, isProhibited), labels...)
	s.flag(clusterExperimental, slices.ContainsFunc(cluster.Status.Findings, isExperimentalInProduction), labels...)
	releases := cluster.Status.Releases
	for i := range releases {
		if !isNamedBefore(releases, i) {
			s.release(&releases[i], labels)
		}
	}
}

// isNamedBefore tells whether an installation is there twice. The API server refuses that; a series that is there twice
// would fail the scrape, and with it all alerts.
func isNamedBefore(releases []v1alpha1.InstalledRelease, i int) bool {
	return slices.ContainsFunc(releases[:i], func(before v1alpha1.InstalledRelease) bool {
		return before.Product == releases[i].Product && before.Name == releases[i].Name
	})
}

func (s sink) release(release *v1alpha1.InstalledRelease, cluster []string) {
	labels := slices.Concat(cluster, []string{release.Product, release.Name, release.Version, release.Policy})
	s.gauge(releaseInfo, 1, labels...)
	for _, state := range []v1alpha1.State{v1alpha1.StateSupported, v1alpha1.StateUnsupported, v1alpha1.StateUnknown} {
		s.flag(releaseState, release.State == state, slices.Concat(labels, []string{string(state)})...)
	}
	s.flag(releaseVersionUnsupported, slices.ContainsFunc(release.Findings, isVersionUnsupported), labels...)
	s.instant(releaseSupportEnd, release.SupportEndTime, labels...)
	if release.Exception != nil {
		s.instant(releaseExceptionEnd, release.Exception.EndTime, labels...)
	}
	s.flag(releaseLastInWindow, slices.ContainsFunc(release.Findings, isLastInWindow), labels...)
	s.flag(releaseProhibited, slices.ContainsFunc(release.Findings, isProhibited), labels...)
	s.flag(releaseExperimental, slices.ContainsFunc(release.Findings, isExperimentalInProduction), labels...)
}

// isVersionUnsupported tells whether the vendor does not support the version of the release, whatever parts it has.
func isVersionUnsupported(f v1alpha1.Finding) bool {
	return f.Says(v1alpha1.ConditionSupported, metav1.ConditionFalse) && f.Type != v1alpha1.FindingExperimental
}

// isProhibited tells whether the release, or the cluster, must not run with what is there: another product, the version of
// Kubernetes, or the operating system of the nodes.
func isProhibited(f v1alpha1.Finding) bool {
	return f.Says(v1alpha1.ConditionCompatible, metav1.ConditionFalse)
}

func isLastInWindow(f v1alpha1.Finding) bool {
	return f.Condition == v1alpha1.ConditionSupported && f.Reason == v1alpha1.ReasonLastInWindow
}

func isExperimentalInProduction(f v1alpha1.Finding) bool {
	return f.Says(v1alpha1.ConditionSupported, metav1.ConditionFalse) && f.Type == v1alpha1.FindingExperimental
}

func (s sink) policy(policy *v1alpha1.SupportPolicy) {
	s.conditions(policyCondition, policy.Status.Conditions, policyConditions, policy.Name)
}

func (s sink) exception(exception *v1alpha1.SupportException) {
	s.instant(exceptionEnd, exception.Status.EndTime, exception.Name, exception.Spec.Product)
}

// conditions exports a series for each status of each condition, of which one is 1.
func (s sink) conditions(d *prometheus.Desc, conditions []metav1.Condition, kinds []string, labels ...string) {
	for _, kind := range kinds {
		now := statusOf(conditions, kind)
		for _, status := range statuses {
			s.flag(d, now == status, slices.Concat(labels, []string{kind, string(status)})...)
		}
	}
}

// instant exports nothing for an instant that is not known.
func (s sink) instant(d *prometheus.Desc, at *metav1.Time, labels ...string) {
	if at != nil {
		s.gauge(d, float64(at.Unix()), labels...)
	}
}

func (s sink) flag(d *prometheus.Desc, is bool, labels ...string) {
	value := 0.0
	if is {
		value = 1
	}
	s.gauge(d, value, labels...)
}

// gauge exports one series. One that cannot be is an error of the scrape.
func (s sink) gauge(d *prometheus.Desc, value float64, labels ...string) {
	metric, err := prometheus.NewConstMetric(d, prometheus.GaugeValue, value, labels...)
	if err != nil {
		metric = prometheus.NewInvalidMetric(d, err)
	}
	s <- metric
}
