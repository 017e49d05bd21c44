// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// This file imitates how Grafana renders results of Prometheus, as far as this dashboard needs it. README.md says how it was
// compared with Grafana itself.

// rendered returns the lines that a panel shows.
func (p filePanel) rendered(answers []model.Vector) []string {
	if p.Type == "table" {
		return p.table(answers)
	}
	var lines []string
	for i, answer := range answers {
		for _, sample := range answer {
			line := formatted(float64(sample.Value))
			if legend := p.Targets[i].LegendFormat; legend != "" {
				line = legendLabel.ReplaceAllStringFunc(legend, func(name string) string {
					return string(sample.Metric[model.LabelName(strings.Trim(name, "{}"))])
				}) + ": " + line
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

var legendLabel = regexp.MustCompile(`{{\w+}}`)

// row is a row of a table: its labels and values, by the names of Grafana's columns.
type row struct {
	labels map[string]string
	values map[string]float64
}

// rows returns the rows of a table: each series of each query is a row, and rows with the same labels are merged.
func (p filePanel) rows(answers []model.Vector) []row {
	var rows []row
	byLabels := map[string]int{}
	for i, answer := range answers {
		name := "Value #" + p.Targets[i].RefID
		if len(answers) == 1 {
			name = "Value"
		}
		for _, sample := range answer {
			key := sample.Metric.String()
			if _, ok := byLabels[key]; !ok {
				byLabels[key] = len(rows)
				rows = append(rows, row{labels: map[string]string{}, values: map[string]float64{}})
			}
			r := rows[byLabels[key]]
			for label, text := range sample.Metric {
				r.labels[string(label)] = string(text)
			}
			r.values[name] = float64(sample.Value)
		}
	}
	return rows
}

// has tells whether any row has a column.
func has(rows []row, name string) bool {
	return slices.ContainsFunc(rows, func(r row) bool {
		_, isLabel := r.labels[name]
		_, isValue := r.values[name]
		return isLabel || isValue
	})
}

// organized returns the transformation that names and orders the columns.
func (p filePanel) organized() organize {
	for _, transformation := range p.Transformations {
		if transformation.ID == "organize" {
			return transformation.Options
		}
	}
	return organize{}
}

// column is how a column is shown.
type column struct {
	name, title, unit, absent string
	words                     map[string]struct{ Text string }
}

// columns returns the columns of a table, from left to right.
func (p filePanel) columns() []column {
	o := p.organized()
	var columns []column
	for name := range o.IndexByName {
		c := column{name: name, title: o.RenameByName[name]}
		for _, override := range p.FieldConfig.Overrides {
			if override.Matcher.ID != "byName" || override.Matcher.Options != c.title {
				continue
			}
			for _, property := range override.Properties {
				switch property.ID {
				case "unit":
					mustUnmarshal(property.Value, &c.unit)
				case "noValue":
					mustUnmarshal(property.Value, &c.absent)
				case "mappings":
					var mappings []struct {
						Options map[string]struct{ Text string }
					}
					mustUnmarshal(property.Value, &mappings)
					c.words = mappings[0].Options
				}
			}
		}
		columns = append(columns, c)
	}
	slices.SortFunc(columns, func(a, b column) int { return cmp.Compare(o.IndexByName[a.name], o.IndexByName[b.name]) })
	return columns
}

func mustUnmarshal(text json.RawMessage, into any) {
	if err := json.Unmarshal(text, into); err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
}

func (p filePanel) table(answers []model.Vector) []string {
	rows, columns := p.rows(answers), p.columns()
	slices.SortFunc(rows, func(a, b row) int { return p.compare(a, b, columns) })
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		cells := make([]string, 0, len(columns))
		for _, c := range columns {
			cells = append(cells, c.cell(r))
		}
		lines = append(lines, strings.Join(cells, " | "))
	}
	return lines
}

// compare orders rows as the panel does. Equal rows are in the order of their labels, so that results are stable.
func (p filePanel) compare(a, b row, columns []column) int {
	for _, by := range p.Options.SortBy {
		name := columns[slices.IndexFunc(columns, func(c column) bool { return c.title == by.DisplayName })].name
		order := cmp.Or(cmp.Compare(a.labels[name], b.labels[name]), cmp.Compare(a.values[name], b.values[name]))
		if by.Desc {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	for _, c := range columns {
		if order := cmp.Compare(a.labels[c.name], b.labels[c.name]); order != 0 {
			return order
		}
	}
	return 0
}

// cell returns the text of a cell.
func (c column) cell(r row) string {
	if value, ok := r.values[c.name]; ok {
		switch word, isWord := c.words[formatted(value)]; {
		case isWord:
			return word.Text
		case c.unit == "dateTimeAsIso":
			return iso(time.UnixMilli(int64(value)))
		case strings.HasPrefix(c.unit, "suffix:"):
			return formatted(value) + " " + strings.TrimPrefix(c.unit, "suffix:")
		}
		return formatted(value)
	}
	return cmp.Or(r.labels[c.name], c.absent)
}

func formatted(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }
