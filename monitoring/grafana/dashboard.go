// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package grafana generates the Grafana dashboard of the fleet.
//
//	dashboard.go  the panels, from top to bottom, with every query
//	model.go      the parts of Grafana's dashboard model that it uses
//
// dashboard.json is generated from it, since forty queries share their labels and their filters:
//
//	go test ./monitoring/grafana -update
//
// Replicas of the operator export the same series, so every query takes the maximum over them before it counts. No query has a
// range: of an upgraded release only the new version is shown, once each replica is scraped. None needs a recording rule. A
// number is 0 only where there are series and none matches; without series there is no number.
package grafana

import "fmt"

const (
	// uid is the part of the dashboard's address.
	uid = "support-policy"
	// runbooks is the address of the runbooks.
	runbooks = "https://github.com/d2iq-labs/support-policy-operator/tree/main/docs/runbooks"
	// schemaVersion is old: Grafana 8.3 reads 37 as it is, and later versions migrate it, custom.displayMode above all.
	schemaVersion = 37
)

// The labels that identify the series of one cluster or release across replicas.
const (
	clusterLabels = "cluster_namespace, cluster_name"
	releaseLabels = clusterLabels + ", product, installation, version, policy"
)

// The selectors of the variables.
const (
	ofCluster = `cluster_namespace=~"$namespace", cluster_name=~"$cluster"`
	ofRelease = ofCluster + `, product=~"$product"`
)

// condition returns a condition of the selected clusters: 0 where its status is good, 1 for Unknown, 2 where it is bad. Where
// replicas disagree, the worst counts.
func condition(kind, bad string) string {
	return fmt.Sprintf(`max by (%[1]s) (`+
		`supportpolicy_cluster_condition{condition="%[2]s", status="Unknown", %[4]s}`+
		` or 2 * supportpolicy_cluster_condition{condition="%[2]s", status="%[3]s", %[4]s})`, clusterLabels, kind, bad, ofCluster)
}

// clustersWith counts the selected clusters whose condition has a status: the sum of 0 and 1 is 0 where none has it, and absent
// where there is no series.
func clustersWith(kind, status string) string {
	return fmt.Sprintf(`sum(max by (%s) (supportpolicy_cluster_condition{condition="%s", status="%s", %s}))`,
		clusterLabels, kind, status, ofCluster)
}

// policyCondition returns 1 where the condition of a policy has a status.
func policyCondition(kind, status string) string {
	return fmt.Sprintf(`max by (policy) (supportpolicy_policy_condition{condition="%s", status="%s"})`, kind, status)
}

// ofReleases returns a metric of the selected releases, with a further filter.
func ofReleases(metric, filter string) string {
	return fmt.Sprintf(`max by (%s) (supportpolicy_release_%s{%s%s})`, releaseLabels, metric, filter, ofRelease)
}

// ofClusters returns a metric of the selected clusters as a whole.
func ofClusters(metric string) string {
	return fmt.Sprintf(`max by (%s) (supportpolicy_cluster_%s{%s})`, clusterLabels, metric, ofCluster)
}

// withLabel adds a label to an expression without one of that name.
func withLabel(label, value, expr string) string {
	return fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, expr, label, value)
}

// countOrZero returns 0 where an expression has no series but all has. Where all has none, so has it: an operator that is not
// scraped must not look like a fleet without problems.
func countOrZero(count, all string) string {
	return fmt.Sprintf("count(%s) or 0 * count(%s)", count, all)
}

