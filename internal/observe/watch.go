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
	// pollInterval is the time between two lists where a watch is refused, or of no use.
	pollInterval = 30 * time.Second
	// watchMinimum is what a watch without any change lasts at least, but if it broke; maxUseless is how many in a row may
	// last less until changes are looked for otherwise.
	watchMinimum = 5 * time.Second
	maxUseless   = 2
	// wakeSpread is within which time those who are woken together go on.
	wakeSpread = time.Second
)

// stream keeps the objects of one resource up to date: it lists them, watches what changes from there on, and begins anew
// where that breaks off. It is what client-go calls a reflector, in one goroutine instead of four, and without whole lists
// in memory.
type stream struct {
	client rest.Interface
	path   string
	// list and each are the content to ask for, of the list and of each change.
	list, each string
	// selector is for labels; empty means all objects.
	selector string
	items    *items
	// heard gets the outcome of each list, and each watch that has begun. What goes wrong with a watch is not heard of: what
	// can be listed is seen, and what cannot the next list tells.
	heard func(error)
	// broke is called when a watch ended before its time, as they all do when an API server stops.
	broke func()
	// timeout is for each list.
	timeout time.Duration
	// watchTime is how long a watch is asked to last.
	watchTime time.Duration
	// watchGrace and pollInterval are the constants, but in tests.
	watchGrace, pollInterval time.Duration
	clock                    clock.Clock

	// version is what the objects are as of. The first list may come from the API server's memory ("0"), a later one must
	// not be older than what is known, unless the API server does not know that version (any more): then it is the newest
	// ("").
	version string
	// listed tells that the objects are those of version, so that changes can be watched from there on.
	listed bool
	// retry is for lists, rewatch for watches: that lists are well says nothing about watches.
	retry, rewatch *retry
	// useless counts the watches in a row that had no time to tell of any change.
	useless int
	// recovery rings when the API server answers again after it did not.
	recovery *bell
}

// newStream returns a stream of objects with all fields that tells nobody what it hears.
func (o *Observer) newStream(path string, items *items) *stream {
	return &stream{
		client:       o.clients.rest,
		path:         path,
		list:         allFields,
		each:         allFields,
		items:        items,
		heard:        func(error) {},
		broke:        o.version.task.wake,
		timeout:      o.options.RequestTimeout,
		watchTime:    wait.Jitter(watchTime, 1),
		watchGrace:   watchGrace,
		pollInterval: o.polling,
		clock:        o.options.Clock,
		version:      "0",
		retry:        newRetry(lastRetry),
		rewatch:      newRetry(lastRetry),
		recovery:     &o.recovery,
	}
}

// run keeps the objects up to date until the context ends.
func (s *stream) run(ctx context.Context) {
	for alive := true; alive; {
		recovery := s.recovery.listen()
		pause := s.step(ctx)
		var woken bool
		if alive, woken = sleep(ctx, s.clock, pause, recovery); woken && alive && pause > 0 {
			s.retry.reset()
			s.rewatch.reset()
			spread := time.Duration(rand.Int64N(int64(wakeSpread))) //nolint:gosec // no secret
			alive, _ = sleep(ctx, s.clock, min(pause, spread), nil)
		}
	}
}

// step lists or watches, and returns how long to wait before the next step.
func (s *stream) step(ctx context.Context) time.Duration {
	if !s.listed {
		return s.stepList(ctx)
	}
	return s.stepWatch(ctx)
}

func (s *stream) stepList(ctx context.Context) time.Duration {
	version, err := s.listOnce(ctx)
	s.tell(ctx, err)
	switch {
	case err == nil:
		s.version, s.listed = version, true
		s.retry.reset()
		return 0
	case isStatus(err):
		s.version = ""
	}
	return s.retry.next()
}

// stepWatch takes changes until the watch ends, which the API server is asked to do after a while. If it does not, the
// watch is ended here.
func (s *stream) stepWatch(ctx context.Context) time.Duration {
	start := s.clock.Now()
	bounded, cancel := context.WithTimeout(ctx, s.watchTime+s.watchGrace)
	defer cancel()
	changes, err := s.beginWatch(bounded)
	if err != nil {
		return s.afterRefusal(err)
	}
	s.tell(ctx, nil)
	told, err := s.follow(newDocument(changes))
	_ = changes.Close()
	return s.afterWatch(ctx, told, err, s.clock.Since(start))
}

// afterRefusal has the objects listed anew, so that changes are seen where no watch can be had, and with each list tries
// again whether one can by now.
func (s *stream) afterRefusal(err error) time.Duration {
	s.listed = false
	if isWatchRefused(err) {
		return s.poll()
	}
	return s.rewatch.next()
}

// poll returns when to list instead of watching.
func (s *stream) poll() time.Duration {
	s.listed = false
	s.rewatch.reset()
	return wait.Jitter(s.pollInterval, jitter)
}

