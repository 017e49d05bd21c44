// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
)

// selection has the values of the variables, in the form in which Grafana inserts them into a regular expression.
type selection struct{ namespace, cluster, product string }

var (
	everything = selection{".*", ".*", ".*"}
	// one cluster, and two products.
	some = selection{"workspace-a", "eu", "(Cassandra|Konvoy)"}
)

func (c selection) in(expr string) string {
	return strings.NewReplacer("$namespace", c.namespace, "$cluster", c.cluster, "$product", c.product).Replace(expr)
}

// startFleet starts a Prometheus that has scraped both replicas.
func startFleet(t *testing.T, c calendar) *prometheus.Server {
	t.Helper()
	server := prometheus.StartServer(t, fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
- {job_name: support-policy-operator, static_configs: [{targets: [%q, %q]}]}
`, toAny(operators(t, c))...))
	for end := time.Now().Add(30 * time.Second); len(server.Query(t, "supportpolicy_operator_active")) < 2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited 30 s for both replicas to be scraped")
		}
	}
	return server
}

func toAny(texts []string) []any {
	all := make([]any, 0, len(texts))
	for _, text := range texts {
		all = append(all, text)
	}
	return all
}

// runQueries sends the queries of a panel to Prometheus. Of a range it returns the end.
func runQueries(t *testing.T, server *prometheus.Server, p filePanel, c selection) []model.Vector {
	t.Helper()
	answers := make([]model.Vector, 0, len(p.Targets))
	for _, q := range p.Targets {
		if q.Instant {
			answers = append(answers, server.Query(t, c.in(q.Expr)))
			continue
		}
		now := time.Now()
		value, _, err := server.API().QueryRange(t.Context(), c.in(q.Expr), v1.Range{Start: now.Add(-time.Hour), End: now, Step: time.Minute})
		if err != nil {
			t.Fatalf("panel %q, query %s: %v", p.Title, q.RefID, err)
		}
		matrix, ok := value.(model.Matrix)
		if !ok {
			t.Fatalf("panel %q, query %s: a %s, want a matrix", p.Title, q.RefID, value.Type())
		}
		var ends model.Vector
		for _, series := range matrix {
			last := series.Values[len(series.Values)-1]
			ends = append(ends, &model.Sample{Metric: series.Metric, Value: last.Value, Timestamp: last.Timestamp})
		}
		answers = append(answers, ends)
	}
	return answers
}

// TestQueries sends every query of every panel to a Prometheus that scrapes two replicas of the operator, and compares what the
// panel shows with the fleet.
func TestQueries(t *testing.T) {
	t.Parallel()
	c := calendar{now: time.Now().Truncate(time.Second)}
	server, expected := startFleet(t, c), expectations(c)
	f, _ := readFile(t)
	for _, p := range f.Panels {
		if p.Type == "row" {
			continue
		}
		want, ok := expected[p.Title]
		if !ok {
			t.Errorf("panel %q: nothing is expected of it; say in expectations what it shows", p.Title)
			continue
		}
		delete(expected, p.Title)
		t.Run(p.Title, func(t *testing.T) {
			answers := runQueries(t, server, p, everything)
			for i, answer := range answers {
				if len(answer) == 0 {
					t.Errorf("query %s returns nothing, so nothing was tried: %s", p.Targets[i].RefID, p.Targets[i].Expr)
				}
			}
			checkFields(t, p, answers)
			expect.Equal(t, want.all, p.rendered(answers), "of everything")
			if diff := cmp.Diff(want.some, p.rendered(runQueries(t, server, p, some)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("of %v (-want +shown):\n%s", some, diff)
			}
		})
	}
	for title := range expected {
		t.Errorf("something is expected of a panel %q, and there is none", title)
	}
}

// TestQueriesWithoutMetrics sends the queries to a Prometheus without the operator's metrics. They must return nothing: a 0
// would look like a fleet without problems.
func TestQueriesWithoutMetrics(t *testing.T) {
	t.Parallel()
	server := prometheus.StartServer(t, "{}")
	f, _ := readFile(t)
	for _, p := range f.Panels {
		for i, answer := range runQueries(t, server, p, everything) {
			if len(answer) > 0 {
				t.Errorf("panel %q, query %s: %v, want nothing", p.Title, p.Targets[i].RefID, answer)
			}
		}
	}
}

// checkFields checks that the panel names only fields in the results. Grafana ignores other names silently.
func checkFields(t *testing.T, p filePanel, answers []model.Vector) {
	t.Helper()
	var titles []string
	if p.Type == "table" {
		o, rows := p.organized(), p.rows(answers)
		for name, title := range o.RenameByName {
			if _, ok := o.IndexByName[name]; !ok || !has(rows, name) {
				t.Errorf("the column %q is not in the answers, or has no place", name)
			}
			titles = append(titles, title)
		}
		for name, isExcluded := range o.ExcludeByName {
			if !isExcluded || name != "Time" && !has(rows, name) {
				t.Errorf("%q is left out (%t), and is not in the answers", name, isExcluded)
			}
		}
		for _, r := range rows {
			for _, name := range slices.Concat(slices.Collect(maps.Keys(r.labels)), slices.Collect(maps.Keys(r.values))) {
				if o.RenameByName[name] == "" && !o.ExcludeByName[name] {
					t.Errorf("%q of %v is neither a column nor left out", name, r.labels)
				}
			}
		}
		if len(o.IndexByName) != len(o.RenameByName) || !o.ExcludeByName["Time"] {
			t.Errorf("columns %v, names %v, left out %v; want all named, and the time left out", o.IndexByName, o.RenameByName, o.ExcludeByName)
		}
		// Grafana merges by the columns that all results have. An empty result has none, so thousands of rows are compared with
		// each other; if the others are empty, too, the column has no name.
		for i, answer := range answers {
			expect.Equal(t, len(rows), len(answer), "rows of query", p.Targets[i].RefID)
		}
		expect.Equal(t, len(answers) > 1, len(p.Transformations) == 2 && p.Transformations[0].ID == "merge",
			"several queries are merged", p.Transformations)
	} else {
		for _, line := range p.rendered(answers) {
			name, _, _ := strings.Cut(line, ":")
			titles = append(titles, name)
		}
	}
	for _, by := range p.Options.SortBy {
		if !slices.Contains(titles, by.DisplayName) {
			t.Errorf("sorted by %q, want one of %q", by.DisplayName, titles)
		}
	}
	for _, override := range p.FieldConfig.Overrides {
		if override.Matcher.ID != "byName" || !slices.Contains(titles, override.Matcher.Options) {
			t.Errorf("override for %+v, want one by name of %q", override.Matcher, titles)
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

// TestVariableQueries queries the values of the variables as Grafana does.
func TestVariableQueries(t *testing.T) {
	t.Parallel()
	want := map[string][2]model.LabelValues{
		"namespace": {
			{"support-policy-system", "workspace-a", "workspace-b", "workspace-c"},
			{"support-policy-system", "workspace-a", "workspace-b", "workspace-c"},
		},
		"cluster": {{"eu", "host", "late", "new", "silent", "us"}, {"eu", "us"}},
		"product": {
			{"BasePlatformServices", "Cassandra", "Dispatch", "Kafka", "Kaptain", "Kommander", "Konvoy", "Kubernetes", "Spark"},
			{"Cassandra", "Kaptain", "Konvoy"},
		},
	}
	server := startFleet(t, calendar{now: time.Now()})
	f, _ := readFile(t)
	for _, v := range f.Templating.List {
		if v.Type == "datasource" {
			expect.Equal(t, "prometheus", v.Query, "variable", v.Name, "type of the data sources")
			continue
		}
		query, _ := v.Query.(map[string]any)
		parts := labelValues.FindStringSubmatch(fmt.Sprint(query["query"]))
		if parts == nil {
			t.Errorf("variable %s: query %v, want label_values", v.Name, v.Query)
			continue
		}
		for i, c := range []selection{everything, some} {
			got, _, err := server.API().LabelValues(t.Context(), parts[2], []string{c.in(parts[1])}, time.Now().Add(-time.Hour), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			expect.Equal(t, want[v.Name][i], got, "variable", v.Name, "of", c)
		}
		delete(want, v.Name)
	}
	for name := range want {
		t.Errorf("something is expected of a variable %q, and there is none", name)
	}
}