var (
	clusters = fmt.Sprintf(`count by (%s) (supportpolicy_cluster_condition{%s})`, clusterLabels, ofCluster)
	answered = ofClusters("observed_timestamp_seconds")
	// lastAnswer is the time in milliseconds; 0 where there is none.
	lastAnswer = answered + " * 1000 or 0 * " + clusters
	// unobserved is the condition Reachable of the clusters that are not, or have not answered for a quarter of an hour, as in
	// the alerts: without a working replica the status does not change.
	reachable  = condition("Reachable", "False")
	unobserved = fmt.Sprintf(`%[1]s > 0 or (%[1]s unless %[2]s > time() - 900)`, reachable, answered)

	releases    = ofReleases("info", "")
	isUnknown   = ofReleases("state", `state="Unknown", `)
	unsupported = ofReleases("state", `state="Unsupported", `)
	vendorEnd   = ofReleases("support_end_timestamp_seconds", "")
	exception   = ofReleases("exception_end_timestamp_seconds", "")
	// state is 0 for Supported, 1 for Unknown and 2 for Unsupported.
	state = fmt.Sprintf(`max by (%[1]s) (supportpolicy_release_state{state="Unknown", %[2]s}`+
		` or 2 * supportpolicy_release_state{state="Unsupported", %[2]s})`, releaseLabels, ofRelease)
	// exceptionCounts holds for releases whose exception counts, as in the alerts: they are not Supported or prohibited, or the
	// vendor's end comes before the exception's.
	exceptionCounts = fmt.Sprintf("(%s > 0 or %s == 1 or %s > %s)", state, prohibited, exception, vendorEnd)
	// ends are the ends of support: of the exception that counts, or else of the vendor. An unsupported version has no vendor's
	// end any more.
	ends         = fmt.Sprintf("(%[1]s > time() and %[2]s or (%[3]s unless %[4]s == 1))", exception, exceptionCounts, vendorEnd, over)
	over         = ofReleases("version_unsupported", "")
	prohibited   = ofReleases("prohibited_combination", "")
	experimental = ofReleases("experimental_in_production", "")
	// violations is 1 for a prohibited combination, 2 for experimental parts and 3 for both, of releases and clusters as a whole.
	violations = fmt.Sprintf("%s + 2 * %s > 0 or %s", prohibited, experimental, withLabel("product", "as a whole", withLabel("version", "–",
		ofClusters("prohibited_combination")+" + 2 * "+ofClusters("experimental_in_production")+" > 0")))

	exceptions = `max by (exception, product) (supportpolicy_exception_end_timestamp_seconds{product=~"$product"})`
)

// The colours of good values, and of values that must be 0.
var (
	neutral = thresholds("text")
	good    = thresholds("green")
)

func greenBelowOne(but string) object { return thresholds("green", step{1, but}) }

// endsWithin counts the releases that end within so many days.
func endsWithin(days int, color string) panel {
	return stat(3, fmt.Sprintf("Ends in %d days", days),
		fmt.Sprintf("Releases whose support, or the exception on which they rest, ends within %d days from now. Cumulative: what ends"+
			" within 30 days is counted within 60, 90 and 180 too. Not counted: releases that are unsupported already and rest on no"+
			" exception, and ends that nobody has announced.", days),
		countOrZero(fmt.Sprintf("%s < time() + %d * 86400", ends, days), releases), greenBelowOne(color))
}

// The columns that identify a row.
var (
	clusterColumns = []label{
		{name: "cluster_namespace", title: "Namespace"},
		{name: "cluster_name", title: "Cluster", properties: list{property("links", list{object{
			"title": "Only this cluster",
			"url": "/d/" + uid + "?${datasource:queryparam}&var-namespace=${__data.fields.Namespace}&var-cluster=${__value.raw}" +
				"&${__url_time_range}",
		}})}},
	}
	releaseColumns = append(clusterColumns[:2:2],
		label{name: "product", title: "Product"}, label{name: "installation", title: "Installation"},
		label{name: "version", title: "Version", properties: list{property("noValue", "not known")}},
		label{name: "policy", title: "Policy", properties: list{property("noValue", "none")}})
)

// The statuses of conditions, in the order of the values of condition.
var (
	trueIsGood  = []valueText{{"True", "green"}, {"Unknown", "purple"}, {"False", "red"}}
	falseIsGood = []valueText{{"False", "green"}, {"Unknown", "purple"}, {"True", "orange"}}
)

// daysLeft returns the whole days until an instant.
func daysLeft(end string) string { return fmt.Sprintf("floor((%s - time()) / 86400)", end) }

// daysLeftColors returns the colours of the days that are left.
func daysLeftColors(past string) object {
	return thresholds(past, step{0, "red"}, step{30, "orange"}, step{90, "yellow"}, step{180, "green"})
}

