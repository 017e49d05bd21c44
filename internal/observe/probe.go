package observe

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// probe asks for something that cannot be watched, again and again.
type probe[T any] struct {
	// name is that of what is asked for.
	name string
	// every is the time between two answers; deniedEvery that after one which says that we may not look.
	every, deniedEvery time.Duration
	// ask makes the requests.
	ask func(context.Context) (T, error)
	// tell takes the answer; the zero value when there is none to be had.
	tell func(T)
	// early tells that an answer will not hold for long; nil means that all do.
	early func(T) bool
	// wake has it ask before it is time.
	wake chan struct{}
}

// nudgeDelay is from when a probe is woken until it asks: of what breaks together, each part wakes it.
const nudgeDelay = time.Second

// pace is how long a probe waits after what it did not want to hear.
type pace struct{ failed, early *retry }

func (p *probe[T]) pace() pace { return pace{newRetry(p.every), newEarlyRetry(p.every)} }

func (p *probe[T]) run(ctx context.Context, o *Observer) {
	clock, pace := o.options.Clock, p.pace()
	for {
		woken, alive := sleep(ctx, clock, p.look(ctx, o.world, pace), p.wake)
		if woken {
			_, alive = sleep(ctx, clock, wait.Jitter(nudgeDelay, jitter), nil)
			drain(p.wake)
		}
		if !alive {
			return
		}
	}
}

// look asks, and returns after which time to ask again.
func (p *probe[T]) look(ctx context.Context, world *world, pace pace) time.Duration {
	var none T
	found, err := p.ask(ctx)
	if ctx.Err() != nil {
		return never
	}
	world.heard(p.name, err)
	switch answerOf(err) {
	case granted:
		p.tell(found)
		world.show(p.name, nil)
		if p.early != nil && p.early(found) {
			pace.failed.reset()
			return pace.early.next()
		}
	case denied:
		if !world.deny(p.name) {
			return pace.failed.next()
		}
		p.tell(none)
		pace.failed.reset()
		return wait.Jitter(p.deniedEvery, jitter)
	case missing:
		p.tell(none)
		world.miss(p.name)
	case outdated, failed:
		return pace.failed.next()
	}
	pace.failed.reset()
	pace.early.reset()
	return wait.Jitter(p.every, jitter)
}

// within bounds the time of a request.
func within[T any](timeout time.Duration, ask func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return ask(ctx)
	}
}
