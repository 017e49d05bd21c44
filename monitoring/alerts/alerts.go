// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package alerts is the source of Prometheus' rules about the support of a fleet. The rule files below monitoring/ are
// generated from it, and its tests compare the pages in docs/runbooks with it.
//
// There are two layers. Recording rules aggregate each metric over the last minutes and all replicas of the operator, so that
// a restart or a failed scrape changes nothing. Alerts read only these records, so that each join has one series a side.
package alerts

import (
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// GroupName is the group of all rules. Prometheus evaluates the rules of a group in order and for one instant, so alerts
// read the records of the same instant.
const GroupName = "support-policy"

const runbooks = "https://github.com/d2iq-labs/support-policy-operator/blob/main/docs/runbooks/"

// Timing has all durations of the rules. A test shortens them.
type Timing struct {
	// Window is the range of the records. A gap in the scrapes that is shorter changes nothing.
	Window time.Duration
	// Settle is how long most alerts wait. By default it is longer than Window: a value of a single scrape stays in the
	// records for a Window, and does not fire an alert.
	Settle time.Duration
	// Upgrade is how long alerts wait whose cause can occur during an upgrade.
	Upgrade time.Duration
	// Absence is how long OperatorAbsent waits, after the operator's last sample has left the Window.
	Absence time.Duration
	// Unanswered is the age of a cluster's last answer at which the cluster counts as not observed.
	Unanswered time.Duration
	// FirstWarning and SecondWarning are how long before an end SupportEndingSoon fires, in whole days.
	FirstWarning, SecondWarning time.Duration
}

const day = 24 * time.Hour

// Default returns the timing of the shipped rules.
func Default() Timing {
	return Timing{
		Window:        10 * time.Minute,
		Settle:        15 * time.Minute,
		Upgrade:       time.Hour,
		Absence:       10 * time.Minute,
		Unanswered:    15 * time.Minute,
		FirstWarning:  90 * day,
		SecondWarning: 30 * day,
	}
}

// Shortened returns the timing with another Window, and waits to match: Settle and Upgrade are two seconds longer. It does
// not change the two warnings and Unanswered, which rules compare with timestamps.
func (t Timing) Shortened(window time.Duration) Timing {
	const more = 2 * time.Second
	t.Window, t.Settle, t.Upgrade, t.Absence = window, window+more, window+more, window
	return t
}

// Severity says how soon an alert needs attention.
type Severity string

// The severities, as labels of alerts.
const (
	// SeverityCritical needs attention at once.
	SeverityCritical Severity = "critical"
	// SeverityWarning needs attention on a working day.
	SeverityWarning Severity = "warning"
	// SeverityInfo is for the planning of upgrades.
	SeverityInfo Severity = "info"
)

// Alert is one alerting rule. SupportEndingSoon has two, which differ in the label horizon.
type Alert struct {
	// Name is the name of the alert and of its page in docs/runbooks.
	Name string
	// Severity is the label severity.
	Severity Severity
	// Horizon is the label horizon, such as 90d; empty where the alert has none.
	Horizon string
	// For is how long the expression must hold before the alert fires.
	For time.Duration
	// Expr is the expression over records.
	Expr string
	// Summary and Description are the templates of the annotations.
	Summary, Description string
}

// RunbookURL returns the address of the page that says what to do.
func (a Alert) RunbookURL() string { return runbooks + a.Name + ".md" }

func (a Alert) rule() monitoringv1.Rule {
	wait := monitoringv1.Duration(duration(a.For))
	rule := monitoringv1.Rule{
		Alert:  a.Name,
		Expr:   intstr.FromString(a.Expr),
		For:    &wait,
		Labels: map[string]string{"severity": string(a.Severity)},
		Annotations: map[string]string{
			"summary":     a.Summary,
			"description": a.Description,
			"runbook_url": a.RunbookURL(),
		},
	}
	if a.Horizon != "" {
		rule.Labels["horizon"] = a.Horizon
	}
	return rule
}

// duration returns a duration in the form of Prometheus: 90d, 15m.
func duration(d time.Duration) string { return model.Duration(d).String() }

// Alerts returns all alerts, worst first.
func Alerts(t Timing) []Alert {
	return []Alert{
		supportEnded(t),
		operatorAbsent(t),
		supportEndingSoon(t, t.FirstWarning),
		supportEndingSoon(t, t.SecondWarning),
		prohibitedCombination(t),
		experimentalInProduction(t),
		supportUnknown(t),
		clusterUnobserved(t),
		policyStalled(t),
		lastInWindow(t),
	}
}

// The parts of the annotations that name a release, its cluster and its policy. The version and the policy of a release can be
// empty.
const (
	release = `{{ $labels.product }}{{ with $labels.version }} {{ . }}{{ end }}`
	cluster = `{{ $labels.cluster_namespace }}/{{ $labels.cluster_name }}`
	origin  = `(installation {{ $labels.installation }}, policy {{ with $labels.policy }}{{ . }}{{ else }}none{{ end }})`
)

// releaseOrCluster returns a template with one text for a release, and another one for a cluster as a whole.
func releaseOrCluster(release, whole string) string {
	return `{{ with $labels.product }}` + release + `{{ else }}` + whole + `{{ end }}`
}

func supportEnded(t Timing) Alert {
	return Alert{
		Name:     "SupportEnded",
		Severity: SeverityCritical,
		For:      t.Settle,
		// A supported version with experimental parts in production is the alert ExperimentalInProduction only.
		Expr:    unless(onRelease, unsupported, exceptionRuns),
		Summary: release + ` on ` + cluster + ` is not supported`,
		Description: `The vendor does not support ` + release + ` on cluster ` + cluster + ` ` + origin +
			`, and no SupportException covers it.`,
	}
}

func supportEndingSoon(t Timing, horizon time.Duration) Alert {
	return Alert{
		Name:     "SupportEndingSoon",
		Severity: SeverityWarning,
		Horizon:  duration(horizon),
		For:      t.Settle,
		Expr:     either(endsWithin(horizon), exceptionEnded(t)),
		Summary:  `Support of ` + release + ` on ` + cluster + ` ends or ended at {{ $value | humanizeTimestamp }}`,
		Description: `The vendor's support of ` + release + ` on cluster ` + cluster + ` ` + origin +
			`, or the SupportException on which it rests, ends or ended at {{ $value | humanizeTimestamp }}.`,
	}
}

func lastInWindow(t Timing) Alert {
	return Alert{
		Name:     "LastInWindow",
		Severity: SeverityInfo,
		For:      t.Settle,
		// The alerts about a near or past end say more.
		Expr:    unless(onRelease, last, endsWithin(t.FirstWarning), unsupported, exceptionRuns),
		Summary: release + ` on ` + cluster + ` loses its support with the next release`,
		Description: `The next minor release of {{ $labels.product }} ends the support of ` + release + ` on cluster ` + cluster +
			` ` + origin + `. The day may not be announced before it has come.`,
	}
}

func prohibitedCombination(t Timing) Alert {
	return Alert{
		Name:     "ProhibitedCombination",
		Severity: SeverityWarning,
		For:      t.Upgrade,
		Expr:     either(unless(onRelease, prohibited, exceptionRuns), clusterProhibited+" == 1"),
		Summary:  releaseOrCluster(release+` on `, `Cluster `) + cluster + ` runs with something with which it must not`,
		Description: releaseOrCluster(`The vendor does not allow `+release+` on cluster `+cluster+` `+origin+` together with another product, with`+
			` this Kubernetes or on these nodes.`,
			`Cluster `+cluster+` is attached to a Kommander that does not allow its Kubernetes.`),
	}
}

func experimentalInProduction(t Timing) Alert {
	return Alert{
		Name:     "ExperimentalInProduction",
		Severity: SeverityWarning,
		For:      t.Settle,
		Expr:     either(unless(onRelease, experimental, exceptionRuns), clusterExperimental+" == 1"),
		Summary:  releaseOrCluster(release+` on production cluster `, `Production cluster `) + cluster + ` has an experimental part`,
		Description: `The vendor prohibits experimental parts on production clusters, and ` +
			releaseOrCluster(release+` on cluster `+cluster+` `+origin+` has one.`, `cluster `+cluster+` has one that belongs to no release.`),
	}
}

func supportUnknown(t Timing) Alert {
	return Alert{
		Name:     "SupportUnknown",
		Severity: SeverityWarning,
		For:      t.Upgrade,
		Expr:     unless(onRelease, unknown, exceptionRuns),
		Summary:  `Nobody can tell whether ` + release + ` on ` + cluster + ` is supported`,
		Description: `The policies or the cluster do not tell whether ` + release + ` on cluster ` + cluster + ` ` + origin +
			` is supported.`,
	}
}

func clusterUnobserved(t Timing) Alert {
	fresh := joinOn("and", onCluster, reachable+" == 1", observed+" >= time() - "+seconds(t.Unanswered))
	return Alert{
		Name:     "ClusterUnobserved",
		Severity: SeverityWarning,
		For:      t.Settle,
		// All clusters except those with a fresh answer: a missing record fires the alert, too.
		Expr:    unless(onCluster, reachable, fresh),
		Summary: `Cluster ` + cluster + ` is not observed`,
		Description: `The operator has no fresh answer from cluster ` + cluster +
			`: what is known of it is judged as time passes, what is installed or upgraded now goes unseen.`,
	}
}

func policyStalled(t Timing) Alert {
	return Alert{
		Name:     "PolicyStalled",
		Severity: SeverityWarning,
		For:      t.Settle,
		Expr:     stalled,
		Summary:  `SupportPolicy {{ $labels.policy }} has an error and decides nothing`,
		Description: `The spec of SupportPolicy {{ $labels.policy }} is refused. Until somebody mends it, the releases ` +
			`that it is about are Unknown.`,
	}
}

func operatorAbsent(t Timing) Alert {
	return Alert{
		Name:     "OperatorAbsent",
		Severity: SeverityCritical,
		For:      t.Absence,
		Expr:     fewerShards,
		Summary:  `The support policy operator does not work`,
		Description: `Only {{ $value }} of the operator's shards have a replica that works. Of the ` +
			`clusters of the others nothing new is known. When no replica is left, all other alerts about support end too.`,
	}
}
