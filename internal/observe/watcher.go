// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"path"
	"sync/atomic"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
)

// watcher watches one resource for as long as the cluster has it, in the version that it prefers.
type watcher struct {
	detect.Resource

	observer *Observer
	// task looks; it is woken when the definitions have changed, or the resource was not found where discovery had seen it.
	task task
	// lost is set in the latter case.
	lost atomic.Bool
	// again tells that the API server has answered again, so that what failed before says nothing.
	again atomic.Bool

	// asked and confirmed are the incarnations of the definition for which discovery has answered, at askedAt, and for
	// which it has answered once more after it had time to settle.
	asked, confirmed string
	askedAt          time.Time
	// missingSince is from when on discovery has not had the resource; zero while it has.
	missingSince time.Time
	// version is what is watched; empty while nothing is.
	version    schema.GroupVersionResource
	reflection *reflection
	retry      *retry
}

func newWatcher(observer *Observer, resource detect.Resource) *watcher {
	w := &watcher{
		Resource: resource,
		observer: observer,
		retry:    newRetry(observer.options.DiscoveryInterval),
	}
	w.task.work = w.look
	return w
}

// look follows the definition, and returns after which time to look again; never means not before something changes.
func (w *watcher) look(ctx context.Context) time.Duration {
	state, incarnation := w.observer.definitions.lookup(w.Name)
	lost := w.lost.Swap(false)
	if w.again.Swap(false) {
		w.retry.reset()
	}
	switch {
	case state == unlisted:
		return never
	case state == listed && incarnation == "":
		w.leave()
		return never
	case state == listed && incarnation == w.confirmed && !lost:
		return never
	}
	version, err := w.discover(ctx)
	if ctx.Err() != nil {
		return never
	}
	return w.conclude(ctx, state, incarnation, version, err)
}

func (w *watcher) discover(ctx context.Context) (schema.GroupVersionResource, error) {
	ctx, cancel := context.WithTimeout(ctx, w.observer.options.RequestTimeout)
	defer cancel()
	return w.observer.clients.discover(ctx, w.GroupResource())
}

// conclude acts on the answer of discovery.
func (w *watcher) conclude(
	ctx context.Context, state definitionsState, incarnation string, version schema.GroupVersionResource, err error,
) time.Duration {
	// While the resource is watched, it is the outcome of that which counts.
	answer := w.observer.world.weigh(err)
	if w.reflection == nil {
		answer = w.observer.world.heard(w.Name, err)
	}
	switch answer {
	case granted:
		w.retry.reset()
		w.missingSince = time.Time{}
		w.follow(ctx, version)
		return w.confirm(state, incarnation)
	case missing:
		return w.await(state)
	case denied:
		if w.reflection == nil {
			w.observer.world.deny(w.Name)
		}
		return w.rediscovery()
	case outdated, failed:
	}
	return w.retry.next()
}

// await returns when to ask discovery again after it did not have the resource. Where there is a definition, or were
// objects, that has to last to be believed: a definition that has just come is not served at once, and an API server
// that has just started does not serve any for a moment.
func (w *watcher) await(state definitionsState) time.Duration {
	now := w.observer.options.Clock.Now()
	if w.missingSince.IsZero() {
		w.missingSince = now
		w.observer.world.doubt()
	}
	w.asked, w.confirmed = "", ""
	w.stop()
	expected := state == listed || w.observer.world.sees(w.Name)
	if expected && !w.observer.world.isBelieved(w.missingSince) {
		return w.retry.next()
	}
	w.leave()
	if state == listed {
		return w.retry.next()
	}
	return w.rediscovery()
}

// confirm returns when to ask discovery again after it has answered.
func (w *watcher) confirm(state definitionsState, incarnation string) time.Duration {
	if state == unlistable {
		return w.rediscovery()
	}
	now := w.observer.options.Clock.Now()
	if w.asked != incarnation {
		w.asked, w.askedAt = incarnation, now
	}
	if left := w.observer.settling - now.Sub(w.askedAt); left > 0 {
		return left
	}
	w.confirmed = incarnation
	return never
}

func (w *watcher) rediscovery() time.Duration {
	return wait.Jitter(w.observer.options.DiscoveryInterval, jitter)
}

// follow watches the resource in that version. What an earlier version has shown holds until the new one was listed.
func (w *watcher) follow(ctx context.Context, version schema.GroupVersionResource) {
	if w.reflection != nil && w.version == version {
		return
	}
	w.stop()
	world := w.observer.world
	kept := &items{trim: w.Trim, changed: world.signal}
	kept.listed = func(i *items) { world.show(w.Name, i) }
	kept.hasRoom = func(bytes int) bool { return world.hasRoom(w.Name, bytes) }
	s := w.observer.newStream(pathOf(version, w.Namespace), kept)
	s.heard = w.heard
	w.version = version
	w.reflection = reflect(ctx, s)
}

// pathOf is where the objects are; those of all namespaces if none is given.
func pathOf(resource schema.GroupVersionResource, namespace string) string {
	within := ""
	if namespace != "" {
		within = path.Join("namespaces", namespace)
	}
	return path.Join("/apis", resource.Group, resource.Version, within, resource.Resource)
}

// leave is for when the cluster does not have the resource.
func (w *watcher) leave() {
	w.stop()
	w.observer.world.miss(w.Name)
}

func (w *watcher) stop() {
	if w.reflection != nil {
		w.reflection.end()
		w.reflection = nil
	}
}

// heard takes the outcome of a list or watch.
func (w *watcher) heard(err error) {
	switch w.observer.world.heard(w.Name, err) {
	case denied:
		w.observer.world.deny(w.Name)
	case missing:
		w.lost.Store(true)
		w.task.wake()
	case granted, outdated, failed:
	}
}
