// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/metrics"
)

// BenchmarkScrape is a scrape of a thousand clusters with four releases each. The floor is what every exporter has to do:
// to write these series as text. The difference is what it takes to make them of the statuses and to sort them.
func BenchmarkScrape(b *testing.B) {
	cache := fleet()
	few := cache.clusters[0].Status
	few.Releases = append(few.Releases, cache.clusters[1].Status.Releases...)
	cache.clusters = nil
	for i := range 1000 {
		cache.clusters = append(cache.clusters, clusterOf("workspace-a", fmt.Sprintf("cluster-%d", i), few))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewCollector(metrics.Options{
		Reader: cache, Answered: func(*v1alpha1.ClusterSupport) time.Time { return day("2021-06-01").Time },
	}))
	families, err := registry.Gather()
	if err != nil {
		b.Fatal(err)
	}
	size := &counter{}
	encode(b, size, families)
	b.ReportAllocs()
	var floor time.Duration
	for b.Loop() {
		gathered, err := registry.Gather()
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		encode(b, io.Discard, gathered)
		floor += time.Since(start)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(floor), "x-floor")
	b.ReportMetric(float64(size.bytes)/1e6, "MB-text")
}

// counter counts what is written.
type counter struct{ bytes int }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	return len(p), nil
}

func encode(b *testing.B, to io.Writer, families []*dto.MetricFamily) {
	b.Helper()
	encoder := expfmt.NewEncoder(to, expfmt.NewFormat(expfmt.TypeTextPlain).WithEscapingScheme(model.NoEscaping))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			b.Fatal(err)
		}
	}
}
