package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// table has the figures of a run, in the order of the first mention.
type table struct{ rows []*row }

// row is one figure, and the least that it could be; 0 when nothing says what that is.
type row struct {
	name, unit   string
	value, least float64
}

func (t *table) add(name, unit string, value float64) { t.row(name).set(unit, value) }

// least says what the figure of that name could be at best.
func (t *table) least(name string, value float64) { t.row(name).least = value }

func (t *table) row(name string) *row {
	for _, r := range t.rows {
		if r.name == name {
			return r
		}
	}
	t.rows = append(t.rows, &row{name: name})
	return t.rows[len(t.rows)-1]
}

func (r *row) set(unit string, value float64) { r.unit, r.value = unit, value }

func (t *table) print(out io.Writer) error {
	lines := tabwriter.NewWriter(out, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(lines, "| figure\t unit\t measured\t least\t ratio\t")
	fmt.Fprintln(lines, "|---\t---\t---\t---\t---\t")
	for _, r := range t.rows {
		least, ratio := "", ""
		if r.least != 0 {
			least, ratio = number(r.least), fmt.Sprintf("%.1f", r.value/r.least)
		}
		fmt.Fprintf(lines, "| %s\t %s\t %s\t %s\t %s\t\n", r.name, r.unit, number(r.value), least, ratio)
	}
	return lines.Flush()
}

func number(value float64) string {
	switch {
	case value == float64(int64(value)):
		return fmt.Sprintf("%.0f", value)
	case value < 1:
		return fmt.Sprintf("%.3f", value)
	case value < 100:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}

// spread is how long things took, shortest first.
type spread []time.Duration

func spreadOf(all []time.Duration) spread {
	return slices.Sorted(slices.Values(all))
}

// at is the time within which a part of all is, from 0 to 1.
func (s spread) at(part float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	return s[min(len(s)-1, int(part*float64(len(s))))]
}

// percentiles are those that are told.
var percentiles = []struct {
	name string
	part float64
}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// The names of figures of which the least is known.
const (
	coldTime        = "cold start: until all statuses are complete"
	coldCPU         = "cold start: CPU"
	coldConnections = "cold start: connections made to a cluster"
	policyTime      = "a change of a policy: until all statuses say so"
)

func perClusterMemory(name string) string      { return name + ": memory of a cluster" }
func perClusterConnections(name string) string { return name + ": connections to a cluster" }
