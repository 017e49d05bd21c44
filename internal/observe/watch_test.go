package observe

import (
	"context"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/util/watchlist"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
)

// scripted is a stream that answers with err, and counts what it tells.
type scripted struct {
	*stream

	err    error
	heard  []error
	broken int
}

func newScripted(clock *clocktesting.FakeClock) *scripted {
	s := &scripted{}
	s.stream = &stream{
		list: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return nil, s.err },
		watch: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
			return watch.NewEmptyWatch(), s.err
		},
		heard:   func(err error) { s.heard = append(s.heard, err) },
		broke:   func() { s.broken++ },
		timeout: time.Second,
		clock:   clock,
	}
	return s
}

// listOnce and watchOnce leave the answer to what the stream tells.
func (s *scripted) listOnce(ctx context.Context) {
	_, _ = s.ListWithContext(ctx, metav1.ListOptions{})
}

func (s *scripted) watchOnce(ctx context.Context) {
	_, _ = s.WatchWithContext(ctx, metav1.ListOptions{TimeoutSeconds: ptr.To(int64(300))})
}

func TestStreamNoticesBrokenWatches(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		lasts        time.Duration
		next         func(*scripted, context.Context)
		want         int
	}{
		{"ended in time", "every watch ends some time", 300 * time.Second, (*scripted).watchOnce, 0},
		{"ended a little early", "clocks differ", 297 * time.Second, (*scripted).watchOnce, 0},
		{"broke", "all watches do when the API server stops", 100 * time.Second, (*scripted).watchOnce, 1},
		{"broke with an error", "then it is listed anew", 100 * time.Second, (*scripted).listOnce, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC))
			s := newScripted(clock)
			s.listOnce(t.Context())
			s.watchOnce(t.Context())
			clock.Step(row.lasts)
			row.next(s, t.Context())
			if s.broken != row.want {
				t.Errorf("told %d times that a watch broke, want %d: %s", s.broken, row.want, row.reason)
			}
		})
	}
}

func TestStreamTellsOncePerBrokenWatch(t *testing.T) {
	s := newScripted(clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC)))
	s.watchOnce(t.Context())
	s.err = errors.New("connection refused")
	for range 5 {
		s.watchOnce(t.Context())
	}
	if s.broken != 1 {
		t.Errorf("told %d times that the watch broke, want once: the attempts after it are no watches", s.broken)
	}
	if len(s.heard) != 6 {
		t.Errorf("%d outcomes were told, want all 6: a reflector does not tell of refused connections", len(s.heard))
	}
}

func TestStreamTellsOutcomes(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, row := range []struct {
		name, reason string
		ctx          context.Context
		err          error
		next         func(*scripted, context.Context)
		want         int
	}{
		{"list", "the answer counts", t.Context(), nil, (*scripted).listOnce, 1},
		{"forbidden list", "nothing can be seen", t.Context(), errForbidden(), (*scripted).listOnce, 1},
		{"watch", "the answer counts", t.Context(), nil, (*scripted).watchOnce, 1},
		{"missing at the watch", "the resource is gone", t.Context(), errNotFound(), (*scripted).watchOnce, 1},
		{"forbidden watch", "what may be listed is seen", t.Context(), errForbidden(), (*scripted).watchOnce, 0},
		{"ended", "that we stop says nothing about the cluster", ended, context.Canceled, (*scripted).listOnce, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScripted(clocktesting.NewFakeClock(time.Date(2021, 5, 5, 0, 0, 0, 0, time.UTC)))
			s.err = row.err
			row.next(s, row.ctx)
			if len(s.heard) != row.want {
				t.Errorf("%d outcomes were told, want %d: %s", len(s.heard), row.want, row.reason)
			}
		})
	}
}

func TestStreamRefusesStreamingLists(t *testing.T) {
	if !watchlist.DoesClientNotSupportWatchListSemantics(&stream{}) {
		t.Error("a reflector would ask for a streaming list, and wait forever for its end where the API server is 1.17")
	}
}
