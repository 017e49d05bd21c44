// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Name is the operator's name: of its leases, its events and its field manager.
const Name = "support-policy-operator"

// Options configure the operator.
type Options struct {
	// Namespace is the operator's own: ClusterSupport "host" and the leases are in it. Required.
	Namespace string
	// Clock is the time by which the policies are evaluated. Nil: the machine's.
	Clock clock.WithTicker
	// LeaderElection lets one of several replicas work at a time.
	LeaderElection bool
	// HealthAddress is where /healthz and /readyz are served; empty or "0" serves none.
	HealthAddress string
	// MetricsAddress is where /metrics is served over TLS, to clients that the API server authorizes; empty or "0" serves
	// none. Only one operator of a process can serve it.
	MetricsAddress string
	// MetricsCertDir is a folder with tls.crt and tls.key for that, which are read again when they change. Empty: the
	// operator makes a certificate of its own, which no client can verify.
	MetricsCertDir string
	// KubeconfigNamespaces are the namespaces whose Secrets may be read for kubeconfigs; "*" is all. Empty: none.
	KubeconfigNamespaces []string
	// AllowProxy lets kubeconfigs name a proxy, AllowLoopback the operator's own machine.
	AllowProxy, AllowLoopback bool
	// LabelPrefixes are the beginnings of the labels that are copied from the description of a cluster to its
	// ClusterSupport.
	LabelPrefixes []string
	// Shard is the part of the clusters that this operator is responsible for.
	Shard Shard
	// SecretInterval is how often a Secret with a kubeconfig is read again, Patience how long a cluster may fail until its
	// status says so. 0: the defaults of packages fleet and observe.
	SecretInterval, Patience time.Duration
	// VersionInterval is how often a cluster is asked for its Kubernetes version. 0: the default of package observe.
	VersionInterval time.Duration
	// RollupInterval is the least time between two evaluations of a policy or an exception for changes of clusters. 0: a
	// second.
	RollupInterval time.Duration
	// Log receives all log messages.
	Log logr.Logger
}

// Scheme knows the kinds that the operator reads and writes.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	utilruntime.Must(corev1.AddToScheme(scheme))
	return scheme
}

// DisableStreamingLists switches client-go's streaming lists off for the whole process: informers that use them never
// sync against API servers of Kubernetes 1.17, which ignore the parameter. It must be called before the first client is
// made, because client-go reads its feature gates once.
func DisableStreamingLists() error {
	if err := os.Setenv("KUBE_FEATURE_WatchListClient", "false"); err != nil {
		return fmt.Errorf("switch off streaming lists: %w", err)
	}
	return nil
}

// NewManager sets up the operator for the cluster of cfg. Start on the result runs it. Errors say what could not be set up.
func NewManager(ctx context.Context, cfg *rest.Config, options Options) (manager.Manager, error) {
	if options.Namespace == "" {
		return nil, errors.New("the operator's own namespace is not known: set POD_NAMESPACE or --namespace")
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.RollupInterval == 0 {
		options.RollupInterval = time.Second
	}
	mgr, err := ctrl.NewManager(cfg, manager.Options{
		Scheme:                        Scheme(),
		Logger:                        options.Log,
		LeaderElection:                options.LeaderElection,
		LeaderElectionID:              options.Shard.lease(),
		LeaderElectionNamespace:       options.Namespace,
		LeaderElectionReleaseOnCancel: true,
		HealthProbeBindAddress:        options.HealthAddress,
		Metrics:                       metricsserver.Options{BindAddress: "0"}, // package endpoint serves them
		// Several operators may run in one process, one after the other, as they do in tests.
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         map[client.Object]cache.ByObject{&v1alpha1.ClusterSupport{}: {Transform: keepAppliedFields}},
		},
		// A reconcile must not read a cache that lacks what the reconcile before it wrote: it would write again.
		Client: client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: ptr.To(true)}},
	})
	if err != nil {
		return nil, fmt.Errorf("set up the manager: %w", err)
	}
	return mgr, errors.Join(checkInstalled(mgr), addReconcilers(ctx, mgr, cfg, options), addProbes(mgr))
}

// checkInstalled checks that the API server serves the kinds: without them every controller would fail again and again.
func checkInstalled(mgr manager.Manager) error {
	for _, kind := range []string{"SupportPolicy", "ClusterSupport", "SupportException"} {
		if _, err := mgr.GetRESTMapper().RESTMapping(v1alpha1.GroupVersion.WithKind(kind).GroupKind(), v1alpha1.GroupVersion.Version); err != nil {
			return fmt.Errorf("the API server does not serve %s of %s, apply config/crd first (make install): %w", kind, v1alpha1.GroupVersion, err)
		}
	}
	return nil
}

func addProbes(mgr manager.Manager) error {
	return errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("ping", healthz.Ping))
}
