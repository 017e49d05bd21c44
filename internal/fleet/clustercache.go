// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// ClusterCacheOptions say how the clusters of a fleet are reached and observed.
type ClusterCacheOptions struct {
	Options

	// Secret reads a Secret by its name. It is called without a lock, by several goroutines, with a context that has a
	// deadline, which it has to respect. Required.
	Secret func(ctx context.Context, name types.NamespacedName) (map[string][]byte, error)
	// IsAllowed tells whether Secrets of a namespace may be read; nil allows none.
	IsAllowed func(namespace string) bool
	// Changed is called after the Snapshot of a cluster has changed, by several goroutines. It must return soon.
	Changed func(key types.NamespacedName)
	// Observe is how each cluster is observed; Changed and HubDescription in it are not used.
	Observe observe.Options
	// RefreshInterval is the time between two reads of a Secret; 10 minutes by default.
	RefreshInterval time.Duration
}

func (o ClusterCacheOptions) withDefaults() ClusterCacheOptions {
	o.Options = o.Options.withDefaults()
	if o.IsAllowed == nil {
		o.IsAllowed = func(string) bool { return false }
	}
	if o.Changed == nil {
		o.Changed = func(types.NamespacedName) {}
	}
	if o.RefreshInterval <= 0 {
		o.RefreshInterval = 10 * time.Minute
	}
	return o
}

// Target says where the credentials for a cluster are: in a Secret, or, for the operator's own cluster, in Hub.
type Target struct {
	Secret types.NamespacedName
	// Keys are those under which the kubeconfig may be, the first one that is there counts.
	Keys []string
	// Hub is the configuration for the operator's own cluster; nil for all others. It is used as it is. What describes other
	// clusters is observed there, too, and its connection stays until the end.
	Hub *rest.Config
}

func (t Target) equal(other Target) bool {
	return t.Secret == other.Secret && slices.Equal(t.Keys, other.Keys) && t.Hub == other.Hub
}

// ClusterCache observes many clusters, each over a connection of its own. Its methods may be called from several
// goroutines, and none of them waits for a cluster.
type ClusterCache struct {
	options   ClusterCacheOptions
	intervals intervals
	// screening has room for one: a kubeconfig can be made to take much memory for a moment.
	screening chan struct{}
	running   sync.WaitGroup

	// mu is for what follows, and held only for a moment.
	mu        sync.Mutex
	accessors map[types.NamespacedName]*accessor
	// lifetime is the context of Start, and nil before.
	lifetime context.Context
}

// NewClusterCache returns a cache without clusters.
func NewClusterCache(options ClusterCacheOptions) *ClusterCache {
	return &ClusterCache{
		options:   options.withDefaults(),
		intervals: defaultIntervals,
		screening: make(chan struct{}, 1),
		accessors: map[types.NamespacedName]*accessor{},
	}
}

// Start observes until the context ends, and returns when all has stopped. It can be called once.
func (c *ClusterCache) Start(ctx context.Context) error {
	if !c.startAll(ctx) {
		return errors.New("connections start once: make others")
	}
	<-ctx.Done()
	// The holder of the lock may be about to start another accessor.
	c.mu.Lock()
	//nolint:staticcheck // SA2001: nothing has to be done while it is held.
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// startAll starts the accessors of all clusters that are connected already.
func (c *ClusterCache) startAll(ctx context.Context) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lifetime != nil {
		return false
	}
	c.lifetime = ctx
	for _, accessor := range c.accessors {
		c.startAccessor(ctx, accessor)
	}
	return true
}

// startAccessor runs the accessor until it is stopped, or until the context ends.
func (c *ClusterCache) startAccessor(ctx context.Context, a *accessor) {
	ctx = a.start(ctx)
	c.running.Go(func() { a.run(ctx) })
}

// Connect has a cluster observed, with rules for further products (see observe.Observer.SetRules). A call with the same
// target keeps the connection and what is known; another target makes a new connection, and nothing is known at first.
// Before Start nothing is observed yet, and after the end of Start a call does nothing.
func (c *ClusterCache) Connect(key types.NamespacedName, target Target, rules []facts.DetectionRule) {
	if existing := c.ensureAccessor(key, target, rules); existing != nil {
		existing.setRules(rules)
	}
}

// ensureAccessor returns the accessor that has the target already, or makes one with the rules and returns nil.
func (c *ClusterCache) ensureAccessor(key types.NamespacedName, target Target, rules []facts.DetectionRule) *accessor {
	c.mu.Lock()
	defer c.mu.Unlock()
	existing := c.accessors[key]
	if existing != nil && existing.target.equal(target) {
		return existing
	}
	if c.lifetime != nil && c.lifetime.Err() != nil {
		return nil
	}
	if existing != nil {
		existing.stop()
	}
	target.Keys = slices.Clone(target.Keys)
	added := newAccessor(key, target, slices.Clone(rules), &c.options, c.intervals, c.screen)
	c.accessors[key] = added
	if c.lifetime != nil {
		c.startAccessor(c.lifetime, added)
	}
	return nil
}

// Forget ends the connection of a cluster, if there is one, without waiting for it; that of the hub stays. Changed can still
// be called once for what was known before.
func (c *ClusterCache) Forget(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if existing := c.accessors[key]; existing != nil && existing.target.Hub == nil {
		existing.stop()
		delete(c.accessors, key)
	}
}

// Snapshot returns what is known of a cluster; the zero value of one that is not connected. It is shared, and not to be
// changed. Its Problem is why the cluster is not observed at present, or not all of it: one with the Secret or the
// kubeconfig, or the observer's. When credentials are replaced or withdrawn, what is known stays until an observer with
// new ones is complete.
func (c *ClusterCache) Snapshot(key types.NamespacedName) observe.Snapshot {
	if existing := c.accessor(key); existing != nil {
		return existing.snapshot()
	}
	return observe.Snapshot{}
}

// LastAnswerTime is when the API server of a cluster last answered; zero before the first time, and of a cluster that is not
// connected.
func (c *ClusterCache) LastAnswerTime(key types.NamespacedName) time.Time {
	if existing := c.accessor(key); existing != nil {
		return existing.lastAnswer()
	}
	return time.Time{}
}

func (c *ClusterCache) accessor(key types.NamespacedName) *accessor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accessors[key]
}

// screen is Screen for one kubeconfig at a time.
func (c *ClusterCache) screen(ctx context.Context, kubeconfig []byte) (*rest.Config, error) {
	select {
	case c.screening <- struct{}{}:
		defer func() { <-c.screening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	config, refusal := Screen(kubeconfig, c.options.Options)
	if refusal != nil {
		return nil, refusal
	}
	return config, nil
}
