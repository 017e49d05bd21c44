// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// report has the figures of a run.
type report struct {
	// clusters is how many there are, object how large a ClusterSupport is, as JSON, and patch what a change writes of it.
	clusters      int
	object, patch bytesize

	times   []*timing
	tallies []tally
	rests   []*atRest
}

// timing is how long something took, or how much of the processor, and the least that it could take; 0 where nothing says
// what that is.
type timing struct {
	name            string
	measured, least time.Duration
}

func (r *report) took(name string, measured time.Duration) {
	r.times = append(r.times, &timing{name: name, measured: measured})
}

// least tells what the figure of that name could be at best.
func (r *report) least(name string, least time.Duration) {
	for _, t := range r.times {
		if t.name == name {
			t.least = least
		}
	}
}

// atRest is what a program uses, and asks for, while nothing happens.
type atRest struct {
	name string
	usage

	// live is what the last garbage collection has left of the heap.
	live bytesize
	// clusters is how many there are to look at, and base what the same program takes without any.
	clusters int
	base     bytesize
	// busy is the part of the time for which it has run on one processor.
	busy float64
	// toHub and toClusters are requests in a second.
	toHub, toClusters float64
	watches, writes   int
}

func (r *report) print(out io.Writer) error {
	fmt.Fprintf(out, "%d clusters, each with an object of %s KiB, of which a change of a release writes %s; %d processors, %s\n",
		r.clusters, number(r.object.kib()), number(r.patch.kib()), runtime.NumCPU(), runtime.Version())
	times := [][]string{{"", "measured", "least", "ratio"}}
	for _, t := range r.times {
		least, ratio := "", ""
		if t.least > 0 {
			least, ratio = duration(t.least), number(float64(t.measured)/float64(t.least))
		}
		times = append(times, []string{t.name, duration(t.measured), least, ratio})
	}
	tallies := [][]string{{"", "writes: ClusterSupports", "SupportPolicies", "events", "for each cluster: requests", "connections"}}
	for _, t := range r.tallies {
		tallies = append(tallies, []string{
			t.name, strconv.Itoa(t.clusterSupports), strconv.Itoa(t.policies), strconv.Itoa(t.events),
			number(t.requests), number(t.connections),
		})
	}
	for _, table := range [][][]string{times, tallies, r.restTable()} {
		if err := printTable(out, table); err != nil {
			return err
		}
	}
	for _, t := range r.times {
		if t.measured < t.least {
			fmt.Fprintf(out, "\nTHE BENCH IS AT FAULT: %s: %s were measured, which is below the %s that are said to be the least.\n",
				t.name, duration(t.measured), duration(t.least))
		}
	}
	return nil
}

// restTable is the table of the programs at rest, each in a column.
func (r *report) restTable() [][]string {
	lines := []struct {
		name string
		of   func(*atRest) float64
	}{
		{"RSS, MiB", func(r *atRest) float64 { return r.resident.mib() }},
		{"most RSS so far, MiB", func(r *atRest) float64 { return r.peak.mib() }},
		{"live heap, MiB", func(r *atRest) float64 { return r.live.mib() }},
		{"RSS per cluster, KiB", func(r *atRest) float64 { return r.perCluster((r.resident - r.base).kib()) }},
		{"connections per cluster", func(r *atRest) float64 { return r.perCluster(float64(r.connections)) }},
		{"watches per cluster", func(r *atRest) float64 { return r.perCluster(float64(r.watches)) }},
		{"requests to the clusters, /s", func(r *atRest) float64 { return r.toClusters }},
		{"requests to the hub, /s", func(r *atRest) float64 { return r.toHub }},
		{"writes", func(r *atRest) float64 { return float64(r.writes) }},
		{"CPU, % of one processor", func(r *atRest) float64 { return 100 * r.busy }},
		{"threads", func(r *atRest) float64 { return float64(r.threads) }},
	}
	table := [][]string{{"at rest"}}
	for _, r := range r.rests {
		table[0] = append(table[0], r.name)
	}
	for _, line := range lines {
		row := []string{line.name}
		for _, r := range r.rests {
			row = append(row, number(line.of(r)))
		}
		table = append(table, row)
	}
	return table
}

func (r *atRest) perCluster(n float64) float64 {
	if r.clusters == 0 {
		return 0
	}
	return n / float64(r.clusters)
}

// printTable writes a table as Markdown has it.
func printTable(out io.Writer, table [][]string) error {
	lines := tabwriter.NewWriter(out, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(out)
	for i, row := range table {
		fmt.Fprintf(lines, "| %s\t\n", strings.Join(row, "\t "))
		if i == 0 {
			fmt.Fprintf(lines, "|---\t%s\n", strings.Repeat("---:\t", len(row)-1))
		}
	}
	return lines.Flush()
}

func number(value float64) string {
	digits := 2
	for _, limit := range []float64{1, 100} {
		if value >= limit {
			digits--
		}
	}
	text := strconv.FormatFloat(value, 'f', digits, 64)
	if digits > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func duration(d time.Duration) string {
	if d < time.Second {
		return number(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return number(d.Seconds()) + " s"
}

// spread is how long things took, shortest first.
type spread []time.Duration

func spreadOf(all []time.Duration) spread { return slices.Sorted(slices.Values(all)) }

// at is the time within which a part of all is, from 0 to 1.
func (s spread) at(part float64) time.Duration { return s[min(len(s)-1, int(part*float64(len(s))))] }

// percentiles are those that are told.
var percentiles = []struct {
	name string
	part float64
}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}}

// The names of times of which the least is measured, too.
const (
	coldTime    = "cold start, until all statuses are complete"
	coldCPU     = "cold start, the operator's CPU"
	restartTime = "restart, until all is watched"
	restartCPU  = "restart, the operator's CPU"
	policyTime  = "change of a policy, until all statuses say so"
)

func changeTime(percentile string) string {
	return "change of a release, until the hub says so, " + percentile
}
