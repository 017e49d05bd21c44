// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// book follows the ClusterSupports on the hub, by a watch of its own.
type book struct {
	mu      sync.Mutex
	entries map[string]entry
	// odd is told of clusters that cannot be reached: none should be.
	odd func(name, message string)
	// turned is closed, and replaced, when an entry has changed.
	turned chan struct{}
}

// entry is an object, and when it was seen to have become so.
type entry struct {
	object *v1alpha1.ClusterSupport
	at     time.Time
}

// keepBook follows until the context ends. A watch that breaks off before ends the process: what happened meanwhile would be
// missed.
func keepBook(ctx context.Context, hub client.WithWatch, odd func(name, message string)) (*book, error) {
	events, err := hub.Watch(ctx, &v1alpha1.ClusterSupportList{})
	if err != nil {
		return nil, fmt.Errorf("watch the ClusterSupports: %w", err)
	}
	b := &book{entries: map[string]entry{}, odd: odd, turned: make(chan struct{})}
	go func() {
		for event := range events.ResultChan() {
			b.write(event, time.Now())
		}
		if ctx.Err() == nil {
			panic("the watch of the ClusterSupports broke off")
		}
	}()
	return b, nil
}

func (b *book) write(event watch.Event, at time.Time) {
	object, is := event.Object.(*v1alpha1.ClusterSupport)
	if !is {
		return
	}
	reachable := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReachable)
	if reachable != nil && reachable.Status == metav1.ConditionFalse {
		b.odd(object.Name, reachable.Reason+": "+reachable.Message)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if event.Type == watch.Deleted {
		delete(b.entries, object.Name)
	} else {
		b.entries[object.Name] = entry{object, at}
	}
	close(b.turned)
	b.turned = make(chan struct{})
}

// read returns an entry, and what is closed when any has changed.
func (b *book) read(name string) (entry, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.entries[name], b.turned
}

// patience is far more than anything here takes.
const patience = 20 * time.Minute

// await waits until an object is so, and returns when it was seen to be.
func (b *book) await(ctx context.Context, name string, isSo func(*v1alpha1.ClusterSupport) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		found, turned := b.read(name)
		if found.object != nil && isSo(found.object) {
			return found.at, nil
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for %s: %w", name, context.Cause(ctx))
		}
	}
}

// awaitAll waits for all clusters of a fleet, and returns when each was.
func (b *book) awaitAll(ctx context.Context, members []*member, isSo func(*v1alpha1.ClusterSupport) bool) ([]time.Time, error) {
	var all []time.Time
	for _, m := range members {
		at, err := b.await(ctx, m.name, isSo)
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	return all, nil
}

// isAssessed tells whether all that there is to say of a cluster has been said.
func isAssessed(object *v1alpha1.ClusterSupport) bool {
	return isReachable(object) && versionOf(object, facts.Konvoy) != "" && versionOf(object, facts.Kommander) != "" &&
		versionOf(object, facts.BasePlatformServices) != "" && object.Status.Nodes != nil && object.Status.ClusterID != ""
}

func isReachable(object *v1alpha1.ClusterSupport) bool {
	return meta.IsStatusConditionTrue(object.Status.Conditions, v1alpha1.ConditionReachable) &&
		meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReconciling) == nil
}

// hasKonvoy makes the question whether Konvoy is of a version.
func hasKonvoy(version string) func(*v1alpha1.ClusterSupport) bool {
	return func(object *v1alpha1.ClusterSupport) bool { return versionOf(object, facts.Konvoy) == version }
}

func versionOf(object *v1alpha1.ClusterSupport, product string) string {
	for _, release := range object.Status.Releases {
		if release.Product == product {
			return release.Version
		}
	}
	return ""
}
