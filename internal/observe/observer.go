// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package observe finds out what is installed in one cluster, by watching it, and says by which evidence.
//
// It knows no product: package detect says which resources to watch, what to keep of their objects, and what those prove.
// It does not know whether the cluster is the operator's own. What else to find it is told by rules (see Observer.Find).
//
// What the cluster does not have is not installed, and may come later: the CustomResourceDefinitions are watched, too.
// What the API server does not let us look at (403) may be there or not, and the evidence says so. When a cluster stops
// answering, what was known of it last is kept.
package observe

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// Options say how to observe. Their zero value is usable.
type Options struct {
	// Log gets a line when a resource comes, goes or is out of reach, and nothing that comes from the cluster.
	Log logr.Logger
	// Changed is called after the Snapshot has changed. Several changes can be one call. The next one waits for it to
	// return.
	Changed func()
	// Clock is the time; the machine's by default.
	Clock clock.WithDelayedExecution
	// Fleet has the observer also look at what describes other clusters; see Snapshot.Fleet.
	Fleet bool

	// VersionInterval is the time between two requests for the Kubernetes version, which also tell whether the cluster
	// answers; 1 minute by default. It is asked sooner after watches broke.
	VersionInterval time.Duration
	// NodesInterval is the time between two looks at the nodes, and at the namespace that tells the cluster from others;
	// 4 hours by default. While there are none they are looked at sooner.
	NodesInterval time.Duration
	// DiscoveryInterval is the time between two looks at which resources there are, where CustomResourceDefinitions may
	// not be watched, and between two tries after a request that is made rarely was forbidden; 5 minutes by default.
	DiscoveryInterval time.Duration
	// RequestTimeout is for each request that is not a watch; 30 seconds by default.
	RequestTimeout time.Duration
	// Patience is how long a failure has to last until the Snapshot tells of it, and how long a resource that was seen
	// has to be forbidden, or not served, to be taken for that; 20 seconds by default. An API server that restarts is no
	// news.
	Patience time.Duration
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
		{&o.Patience, 20 * time.Second},
	} {
		if *interval.value <= 0 {
			*interval.value = interval.standard
		}
	}
	return o
}

// settling is how long after a change of a definition discovery is asked once more: it lags behind, and may for a
// moment name a version that is on its way out.
const settling = 5 * time.Second

// Observer observes one cluster. Its methods may be called from several goroutines.
type Observer struct {
	options     Options
	clients     clients
	world       *world
	definitions *definitions
	watchers    []*watcher
	version     *probe[string]
	nodes       *probe[nodesLook]
	namespaces  *probe[string]
	charts      *chartWatch
	// recovery wakes the streams that wait after a failure.
	recovery bell
	// judge makes a snapshot; it is woken by each piece of news.
	judge task
	// settling and polling are the constants, but in tests.
	settling, polling time.Duration
	started           atomic.Bool

	mu       sync.Mutex
	snapshot Snapshot
}

