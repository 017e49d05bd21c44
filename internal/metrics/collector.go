// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics makes Prometheus metrics of what the statuses say.
//
// It is a collector over the informers' cache: each scrape reads what is there at that instant, so that nothing has to be
// forgotten when an object goes. An instant is exported as such, never as a time that is left; one that is not known is an
// absent series, never 0. What is unknown is a series of its own.
//
//	metrics.go    the metrics, their labels and what they mean
//	collector.go  which objects are read
//	series.go     what becomes of each of them
//	condition.go  which conditions are exported
package metrics

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// Options are what a collector reads.
type Options struct {
	// Reader is the cache with the statuses. Required.
	Reader client.Reader
	// Answered is when the API server of the cluster last answered to this replica; zero when this replica does not observe
	// it or it never did. Nil: this replica observes nothing.
	Answered func(*v1alpha1.ClusterSupport) time.Time
	// Active tells whether this replica does the work of its shard. Nil: it does.
	Active func() bool
	// Shard and Shards are the part of the clusters that this replica is for: 0 of 1 is the whole. Whatever the part,
	// all clusters are exported, except for when they answered.
	Shard, Shards int
	// Build is what the operator knows about itself. Required.
	Build version.Info
}

// Collector exports the statuses of all objects. It is for one registry.
type Collector struct{ options Options }

var _ prometheus.Collector = &Collector{}

// NewCollector makes a collector.
func NewCollector(options Options) *Collector {
	if options.Answered == nil {
		options.Answered = func(*v1alpha1.ClusterSupport) time.Time { return time.Time{} }
	}
	if options.Active == nil {
		options.Active = func() bool { return true }
	}
	options.Shards = max(options.Shards, 1)
	return &Collector{options: options}
}

// Describe tells which metrics there are.
func (c *Collector) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range all {
		descriptions <- d
	}
}

// patience is how long a scrape waits for a cache that is being filled. Prometheus waits ten seconds.
const patience = 5 * time.Second

// Collect reads the cache. When that cannot be read the scrape fails: part of the truth would resolve alerts.
func (c *Collector) Collect(metrics chan<- prometheus.Metric) {
	to := sink(metrics)
	to.operator(c.options.Build, c.options.Shard, c.options.Shards, c.options.Active())
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var (
		clusters   v1alpha1.ClusterSupportList
		policies   v1alpha1.SupportPolicyList
		exceptions v1alpha1.SupportExceptionList
	)
	for _, list := range []client.ObjectList{&clusters, &policies, &exceptions} {
		if err := c.options.Reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			to <- prometheus.NewInvalidMetric(clusterCondition, fmt.Errorf("read the cache for %T: %w", list, err))
			return
		}
	}
	for i := range clusters.Items {
		cluster := &clusters.Items[i]
		// An older object stands for the same cluster, and one cluster is one alert.
		if cluster.Status.DuplicateOf == "" {
			to.cluster(cluster, c.options.Answered(cluster))
		}
	}
	for i := range policies.Items {
		to.policy(&policies.Items[i])
	}
	for i := range exceptions.Items {
		to.exception(&exceptions.Items[i])
	}
}