func panels() []panel {
	return []panel{
		heading("State of clusters"),
		stat(4, "Clusters",
			"All clusters that the operator knows. A cluster that has two objects is counted once. The variable Product does not"+
				" choose clusters.",
			"count("+clusters+")", neutral),
		stat(4, "Clusters supported",
			"Clusters on which the vendor supports all that is installed: the condition Supported is True.",
			clustersWith("Supported", "True"), good),
		stat(4, "Clusters unsupported",
			"Clusters on which at least one release is not supported: the condition Supported is False. An exception does not change"+
				" that.",
			clustersWith("Supported", "False"), greenBelowOne("red")),
		stat(4, "Clusters unknown",
			"Clusters of which nobody can tell, for want of a version, of a policy or of contact: the condition Supported is"+
				" Unknown. Unknown is never taken for supported.",
			clustersWith("Supported", "Unknown"), greenBelowOne("purple")),
		stat(4, "Clusters unobserved",
			"Clusters that do not answer, were never reached, or have not answered for 15 minutes although nobody says so, such as when"+
				" no replica of the operator asks. What was last known of them is judged on as time passes. Which ones: the table Unobserved clusters.",
			countOrZero(unobserved, clusters), greenBelowOne("orange")),
		stat(4, "Clusters expiring soon",
			"Clusters on which something supported, or an exception, has an announced end within the days that its policy or"+
				" exception names: the condition ExpiringSoon is True.",
			clustersWith("ExpiringSoon", "True"), greenBelowOne("orange")),

		heading("State of releases and ends"),
		stat(3, "Releases", "Installed releases of the chosen products on the chosen clusters.", "count("+releases+")", neutral),
		stat(3, "Unsupported", "Releases that the vendor does not support, those under an exception included.",
			"sum("+unsupported+")", greenBelowOne("red")),
		stat(3, "Under exception",
			"Releases that a SupportException covers at present, whether they are supported or not.",
			countOrZero(exception, releases), thresholds("text", step{1, "blue"})),
		stat(3, "Unknown",
			"Releases of which the policies or the cluster do not tell whether they are supported. Which ones: the table Unknown"+
				" releases.",
			"sum("+isUnknown+")", greenBelowOne("purple")),
		endsWithin(30, "red"), endsWithin(60, "orange"), endsWithin(90, "yellow"), endsWithin(180, "blue"),

		table{
			title: "Timeline of ends",
			description: "What ends next, from the top: the bar is the time that is left, a full one is a year. Red is less than 30" +
				" days, orange less than 90, yellow less than 180. An end is that of the vendor's support, or of the exception on" +
				" which the release rests instead. Fewer than 0 days: the end has passed and the state is not Unsupported, so" +
				" the operator stands still. Releases without an announced end are not here. Days are UTC.",
			width: 24, height: 11, labels: releaseColumns[:5], hidden: []string{"policy"}, sort: []string{"Ends"},
			values: []value{
				{expr: ends + " * 1000", title: "Ends", properties: date("none")},
				{expr: daysLeft(ends), title: "Left", properties: bar(daysLeftColors("red"))},
			},
		}.panel(),
		table{
			title: "Fleet",
			description: "Every installed release: the worst state first, then the end that comes first. Support ends is the vendor's" +
				" day, past or announced. Next release: the next one ends the support, and no day needs to be announced for that." +
				" Combination prohibited: it must not run with another product, with this Kubernetes or on this operating system." +
				" Days are UTC.",
			width: 24, height: 13, labels: releaseColumns, sort: []string{"-State", "Support ends"},
			values: []value{
				{expr: state, title: "State", properties: coloured(110,
					valueText{"Supported", "green"}, valueText{"Unknown", "purple"}, valueText{"Unsupported", "red"})},
				{expr: vendorEnd + " * 1000 or 0 * " + releases, title: "Support ends", properties: date("not known")},
				{expr: ofReleases("last_in_window", ""), title: "Next release", properties: coloured(115,
					valueText{"–", "text"}, valueText{"ends it", "orange"})},
				{expr: exception + " * 1000 or 0 * " + releases, title: "Exception ends", properties: date("–")},
				{expr: prohibited, title: "Combination", properties: coloured(115,
					valueText{"–", "text"}, valueText{"prohibited", "red"})},
			},
		}.panel(),

		heading("What needs attention"),
		table{
			title: "Conditions of clusters",
			description: "The conditions of every cluster, unsupported ones first, as kubectl get clustersupport shows them. Click on" +
				" a cluster to see it alone. Last answer none: there was none since the" +
				" operator started.",
			width: 24, height: 9, labels: clusterColumns, sort: []string{"-Supported", "-Compatible", "-Expiring soon"},
			values: []value{
				{expr: condition("Supported", "False"), title: "Supported", properties: coloured(120, trueIsGood...)},
				{expr: condition("Compatible", "False"), title: "Compatible", properties: coloured(120, trueIsGood...)},
				{expr: condition("ExpiringSoon", "True"), title: "Expiring soon", properties: coloured(120, falseIsGood...)},
				{expr: condition("UpgradeRecommended", "True"), title: "Upgrade", properties: coloured(120, falseIsGood...)},
				{expr: condition("Ready", "False"), title: "Ready", properties: coloured(120, trueIsGood...)},
				{expr: reachable, title: "Reachable", properties: coloured(120, trueIsGood...)},
				{expr: lastAnswer, title: "Last answer", properties: date("none")},
			},
		}.panel(),
		table{
			title: "Unknown releases",
			description: "Releases of which nobody can tell whether they are supported. Without a version: declare it. Without a" +
				" policy: write one. With both: the policy is out of date or invalid; the finding in the ClusterSupport says which.",
			width: 12, height: 8, labels: releaseColumns, sort: []string{"Product", "Cluster"},
			values: []value{{expr: isUnknown + " == 1", title: "State", properties: coloured(100,
				valueText{"", "text"}, valueText{"Unknown", "purple"})}},
		}.panel(),
		table{
			title: "Unobserved clusters",
			description: "Clusters that do not answer, with the time of their last answer. None: there was none since the operator" +
				" started. No answer lately: the status still says True, and the last answer is 15 minutes old or unknown.",
			width: 12, height: 8, labels: clusterColumns, sort: []string{"-Reachable", "Last answer"},
			values: []value{
				{expr: unobserved, title: "Reachable", properties: coloured(150,
					valueText{"no answer lately", "orange"}, valueText{"Unknown", "purple"}, valueText{"False", "red"})},
				{expr: fmt.Sprintf("(%s) and (%s)", lastAnswer, unobserved), title: "Last answer", properties: date("none")},
			},
		}.panel(),
		table{
			title: "Prohibited and experimental",
			description: "Releases that must not run with what is there (another product, this Kubernetes, this operating system), and" +
				" those with experimental parts on a cluster that is declared to be a production cluster. \"As a whole\": it is" +
				" about no single release.",
			width: 12, height: 8, labels: releaseColumns[:5], hidden: []string{"policy"}, sort: []string{"Cluster", "Product"},
			values: []value{
				{expr: violations, title: "Prohibited", properties: coloured(190,
					valueText{"nothing", "text"}, valueText{"combination", "red"}, valueText{"experimental in production", "red"}, valueText{"both", "red"})},
			},
		}.panel(),
		table{
			title: "Exceptions",
			description: "SupportExceptions and the first instant at which they cover nothing any more. Grey: ended. One with an error in" +
				" its spec has no end and is not here. Days are UTC.",
			width: 12, height: 8, sort: []string{"Ends"},
			labels: []label{{name: "exception", title: "Exception"}, {name: "product", title: "Product"}},
			values: []value{
				{expr: exceptions + " * 1000", title: "Ends", properties: date("none")},
				{expr: daysLeft(exceptions), title: "Left", properties: bar(daysLeftColors("text"))},
			},
		}.panel(),

		heading("History, policies and operator"),
		history(),
		table{
			title: "Policies",
			description: "Policies, stalled ones first. A stalled policy has an error in its spec and decides nothing: what depends on" +
				" it is Unknown. So it is where two policies of the same priority conflict. The variables do not choose policies.",
			width: 12, height: 8, labels: []label{{name: "policy", title: "Policy"}}, sort: []string{"-Stalled", "-Conflicting", "Policy"},
			values: []value{
				{expr: policyCondition("Stalled", "True"), title: "Stalled", properties: coloured(110, valueText{"–", "text"}, valueText{"stalled", "red"})},
				{expr: policyCondition("Conflicting", "True"), title: "Conflicting", properties: coloured(110,
					valueText{"–", "text"}, valueText{"conflicting", "red"})},
				{expr: policyCondition("Ready", "True"), title: "Ready", properties: coloured(110, valueText{"not ready", "red"}, valueText{"ready", "green"})},
			},
		}.panel(),
		replicas(),
		fillRow(stat(6, "Shards without a replica",
			"Shards for which no replica does the work. Their clusters are not observed, and with shard 0 no policy is evaluated.",
			"max(supportpolicy_operator_shards) - (count(max by (shard) (supportpolicy_operator_active) == 1)"+
				" or 0 * max(supportpolicy_operator_shards))", greenBelowOne("red"))),
	}
}

