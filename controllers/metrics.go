// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/endpoint"
	"github.com/d2iq-labs/support-policy-operator/internal/metrics"
	"github.com/d2iq-labs/support-policy-operator/internal/version"
)

// The endpoint authenticates and authorizes the clients of the metrics through the API server.
//
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

func servesMetrics(options Options) bool {
	return options.MetricsAddress != "" && options.MetricsAddress != "0"
}

// addMetrics exports the statuses and the metrics of controller-runtime. lastContact is when a cluster answered last.
func addMetrics(mgr manager.Manager, lastContact func(*v1alpha1.ClusterSupport) time.Time, options Options) error {
	if !servesMetrics(options) {
		return nil
	}
	server, err := endpoint.New(endpoint.Options{
		Address: options.MetricsAddress, CertDir: options.MetricsCertDir, Config: mgr.GetConfig(), Client: mgr.GetHTTPClient(),
		Gatherer: ctrlmetrics.Registry, Log: options.Log.WithName("endpoint"),
	})
	if err != nil {
		return err
	}
	return errors.Join(mgr.Add(server), mgr.Add(&metricsExporter{metrics.NewCollector(metrics.Options{
		Reader: mgr.GetCache(), Answered: lastContact, Active: isClosed(mgr.Elected()),
		Shard: int(options.Shard.Index), Shards: int(options.Shard.Count),
		Build: version.Get(),
	})}))
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

// metricsExporter registers a collector while the operator runs. The registry is that of the process, in which operators may
// run one after the other, as they do in tests.
type metricsExporter struct{ collector *metrics.Collector }

// NeedLeaderElection is false, so that a replica that is not the leader exports, too.
func (*metricsExporter) NeedLeaderElection() bool { return false }

// Start exports until the context ends.
func (e *metricsExporter) Start(ctx context.Context) error {
	if err := ctrlmetrics.Registry.Register(e.collector); err != nil {
		return fmt.Errorf("export metrics, which one operator of a process can: %w", err)
	}
	<-ctx.Done()
	ctrlmetrics.Registry.Unregister(e.collector)
	return nil
}
