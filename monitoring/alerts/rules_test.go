// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// The generated files.
const (
	rulesFile  = "../prometheus/rules.yaml"
	objectFile = "../prometheus-operator/prometheusrule.yaml"
)

func TestFilesAreUpToDate(t *testing.T) {
	for path, form := range map[string]func(alerts.Timing) ([]byte, error){rulesFile: alerts.RuleFile, objectFile: alerts.Manifest} {
		want, err := form(alerts.Default())
		if err != nil {
			t.Fatal(err)
		}
		got := testfile.Read(t, path)
		expect.Equal(t, string(want), got, path, "is out of date; run make generate-all")
	}
}

// TestPromtoolAccepts checks the rules, and the shortened ones, with promtool.
func TestPromtoolAccepts(t *testing.T) {
	for name, timing := range map[string]alerts.Timing{
		"default":   alerts.Default(),
		"shortened": alerts.Default().Shortened(time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			content, err := alerts.RuleFile(timing)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "rules.yaml")
			testfile.Write(t, path, string(content))
			promtool(t, "check", "rules", path)
		})
	}
}

const examplesFile = "testdata/alerts.yaml"

// TestExamples compares the labels and annotations of every alert, with promtool.
func TestExamples(t *testing.T) { promtool(t, "test", "rules", examplesFile) }

