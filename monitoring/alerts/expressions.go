// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The labels that tell clusters and releases apart. A release is matched on all six: while its version or its policy
// changes, the old and the new one are both in the window.
const (
	onCluster = "cluster_namespace, cluster_name"
	onRelease = onCluster + ", product, installation, version, policy"
)

// The names of the records, as level:metric:operation. The window is not in them: it can be changed.
const (
	stateRecord        = "release:supportpolicy_release_state:max"
	unsupportedRecord  = "release:supportpolicy_release_version_unsupported:max"
	vendorEnd          = "release:supportpolicy_release_support_end_timestamp_seconds:max"
	exceptionEnd       = "release:supportpolicy_release_exception_end_timestamp_seconds:max"
	effectiveEnd       = "release:supportpolicy_release_effective_end_timestamp_seconds:max"
	lastRecord         = "release:supportpolicy_release_last_in_window:max"
	prohibitedRecord   = "release:supportpolicy_release_prohibited_combination:max"
	experimentalRecord = "release:supportpolicy_release_experimental_in_production:max"
	clusterProhibited  = "cluster:supportpolicy_cluster_prohibited_combination:max"
	clusterParts       = "cluster:supportpolicy_cluster_experimental_in_production:max"
	reachable          = "cluster:supportpolicy_cluster_reachable:max"
	observed           = "cluster:supportpolicy_cluster_observed_timestamp_seconds:max"
	stalledRecord      = "policy:supportpolicy_policy_stalled:max"
	activeRecord       = "shard:supportpolicy_operator_active:max"
	shardsRecord       = "operator:supportpolicy_operator_shards:max"
)

// What is said about a release or a policy, in terms of records.
const (
	// unsupported is what the version is. Experimental parts make a release Unsupported as well, which is an alert of its own.
	unsupported   = unsupportedRecord + " == 1"
	unknown       = stateRecord + `{state="Unknown"} == 1`
	notSupported  = stateRecord + `{state=~"Unsupported|Unknown"} == 1`
	last          = lastRecord + " == 1"
	prohibited    = prohibitedRecord + " == 1"
	experimental  = experimentalRecord + " == 1"
	stalled       = stalledRecord + " == 1"
	exceptionRuns = exceptionEnd + " > time()"
	// fewerShards holds also when there is no series at all: an operator that is not scraped is absent.
	fewerShards = "(count(" + activeRecord + " == 1) or vector(0))\n< (" + shardsRecord + " or vector(1))"
)

// records are the recording rules. The last one is of records itself.
func records(t Timing) []monitoringv1.Rule {
	return []monitoringv1.Rule{
		t.record(stateRecord, onRelease+", state", "supportpolicy_release_state"),
		t.record(unsupportedRecord, onRelease, "supportpolicy_release_version_unsupported"),
		t.record(vendorEnd, onRelease, "supportpolicy_release_support_end_timestamp_seconds"),
		t.record(exceptionEnd, onRelease, "supportpolicy_release_exception_end_timestamp_seconds"),
		t.record(lastRecord, onRelease, "supportpolicy_release_last_in_window"),
		t.record(prohibitedRecord, onRelease, "supportpolicy_release_prohibited_combination"),
		t.record(experimentalRecord, onRelease, "supportpolicy_release_experimental_in_production"),
		t.record(clusterProhibited, onCluster, "supportpolicy_cluster_prohibited_combination"),
		t.record(clusterParts, onCluster, "supportpolicy_cluster_experimental_in_production"),
		t.record(reachable, onCluster, `supportpolicy_cluster_condition{condition="Reachable",status="True"}`),
		t.record(observed, onCluster, "supportpolicy_cluster_observed_timestamp_seconds"),
		t.record(stalledRecord, "policy", `supportpolicy_policy_condition{condition="Stalled",status="True"}`),
		t.record(activeRecord, "shard", "supportpolicy_operator_active"),
		t.record(shardsRecord, "", "supportpolicy_operator_shards"),
		{Record: effectiveEnd, Expr: intstr.FromString(countedEnd(t))},
	}
}

// record is the recording rule that takes a metric over the window and over all replicas.
func (t Timing) record(name, labels, metric string) monitoringv1.Rule {
	return monitoringv1.Rule{
		Record: name,
		Expr:   intstr.FromString(fmt.Sprintf("max by (%s) (\n  max_over_time(%s[%s])\n)", labels, metric, duration(t.Window))),
	}
}

// countedEnd is the end that counts for a release. It is the vendor's, or that of the running exception where the release
// rests on one: because the vendor does not support it, does not allow it or does not tell, or will stop before the
// exception does. A version that is unsupported has no end before it any more, but that of an exception: once SupportEnded
// has waited, however the end came about.
//
// `or` keeps the left one of two series for one release.
func countedEnd(t Timing) string {
	outlasts := exceptionEnd + "\n  > on (" + onRelease + ")\n  " + vendorEnd
	rests := strings.Join([]string{notSupported, prohibited, outlasts}, "\nor\n")
	over := fmt.Sprintf("min_over_time(%s[%s]) == 1", unsupportedRecord, duration(t.Settle+t.Window/2))
	return either(matched("and", onRelease, exceptionRuns, rests), unless(onRelease, vendorEnd, over))
}

// endsWithin holds for what has less than the horizon before it; the value is the instant of the end. An end that has
// passed is within every horizon.
func endsWithin(horizon time.Duration) string {
	return effectiveEnd + " < time() + " + seconds(horizon)
}

// exceptionEnded holds for what has rested on an exception that has ended, until the alert that this kept at rest has waited.
// The value is the instant of the end. An exception is no longer exported when it has ended; where its end was moved, the
// first of both counts.
func exceptionEnded(t Timing) string {
	ended := unless(onRelease, fmt.Sprintf("min_over_time(%s[%s]) <= time()", exceptionEnd, duration(t.Upgrade)), exceptionRuns)
	return matched("and", onRelease, ended, notSupported+"\nor\n"+prohibited)
}

// unless is the left side without what any of the others holds for.
func unless(labels, left string, others ...string) string {
	return matched("unless", labels, left, others...)
}

// matched joins expressions with a set operator, which knows no many-to-many error.
func matched(operator, labels, left string, others ...string) string {
	for _, other := range others {
		left += fmt.Sprintf("\n%s on (%s) %s", operator, labels, parens(other))
	}
	return left
}

// either is what one of two expressions holds for; where both do, it has the value of the first.
func either(first, second string) string { return first + "\nor\n" + parens(second) }

func parens(text string) string { return "(\n  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n)" }

// seconds is a length of time as old servers read it in an expression: a number, with the days in sight.
func seconds(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%d * 86400", d/day)
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}
