// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// file has the fields of dashboard.json that the tests read. They read the shipped file, not its source.
type file struct {
	ID            *int
	UID           string
	Title         string
	SchemaVersion int
	Timezone      string
	Templating    struct{ List []fileVariable }
	Panels        []filePanel
}

type reference struct{ Type, UID string }

type fileVariable struct {
	Type, Name, AllValue string
	Multi, IncludeAll    bool
	Datasource           reference
	// Query is a string where the type is datasource, and otherwise an object.
	Query any
}

type filePanel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               reference
	Targets                  []target
	Transformations          []struct {
		ID      string
		Options organize
	}
	FieldConfig struct {
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Options struct {
		SortBy []struct {
			DisplayName string
			Desc        bool
		}
	}
}

type target struct {
	Datasource                        reference
	RefID, Expr, Format, LegendFormat string
	Instant, Range                    bool
}

// organize has the options of the transformation of that name.
type organize struct {
	ExcludeByName map[string]bool
	IndexByName   map[string]int
	RenameByName  map[string]string
}

func readFile(t *testing.T) (f file, text string) {
	t.Helper()
	text = testfile.Read(t, "dashboard.json")
	testfile.Decode(t, text, &f)
	return f, text
}

// wantSource is the data source of every query.
var wantSource = reference{Type: "prometheus", UID: "${datasource}"}

// TestPanels checks the layout of the panels, in which Grafana reports no errors.
func TestPanels(t *testing.T) {
	f, _ := readFile(t)
	expect.Equal(t, nil, f.ID, "the dashboard has an id: that is a number of one Grafana's database")
	kinds := []string{"row", "stat", "table", "timeseries"} // all from Grafana 8 on, and none of Angular
	ids, titles := map[int]bool{}, map[string]bool{}
	taken := map[[2]int]string{}
	for _, p := range f.Panels {
		if !slices.Contains(kinds, p.Type) {
			t.Errorf("panel %q: type %q, want one of %q", p.Title, p.Type, kinds)
		}
		if ids[p.ID] || p.ID == 0 {
			t.Errorf("panel %q: id %d is there twice or 0", p.Title, p.ID)
		}
		if titles[p.Title] || p.Title == "" {
			t.Errorf("panel %q: the title is there twice or empty", p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
		if p.GridPos.W <= 0 || p.GridPos.H <= 0 || p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: at %+v, which is not within 24 columns", p.Title, p.GridPos)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("panel %q lies over %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Description == "" {
			t.Errorf("panel %q has no description", p.Title)
		}
		expect.Equal(t, wantSource, p.Datasource, "panel", p.Title, "has the variable as data source")
		checkTargets(t, p)
	}
}

func checkTargets(t *testing.T, p filePanel) {
	t.Helper()
	if len(p.Targets) == 0 {
		t.Errorf("panel %q has no query", p.Title)
	}
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if refs[q.RefID] || q.RefID == "" {
			t.Errorf("panel %q: refId %q is there twice or empty", p.Title, q.RefID)
		}
		refs[q.RefID] = true
		expect.Equal(t, wantSource, q.Datasource,
			"panel", p.Title, "query", q.RefID, "has the variable as data source")
		if q.Instant == q.Range {
			t.Errorf("panel %q, query %s: instant %t, range %t, want one of them", p.Title, q.RefID, q.Instant, q.Range)
		}
		if wanted := map[bool]string{true: "table", false: "time_series"}[p.Type == "table"]; q.Format != wanted {
			t.Errorf("panel %q, query %s: format %q, want %q", p.Title, q.RefID, q.Format, wanted)
		}
		// A range shows a release before and after its upgrade side by side.
		if regexp.MustCompile(`\[|_over_time|offset`).MatchString(q.Expr) {
			t.Errorf("panel %q, query %s looks back: %s", p.Title, q.RefID, q.Expr)
		}
		// Only the names of recording rules have colons.
		if regexp.MustCompile(`\w:\w`).MatchString(q.Expr) {
			t.Errorf("panel %q, query %s needs a recording rule: %s", p.Title, q.RefID, q.Expr)
		}
	}
	for _, transformation := range p.Transformations {
		if !slices.Contains([]string{"merge", "organize"}, transformation.ID) {
			t.Errorf("panel %q: transformation %q, want merge or organize", p.Title, transformation.ID)
		}
	}
}

// TestVariables: each variable that a query uses exists, and each that exists is used.
func TestVariables(t *testing.T) {
	f, text := readFile(t)
	unused := map[string]bool{}
	for _, v := range f.Templating.List {
		unused[v.Name] = true
		if v.Type == "datasource" {
			continue
		}
		expect.Equal(t, wantSource, v.Datasource, "variable", v.Name, "has the variable as data source")
		if !v.Multi || !v.IncludeAll || v.AllValue != ".*" {
			t.Errorf("variable %s: several values %t, All %t as %q, want both, and All as .*", v.Name, v.Multi, v.IncludeAll, v.AllValue)
		}
	}
	defined := len(unused)
	for _, used := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(text, -1) {
		name := used[1]
		switch {
		case slices.Contains([]string{"__data", "__value", "__url_time_range", "__all"}, name): // Grafana's own
		case !slices.ContainsFunc(f.Templating.List, func(v fileVariable) bool { return v.Name == name }):
			t.Errorf("$%s is used, and no variable is called so", name)
		default:
			delete(unused, name)
		}
	}
	if defined != 4 || len(unused) > 0 {
		t.Errorf("%d variables, of which %v are not used; want 4, all used", defined, unused)
	}
}
