// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// scenario is what Prometheus scrapes, once a minute, and which alerts fire. Times are minutes since its start, which is the
// Unix time 0. promtool evaluates the rules once a minute.
type scenario struct {
	// reason is why these alerts fire.
	reason string
	// scraped are the series. A scenario without series of the operator gets those of a working one.
	scraped []series
	// fires are all alerts that fire at a minute, with their horizon. An alert for two releases is there twice.
	fires map[int][]string
}

// scenarioMinutes is the length of a scenario.
const scenarioMinutes = 180

// none says that no alert fires.
var none []string

// series is one line of promtool's input.
type series struct {
	metric string
	labels map[string]string
	values string
}

// change is the value of a series from a minute on; an empty value ends the series.
type change struct {
	from  int
	value string
}

func from(minute int, value any) change { return change{minute, fmt.Sprint(value)} }
func always(value any) change           { return from(0, value) }
func gone(minute int) change            { return change{minute, ""} }

// at returns the timestamp of a minute of the scenario, and inDays that of a later day.
func at(minutes int) int           { return minutes * 60 }
func inDays(days, minutes int) int { return days*86400 + at(minutes) }

// values returns the changes in the form of promtool. Before the first one there are no samples.
func values(changes []change) string {
	if changes[0].from > 0 {
		changes = append([]change{{}}, changes...)
	}
	var written []string
	for i, c := range changes {
		until := scenarioMinutes
		if i+1 < len(changes) {
			until = changes[i+1].from
		}
		switch {
		case c.value == "":
			written = append(written, fmt.Sprintf("_x%d", until-c.from))
		case until == c.from+1:
			written = append(written, c.value)
		default:
			written = append(written, fmt.Sprintf("%sx%d", c.value, until-c.from-1))
		}
	}
	return strings.Join(written, " ")
}

// labelSet is the labels of a cluster or a release, as one replica of the operator exports them.
type labelSet map[string]string

// prod is the cluster, and konvoy the release, of most scenarios.
var (
	prod   = labelSet{"cluster_namespace": "workspace-a", "cluster_name": "prod-eu", "pod": "operator-a"}
	konvoy = prod.with("product", "Konvoy").with("installation", "default").with("version", "1.7.2").with("policy", "konvoy")
)

func (o labelSet) with(label, value string) labelSet {
	o = maps.Clone(o)
	o[label] = value
	return o
}

func (o labelSet) series(metric string, changes ...change) series {
	return series{metric, o, values(changes)}
}

// state returns the series of a release's state, and whether its version is the reason.
func (o labelSet) state(changes ...change) []series {
	var version []change
	for _, c := range changes {
		switch c.value {
		case "", "stale":
		case "Unsupported":
			c.value = "1"
		default:
			c.value = "0"
		}
		version = append(version, c)
	}
	return append(o.stateOnly(changes), o.series("supportpolicy_release_version_unsupported", version...))
}

func (o labelSet) stateOnly(changes []change) []series {
	return o.stateSet("supportpolicy_release_state", "state", []string{"Supported", "Unsupported", "Unknown"}, changes)
}

// experimentalParts returns a release of a supported version that is Unsupported while it has experimental parts.
func (o labelSet) experimentalParts(has ...change) []series {
	var states, none []change
	for _, c := range has {
		states = append(states, from(c.from, map[string]string{"1": "Unsupported", "0": "Supported"}[c.value]))
		none = append(none, from(c.from, 0))
	}
	return join(o.stateOnly(states), o.experimental(has...), []series{o.series("supportpolicy_release_version_unsupported", none...)})
}

// reachable returns a cluster's condition, and stalled a policy's: one series for each status.
func (o labelSet) reachable(changes ...change) []series {
	return o.with("condition", "Reachable").stateSet("supportpolicy_cluster_condition", "status", statuses, changes)
}

func (o labelSet) stalled(changes ...change) []series {
	return o.with("condition", "Stalled").stateSet("supportpolicy_policy_condition", "status", statuses, changes)
}

var statuses = []string{"True", "False", "Unknown"}

// stateSet returns a series for each value of a label: 1 for the current one, 0 for the others.
func (o labelSet) stateSet(metric, label string, all []string, changes []change) []series {
	var found []series
	for _, one := range all {
		var own []change
		for _, c := range changes {
			switch c.value {
			case "", "stale":
				own = append(own, c)
			case one:
				own = append(own, from(c.from, 1))
			default:
				own = append(own, from(c.from, 0))
			}
		}
		found = append(found, o.with(label, one).series(metric, own...))
	}
	return found
}

