package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// writeInterval is the least time between two writes of one policy's status. A policy's counters follow the whole fleet,
// and one change to a policy changes the status of every cluster.
const writeInterval = time.Second

// counting is what the reconcilers have in common whose objects count the clusters: they read all of them, and write at
// most once a second.
type counting struct {
	Client client.Client
	Clock  clock.PassiveClock
	Alarm  *Alarm
	Status statusWriter

	pace pace
}

// get reads an object and all clusters, which are the cache's own. It tells whether the object is there; one that is gone is
// forgotten. Right after a write it tells for how long to wait instead: to count a fleet after each change of one of its
// clusters, and write none of the results, would cost more than all else.
func (c *counting) get(ctx context.Context, key types.NamespacedName, object client.Object) (
	clusters []v1alpha1.ClusterSupport, wait time.Duration, exists bool, err error,
) {
	if left := c.pace.left(key); left > 0 {
		return nil, left, false, nil
	}
	if err := c.Client.Get(ctx, key, object); err != nil {
		c.Alarm.Forget(key)
		c.pace.forget(key)
		return nil, 0, false, client.IgnoreNotFound(err)
	}
	var list v1alpha1.ClusterSupportList
	if err := c.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, false, fmt.Errorf("list ClusterSupports: %w", err)
	}
	return list.Items, 0, true, nil
}

// write writes a status that has changed.
func (c *counting) write(ctx context.Context, before, object client.Object, old, desired []metav1.Condition, now time.Time) (reconcile.Result, error) {
	c.pace.spend(client.ObjectKeyFromObject(object))
	return reconcile.Result{}, c.Status.write(ctx, before, object, old, desired, now)
}

// pace lets each object be written once in a writeInterval of the machine's time. The zero value is ready.
type pace struct {
	mu       sync.Mutex
	limiters map[types.NamespacedName]*rate.Limiter
}

// left is how long the object has to wait for its next write; 0 when it may be written.
func (p *pace) left(key types.NamespacedName) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	limiter := p.limiters[key]
	if limiter == nil || limiter.Tokens() >= 1 {
		return 0
	}
	return time.Duration((1-limiter.Tokens())*float64(writeInterval)) + time.Millisecond
}

// spend tells that the object is written.
func (p *pace) spend(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limiters == nil {
		p.limiters = map[types.NamespacedName]*rate.Limiter{}
	}
	if p.limiters[key] == nil {
		p.limiters[key] = rate.NewLimiter(rate.Every(writeInterval), 1)
	}
	p.limiters[key].Allow()
}

func (p *pace) forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.limiters, key)
}
