// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestSpread(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i))
	}
	for part, want := range map[float64]time.Duration{0: 1, 0.5: 101, 0.99: 199, 1: 200} {
		expect.Equal(t, want, spreadOf(all).at(part), "at", part)
	}
}

func TestReport(t *testing.T) {
	var r report
	r.took(coldTime, 90*time.Second)
	r.took(changeTime("p50"), 25500*time.Microsecond)
	r.least(changeTime("p50"), 20*time.Millisecond)
	r.took(changeTime("p99"), 20*time.Millisecond)
	r.least(changeTime("p99"), 80*time.Millisecond)
	r.tallies = []tally{{"cold start", 2000, 54, 2008, 47.2, 1}}
	r.rests = []*atRest{{name: "cold start", usage: usage{resident: 240 << 20, connections: 1000}, base: 40 << 20, clusters: 1000, busy: 0.0512}}
	var got bytes.Buffer
	if err := r.print(&got); err != nil {
		t.Fatal(err)
	}
	_, tables, _ := bytes.Cut(got.Bytes(), []byte("\n"))
	expect.Equal(t, printed, string(tables), "the report")
}

const printed = `
|                                                 | measured | least | ratio |
|---                                              |---:      |---:   |---:   |
| cold start, until all statuses are complete     | 90 s     |       |       |
| change of a release, until the hub says so, p50 | 25.5 ms  | 20 ms | 1.3   |
| change of a release, until the hub says so, p99 | 20 ms    | 80 ms | 0.25  |

|            | writes: ClusterSupports | SupportPolicies | events | for each cluster: requests | connections |
|---         |---:                     |---:             |---:    |---:                        |---:         |
| cold start | 2000                    | 54              | 2008   | 47.2                       | 1           |

| at rest                      | cold start |
|---                           |---:        |
| RSS, MiB                     | 240        |
| most RSS so far, MiB         | 0          |
| live heap, MiB               | 0          |
| RSS per cluster, KiB         | 205        |
| connections per cluster      | 1          |
| watches per cluster          | 0          |
| requests to the clusters, /s | 0          |
| requests to the hub, /s      | 0          |
| writes                       | 0          |
| CPU, % of one processor      | 5.1        |
| threads                      | 0          |

THE BENCH IS AT FAULT: change of a release, until the hub says so, p99: 20 ms were measured, which is below the 80 ms that are said to be the least.
`
