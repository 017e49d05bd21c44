// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

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
	// Changed is called after the View of a cluster has changed, by several goroutines. It must return soon.
	Changed func(key types.NamespacedName)
	// Observe is how each cluster is observed; Changed and Fleet in it are not used.
	Observe observe.Options
	// RefreshInterval is the time between two looks at a Secret; 10 minutes by default.
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

// Target says where the credentials for a cluster are: in a Secret, or, for the operator's own cluster, in its hands.
type Target struct {
	Secret types.NamespacedName
	// Keys are those under which the kubeconfig may be, the first one that is there counts.
	Keys []string
	// Hub is the configuration for the operator's own cluster; nil for all others. It is used as it is. What describes
	// other clusters is observed there, too, and its connection stays until the end.
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
	// screening has room for one. A kubeconfig can be made to take much memory for a moment; that of one is bearable.
	screening chan struct{}
	running   sync.WaitGroup

	// mu is for what follows. Nothing that takes time is done while it is held.
	mu        sync.Mutex
	accessors map[types.NamespacedName]*accessor
	// lifetime is that of Start, and nil before.
	lifetime context.Context
}

// NewClusterCache returns connections to no cluster yet.
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
	// Who still holds the lock may be about to add to what is waited for.
	c.mu.Lock()
	//nolint:staticcheck // SA2001: nothing has to be done while it is held.
	c.mu.Unlock()
	c.running.Wait()
	return nil
}

// startAll begins what was asked for already.
func (c *ClusterCache) startAll(ctx context.Context) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lifetime != nil {
		return false
	}
	c.lifetime = ctx
	for _, entry := range c.accessors {
		c.startAccessor(ctx, entry)
	}
	return true
}

// Connect has a cluster observed, with rules for what else to find in it (see observe.Observer.Find). Called again with
// the same target it keeps the connection and what is known; another target makes a new one, of which nothing is known
// yet. Before Start it only takes note, and after the end of Start it does nothing.
func (c *ClusterCache) Connect(key types.NamespacedName, target Target, rules []facts.DetectionRule) {
	if known := c.reuse(key, target, rules); known != nil {
		known.setRules(rules)
	}
}

// reuse returns the entry for the target, or makes one and returns nil.
func (c *ClusterCache) reuse(key types.NamespacedName, target Target, rules []facts.DetectionRule) *accessor {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.accessors[key]
	if known != nil && known.target.equal(target) {
		return known
	}
	if c.lifetime != nil && c.lifetime.Err() != nil {
		return nil
	}
	if known != nil {
		known.stop()
	}
	target.Keys = slices.Clone(target.Keys)
	made := newAccessor(key, target, slices.Clone(rules), &c.options, c.intervals, c.screen)
	c.accessors[key] = made
	if c.lifetime != nil {
		c.startAccessor(c.lifetime, made)
	}
	return nil
}

// startAccessor has the entry live until its end or that of the context.
func (c *ClusterCache) startAccessor(ctx context.Context, e *accessor) {
	ctx = e.start(ctx)
	c.running.Go(func() { e.run(ctx) })
}

// Forget ends the connection of a cluster, if there is one, without waiting for it; that of the hub stays. Changed can still
// be called once for what was known before.
func (c *ClusterCache) Forget(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.accessors[key]; known != nil && known.target.Hub == nil {
		known.stop()
		delete(c.accessors, key)
	}
}

// View returns what is known of a cluster; the zero value of one that is not connected.
func (c *ClusterCache) View(key types.NamespacedName) View {
	if known := c.accessor(key); known != nil {
		return known.view()
	}
	return View{}
}

// LastAnswerTime is when the API server of a cluster last answered; zero before the first time, and of one that is not connected.
func (c *ClusterCache) LastAnswerTime(key types.NamespacedName) time.Time {
	known := c.accessor(key)
	if known == nil {
		return time.Time{}
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	return known.lastAnswer()
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
