// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package observe watches one cluster and keeps a snapshot of what package detect tells from its objects.
//
// It knows no product: package detect says which resources to watch, what to keep of their objects, and what those prove.
// It does not know whether the cluster is the operator's own. Rules add products to detect (see Observer.SetRules).
//
// What the cluster does not have is not installed, and may come later, so the CustomResourceDefinitions are watched, too.
// What the operator may not read (403) may be there or not, and the evidence says so. When a cluster stops answering, what
// was known of it last is kept.
//
// Where to find what:
//
//   - observer.go: the Observer, and what it runs; snapshot.go: what it returns
//   - state.go: the cluster state, to which all others write; health.go: failures, and when a refusal is accepted
//   - watcher.go, crds.go, discovery.go: custom resources, for as long as they are served
//   - workloads.go: the workloads of Helm charts
//   - reflector.go, store.go: list and watch of one resource, and what is kept of its objects
//   - probe.go: what is requested at intervals: version.go, nodes.go, clusterid.go
//   - client.go, response.go, outcome.go: requests, answers as they arrive with their bounds, and what errors mean
//   - task.go, wait.go, backoff.go: when something runs again
package observe

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Options say how to observe. Their zero value is usable.
type Options struct {
	// Log gets a line when the availability of a resource changes, and nothing that comes from the cluster.
	Log logr.Logger
	// Changed is called after the Snapshot has changed, once for several changes that come together. The next call waits
	// for it to return.
	Changed func()
	// Clock is the time; the machine's by default.
	Clock clock.WithDelayedExecution
	// HubDescription has the observer also watch what describes other clusters; see Snapshot.HubDescription.
	HubDescription bool

	// VersionInterval is the time between two requests for the Kubernetes version, which also tell whether the cluster
	// answers; 1 minute by default. After a broken watch it is requested sooner.
	VersionInterval time.Duration
	// NodesInterval is the time between two lists of the nodes, and between two reads of the namespace that identifies the
	// cluster; 4 hours by default. While there are none the time is shorter.
	NodesInterval time.Duration
	// DiscoveryInterval is the time between two requests of discovery where CustomResourceDefinitions cannot be watched, and
	// until nodes and namespace are read again after that was forbidden; 5 minutes by default.
	DiscoveryInterval time.Duration
	// RequestTimeout is for each request that is not a watch; 30 seconds by default.
	RequestTimeout time.Duration
	// GracePeriod is how long a failure has to last until it is in the Snapshot, and how long an available resource has to be
	// forbidden, or not served, until that is; 20 seconds by default. An API server that restarts is no news.
	GracePeriod time.Duration
}

func (o Options) withDefaults() Options {
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	for _, interval := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.VersionInterval, time.Minute},
		{&o.NodesInterval, 4 * time.Hour},
		{&o.DiscoveryInterval, 5 * time.Minute},
		{&o.RequestTimeout, 30 * time.Second},
		{&o.GracePeriod, 20 * time.Second},
	} {
		if *interval.value <= 0 {
			*interval.value = interval.standard
		}
	}
	return o
}

// settleTime is how long after a change of a definition discovery is asked once more: it lags behind, and may for a moment
// name a version that is about to go.
const settleTime = 5 * time.Second

// Observer observes one cluster. Its methods may be called from several goroutines.
type Observer struct {
	options    Options
	client     apiClient
	state      *clusterState
	crds       *crdTracker
	watchers   []*watcher
	version    *probe[string]
	nodes      *probe[nodeSummary]
	namespaces *probe[string]
	workloads  *workloadWatcher
	// recovery wakes the reflectors that wait after a failure.
	recovery broadcaster
	// update makes a snapshot; each change of the state wakes it.
	update task
	// settleTime and pollInterval are the constants, except in tests.
	settleTime, pollInterval time.Duration
	started                  atomic.Bool

	mu       sync.Mutex
	snapshot Snapshot
}

