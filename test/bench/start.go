// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// settling is for how long an operator that has seen everything is still busy.
const settling = 30 * time.Second

// withoutClusters measures the operator by itself.
func (b *bench) withoutClusters(ctx context.Context) error {
	if err := b.start(nil); err != nil {
		return err
	}
	if _, err := b.fleet.book.await(ctx, v1alpha1.HostName, isReachable); err != nil {
		return err
	}
	found, err := b.settle(ctx, "no cluster", 0)
	if err != nil {
		return err
	}
	b.base = found.resident
	if err := b.halt(ctx); err != nil {
		return err
	}
	b.say("making %d ClusterSupports", b.options.clusters)
	return b.fleet.refer(ctx)
}

// coldStart measures how long it takes until all statuses, of which none is there yet, say all that there is to say.
func (b *bench) coldStart(ctx context.Context) error {
	if err := b.start(nil); err != nil {
		return err
	}
	times, err := b.fleet.book.awaitAll(ctx, b.fleet.members, isAssessed)
	if err != nil {
		return err
	}
	used, err := b.operator.usage(nil)
	if err != nil {
		return err
	}
	b.report.took(coldTime, since(b.operator.started, times).at(1))
	b.report.took("cold start, half of them", since(b.operator.started, times).at(0.5))
	b.report.took(coldCPU, used.cpu)
	if err := b.weigh(); err != nil {
		return err
	}
	_, err = b.settle(ctx, "cold start", b.options.clusters)
	return err
}

// weigh tells how large the objects are.
func (b *bench) weigh() error {
	found, _ := b.fleet.book.read(b.fleet.members[0].name)
	text, err := json.Marshal(found.object)
	b.report.clusters, b.report.object = b.options.clusters, bytesize(len(text))
	return err
}

// restart measures the operator as it is after a restart, when nothing has to be written.
func (b *bench) restart(ctx context.Context) error {
	took, used, err := b.restartWith(ctx, nil)
	if err != nil {
		return err
	}
	b.report.took(restartTime, took)
	b.report.took(restartCPU, used.cpu)
	_, err = b.settle(ctx, "restart", b.options.clusters)
	return err
}

// restartSmall is the same with a garbage collector that is told to keep the heap small.
func (b *bench) restartSmall(ctx context.Context) error {
	if _, _, err := b.restartWith(ctx, []string{"GOGC=50"}); err != nil {
		return err
	}
	_, err := b.settle(ctx, "GOGC=50", b.options.clusters)
	return err
}

// restartShard is the same for half of the clusters.
func (b *bench) restartShard(ctx context.Context) error {
	if _, _, err := b.restartWith(ctx, nil, "--shard=1/2"); err != nil {
		return err
	}
	found, err := b.settle(ctx, "shard 1/2", 0)
	if err == nil {
		found.clusters = found.connections
	}
	return err
}

// restartWith returns how long it took until all was watched, and what the operator had used by then.
func (b *bench) restartWith(ctx context.Context, environment []string, arguments ...string) (took time.Duration, used usage, err error) {
	if err := b.halt(ctx); err != nil {
		return 0, usage{}, err
	}
	if err := b.start(environment, arguments...); err != nil {
		return 0, usage{}, err
	}
	// How many there are to be is not said anywhere.
	watches, from := int64(0), time.Now()
	err = until(ctx, func() bool {
		if now := b.fleet.relay.sum(watchesOf); now != watches {
			watches, from, took = now, time.Now(), time.Since(b.operator.started)
			used, err = b.operator.usage(nil)
		}
		return err != nil || watches > 0 && time.Since(from) > calm
	})
	return took, used, err
}

// calm is for how long the watches have to be the same to be all that there are.
const calm = 10 * time.Second

// start runs the operator, and begins to count.
func (b *bench) start(environment []string, arguments ...string) (err error) {
	b.begin()
	b.operator, err = startOperator(b.fleet.operator, b.fleet.kubeconfig, b.fleet.folder, environment, arguments...)
	return err
}

// halt ends the operator, and waits until the clusters have noticed.
func (b *bench) halt(ctx context.Context) error {
	p := b.operator
	b.operator = nil
	if err := p.stop(); err != nil {
		return err
	}
	return until(ctx, func() bool { return b.fleet.relay.sum(watchesOf) == 0 })
}

// settle waits until the operator has nothing to do, tells what it has written until then, and measures it at rest.
func (b *bench) settle(ctx context.Context, name string, clusters int) (*atRest, error) {
	if err := pause(ctx, settling); err != nil {
		return nil, err
	}
	b.tell(name)
	found, err := b.watchRest(ctx, name, b.operator)
	if err != nil {
		return nil, err
	}
	found.clusters, found.base = clusters, b.base
	return found, nil
}

// watchRest measures what a process uses, and what is asked for, while nothing happens.
func (b *bench) watchRest(ctx context.Context, name string, p *process) (*atRest, error) {
	relay, ledger := b.fleet.relay, b.fleet.hub.Front
	ledger.Reset()
	asked := relay.sum(requestsOf)
	before, err := p.usage(nil)
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, b.options.rest); err != nil {
		return nil, err
	}
	after, err := p.usage(b.fleet.ports())
	if err != nil {
		return nil, err
	}
	live, err := p.live()
	if err != nil {
		return nil, err
	}
	seconds := b.options.rest.Seconds()
	found := &atRest{
		name: name, usage: after, live: live, busy: (after.cpu - before.cpu).Seconds() / seconds,
		toHub: float64(ledger.Requests(nil)) / seconds, toClusters: float64(relay.sum(requestsOf)-asked) / seconds,
		watches: int(relay.sum(watchesOf)), writes: ledger.Requests(front.Request.Writes),
	}
	b.report.rests = append(b.report.rests, found)
	return found, nil
}

// since are the times that have passed.
func since(start time.Time, times []time.Time) spread {
	var took []time.Duration
	for _, at := range times {
		took = append(took, at.Sub(start))
	}
	return spreadOf(took)
}

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}

// until asks until it is so.
func until(ctx context.Context, isSo func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !isSo() {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