// history returns the panel over the time range of the dashboard.
func history() panel {
	colour := func(name, color string, more ...any) object {
		return object{"matcher": object{"id": "byName", "options": name},
			"properties": append(list{property("color", object{"mode": "fixed", "fixedColor": color})}, more...)}
	}
	return panel{
		kind: "timeseries", title: "Releases by state over time", width: 24, height: 9,
		description: "How many releases were in each state. Supported has the axis on the right: a few that are not supported would not" +
			" be seen below thousands that are.",
		queries: []query{{
			expr:   fmt.Sprintf(`sum by (state) (max by (%s, state) (supportpolicy_release_state{%s}))`, releaseLabels, ofRelease),
			format: "time_series", legend: "{{state}}", isRange: true,
		}},
		options: object{
			"legend":  object{"calcs": list{}, "displayMode": "list", "placement": "bottom", "showLegend": true},
			"tooltip": object{"mode": "multi", "sort": "none"},
		},
		defaults: object{
			"min": 0, "decimals": 0, "color": object{"mode": "palette-classic"},
			"custom": object{
				"drawStyle": "line", "lineInterpolation": "stepAfter", "lineWidth": 2, "fillOpacity": 0, "showPoints": "never", "spanNulls": false,
			},
		},
		overrides: list{
			colour("Supported", "green", property("custom.axisPlacement", "right")),
			colour("Unknown", "purple"), colour("Unsupported", "red"),
		},
	}
}