// New returns an observer of the cluster that config is for, which makes no request before Run. The error says what is
// wrong with config.
func New(config *rest.Config, options Options) (*Observer, error) {
	client, err := newAPIClient(config)
	if err != nil {
		return nil, err
	}
	o := &Observer{options: options.withDefaults(), client: client, settleTime: settleTime, pollInterval: pollInterval}
	o.state = newClusterState(o.options, o.update.wake)
	o.snapshot = o.state.snapshot()
	o.update.run = o.updateSnapshot
	watched := detect.CustomResources(options.HubDescription)
	for _, resource := range watched {
		o.watchers = append(o.watchers, newWatcher(o, resource))
	}
	o.crds = newCRDTracker(watched, o.wakeWatchers)
	o.workloads = newWorkloadWatcher(o)
	o.version = newProbe(&probe[string]{
		name:              serverVersion,
		interval:          o.options.VersionInterval,
		forbiddenInterval: o.options.VersionInterval,
		fetch:             withTimeout(o.options.RequestTimeout, client.kubernetesVersion),
		set:               o.state.setVersion,
	}, o.state)
	o.nodes = newProbe(&probe[nodeSummary]{
		name:              detect.Nodes,
		interval:          o.options.NodesInterval,
		forbiddenInterval: min(o.options.NodesInterval, o.options.DiscoveryInterval),
		fetch: func(ctx context.Context) (nodeSummary, error) {
			return client.listNodes(ctx, o.options.RequestTimeout)
		},
		set:           o.state.setNodes,
		isProvisional: nodeSummary.isEmpty,
	}, o.state)
	o.namespaces = newProbe(&probe[string]{
		name:              detect.Namespaces,
		interval:          o.options.NodesInterval,
		forbiddenInterval: min(o.options.NodesInterval, o.options.DiscoveryInterval),
		fetch:             withTimeout(o.options.RequestTimeout, o.clusterID),
		set:               o.state.setClusterID,
		isProvisional:     func(id string) bool { return id == "" },
	}, o.state)
	o.state.onRefused, o.state.onRecovered = o.version.task.wake, o.retryFailed
	return o, nil
}

// clusterID accepts that there is none only from a healthy API server.
func (o *Observer) clusterID(ctx context.Context) (string, error) {
	id, err := o.client.clusterID(ctx)
	if err == nil && id == "" && !o.state.isHealthy() {
		return "", errors.New("the namespace is not found by what does not tell its version")
	}
	return id, err
}

// retryFailed wakes all that waits after a failure.
func (o *Observer) retryFailed() {
	o.recovery.broadcast()
	o.nodes.retrySoon()
	o.namespaces.retrySoon()
	for _, watcher := range o.watchers {
		watcher.resetBackoff.Store(true)
		watcher.task.wake()
	}
}

// Run observes until the context ends, and returns when all has stopped. It can be called once.
func (o *Observer) Run(ctx context.Context) error {
	if o.started.Swap(true) {
		return errors.New("an observer runs once: make another one")
	}
	// What client-go logs contains answers of the cluster; what matters of it is in the state.
	ctx = klog.NewContext(ctx, logr.Discard())
	var running sync.WaitGroup
	for _, task := range o.tasks() {
		task.start(ctx, o.options.Clock, &running)
	}
	crds := o.startCRDReflector(ctx)
	<-ctx.Done()

	for _, task := range o.tasks() {
		task.stop()
	}
	running.Wait()
	crds.stop()
	for _, watcher := range o.watchers {
		watcher.stop()
	}
	o.workloads.stop()
	o.client.closeIdleConnections()
	return nil
}

// tasks are all that run again and again. Reflectors have goroutines of their own.
func (o *Observer) tasks() []*task {
	tasks := []*task{&o.update, &o.version.task, &o.nodes.task, &o.namespaces.task, &o.workloads.task}
	for _, watcher := range o.watchers {
		tasks = append(tasks, &watcher.task)
	}
	return tasks
}

// SetRules has the observer detect the products of the rules, and no longer those of earlier rules. The rules are for
// products without built-in detection; their order is that of the installations in the Snapshot, and means nothing else.
//
// Snapshot.Complete takes account of the rules that are set before Run. For later ones, what the earlier rules of their
// product have found stays in the Snapshot until there was an answer about all resources that the new ones need.
func (o *Observer) SetRules(rules []facts.DetectionRule) {
	if o.state.setRules(rules) {
		o.workloads.task.wake()
		o.state.onChanged()
	}
}

// Snapshot returns what is known at present. It is the caller's own.
func (o *Observer) Snapshot() Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.snapshot.clone()
}

// LastAnswerTime is when the API server last answered GET /version; zero before the first time. It is no part of the
// Snapshot, which does not change by time alone.
func (o *Observer) LastAnswerTime() time.Time { return o.state.lastAnswer() }

func (o *Observer) updateSnapshot(context.Context) time.Duration {
	if o.replace(o.state.snapshot()) {
		o.options.Changed()
	}
	return never
}

func (o *Observer) replace(snapshot Snapshot) (changed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if snapshot.Equal(o.snapshot) {
		return false
	}
	o.snapshot = snapshot
	return true
}

func (o *Observer) wakeWatchers() {
	for _, watcher := range o.watchers {
		watcher.task.wake()
	}
}
