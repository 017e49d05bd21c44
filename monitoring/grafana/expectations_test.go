// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import "time"

// expectation is what a panel shows of the whole fleet, and of a selection.
type expectation struct{ all, some []string }

// one returns the expectation of a stat.
func one(all, some string) expectation { return expectation{[]string{all}, []string{some}} }

// expectations returns the expectations by the title of the panel. They follow from clustersOf, policies, exceptionObjects and
// operators alone.
func expectations(c calendar) map[string]expectation {
	return map[string]expectation{
		"Clusters":               one("6", "1"), // the seventh is a duplicate
		"Clusters supported":     one("2", "0"),
		"Clusters unsupported":   one("1", "1"),
		"Clusters unknown":       one("3", "0"),
		"Clusters unobserved":    one("4", "0"),
		"Clusters expiring soon": one("2", "1"),
		"Releases":               one("14", "3"),
		"Unsupported":            one("3", "2"),
		"Under exception":        one("5", "1"),
		"Unknown":                one("2", "0"),
		"Ends in 30 days":        one("2", "1"),
		"Ends in 60 days":        one("4", "2"),
		"Ends in 90 days":        one("6", "2"),
		"Ends in 180 days":       one("8", "2"),
		"Timeline of ends": {
			all: []string{
				"workspace-a | eu | Konvoy | default | 1.6.3 | " + c.shown(20) + " | 20 days", // its exception
				"support-policy-system | host | Konvoy | default | 1.8.4 | " + c.shown(29) + " | 29 days",
				"workspace-a | eu | Kaptain | default | 1.0 | " + c.shown(45) + " | 45 days", // whatever its parts are
				"workspace-a | eu | Cassandra | prod.blue | 3.11 | " + c.shown(59) + " | 59 days",
				"workspace-b | silent | Kafka | prod.kafka | 2.7 | " + c.shown(80) + " | 80 days", // its exception
				"support-policy-system | host | Kommander | kommander | 1.4.3 | " + c.shown(89) + " | 89 days",
				"workspace-c | late | Kafka | late.kafka | 2.6 | " + c.shown(150) + " | 150 days", // its exception has ended
				"workspace-a | us | BasePlatformServices | default | stable-1.20-4.1.0 | " + c.shown(179) + " | 179 days",
				"workspace-b | silent | Spark | test.spark | 3.0 | " + c.shown(200) + " | 200 days",
				"workspace-b | silent | Spark | prod.spark | 3.0 | " + c.shown(400) + " | 400 days", // its exception
			},
			some: []string{
				"workspace-a | eu | Konvoy | default | 1.6.3 | " + c.shown(20) + " | 20 days",
				"workspace-a | eu | Cassandra | prod.blue | 3.11 | " + c.shown(59) + " | 59 days",
			},
		},
		"Releases by state over time": {
			all:  []string{"Supported: 9", "Unknown: 2", "Unsupported: 3"},
			some: []string{"Supported: 1", "Unknown: 0", "Unsupported: 2"},
		},
		"Fleet": {
			all: []string{
				"workspace-a | eu | Konvoy | default | 1.6.3 | konvoy | Unsupported | " + c.shown(-41) + " | – | " + c.shown(20) + " | prohibited",
				"workspace-a | eu | Cassandra | prod.green | 3.10 | cassandra | Unsupported | " + c.shown(-10) + " | – | – | –",
				"workspace-a | eu | Kaptain | default | 1.0 | kaptain | Unsupported | " + c.shown(45) + " | – | – | –",
				"workspace-a | us | Konvoy | default | not known | konvoy | Unknown | not known | – | – | –",
				"workspace-b | silent | Dispatch | default | 1.3.0 | none | Unknown | not known | – | – | –",
				"support-policy-system | host | Kubernetes | default | v1.20.13 | kubernetes | Supported | not known | ends it | – | –",
				"support-policy-system | host | Konvoy | default | 1.8.4 | konvoy | Supported | " + c.shown(29) + " | – | – | –",
				"workspace-a | eu | Cassandra | prod.blue | 3.11 | cassandra | Supported | " + c.shown(59) + " | – | – | –",
				"support-policy-system | host | Kommander | kommander | 1.4.3 | kommander | Supported | " + c.shown(89) + " | ends it | – | –",
				"workspace-b | silent | Spark | prod.spark | 3.0 | spark | Supported | " + c.shown(100) + " | – | " + c.shown(400) + " | –",
				"workspace-c | late | Kafka | late.kafka | 2.6 | kafka | Supported | " + c.shown(150) + " | – | " + c.shown(-3) + " | prohibited",
				"workspace-a | us | BasePlatformServices | default | stable-1.20-4.1.0 | base-platform-services | Supported | " + c.shown(179) + " | – | – | –",
				"workspace-b | silent | Spark | test.spark | 3.0 | spark | Supported | " + c.shown(200) + " | – | " + c.shown(5) + " | –",
				"workspace-b | silent | Kafka | prod.kafka | 2.7 | kafka | Supported | " + c.shown(300) + " | – | " + c.shown(80) + " | prohibited",
			},
			some: []string{
				"workspace-a | eu | Konvoy | default | 1.6.3 | konvoy | Unsupported | " + c.shown(-41) + " | – | " + c.shown(20) + " | prohibited",
				"workspace-a | eu | Cassandra | prod.green | 3.10 | cassandra | Unsupported | " + c.shown(-10) + " | – | – | –",
				"workspace-a | eu | Cassandra | prod.blue | 3.11 | cassandra | Supported | " + c.shown(59) + " | – | – | –",
			},
		},
		"Conditions of clusters": {
			// Supported, compatible, expiring soon, upgrade, ready, reachable.
			all: []string{
				"workspace-a | eu | False | False | True | False | True | True | " + iso(c.now.Add(-14*time.Minute)),
				"workspace-a | us | Unknown | False | False | False | True | False | " + iso(c.now.Add(-3*time.Hour)),
				"workspace-b | silent | Unknown | False | False | False | True | True | none",
				"workspace-b | new | Unknown | Unknown | Unknown | Unknown | True | Unknown | none",
				"workspace-c | late | True | False | False | False | True | True | " + iso(c.now.Add(-16*time.Minute)),
				"support-policy-system | host | True | True | True | True | True | True | " + iso(c.now),
			},
			some: []string{
				"workspace-a | eu | False | False | True | False | True | True | " + iso(c.now.Add(-14*time.Minute)),
			},
		},
		"Unknown releases": {
			all: []string{
				"workspace-b | silent | Dispatch | default | 1.3.0 | none | Unknown",
				"workspace-a | us | Konvoy | default | not known | konvoy | Unknown",
			},
		},
		"Unobserved clusters": {
			all: []string{
				"workspace-a | us | False | " + iso(c.now.Add(-3*time.Hour)),
				"workspace-b | new | Unknown | none",
				"workspace-b | silent | no answer lately | none",
				"workspace-c | late | no answer lately | " + iso(c.now.Add(-16*time.Minute)),
			},
		},
		"Prohibited and experimental": {
			all: []string{
				"workspace-a | eu | Kaptain | default | 1.0 | experimental in production",
				"workspace-a | eu | Konvoy | default | 1.6.3 | combination",
				"workspace-c | late | Kafka | late.kafka | 2.6 | combination",
				"workspace-b | silent | Kafka | prod.kafka | 2.7 | combination",
				"workspace-a | us | as a whole |  | – | combination",
			},
			some: []string{"workspace-a | eu | Konvoy | default | 1.6.3 | combination"},
		},
		"Exceptions": {
			all: []string{
				"cassandra-3.10 | Cassandra | " + c.shown(-6) + " | -6 days",
				"konvoy-1.6 | Konvoy | " + c.shown(20) + " | 20 days",
				"spark | Spark | " + c.shown(400) + " | 400 days",
			},
			some: []string{
				"cassandra-3.10 | Cassandra | " + c.shown(-6) + " | -6 days",
				"konvoy-1.6 | Konvoy | " + c.shown(20) + " | 20 days",
			},
		},
		"Policies":                 {all: policyRows, some: policyRows},
		"Active replicas":          {all: activeRows, some: activeRows},
		"Shards without a replica": one("1", "1"),
	}
}

// The panels that do not depend on the variables.
var (
	policyRows = []string{
		"kommander | stalled | – | not ready",
		"konvoy | – | conflicting | ready",
		"cassandra | – | – | ready",
	}
	activeRows = []string{"shard 0: 1", "shard 1: 0"}
)
