package observe

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// stream is the list and the watch of one resource, which a reflector asks for and repeats with its own backoff. It
// listens to the outcome of every request: a reflector tells of some only, not of the attempts to watch again while
// connections are refused.
type stream struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
	// heard gets the outcome of each request.
	heard func(error)
	// broke is called when a watch ended before its time, as they all do when an API server stops.
	broke func()
	// timeout is for each list.
	timeout time.Duration
	clock   clock.PassiveClock

	// due is the time at which the API server was asked to end the watch; zero while there is none.
	due time.Time
}

var _ cache.ListerWatcherWithContext = &stream{}

// watchSlack is what a watch may end early and still be on time.
const watchSlack = 5 * time.Second

// newStream returns a stream that lacks list and watch.
func (o *Observer) newStream(heard func(error)) *stream {
	return &stream{
		heard:   heard,
		broke:   func() { poke(o.version.wake) },
		timeout: o.options.RequestTimeout,
		clock:   o.options.Clock,
	}
}

// List asks for all objects.
func (s *stream) List(options metav1.ListOptions) (runtime.Object, error) {
	return s.ListWithContext(context.Background(), options)
}

// Watch asks for changes.
func (s *stream) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return s.WatchWithContext(context.Background(), options)
}

// ListWithContext asks for all objects.
func (s *stream) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	s.checkEnd()
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	objects, err := s.list(bounded, options)
	s.tell(ctx, err)
	return objects, err
}

// WatchWithContext asks for changes.
func (s *stream) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	s.checkEnd()
	changes, err := s.watch(ctx, options)
	// Who may list but not watch gets a new list after each refusal, at the pace of the backoff, and sees enough.
	if answerOf(err) != denied {
		s.tell(ctx, err)
	}
	if err == nil && options.TimeoutSeconds != nil {
		s.due = s.clock.Now().Add(time.Duration(*options.TimeoutSeconds) * time.Second)
	}
	return changes, err
}

// IsWatchListSemanticsUnSupported switches off the lists that come as a watch: API servers before 1.19 take the request
// for a plain watch, and the reflector would wait forever for a bookmark.
func (*stream) IsWatchListSemanticsUnSupported() bool { return true }

// checkEnd looks, when a request follows a watch, whether that one ended early.
func (s *stream) checkEnd() {
	if !s.due.IsZero() && s.clock.Now().Before(s.due.Add(-watchSlack)) {
		s.broke()
	}
	s.due = time.Time{}
}

// tell passes on an outcome, unless it is that we ended the request.
func (s *stream) tell(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.heard(err)
	}
}

// reflection is a reflector at work.
type reflection struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// reflect keeps the store up to date until the reflection ends. The objects that come have the type of the example.
func reflect(ctx context.Context, name string, s *stream, example runtime.Object, store cache.ReflectorStore) *reflection {
	ctx, cancel := context.WithCancel(ctx)
	r := &reflection{cancel: cancel}
	logger := klog.FromContext(ctx)
	reflector := cache.NewReflectorWithOptions(s, example, store, cache.ReflectorOptions{Name: name, Logger: &logger})
	r.running.Go(func() { reflector.RunWithContext(ctx) })
	return r
}

// end returns when nothing is written to the store any more.
func (r *reflection) end() {
	r.cancel()
	r.running.Wait()
}
