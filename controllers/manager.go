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
	"k8s.io/apimachinery/pkg/types"
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
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// Name is the operator's name: of its leases, its events and its field manager.
const Name = "support-policy-operator"

// Options are what the operator can be told from outside.
type Options struct {
	// Namespace is the operator's own: ClusterSupport "host" and the leases are in it. Required.
	Namespace string
	// Clock tells the time by which the policies are evaluated. Nil: the machine's.
	Clock clock.WithTicker
	// LeaderElection lets one of several replicas work at a time.
	LeaderElection bool
	// HealthAddress is where /healthz and /readyz are served; empty or "0" serves none.
	HealthAddress string
	// VersionInterval is how often a cluster is asked for its Kubernetes version. 0: the default of package observe.
	VersionInterval time.Duration
	// Log receives everything that is logged.
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

// NewManager puts the operator together for the cluster of cfg: all that Start on the result then runs. Errors say what
// could not be set up.
func NewManager(cfg *rest.Config, options Options) (manager.Manager, error) {
	if options.Namespace == "" {
		return nil, errors.New("the operator's own namespace is not known: set POD_NAMESPACE or --namespace")
	}
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	mgr, err := ctrl.NewManager(cfg, manager.Options{
		Scheme:                        Scheme(),
		Logger:                        options.Log,
		LeaderElection:                options.LeaderElection,
		LeaderElectionID:              Name,
		LeaderElectionNamespace:       options.Namespace,
		LeaderElectionReleaseOnCancel: true,
		HealthProbeBindAddress:        options.HealthAddress,
		Metrics:                       metricsserver.Options{BindAddress: "0"},
		// Several operators may run in one process, one after the other, as they do in tests.
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		Cache:      cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
		// A reconcile must not judge from a cache that lacks what the one before it wrote: it would write again.
		Client: client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: ptr.To(true)}},
	})
	if err != nil {
		return nil, fmt.Errorf("set up the manager: %w", err)
	}
	return mgr, errors.Join(checkInstalled(mgr), addReconcilers(mgr, cfg, options), addProbes(mgr))
}

// checkInstalled sees to it that the API server knows the kinds: without them every controller would fail again and again.
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

func addReconcilers(mgr manager.Manager, cfg *rest.Config, options Options) error {
	policies := NewPolicies(mgr.GetClient())
	host, err := newHost(cfg, policies, options)
	if err != nil {
		return err
	}
	clusterAlarm, policyAlarm, exceptionAlarm := NewAlarm(options.Clock), NewAlarm(options.Clock), NewAlarm(options.Clock)
	status := statusWriter{client: mgr.GetClient(), transitions: NewTransitions(mgr.GetClient())}
	return errors.Join(
		mgr.Add(host), mgr.Add(clusterAlarm), mgr.Add(policyAlarm), mgr.Add(exceptionAlarm),
		(&Inventory{Client: mgr.GetClient(), Namespace: options.Namespace}).SetupWithManager(mgr),
		(&ClusterSupports{
			Client: mgr.GetClient(), Clock: options.Clock, Policies: policies, Alarm: clusterAlarm, Status: status,
			Host: host, Namespace: options.Namespace,
		}).SetupWithManager(mgr),
		(&SupportPolicies{
			counting: counting{Client: mgr.GetClient(), Clock: options.Clock, Alarm: policyAlarm, Status: status}, Policies: policies,
		}).SetupWithManager(mgr),
		(&SupportExceptions{
			counting: counting{Client: mgr.GetClient(), Clock: options.Clock, Alarm: exceptionAlarm, Status: status},
		}).SetupWithManager(mgr),
	)
}

// What the observation of a cluster reads. Nothing in it is a Secret, and nothing is written.
//
// +kubebuilder:rbac:urls=/version,verbs=get
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=nodes,verbs=list
// +kubebuilder:rbac:groups=kubeaddons.mesosphere.io,resources=addons;clusteraddons,verbs=list;watch
// +kubebuilder:rbac:groups=kommander.mesosphere.io,resources=konvoyclusters,verbs=list;watch
// +kubebuilder:rbac:groups=helm.toolkit.fluxcd.io,resources=helmreleases,verbs=list;watch
// +kubebuilder:rbac:groups=dkp.d2iq.io,resources=kommandercores,verbs=list;watch
// +kubebuilder:rbac:groups=kudo.dev,resources=instances;operatorversions,verbs=list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets;daemonsets,verbs=list;watch

// newHost observes the operator's own cluster.
func newHost(cfg *rest.Config, policies *Policies, options Options) (*observed, error) {
	host := &observed{policies: policies, key: hostIn(options.Namespace), changed: make(chan struct{}, 1)}
	observer, err := observe.New(cfg, observe.Options{
		Log: options.Log.WithName("observe"), Changed: host.signal, VersionInterval: options.VersionInterval,
	})
	if err != nil {
		return nil, fmt.Errorf("observe the operator's own cluster: %w", err)
	}
	host.observer = observer
	return host, nil
}

// observed is a cluster under observation, and the signal that what is known about it changed.
type observed struct {
	observer *observe.Observer
	policies *Policies
	// key is that of the cluster's ClusterSupport.
	key types.NamespacedName
	// changed holds at most one signal: whoever takes it reads the newest snapshot.
	changed chan struct{}
}

func (o *observed) signal() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// Start observes until the context ends. It begins when the policies are known: what they tell how to find is looked for
// from the start, and a restart does not take it for gone.
func (o *observed) Start(ctx context.Context) error {
	policies, err := o.policies.Set(ctx)
	if err != nil {
		return err
	}
	var object v1alpha1.ClusterSupport
	if err := o.policies.reader.Get(ctx, o.key, &object); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("get ClusterSupport %s: %w", o.key, err)
	}
	o.find(policies, object.Labels)
	return o.observer.Run(ctx)
}

// find has the observer look for what the policies for a cluster with these labels tell how to find.
func (o *observed) find(policies *support.Set, labels map[string]string) {
	o.observer.Find(policies.Detections(labels))
}

// Snapshot is what is known about the cluster.
func (o *observed) Snapshot() observe.Snapshot { return o.observer.Snapshot() }
