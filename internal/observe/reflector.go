// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
)

const (
	// watchTime is how long a watch is asked to last at least; it can be up to twice that, so that they do not all end
	// together.
	watchTime = 5 * time.Minute
	// watchSlack is what a watch may end early and still be on time.
	watchSlack = 5 * time.Second
	// watchGrace is for how long a watch may go on after it was to end, before it is ended here.
	watchGrace = 30 * time.Second
	// pollInterval is the time between two lists where a watch is refused, or too short to be of use.
	pollInterval = 30 * time.Second
	// minWatchTime is how long a watch without a change has to last; of maxShortWatches in a row that did not, polling is
	// the consequence.
	minWatchTime    = 5 * time.Second
	maxShortWatches = 2
	// recoverySpread is within which time reflectors go on that wake together.
	recoverySpread = time.Second
)

// reflector keeps the store of one resource up to date: it lists the objects, watches them from there on, and lists again
// where the watch breaks off. It does what client-go's reflector does, in one goroutine instead of four, without whole
// lists in memory, and with bounds on what it reads.
type reflector struct {
	rest rest.Interface
	path string
	// listAccept and watchAccept are the media types to request.
	listAccept, watchAccept string
	// selector is for labels; empty means all objects.
	selector string
	store    *store
	// onResult gets the result of each list, and nil for each watch that has begun. Errors of watches are left out: an API
	// server that serves lists is well, and one that does not fails at the next list.
	onResult func(error)
	// onWatchBroken is called when a watch has ended before its time, as all do when an API server stops.
	onWatchBroken func()
	// listTimeout is for each list.
	listTimeout time.Duration
	// watchTime is how long the API server is asked to have a watch last.
	watchTime time.Duration
	// watchGrace and pollInterval are the constants, but in tests.
	watchGrace, pollInterval time.Duration
	clock                    clock.Clock

	// resourceVersion is that of the store. The first list may come from the API server's cache ("0"), a later one must not
	// be older than the store, unless the API server does not know that version (any more): then it is the newest ("").
	resourceVersion string
	// listed tells that the store is as of resourceVersion, so that a watch can go on from there.
	listed bool
	// Lists and watches have a backoff each: success of lists says nothing about watches.
	listBackoff, watchBackoff *backoff
	// shortWatches counts the watches in a row that ended soon and without a change.
	shortWatches int
	// recovery wakes the reflector when the API server answers again after it did not.
	recovery *broadcaster

	// cancel and running are set by start.
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// newReflector returns a reflector of whole objects.
func (o *Observer) newReflector(path string, store *store) *reflector {
	return &reflector{
		rest:            o.client.rest,
		path:            path,
		listAccept:      acceptJSON,
		watchAccept:     acceptJSON,
		store:           store,
		onResult:        func(error) {},
		onWatchBroken:   o.version.task.wake,
		listTimeout:     o.options.RequestTimeout,
		watchTime:       wait.Jitter(watchTime, 1),
		watchGrace:      watchGrace,
		pollInterval:    o.pollInterval,
		clock:           o.options.Clock,
		resourceVersion: "0",
		listBackoff:     newBackoff(lastRetry),
		watchBackoff:    newBackoff(lastRetry),
		recovery:        &o.recovery,
	}
}

// start keeps the store up to date until stop, or until the context ends.
func (r *reflector) start(ctx context.Context) {
	ctx, r.cancel = context.WithCancel(ctx)
	r.running.Go(func() { r.run(ctx) })
}

// stop returns when nothing is written to the store any more.
func (r *reflector) stop() {
	r.cancel()
	r.running.Wait()
}

func (r *reflector) run(ctx context.Context) {
	for alive := true; alive; {
		recovery := r.recovery.subscribe()
		pause := r.listOrWatch(ctx)
		var woken bool
		if alive, woken = sleep(ctx, r.clock, pause, recovery); woken && alive && pause > 0 {
			r.listBackoff.reset()
			r.watchBackoff.reset()
			spread := time.Duration(rand.Int64N(int64(recoverySpread))) //nolint:gosec // no secret
			alive, _ = sleep(ctx, r.clock, min(pause, spread), nil)
		}
	}
}

// listOrWatch returns how long to wait before the next list or watch.
func (r *reflector) listOrWatch(ctx context.Context) time.Duration {
	if !r.listed {
		return r.list(ctx)
	}
	return r.watch(ctx)
}

func (r *reflector) list(ctx context.Context) time.Duration {
	resourceVersion, err := r.replaceAll(ctx)
	r.report(ctx, err)
	switch {
	case err == nil:
		r.resourceVersion, r.listed = resourceVersion, true
		r.listBackoff.reset()
		return 0
	case isAPIStatus(err):
		r.resourceVersion = ""
	}
	return r.listBackoff.next()
}

// watch takes changes until the watch ends. The API server is asked to end it after watchTime; the timeout is for one that
// does not.
func (r *reflector) watch(ctx context.Context) time.Duration {
	start := r.clock.Now()
	bounded, cancel := context.WithTimeout(ctx, r.watchTime+r.watchGrace)
	defer cancel()
	body, err := r.startWatch(bounded)
	if err != nil {
		return r.afterWatchError(err)
	}
	r.report(ctx, nil)
	changed, err := r.readEvents(newDecoder(body))
	_ = body.Close()
	return r.afterWatch(ctx, changed, err, r.clock.Since(start))
}

// afterWatchError has the objects listed again, so that changes are noticed where no watch is possible. A watch is tried
// after each list.
func (r *reflector) afterWatchError(err error) time.Duration {
	r.listed = false
	if isWatchRefused(err) {
		return r.poll()
	}
	return r.watchBackoff.next()
}

// poll has the objects listed again, and returns after which time.
func (r *reflector) poll() time.Duration {
	r.listed = false
	r.watchBackoff.reset()
	return wait.Jitter(r.pollInterval, jitter)
}

// afterWatch takes whether the watch has brought a change, how it has ended, and after which time.
func (r *reflector) afterWatch(ctx context.Context, changed bool, err error, lasted time.Duration) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	// After a watch that broke off within an event, or had one that makes no sense, the objects are listed again.
	r.listed = errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded)
	if changed || lasted >= min(minWatchTime, r.watchTime-watchSlack) {
		r.shortWatches = 0
	} else {
		r.shortWatches++
	}
	if lasted >= r.watchTime-watchSlack {
		// The API server or the timeout has ended it.
		r.watchBackoff.reset()
		return 0
	}
	r.onWatchBroken()
	if r.listed && r.shortWatches >= maxShortWatches {
		// Something between, or in the API server's place, accepts watches and ends them.
		return r.poll()
	}
	if lasted >= lastRetry {
		r.watchBackoff.reset()
	}
	return r.watchBackoff.next()
}

