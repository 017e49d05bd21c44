package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	// pollInterval is the time between two lists where a watch is refused.
	pollInterval = 30 * time.Second
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
	retry  *retry
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
	}
}

// run keeps the objects up to date until the context ends.
func (s *stream) run(ctx context.Context) {
	for alive := true; alive; {
		alive = sleep(ctx, s.clock, s.step(ctx))
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
	err = s.follow(newDocument(changes))
	_ = changes.Close()
	return s.afterWatch(ctx, err, s.clock.Since(start))
}

// afterRefusal has the objects listed anew, so that changes are seen where no watch can be had, and with each list tries
// again whether one can by now.
func (s *stream) afterRefusal(err error) time.Duration {
	s.listed = false
	if isWatchRefused(err) {
		s.retry.reset()
		return wait.Jitter(s.pollInterval, jitter)
	}
	return s.retry.next()
}

// afterWatch takes how the watch has ended, and after which time.
func (s *stream) afterWatch(ctx context.Context, err error, lasted time.Duration) time.Duration {
	if ctx.Err() != nil || lasted >= s.watchTime-watchSlack {
		// We stop, or it ended in time, or was ended here, after its time.
		return 0
	}
	s.broke()
	// What broke off within a change, or said what makes no sense, is listed anew.
	s.listed = errors.Is(err, io.EOF)
	if lasted >= lastRetry {
		s.retry.reset()
	}
	return s.retry.next()
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
		all  []item
		list listMeta
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
			object, err := readObject(text)
			if err != nil {
				return err
			}
			all = append(all, s.items.trimmed(object))
			return nil
		})
		return err
	})
	if err == nil && list.ResourceVersion == "" {
		err = errors.New("the answer is no list")
	}
	if err != nil {
		return "", err
	}
	s.items.replace(all)
	return list.ResourceVersion, nil
}

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

// follow takes changes as they arrive, and returns why there are no more of them. It waits most of the time, with nothing
// in memory but the one that is being read.
func (s *stream) follow(changes document) error {
	for {
		var change event
		if err := changes.next(&change); err != nil {
			return err
		}
		if err := s.take(change); err != nil {
			return err
		}
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
	object, err := readObject(change.Object)
	if err != nil {
		return err
	}
	switch change.Type {
	case watch.Added, watch.Modified:
		err = s.items.update(object)
	case watch.Deleted:
		s.items.remove(object)
	case watch.Bookmark, watch.Error:
	}
	if version := object.GetResourceVersion(); version != "" {
		s.version = version
	}
	return err
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