// replicas returns the panel with the working replicas of each shard.
func replicas() panel {
	p := stat(6, "Active replicas",
		"Replicas that do the work, for each shard: one. The others wait to take over, and export the same series but for the times of"+
			" answers. 0: nobody works, and what is shown is what was last known. More than 1: none has given up its lease yet, or the"+
			" operator runs without leader election.",
		"sum by (shard) (supportpolicy_operator_active)", thresholds("red", step{1, "green"}, step{2, "orange"}))
	p.queries[0].legend = "shard {{shard}}"
	return fillRow(p)
}

// fillRow makes a panel as high as the table beside it.
func fillRow(p panel) panel {
	p.height = 8
	return p
}

// variable returns a variable with the values of a label of a metric. All includes values that Grafana does not know yet.
func variable(name, title, metric, label string) object {
	// label_values is a function of Grafana, not of Prometheus.
	expr := fmt.Sprintf("label_values(%s, %s)", metric, label)
	return object{
		"type": "query", "name": name, "label": title, "datasource": source,
		"query": object{"query": expr, "refId": "Variable-" + name},
		"multi": true, "includeAll": true, "allValue": ".*",
		"current": object{"selected": true, "text": list{"All"}, "value": list{"$__all"}},
		"options": list{}, "regex": "", "hide": 0, "skipUrlSync": false,
		"refresh": 2, // when the time range changes
		"sort":    1, // by the alphabet
	}
}

// dashboard returns the dashboard.
func dashboard() object {
	return object{
		"uid": uid, "title": "Support policy", "tags": list{"support-policy", "kubernetes"}, "schemaVersion": schemaVersion,
		"description": "Which installed releases the vendor supports, until when, and what nobody can tell. Made by" +
			" support-policy-operator.",
		"annotations": object{"list": list{}}, "editable": true, "graphTooltip": 0, "fiscalYearStartMonth": 0, "id": nil,
		// An end of support is the start of a day in UTC. Another zone would show the day before.
		"timezone": "utc", "refresh": "5m", "time": object{"from": "now-30d", "to": "now"}, "timepicker": object{},
		"links": list{object{
			"type": "link", "title": "Runbooks", "tooltip": "What to do", "url": runbooks, "icon": "doc", "targetBlank": true,
			"asDropdown": false, "includeVars": false, "keepTime": false, "tags": list{},
		}},
		"templating": object{"list": list{
			object{
				"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "regex": "",
				"multi": false, "includeAll": false, "hide": 0, "refresh": 1, "options": list{}, "skipUrlSync": false,
				"current": object{"selected": false, "text": "default", "value": "default"},
			},
			variable("namespace", "Namespace", "supportpolicy_cluster_condition", "cluster_namespace"),
			variable("cluster", "Cluster", `supportpolicy_cluster_condition{cluster_namespace=~"$namespace"}`, "cluster_name"),
			variable("product", "Product", "supportpolicy_release_info{"+ofCluster+"}", "product"),
		}},
		"panels": place(panels()),
	}
}

// JSON returns the dashboard in the form that Grafana imports.
func JSON() []byte { return canonical(dashboard()) }