// afterWatch takes whether the watch has told of a change, how it has ended, and after which time.
func (s *stream) afterWatch(ctx context.Context, told bool, err error, lasted time.Duration) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	// What broke off within a change, or said what makes no sense, is listed anew.
	s.listed = errors.Is(err, io.EOF) || errors.Is(err, context.DeadlineExceeded)
	if told || lasted >= min(watchMinimum, s.watchTime-watchSlack) {
		s.useless = 0
	} else {
		s.useless++
	}
	if lasted >= s.watchTime-watchSlack {
		// It ended in time, or was ended here, after its time.
		s.rewatch.reset()
		return 0
	}
	s.broke()
	if s.listed && s.useless >= maxUseless {
		// Something between, or in the API server's place, takes watches, and does not keep them.
		return s.poll()
	}
	if lasted >= lastRetry {
		s.rewatch.reset()
	}
	return s.rewatch.next()
}

func (s *stream) request(content string) *rest.Request {
	request := s.client.Get().AbsPath(s.path).SetHeader("Accept", content)
	if s.selector != "" {
		request = request.Param("labelSelector", s.selector)
	}
	if s.version != "" {
		request = request.Param("resourceVersion", s.version)
	}
	return request
}

// listOnce takes all objects, and returns what they are as of.
func (s *stream) listOnce(ctx context.Context) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var (
		all   []item
		bytes int
		list  listMeta
	)
	err = receive(ctx, s.request(s.list), func(answer io.Reader) (err error) {
		list, err = readList(answer, func(list document) error {
			if len(all) >= maxItems {
				return errTooMany
			}
			var text json.RawMessage
			if err := list.next(&text); err != nil {
				return err
			}
			return readObject(text, func(object *unstructured.Unstructured) error {
				one := s.items.trimmed(object)
				if bytes += one.bytes; !s.items.fit(bytes) {
					return errTooMuch
				}
				all = append(all, one)
				return nil
			})
		})
		return err
	})
	if err == nil && !isVersion(list.ResourceVersion) {
		err = errors.New("the answer is no list")
	}
	if err == nil {
		err = s.items.replace(all)
	}
	if err != nil {
		return "", err
	}
	return list.ResourceVersion, nil
}

// maxVersionBytes is more than any resource version has.
const maxVersionBytes = 256

// isVersion tells whether the text can be a resource version, which is kept, and said to the API server.
func isVersion(text string) bool { return text != "" && len(text) <= maxVersionBytes }

func (s *stream) beginWatch(ctx context.Context) (changes io.ReadCloser, err error) {
	return s.request(s.each).
		Param("watch", "true").
		Param("allowWatchBookmarks", "true").
		Param("timeoutSeconds", strconv.Itoa(int(s.watchTime.Seconds()))).
		Stream(ctx)
}

// event is one change, or what the API server has to say about the watch itself.
type event struct {
	Type   watch.EventType `json:"type"`
	Object json.RawMessage `json:"object"`
}

// follow takes changes as they arrive, and returns whether there were any, and why there are no more. It waits most of the
// time, with nothing in memory but the one that is being read.
func (s *stream) follow(changes document) (told bool, err error) {
	for {
		var change event
		if err := changes.next(&change); err != nil {
			return told, err
		}
		if err := s.take(change); err != nil {
			return told, err
		}
		told = told || change.Type != watch.Bookmark
		changes = changes.slim()
	}
}

func (s *stream) take(change event) error {
	if change.Type == watch.Error {
		status := &metav1.Status{}
		if err := json.Unmarshal(change.Object, status); err != nil {
			return fmt.Errorf("the watch has failed, and does not say why: %w", err)
		}
		return apierrors.FromObject(status)
	}
	return readObject(change.Object, func(object *unstructured.Unstructured) error {
		switch change.Type {
		case watch.Added, watch.Modified:
			if err := s.items.update(object); err != nil {
				return err
			}
		case watch.Deleted:
			s.items.remove(object)
		case watch.Bookmark, watch.Error:
		}
		// What was not taken is not to be skipped.
		if version := object.GetResourceVersion(); isVersion(version) {
			s.version = version
		}
		return nil
	})
}

// tell passes on an outcome, unless it is that we ended the request.
func (s *stream) tell(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.heard(err)
	}
}

// isStatus tells whether the API server has answered, with an error.
func isStatus(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status)
}

// isWatchRefused tells whether the API server lets nobody, or not us, watch, which is not over in a moment.
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

// reflection is a stream at work.
type reflection struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// reflect keeps the items of a stream up to date until the reflection ends.
func reflect(ctx context.Context, s *stream) *reflection {
	ctx, cancel := context.WithCancel(ctx)
	r := &reflection{cancel: cancel}
	r.running.Go(func() { s.run(ctx) })
	return r
}

// end returns when nothing is written to the items any more.
func (r *reflection) end() {
	r.cancel()
	r.running.Wait()
}
