// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package alerts is the source of the rules by which Prometheus watches over the support of a fleet. The files below
// monitoring/ are generated from it, and the pages in docs/runbooks are held against it.
//
// There are two layers. Recording rules take each metric over the last minutes and over all replicas of the operator, so
// that a restart or a failed scrape changes nothing; alerts are written in terms of these records alone, and no join in
// them can meet two series for one.
package alerts

import (
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// GroupName is the name of the one group in which all rules are. Rules of a group are evaluated one after the other and
// at one instant, so that alerts see the records of the same instant.
const GroupName = "support-policy"

const runbooks = "https://github.com/d2iq-labs/support-policy-operator/blob/main/docs/runbooks/"

// Timing is every length of time in the rules, so that a test can shorten them.
type Timing struct {
	// Window is how far back records look. What is not exported for less than that is not missed.
	Window time.Duration
	// Settle is how long most alerts wait. By default it is longer than Window: what was in a single scrape stays in the
	// records for a Window, and alerts nobody.
	Settle time.Duration
	// Upgrade is how long alerts wait that somebody who upgrades may see on the way.
	Upgrade time.Duration
	// Absence is how long OperatorAbsent waits, after the last sign of the operator has left the Window.
	Absence time.Duration
	// Unanswered is the age of a cluster's last answer from which on the cluster is not observed.
	Unanswered time.Duration
	// FirstWarning and SecondWarning are how long before an end SupportEndingSoon begins: whole days.
	FirstWarning, SecondWarning time.Duration
}

const day = 24 * time.Hour

// Default is the timing of the shipped rules.
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

// Shortened is the same timing with a short Window, and with waits that have to it the relation of the default: Settle and
// Upgrade outlast it by two seconds. What is compared with instants of the world stays: the two warnings and Unanswered.
func (t Timing) Shortened(window time.Duration) Timing {
	const more = 2 * time.Second
	t.Window, t.Settle, t.Upgrade, t.Absence = window, window+more, window+more, window
	return t
}

// Severity says who should look, and when.
type Severity string

// The severities, as labels of alerts.
const (
	// SeverityCritical: now.
	SeverityCritical Severity = "critical"
	// SeverityWarning: on a working day.
	SeverityWarning Severity = "warning"
	// SeverityInfo: whoever plans upgrades.
	SeverityInfo Severity = "info"
)

// Alert is one alerting rule. SupportEndingSoon has two, which differ in the label horizon.
type Alert struct {
	// Name is that of the alert and of its page in docs/runbooks.
	Name string
	// Severity is the label severity.
	Severity Severity
	// Horizon is the label horizon, such as 90d. Empty: the alert has none.
	Horizon string
	// For is how long the expression has to hold before the alert fires.
	For time.Duration
	// Expr is the expression, in terms of records.
	Expr string
	// Summary and Description are templates for people.
	Summary, Description string
}

// RunbookURL is the page that says what to do.
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

// duration is a length of time as Prometheus writes it: 90d, 15m.
func duration(d time.Duration) string { return model.Duration(d).String() }

// Alerts are the alerts, worst first.
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

// Templates of annotations: what a release, its cluster and its policy are called. The last two labels of a release are
// empty when they are not known.
const (
	release = `{{ $labels.product }}{{ with $labels.version }} {{ . }}{{ end }}`
	cluster = `{{ $labels.cluster_namespace }}/{{ $labels.cluster_name }}`
	origin  = `(installation {{ $labels.installation }}, policy {{ with $labels.policy }}{{ . }}{{ else }}none{{ end }})`
)

// about is a template with one text for a release and another one for a cluster as a whole.
func about(release, whole string) string {
	return `{{ with $labels.product }}` + release + `{{ else }}` + whole + `{{ end }}`
}

func supportEnded(t Timing) Alert {
	return Alert{
		Name:     "SupportEnded",
		Severity: SeverityCritical,
		For:      t.Settle,
		// What is prohibited in production and supported elsewhere is ExperimentalInProduction only.
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
		// An end that is near or past says more.
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
		Summary:  about(release+` on `, `Cluster `) + cluster + ` runs with something with which it must not`,
		Description: about(`The vendor does not allow `+release+` on cluster `+cluster+` `+origin+` together with another product, with`+
			` this Kubernetes or on these nodes.`,
			`Cluster `+cluster+` is attached to a Kommander that does not allow its Kubernetes.`),
	}
}

func experimentalInProduction(t Timing) Alert {
	return Alert{
		Name:     "ExperimentalInProduction",
		Severity: SeverityWarning,
		For:      t.Settle,
		Expr:     either(unless(onRelease, experimental, exceptionRuns), clusterParts+" == 1"),
		Summary:  about(release+` on production cluster `, `Production cluster `) + cluster + ` has an experimental part`,
		Description: `The vendor prohibits experimental parts on production clusters, and ` +
			about(release+` on cluster `+cluster+` `+origin+` has one.`, `cluster `+cluster+` has one that belongs to no release.`),
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
	fresh := matched("and", onCluster, reachable+" == 1", observed+" >= time() - "+seconds(t.Unanswered))
	return Alert{
		Name:     "ClusterUnobserved",
		Severity: SeverityWarning,
		For:      t.Settle,
		// Every cluster but those that are known to be observed: what is missing alerts too.
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
