// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// object and list are JSON.
type (
	object = map[string]any
	list   = []any
)

// columns is the width of Grafana's grid.
const columns = 24

// source is the data source that the variable names.
var source = object{"type": "prometheus", "uid": "${datasource}"}

// panel is a panel of the dashboard, without its position.
type panel struct {
	kind, title, description string
	// width and height are in units of the grid.
	width, height int
	queries       []query
	options       object
	defaults      object
	overrides     list
	transform     list
}

// query is a query to Prometheus.
type query struct {
	expr string
	// format is time_series, or table for a row for each series.
	format string
	// legend names the series of a time_series, such as {{state}}.
	legend string
	// isRange queries the time range of the dashboard instead of its end.
	isRange bool
}

// place positions the panels from left to right and from top to bottom, each row as high as its first panel, and numbers them.
func place(panels []panel) list {
	placed := make(list, 0, len(panels))
	x, y, height := 0, 0, 0
	for i, p := range panels {
		if x+p.width > columns {
			x, y, height = 0, y+height, 0
		}
		if x == 0 {
			height = p.height
		}
		o := p.json()
		o["id"] = i + 1
		o["gridPos"] = object{"x": x, "y": y, "w": p.width, "h": p.height}
		placed = append(placed, o)
		x += p.width
	}
	return placed
}

func (p panel) json() object {
	o := object{"type": p.kind, "title": p.title}
	if p.kind == "row" {
		o["collapsed"], o["panels"] = false, list{}
		return o
	}
	o["description"] = p.description
	o["datasource"] = source
	o["options"] = p.options
	o["fieldConfig"] = object{"defaults": p.defaults, "overrides": append(list{}, p.overrides...)}
	if p.transform != nil {
		o["transformations"] = p.transform
	}
	targets := make(list, 0, len(p.queries))
	for i, q := range p.queries {
		target := object{
			"datasource": source, "refId": refID(i), "expr": q.expr, "format": q.format, "instant": !q.isRange, "range": q.isRange,
		}
		if q.legend != "" {
			target["legendFormat"] = q.legend
		}
		targets = append(targets, target)
	}
	o["targets"] = targets
	return o
}

// refID names the queries of a panel: A, B, C.
func refID(i int) string { return "ABCDEFGHIJ"[i : i+1] }

// heading is a line with a title, over the whole width.
func heading(title string) panel {
	return panel{kind: "row", title: title, width: columns, height: 1}
}

// step is the colour from a value on.
type step struct {
	from  float64
	color string
}

// thresholds returns colours by value, with base below the first step.
func thresholds(base string, steps ...step) object {
	all := list{object{"color": base, "value": nil}}
	for _, s := range steps {
		all = append(all, object{"color": s.color, "value": s.from})
	}
	return object{"mode": "absolute", "steps": all}
}

// valueText replaces a number by a text with a colour.
type valueText struct{ text, color string }

// valueTexts replaces the numbers from 0 on.
func valueTexts(of ...valueText) list {
	options := object{}
	for i, w := range of {
		options[fmt.Sprint(i)] = object{"text": w.text, "color": w.color, "index": i}
	}
	return list{object{"type": "value", "options": options}}
}

// stat returns a panel with one number. Without series it says so, and does not show 0.
func stat(width int, title, description, expr string, colors object) panel {
	return panel{
		kind: "stat", title: title, description: description, width: width, height: 4,
		queries: []query{{expr: expr, format: "time_series"}},
		options: object{
			"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
			"reduceOptions": object{"calcs": list{"lastNotNull"}, "fields": "", "values": false},
		},
		defaults: object{"decimals": 0, "thresholds": colors, "noValue": "no data"},
	}
}

// label is a column of a table with the value of a label.
type label struct {
	name, title string
	properties  list
}

// value is a column of a table with the values of a query.
type value struct {
	expr, title string
	properties  list
}

// table is a panel with a row for each set of labels. Each of its queries must return all labels: Grafana merges by the columns
// that all results have. An empty result has none, and the merge of a few thousand rows then takes many seconds.
type table struct {
	title, description string
	width, height      int
	labels             []label
	values             []value
	// hidden are the labels without a column.
	hidden []string
	// sort are titles of columns; a minus reverses the order.
	sort []string
}

func (t table) panel() panel {
	p := panel{
		kind: "table", title: t.title, description: t.description, width: t.width, height: t.height,
		options: object{"showHeader": true, "sortBy": sortBy(t.sort)},
		defaults: object{
			// Grafana turns displayMode into what its version has for it; with an empty custom, early 12 would not.
			"custom":     object{"align": "left", "displayMode": "auto", "filterable": true, "minWidth": 90},
			"thresholds": thresholds("text"),
		},
	}
	order, titles := object{}, object{}
	column := func(field, title string, properties list) {
		order[field], titles[field] = len(order), title
		if len(properties) > 0 {
			p.overrides = append(p.overrides, object{"matcher": object{"id": "byName", "options": title}, "properties": properties})
		}
	}
	for _, l := range t.labels {
		column(l.name, l.title, l.properties)
	}
	for i, v := range t.values {
		p.queries = append(p.queries, query{expr: v.expr, format: "table"})
		field := "Value #" + refID(i)
		if len(t.values) == 1 {
			field = "Value"
		}
		column(field, v.title, v.properties)
	}
	if len(t.values) > 1 {
		p.transform = append(p.transform, object{"id": "merge", "options": object{}})
	}
	excluded := object{"Time": true}
	for _, name := range t.hidden {
		excluded[name] = true
	}
	p.transform = append(p.transform, object{"id": "organize", "options": object{
		"excludeByName": excluded, "indexByName": order, "renameByName": titles,
	}})
	return p
}

func sortBy(titles []string) list {
	by := list{}
	for _, title := range titles {
		descending := title[0] == '-'
		if descending {
			title = title[1:]
		}
		by = append(by, object{"displayName": title, "desc": descending})
	}
	return by
}

func property(id string, value any) object { return object{"id": id, "value": value} }

// coloured replaces the numbers from 0 on by texts in their colours.
func coloured(width int, of ...valueText) list {
	return list{property("mappings", valueTexts(of...)), property("custom.displayMode", "color-text"), property("custom.width", width)}
}

// date shows milliseconds since 1970 as an instant, and 0 as a word.
func date(absent string) list {
	return list{property("mappings", valueTexts(valueText{absent, "text"})), property("unit", "dateTimeAsIso"), property("custom.width", 165)}
}

// bar shows days as a bar of at most a year.
func bar(colors object) list {
	return list{
		property("unit", "suffix:days"), property("decimals", 0), property("min", 0), property("max", 365),
		property("thresholds", colors), property("custom.displayMode", "basic"),
	}
}

// canonical is the form in which the file is kept: that in which encoding/json writes it.
func canonical(dashboard any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(dashboard); err != nil {
		panic(err) // it is made of maps, lists, texts and numbers
	}
	return out.Bytes()
}