func (r *reflector) request(content string) *rest.Request {
	request := r.rest.Get().AbsPath(r.path).SetHeader("Accept", content)
	if r.selector != "" {
		request = request.Param("labelSelector", r.selector)
	}
	if r.resourceVersion != "" {
		request = request.Param("resourceVersion", r.resourceVersion)
	}
	return request
}

// replaceAll lists all objects into the store, and returns their resource version.
func (r *reflector) replaceAll(ctx context.Context) (resourceVersion string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.listTimeout)
	defer cancel()
	var (
		items []item
		bytes int
		meta  listMeta
	)
	err = receive(ctx, r.request(r.listAccept), func(body io.Reader) (err error) {
		meta, err = readList(body, func(list decoder) error {
			if len(items) >= maxItems {
				return errTooManyObjects
			}
			var text json.RawMessage
			if err := list.next(&text); err != nil {
				return err
			}
			return readObject(text, func(object *unstructured.Unstructured) error {
				item := r.store.newItem(object)
				if bytes += item.bytes; !r.store.fits(bytes) {
					return errTooManyBytes
				}
				items = append(items, item)
				return nil
			})
		})
		return err
	})
	if err == nil && !isResourceVersion(meta.ResourceVersion) {
		err = errors.New("the answer is no list")
	}
	if err == nil {
		err = r.store.replace(items)
	}
	if err != nil {
		return "", err
	}
	return meta.ResourceVersion, nil
}

// maxResourceVersionBytes is more than any resource version has.
const maxResourceVersionBytes = 256

// isResourceVersion tells whether the text can be a resource version, which is kept, and sent to the API server.
func isResourceVersion(text string) bool { return text != "" && len(text) <= maxResourceVersionBytes }

func (r *reflector) startWatch(ctx context.Context) (io.ReadCloser, error) {
	return r.request(r.watchAccept).
		Param("watch", "true").
		Param("allowWatchBookmarks", "true").
		Param("timeoutSeconds", strconv.Itoa(int(r.watchTime.Seconds()))).
		Stream(ctx)
}

// event is one change, a bookmark, or the error that ends the watch.
type event struct {
	Type   watch.EventType `json:"type"`
	Object json.RawMessage `json:"object"`
}

// readEvents applies events as they arrive, and returns whether one was a change, and why there are no more. It waits most
// of the time, with nothing in memory but the event that is being read.
func (r *reflector) readEvents(events decoder) (changed bool, err error) {
	for {
		var next event
		if err := events.next(&next); err != nil {
			return changed, err
		}
		if err := r.apply(next); err != nil {
			return changed, err
		}
		changed = changed || next.Type != watch.Bookmark
		events = events.shrink()
	}
}

func (r *reflector) apply(e event) error {
	if e.Type == watch.Error {
		status := &metav1.Status{}
		if err := json.Unmarshal(e.Object, status); err != nil {
			return fmt.Errorf("the watch has failed, and does not say why: %w", err)
		}
		return apierrors.FromObject(status)
	}
	return readObject(e.Object, func(object *unstructured.Unstructured) error {
		switch e.Type {
		case watch.Added, watch.Modified:
			if err := r.store.update(object); err != nil {
				return err
			}
		case watch.Deleted:
			r.store.remove(object)
		case watch.Bookmark, watch.Error:
		}
		// An event that the store has not taken must not be skipped.
		if now := object.GetResourceVersion(); isResourceVersion(now) {
			r.resourceVersion = now
		}
		return nil
	})
}

// report passes on a result, unless the request was cancelled.
func (r *reflector) report(ctx context.Context, err error) {
	if ctx.Err() == nil {
		r.onResult(err)
	}
}

// isAPIStatus tells whether the error is an answer of the API server.
func isAPIStatus(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status)
}

// isWatchRefused tells whether the API server does not let the operator, or any client, watch, which does not pass soon.
func isWatchRefused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	switch status.Status().Code {
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusBadRequest, http.StatusNotAcceptable, http.StatusNotImplemented:
		return true
	}
	return false
}
