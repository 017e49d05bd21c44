package observe

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// probe asks for something that cannot be watched, again and again.
type probe struct {
	// name is that of what is asked for.
	name string
	// every is the time between two answers; deniedEvery that after one which says that we may not look.
	every, deniedEvery time.Duration
	// ask makes the request.
	ask func(context.Context) (string, error)
	// tell takes the answer; empty when there is none to be had.
	tell func(string)
	// wake has it ask before it is time.
	wake chan struct{}
}

// nudgeDelay is from when a probe is woken until it asks: of what breaks together, each part wakes it.
const nudgeDelay = time.Second

func (o *Observer) run(ctx context.Context, p *probe) {
	clock, retry := o.options.Clock, newRetry(p.every)
	for {
		woken, alive := sleep(ctx, clock, o.ask(ctx, p, retry), p.wake)
		if woken {
			_, alive = sleep(ctx, clock, wait.Jitter(nudgeDelay, jitter), nil)
			drain(p.wake)
		}
		if !alive {
			return
		}
	}
}

// ask makes the request and returns after which time to make it again.
func (o *Observer) ask(ctx context.Context, p *probe, retry *retry) time.Duration {
	bounded, cancel := context.WithTimeout(ctx, o.options.RequestTimeout)
	defer cancel()
	found, err := p.ask(bounded)
	if ctx.Err() != nil {
		return never
	}
	o.world.heard(p.name, err)
	switch answerOf(err) {
	case granted:
		p.tell(found)
		o.world.show(p.name, nil)
	case denied:
		if !o.world.deny(p.name) {
			return retry.next()
		}
		p.tell("")
		retry.reset()
		return wait.Jitter(p.deniedEvery, jitter)
	case missing:
		p.tell("")
		o.world.miss(p.name)
	case outdated, failed:
		return retry.next()
	}
	retry.reset()
	return wait.Jitter(p.every, jitter)
}
