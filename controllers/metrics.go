package controllers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/metrics"
)

// scrapesAtOnce is for a few Prometheus servers. Each scrape of a large fleet takes some megabytes for a moment.
const scrapesAtOnce = 4

// servingMetrics says where and to whom metrics are served.
func servingMetrics(options Options) (metricsserver.Options, error) {
	if !servesMetrics(options) {
		return metricsserver.Options{BindAddress: "0"}, nil
	}
	if folder := options.MetricsCertDir; folder != "" {
		// Without them the server would make a certificate of its own, and whoever verifies it would see nothing at all.
		for _, name := range []string{"tls.crt", "tls.key"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				return metricsserver.Options{}, fmt.Errorf("the certificate of the metrics endpoint: %w", err)
			}
		}
	}
	return metricsserver.Options{
		BindAddress: options.MetricsAddress, SecureServing: true, CertDir: options.MetricsCertDir,
		FilterProvider: guarded,
		HandlerOpts:    []func(*promhttp.HandlerOpts){func(o *promhttp.HandlerOpts) { o.MaxRequestsInFlight = scrapesAtOnce }},
	}, nil
}

func servesMetrics(options Options) bool {
	return options.MetricsAddress != "" && options.MetricsAddress != "0"
}

// addMetrics has what the statuses say exported beside what controller-runtime counts.
func addMetrics(mgr manager.Manager, answered func(*v1alpha1.ClusterSupport) time.Time, options Options) error {
	if !servesMetrics(options) {
		return nil
	}
	return mgr.Add(&exporting{metrics.NewCollector(metrics.Options{
		Reader: mgr.GetCache(), Answered: answered, Active: isClosed(mgr.Elected()),
		Shard: int(options.Shard.Index), Shards: int(options.Shard.Count),
	})})
}

func isClosed(elected <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-elected:
			return true
		default:
			return false
		}
	}
}

// exporting is a collector that is registered while the operator runs. The registry is that of the process, in which
// operators may run one after the other, as they do in tests.
type exporting struct{ collector *metrics.Collector }

// NeedLeaderElection tells that a replica which waits for its turn exports, too.
func (*exporting) NeedLeaderElection() bool { return false }

// Start exports until the context ends.
func (e *exporting) Start(ctx context.Context) error {
	if err := ctrlmetrics.Registry.Register(e.collector); err != nil {
		return fmt.Errorf("export metrics, which one operator of a process can: %w", err)
	}
	<-ctx.Done()
	ctrlmetrics.Registry.Unregister(e.collector)
	return nil
}
