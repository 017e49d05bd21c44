// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"path"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

// watcher watches a custom resource for as long as the cluster serves it, in the version that the cluster prefers.
type watcher struct {
	detect.Resource

	observer *Observer
	// task reconciles; it is woken when the definitions have changed, and by notFound and resetBackoff.
	task task
	// notFound tells that the reflector was answered 404 where discovery had the resource.
	notFound atomic.Bool
	// resetBackoff tells that the API server answers again: failures before that do not count.
	resetBackoff atomic.Bool

	// discovered is the revision of the definition at the first answer of discovery about it, at discoveredAt; confirmed that
	// of an answer at least settleTime later.
	discovered, confirmed string
	discoveredAt          time.Time
	// notFoundSince is the first answer of discovery without the resource; zero after one with it.
	notFoundSince time.Time
	// reflector keeps the objects of version up to date; nil while nothing is watched.
	reflector *reflector
	version   schema.GroupVersionResource
	backoff   *backoff
}

func newWatcher(observer *Observer, resource detect.Resource) *watcher {
	w := &watcher{
		Resource: resource,
		observer: observer,
		backoff:  newBackoff(observer.options.DiscoveryInterval),
	}
	w.task.run = w.reconcile
	return w
}

// reconcile follows the definition, and returns after which time to do so again.
func (w *watcher) reconcile(ctx context.Context) time.Duration {
	access, revision := w.observer.crds.get(w.Name)
	notFound := w.notFound.Swap(false)
	if w.resetBackoff.Swap(false) {
		w.backoff.reset()
	}
	switch {
	case access == crdsPending:
		return never
	case access == crdsListed && revision == "":
		w.setAbsent()
		return never
	case access == crdsListed && revision == w.confirmed && !notFound:
		return never
	}
	version, err := w.discover(ctx)
	if ctx.Err() != nil {
		return never
	}
	return w.handleDiscovery(ctx, access, revision, version, err)
}

func (w *watcher) discover(ctx context.Context) (schema.GroupVersionResource, error) {
	ctx, cancel := context.WithTimeout(ctx, w.observer.options.RequestTimeout)
	defer cancel()
	return w.observer.client.discover(ctx, w.GroupResource())
}

// handleDiscovery acts on the answer of discovery.
func (w *watcher) handleDiscovery(
	ctx context.Context, access crdAccess, revision string, version schema.GroupVersionResource, err error,
) time.Duration {
	// While the resource is watched, only the results of the reflector are recorded.
	outcome := w.observer.state.classify(err)
	if w.reflector == nil {
		outcome = w.observer.state.record(w.Name, err)
	}
	switch outcome {
	case outcomeOK:
		w.backoff.reset()
		w.notFoundSince = time.Time{}
		w.watch(ctx, version)
		return w.handleServed(access, revision)
	case outcomeNotFound:
		return w.handleNotFound(access)
	case outcomeForbidden:
		if w.reflector == nil {
			w.observer.state.confirmForbidden(w.Name)
		}
		return w.discoveryDelay()
	case outcomeExpired, outcomeFailed:
	}
	return w.backoff.next()
}

// handleNotFound returns when to ask discovery again after it did not have the resource. Where there is a definition, or
// were objects, that has to be confirmed: a new definition is not served at once, and an API server that has just started
// serves none for a moment.
func (w *watcher) handleNotFound(access crdAccess) time.Duration {
	if w.notFoundSince.IsZero() {
		w.notFoundSince = w.observer.options.Clock.Now()
		w.observer.state.onRefused()
	}
	w.discovered, w.confirmed = "", ""
	w.stop()
	expected := access == crdsListed || w.observer.state.isAvailable(w.Name)
	if expected && !w.observer.state.isConfirmed(w.notFoundSince) {
		return w.backoff.next()
	}
	w.setAbsent()
	if access == crdsListed {
		return w.backoff.next()
	}
	return w.discoveryDelay()
}

// handleServed returns when to ask discovery again after it had the resource.
func (w *watcher) handleServed(access crdAccess, revision string) time.Duration {
	if access == crdsUnavailable {
		return w.discoveryDelay()
	}
	now := w.observer.options.Clock.Now()
	if w.discovered != revision {
		w.discovered, w.discoveredAt = revision, now
	}
	if left := w.observer.settleTime - now.Sub(w.discoveredAt); left > 0 {
		return left
	}
	w.confirmed = revision
	return never
}

func (w *watcher) discoveryDelay() time.Duration {
	return wait.Jitter(w.observer.options.DiscoveryInterval, jitter)
}

// watch keeps the objects of that version up to date. Those of an earlier version hold until the new one was listed.
func (w *watcher) watch(ctx context.Context, version schema.GroupVersionResource) {
	if w.reflector != nil && w.version == version {
		return
	}
	w.stop()
	r := w.observer.newReflector(pathOf(version, w.Namespace), w.observer.newStore(w.Name, w.Trim))
	r.onResult = w.record
	r.start(ctx)
	w.reflector, w.version = r, version
}

// pathOf is where the objects of a namespace are; those of all namespaces if it is empty.
func pathOf(resource schema.GroupVersionResource, namespace string) string {
	within := ""
	if namespace != "" {
		within = path.Join("namespaces", namespace)
	}
	return path.Join("/apis", resource.Group, resource.Version, within, resource.Resource)
}

// setAbsent is for a cluster that does not have the resource.
func (w *watcher) setAbsent() {
	w.stop()
	w.observer.state.setAbsent(w.Name)
}

func (w *watcher) stop() {
	if w.reflector != nil {
		w.reflector.stop()
		w.reflector = nil
	}
}

// record takes the result of a list or watch.
func (w *watcher) record(err error) {
	switch w.observer.state.record(w.Name, err) {
	case outcomeForbidden:
		w.observer.state.confirmForbidden(w.Name)
	case outcomeNotFound:
		w.notFound.Store(true)
		w.task.wake()
	case outcomeOK, outcomeExpired, outcomeFailed:
	}
}
