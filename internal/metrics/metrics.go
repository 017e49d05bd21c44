// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import "github.com/prometheus/client_golang/prometheus"

// The labels, in the order in which the values are given.
var (
	clusterLabels = []string{"cluster_namespace", "cluster_name"}
	// Of a release, version and policy are empty where they are not known.
	releaseLabels = []string{"cluster_namespace", "cluster_name", "product", "installation", "version", "policy"}
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("supportpolicy_"+name, help, labels, nil)
}

// All metrics are gauges.
var (
	clusterCondition = desc("cluster_condition",
		"1 for the status that the condition of a cluster has, 0 for the other ones.",
		append(clusterLabels, "condition", "status")...)
	clusterObserved = desc("cluster_observed_timestamp_seconds",
		"When the API server of a cluster last answered, of the clusters that this replica observes.",
		clusterLabels...)
	clusterProhibited = desc("cluster_prohibited_combination",
		"1 while a cluster as a whole must not run with what is there, such as with the Kommander that manages it.",
		clusterLabels...)
	clusterExperimental = desc("cluster_experimental_in_production",
		"1 while a cluster that is declared to be a production cluster has experimental parts that belong to no release on it.",
		clusterLabels...)

	releaseInfo = desc("release_info",
		"1 for each release that is installed on a cluster.",
		releaseLabels...)
	releaseState = desc("release_state",
		"1 for the support state that a release has, 0 for the other ones.",
		append(releaseLabels, "state")...)
	releaseVersionUnsupported = desc("release_version_unsupported",
		"1 while the vendor does not support the version of a release, whatever parts it has.",
		releaseLabels...)
	releaseSupportEnd = desc("release_support_end_timestamp_seconds",
		"The first instant at which the vendor no longer supports a version, past or announced; absent when it is not known.",
		releaseLabels...)
	releaseExceptionEnd = desc("release_exception_end_timestamp_seconds",
		"The first instant at which no SupportException covers a release any more; absent when none covers it now.",
		releaseLabels...)
	releaseLastInWindow = desc("release_last_in_window",
		"1 while the next release of the product ends the support of a release, on a day that may be announced or not.",
		releaseLabels...)
	releaseProhibited = desc("release_prohibited_combination",
		"1 while a release must not run with what is there: another product, the version of Kubernetes, or the operating system.",
		releaseLabels...)
	releaseExperimental = desc("release_experimental_in_production",
		"1 while a release has experimental parts on a cluster that is declared to be a production cluster.",
		releaseLabels...)

	policyCondition = desc("policy_condition",
		"1 for the status that the condition of a policy has, 0 for the other ones.",
		"policy", "condition", "status")
	exceptionEnd = desc("exception_end_timestamp_seconds",
		"The first instant at which a SupportException covers nothing any more, past or to come; absent when it is not valid.",
		"exception", "product")

	buildInfo = desc("build_info",
		"1 for the version and the Git commit of this replica, and the version of Go that built it.",
		"version", "revision", "goversion")
	operatorActive = desc("operator_active",
		"1 while this replica does the work of its shard, 0 while it waits to.",
		"shard")
	operatorShards = desc("operator_shards",
		"The number of shards among which the clusters are divided.")
)

// all are the metrics that there are.
var all = []*prometheus.Desc{
	clusterCondition, clusterObserved, clusterProhibited, clusterExperimental,
	releaseInfo, releaseState, releaseVersionUnsupported, releaseSupportEnd, releaseExceptionEnd, releaseLastInWindow, releaseProhibited, releaseExperimental,
	policyCondition, exceptionEnd,
	buildInfo, operatorActive, operatorShards,
}