// New returns an observer of the cluster that config is for, which makes no request before Run. The error says what is
// wrong with config.
func New(config *rest.Config, options Options) (*Observer, error) {
	clients, err := newClients(config)
	if err != nil {
		return nil, err
	}
	o := &Observer{options: options.withDefaults(), clients: clients, settling: settling, polling: pollInterval}
	o.world = newWorld(o.options, o.judge.wake)
	o.world.maxBytes = maxWorldBytes
	if options.Fleet {
		o.world.maxBytes = maxFleetBytes
	}
	o.snapshot = o.world.snapshot()
	o.judge.work = o.look
	watched := detect.CustomResources(options.Fleet)
	for _, resource := range watched {
		o.watchers = append(o.watchers, newWatcher(o, resource))
	}
	o.definitions = newDefinitions(watched, o.wakeWatchers)
	o.charts = newChartWatch(o)
	o.version = (&probe[string]{
		name:        serverVersion,
		every:       o.options.VersionInterval,
		deniedEvery: o.options.VersionInterval,
		ask:         within(o.options.RequestTimeout, clients.kubernetesVersion),
		tell:        o.world.tellVersion,
	}).ready(o.world)
	o.nodes = (&probe[nodesLook]{
		name:        detect.Nodes,
		every:       o.options.NodesInterval,
		deniedEvery: min(o.options.NodesInterval, o.options.DiscoveryInterval),
		ask: func(ctx context.Context) (nodesLook, error) {
			return clients.lookAtNodes(ctx, o.options.RequestTimeout)
		},
		tell:  o.world.tellNodes,
		early: nodesLook.isEmpty,
	}).ready(o.world)
	o.namespaces = (&probe[string]{
		name:        detect.Namespaces,
		every:       o.options.NodesInterval,
		deniedEvery: min(o.options.NodesInterval, o.options.DiscoveryInterval),
		ask:         within(o.options.RequestTimeout, o.clusterID),
		tell:        o.world.tellClusterID,
		early:       func(id string) bool { return id == "" },
	}).ready(o.world)
	o.world.doubt, o.world.recovered = o.version.task.wake, o.recovered
	return o, nil
}

// clusterID is asked for. That there is none is believed as any other refusal.
func (o *Observer) clusterID(ctx context.Context) (string, error) {
	id, err := o.clients.clusterID(ctx)
	if err == nil && id == "" && !o.world.answers() {
		return "", errors.New("the namespace is not found by what does not tell its version")
	}
	return id, err
}

// recovered has all that waits after a failure asked again.
func (o *Observer) recovered() {
	o.recovery.ring()
	o.nodes.hurry()
	o.namespaces.hurry()
	for _, watcher := range o.watchers {
		watcher.again.Store(true)
		watcher.task.wake()
	}
}

// Run observes until the context ends, and returns when all has stopped. It can be called once.
func (o *Observer) Run(ctx context.Context) error {
	if o.started.Swap(true) {
		return errors.New("an observer runs once: make another one")
	}
	// What client-go has to say contains answers of the cluster; what matters of it goes to the world.
	ctx = klog.NewContext(ctx, logr.Discard())
	var running sync.WaitGroup
	for _, task := range o.tasks() {
		task.start(ctx, o.options.Clock, &running)
	}
	definitions := o.reflectDefinitions(ctx)
	<-ctx.Done()

	for _, task := range o.tasks() {
		task.end()
	}
	running.Wait()
	definitions.end()
	for _, watcher := range o.watchers {
		watcher.stop()
	}
	o.charts.stop()
	o.clients.close()
	return nil
}

// tasks are all that is done again and again. What is watched has goroutines of its own.
func (o *Observer) tasks() []*task {
	tasks := []*task{&o.judge, &o.version.task, &o.nodes.task, &o.namespaces.task, &o.charts.task}
	for _, watcher := range o.watchers {
		tasks = append(tasks, &watcher.task)
	}
	return tasks
}

// Find has the observer look for the products of the rules, and no longer for those of earlier rules. The rules are for
// products without built-in detection; their order is that of the answers, and means nothing else.
//
// Rules that are there before Run are part of what Snapshot.Complete is about. Later ones are not: what their product's
// earlier rules have found stays in the Snapshot until all that the new ones need was looked at once.
func (o *Observer) Find(rules []facts.DetectionRule) {
	if o.world.find(rules) {
		o.charts.task.wake()
		o.world.signal()
	}
}

// Snapshot returns what is known at present. It is the caller's own.
func (o *Observer) Snapshot() Snapshot {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.snapshot.clone()
}

// Answered is when the API server last answered to GET /version; zero before the first time. It is no part of the
// Snapshot, which does not change by time alone.
func (o *Observer) Answered() time.Time { return o.world.lastAnswer() }

// look makes a snapshot.
func (o *Observer) look(context.Context) time.Duration {
	if o.replace(o.world.snapshot()) {
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