// TestExamplesAreComplete: each alert has an example in which it fires, and one a minute earlier in which it does not.
func TestExamplesAreComplete(t *testing.T) {
	content := testfile.Read(t, examplesFile)
	var file struct {
		Tests []struct {
			Checks []struct {
				Alert string `json:"alertname"`
				Fires []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	testfile.Decode(t, content, &file)
	fires, covered := map[string]bool{}, map[string]bool{}
	for _, group := range file.Tests {
		for _, check := range group.Checks {
			fires[check.Alert] = fires[check.Alert] || len(check.Fires) > 0
			covered[check.Alert] = covered[check.Alert] || len(check.Fires) == 0
		}
	}
	for _, alert := range alerts.Alerts(alerts.Default()) {
		if !fires[alert.Name] || !covered[alert.Name] {
			t.Errorf("%s lacks an example of %s that fires or of one that does not", examplesFile, alert.Name)
		}
	}
}

// TestShortened: only durations that are compared with timestamps stay long in the short rules.
func TestShortened(t *testing.T) {
	timing := alerts.Default().Shortened(2 * time.Second)
	for _, alert := range alerts.Alerts(timing) {
		if alert.For > 4*time.Second {
			t.Errorf("%s waits for %s", alert.Name, alert.For)
		}
	}
	content, err := alerts.RuleFile(timing)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte("10m")) || !bytes.Contains(content, []byte("[2s]")) {
		t.Errorf("the records do not look back two seconds:\n%s", content)
	}
	if !bytes.Contains(content, []byte("90 * 86400")) || !bytes.Contains(content, []byte("30 * 86400")) {
		t.Errorf("the warnings before an end are no longer those of the shipped rules:\n%s", content)
	}
}

// TestSingleScrapeDoesNotAlert: a value of one scrape stays in a record for the window, which must be shorter than the wait.
func TestSingleScrapeDoesNotAlert(t *testing.T) {
	for name, timing := range map[string]alerts.Timing{
		"default": alerts.Default(), "shortened": alerts.Default().Shortened(time.Second),
	} {
		for _, alert := range alerts.Alerts(timing) {
			// The absence of the operator is no value of a scrape.
			if alert.Name != "OperatorAbsent" && alert.For <= timing.Window {
				t.Errorf("%s: %s waits for %s, and the window is %s", name, alert.Name, alert.For, timing.Window)
			}
		}
	}
}

// oldFile is the rule file of the oldest servers of Prometheus 2.
type oldFile struct {
	Groups []oldGroup `json:"groups"`
}

type oldGroup struct {
	Name  string    `json:"name"`
	Rules []oldRule `json:"rules"`
}

type oldRule struct {
	Record      string            `json:"record"`
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// The functions and forms that old servers have, as far as the rules use any.
var (
	call         = regexp.MustCompile(`([a-z_]+)\s*\(`)
	oldFunctions = []string{"max", "by", "max_over_time", "min_over_time", "count", "vector", "time", "on", "or", "and", "unless"}
	oldLength    = regexp.MustCompile(`^[0-9]+[smhdwy]$`)
	oldRange     = regexp.MustCompile(`\[[0-9]+[smhdwy]\]`)
	newSyntax    = regexp.MustCompile(`@|\boffset\b|\[|\b[0-9]+(ms|[smhdwy])`)
	template     = regexp.MustCompile(`{{.*?}}`)
	oldTemplate  = regexp.MustCompile(`^{{ ((with )?\$labels\.[a-z_]+|\.|else|end|\$value( \| humanizeTimestamp)?) }}$`)
)

// TestOldServersAccept refuses what is newer than the Prometheus of Konvoy 1.x: fields of rules and groups, functions, @,
// subqueries, durations of several units or as numbers, functions in templates.
func TestOldServersAccept(t *testing.T) {
	content := testfile.Read(t, rulesFile)
	var file oldFile
	testfile.DecodeStrict(t, content, &file)
	for _, rule := range file.Groups[0].Rules {
		name := rule.Record + rule.Alert
		for _, match := range call.FindAllStringSubmatch(rule.Expr, -1) {
			if !slices.Contains(oldFunctions, match[1]) {
				t.Errorf("%s calls %s", name, match[1])
			}
		}
		expect.Equal(t, "", newSyntax.FindString(oldRange.ReplaceAllString(rule.Expr, "")), name)
		if rule.Alert != "" && !oldLength.MatchString(rule.For) {
			t.Errorf("%s waits for %q", name, rule.For)
		}
		for _, annotation := range rule.Annotations {
			for _, found := range template.FindAllString(annotation, -1) {
				if !oldTemplate.MatchString(found) {
					t.Errorf("%s has %q", name, found)
				}
			}
		}
	}
}

// TestMetricsExist: the operator exports what the records read, with all labels.
func TestMetricsExist(t *testing.T) {
	exported := testfile.Read(t, "../../internal/metrics/testdata/fleet.prom")
	record := regexp.MustCompile(`^max by \(([^)]*)\) \(\n  max_over_time\(([a-z_]+)(?:{(.*)})?\[`)
	for _, rule := range alerts.Rules(alerts.Default()).Groups[0].Rules {
		match := record.FindStringSubmatch(rule.Expr.StrVal)
		if match == nil {
			continue
		}
		labels, metric, wanted := strings.Split(match[1], ", "), match[2], strings.Split(match[3], ",")
		if !slices.ContainsFunc(strings.Split(exported, "\n"), func(line string) bool {
			has := strings.HasPrefix(line, metric+"{") || strings.HasPrefix(line, metric+" ")
			for _, label := range labels {
				has = has && (label == "" || strings.Contains(line, label+`="`))
			}
			for _, value := range wanted {
				has = has && strings.Contains(line, value)
			}
			return has
		}) {
			t.Errorf("%s reads %s with the labels %v %v, which is not exported", rule.Record, metric, labels, wanted)
		}
	}
}

// TestRecordsComeFirst: rules are evaluated in order, and alerts must read the records of the same instant. Only records read
// the operator's metrics.
func TestRecordsComeFirst(t *testing.T) {
	recorded, metric := []string{"ALERTS"}, regexp.MustCompile(`[a-z]*:?supportpolicy_[a-z_]+(:max)?`)
	for _, rule := range alerts.Rules(alerts.Default()).Groups[0].Rules {
		for _, name := range metric.FindAllString(rule.Expr.StrVal, -1) {
			raw := strings.HasPrefix(name, "supportpolicy_")
			if raw && rule.Alert != "" {
				t.Errorf("%s looks at %s without the window", rule.Alert, name)
			}
			if !raw && !slices.Contains(recorded, name) {
				t.Errorf("%s%s looks at %s, which is not recorded before", rule.Alert, rule.Record, name)
			}
		}
		recorded = append(recorded, rule.Record)
	}
}