func (o labelSet) end(changes ...change) []series {
	return []series{o.series("supportpolicy_release_support_end_timestamp_seconds", changes...)}
}

func (o labelSet) exception(changes ...change) []series {
	return []series{o.series("supportpolicy_release_exception_end_timestamp_seconds", changes...)}
}

func (o labelSet) last(changes ...change) []series {
	return []series{o.series("supportpolicy_release_last_in_window", changes...)}
}

func (o labelSet) prohibited(changes ...change) []series {
	return []series{o.series("supportpolicy_release_prohibited_combination", changes...)}
}

func (o labelSet) experimental(changes ...change) []series {
	return []series{o.series("supportpolicy_release_experimental_in_production", changes...)}
}

// clusterProhibited and clusterExperimental are about a cluster as a whole.
func (o labelSet) clusterProhibited(changes ...change) []series {
	return []series{o.series("supportpolicy_cluster_prohibited_combination", changes...)}
}

func (o labelSet) clusterExperimental(changes ...change) []series {
	return []series{o.series("supportpolicy_cluster_experimental_in_production", changes...)}
}

func (o labelSet) answered(changes ...change) []series {
	return []series{o.series("supportpolicy_cluster_observed_timestamp_seconds", changes...)}
}

// operator returns the series of a replica, and whether it works for a shard.
func operator(pod, shard string, shards int, active ...change) []series {
	o := labelSet{"pod": pod}
	return []series{
		o.with("shard", shard).series("supportpolicy_operator_active", active...),
		o.series("supportpolicy_operator_shards", always(shards)),
	}
}

// line returns the series in PromQL.
func (s series) line() string {
	var labels []string
	for _, name := range slices.Sorted(maps.Keys(s.labels)) {
		labels = append(labels, fmt.Sprintf("%s=%q", name, s.labels[name]))
	}
	return s.metric + "{" + strings.Join(labels, ",") + "}"
}

// The input of `promtool test rules`.
type (
	testFile struct {
		RuleFiles []string    `json:"rule_files"`
		Interval  string      `json:"evaluation_interval"`
		Tests     []testGroup `json:"tests"`
	}
	testGroup struct {
		Name     string       `json:"name"`
		Interval string       `json:"interval"`
		Series   []testSeries `json:"input_series"`
		Exprs    []testExpr   `json:"promql_expr_test"`
	}
	testSeries struct {
		Series string `json:"series"`
		Values string `json:"values"`
	}
	testExpr struct {
		Expr    string       `json:"expr"`
		At      string       `json:"eval_time"`
		Samples []testSample `json:"exp_samples"`
	}
	testSample struct {
		Labels string `json:"labels"`
		Value  int    `json:"value"`
	}
)

// group returns the scenario in the form of promtool.
func (s scenario) group() testGroup {
	scraped := slices.Clone(s.scraped)
	if !slices.ContainsFunc(scraped, func(one series) bool { return one.metric == "supportpolicy_operator_shards" }) {
		scraped = append(scraped, operator("operator-a", "0", 1, always(1))...)
	}
	group := testGroup{Name: s.reason, Interval: "1m"}
	for _, one := range scraped {
		group.Series = append(group.Series, testSeries{one.line(), one.values})
	}
	for _, minute := range slices.Sorted(maps.Keys(s.fires)) {
		group.Exprs = append(group.Exprs, testExpr{
			Expr:    `count by (alertname, horizon) (ALERTS{alertstate="firing"})`,
			At:      (time.Duration(minute) * time.Minute).String(),
			Samples: counted(s.fires[minute]),
		})
	}
	return group
}

func counted(alerts []string) []testSample {
	count := map[string]int{}
	for _, alert := range alerts {
		name, horizon, _ := strings.Cut(alert, " ")
		labels := fmt.Sprintf("{alertname=%q}", name)
		if horizon != "" {
			labels = fmt.Sprintf("{alertname=%q,horizon=%q}", name, horizon)
		}
		count[labels]++
	}
	var samples []testSample
	for _, labels := range slices.Sorted(maps.Keys(count)) {
		samples = append(samples, testSample{labels, count[labels]})
	}
	return samples
}

// check runs promtool with the shipped rules.
func (s scenario) check(t *testing.T) {
	t.Parallel()
	rules, err := filepath.Abs(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	content, err := yaml.Marshal(testFile{RuleFiles: []string{rules}, Interval: "1m", Tests: []testGroup{s.group()}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	testfile.Write(t, path, string(content))
	promtool(t, "test", "rules", path)
}

// promtool runs promtool, and fails the test if it fails.
func promtool(t *testing.T, arguments ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), prometheus.Promtool(t), arguments...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}
