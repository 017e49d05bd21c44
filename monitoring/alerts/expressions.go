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

// The labels that identify clusters and releases. A release is matched on all six: after its version or its policy changes,
// the window has both.
const (
	onCluster = "cluster_namespace, cluster_name"
	onRelease = onCluster + ", product, installation, version, policy"
)

// The names of the records, as level:metric:operation. They do not have the window, which is configurable.
const (
	stateRecord         = "release:supportpolicy_release_state:max"
	unsupportedRecord   = "release:supportpolicy_release_version_unsupported:max"
	vendorEnd           = "release:supportpolicy_release_support_end_timestamp_seconds:max"
	exceptionEnd        = "release:supportpolicy_release_exception_end_timestamp_seconds:max"
	effectiveEnd        = "release:supportpolicy_release_effective_end_timestamp_seconds:max"
	lastRecord          = "release:supportpolicy_release_last_in_window:max"
	prohibitedRecord    = "release:supportpolicy_release_prohibited_combination:max"
	experimentalRecord  = "release:supportpolicy_release_experimental_in_production:max"
	clusterProhibited   = "cluster:supportpolicy_cluster_prohibited_combination:max"
	clusterExperimental = "cluster:supportpolicy_cluster_experimental_in_production:max"
	reachable           = "cluster:supportpolicy_cluster_reachable:max"
	observed            = "cluster:supportpolicy_cluster_observed_timestamp_seconds:max"
	stalledRecord       = "policy:supportpolicy_policy_stalled:max"
	activeRecord        = "shard:supportpolicy_operator_active:max"
	shardsRecord        = "operator:supportpolicy_operator_shards:max"
)

// The states of releases and policies, as expressions over records.
const (
	// unsupported is about the version only. Experimental parts make a release Unsupported, too, and have an alert of their own.
	unsupported   = unsupportedRecord + " == 1"
	unknown       = stateRecord + `{state="Unknown"} == 1`
	notSupported  = stateRecord + `{state=~"Unsupported|Unknown"} == 1`
	last          = lastRecord + " == 1"
	prohibited    = prohibitedRecord + " == 1"
	experimental  = experimentalRecord + " == 1"
	stalled       = stalledRecord + " == 1"
	exceptionRuns = exceptionEnd + " > time()"
	// fewerShards holds without any series, too: an operator that is not scraped is absent.
	fewerShards = "(count(" + activeRecord + " == 1) or vector(0))\n< (" + shardsRecord + " or vector(1))"
)

// records returns the recording rules. The last one reads other records.
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
		t.record(clusterExperimental, onCluster, "supportpolicy_cluster_experimental_in_production"),
		t.record(reachable, onCluster, `supportpolicy_cluster_condition{condition="Reachable",status="True"}`),
		t.record(observed, onCluster, "supportpolicy_cluster_observed_timestamp_seconds"),
		t.record(stalledRecord, "policy", `supportpolicy_policy_condition{condition="Stalled",status="True"}`),
		t.record(activeRecord, "shard", "supportpolicy_operator_active"),
		t.record(shardsRecord, "", "supportpolicy_operator_shards"),
		{Record: effectiveEnd, Expr: intstr.FromString(effectiveEndExpr(t))},
	}
}

// record returns the rule that aggregates a metric over the window and all replicas.
func (t Timing) record(name, labels, metric string) monitoringv1.Rule {
	return monitoringv1.Rule{
		Record: name,
		Expr:   intstr.FromString(fmt.Sprintf("max by (%s) (\n  max_over_time(%s[%s])\n)", labels, metric, duration(t.Window))),
	}
}

// effectiveEndExpr is the end of support that counts for a release: the vendor's, or that of a running exception where the
// vendor's verdict is not Supported, the combination is prohibited, or the vendor's end comes before the exception's. A
// version that has been unsupported for as long as SupportEnded waits has no vendor's end any more.
//
// `or` keeps the left one of two series for one release.
func effectiveEndExpr(t Timing) string {
	outlasts := exceptionEnd + "\n  > on (" + onRelease + ")\n  " + vendorEnd
	covered := strings.Join([]string{notSupported, prohibited, outlasts}, "\nor\n")
	longUnsupported := fmt.Sprintf("min_over_time(%s[%s]) == 1", unsupportedRecord, duration(t.Settle+t.Window/2))
	return either(joinOn("and", onRelease, exceptionRuns, covered), unless(onRelease, vendorEnd, longUnsupported))
}

// endsWithin holds for releases whose support ends before the horizon, or has ended. The value is the time of the end.
func endsWithin(horizon time.Duration) string {
	return effectiveEnd + " < time() + " + seconds(horizon)
}

// exceptionEnded holds for releases that an exception covered until it ended, until the alert that it suppressed has waited.
// The value is the time of the end. The operator does not export an exception that has ended; where its end was moved, the
// earlier one counts.
func exceptionEnded(t Timing) string {
	ended := unless(onRelease, fmt.Sprintf("min_over_time(%s[%s]) <= time()", exceptionEnd, duration(t.Upgrade)), exceptionRuns)
	return joinOn("and", onRelease, ended, notSupported+"\nor\n"+prohibited)
}

// unless is the left expression without the series for which any other one holds.
func unless(labels, left string, others ...string) string {
	return joinOn("unless", labels, left, others...)
}

// joinOn joins expressions by a set operator on labels. Set operators allow many-to-many matches.
func joinOn(operator, labels, left string, others ...string) string {
	for _, other := range others {
		left += fmt.Sprintf("\n%s on (%s) %s", operator, labels, parens(other))
	}
	return left
}

// either holds where one of two expressions does; where both do, it has the value of the first.
func either(first, second string) string { return first + "\nor\n" + parens(second) }

func parens(text string) string { return "(\n  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n)" }

// seconds returns a duration as a number, which old servers need in an expression. It keeps days legible.
func seconds(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%d * 86400", d/day)
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}
