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
)

// Who asks for metrics is known by a token, and what he may is asked of the API server.
//
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create

func servesMetrics(options Options) bool {
	return options.MetricsAddress != "" && options.MetricsAddress != "0"
}

// addMetrics has what the statuses say exported beside what controller-runtime counts, and has both served.
func addMetrics(mgr manager.Manager, answered func(*v1alpha1.ClusterSupport) time.Time, options Options) error {
	if !servesMetrics(options) {
		return nil
	}
	serving, err := endpoint.New(endpoint.Options{
		Address: options.MetricsAddress, CertDir: options.MetricsCertDir, Config: mgr.GetConfig(), Client: mgr.GetHTTPClient(),
		Gatherer: ctrlmetrics.Registry, Log: options.Log.WithName("endpoint"),
	})
	if err != nil {
		return err
	}
	return errors.Join(mgr.Add(serving), mgr.Add(&exporting{metrics.NewCollector(metrics.Options{
		Reader: mgr.GetCache(), Answered: answered, Active: isClosed(mgr.Elected()),
		Shard: int(options.Shard.Index), Shards: int(options.Shard.Count),
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
