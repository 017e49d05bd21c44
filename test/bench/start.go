package main

import (
	"context"
	"fmt"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// settling is for how long an operator that has seen everything is still busy.
const settling = 30 * time.Second

// withoutClusters measures the operator by itself.
func (b *bench) withoutClusters(ctx context.Context) error {
	p, err := b.start()
	if err != nil {
		return err
	}
	defer p.kill()
	if _, err := b.fleet.book.await(ctx, v1alpha1.HostName, isReachable); err != nil {
		return err
	}
	if err := b.atRest(ctx, p, "no cluster"); err != nil {
		return err
	}
	if err := p.stop(); err != nil {
		return err
	}
	b.say("making %d ClusterSupports", b.options.clusters)
	return b.fleet.refer(ctx)
}

// coldStart measures how long it takes until all statuses, of which none is there yet, say all that there is to say.
func (b *bench) coldStart(ctx context.Context) error {
	b.fleet.hub.Front.Reset()
	p, err := b.start()
	if err != nil {
		return err
	}
	b.operator = p
	times, err := b.fleet.book.awaitAll(ctx, b.fleet.members, isAssessed)
	if err != nil {
		return err
	}
	used, err := p.usage(b.fleet.ports())
	if err != nil {
		return err
	}
	var took []time.Duration
	for _, at := range times {
		took = append(took, at.Sub(p.started))
	}
	b.table.add(coldTime, "s", spreadOf(took).at(1).Seconds())
	b.table.add("cold start: half of them", "s", spreadOf(took).at(0.5).Seconds())
	b.table.add(coldCPU, "s", used.cpu.Seconds())
	b.table.add("cold start: most memory", "MiB", used.peak.mib())
	if err := pause(ctx, settling); err != nil {
		return err
	}
	b.countWrites("cold start")
	b.table.add(coldConnections, "", b.perCluster(b.fleet.relay.sum(connectionsOf)))
	b.table.add("cold start: requests of a cluster", "", b.perCluster(b.fleet.relay.sum(requestsOf)))
	return b.atRest(ctx, p, "at rest")
}

// restart measures the operator as it is after a restart, when nothing has to be written.
func (b *bench) restart(ctx context.Context) error { return b.restartWith(ctx, "restart") }

// restartSmall is the same with a garbage collector that is told to keep the heap small.
func (b *bench) restartSmall(ctx context.Context) error {
	return b.restartWith(ctx, "restart, GOGC=50", "GOGC=50")
}

func (b *bench) restartWith(ctx context.Context, name string, environment ...string) error {
	watches := b.fleet.relay.sum(watchesOf)
	if err := b.halt(ctx); err != nil {
		return err
	}
	b.fleet.hub.Front.Reset()
	p, err := b.start(environment...)
	if err != nil {
		return err
	}
	b.operator = p
	if err := until(ctx, func() bool { return b.fleet.relay.sum(watchesOf) >= watches }); err != nil {
		return fmt.Errorf("wait for the watches: %w", err)
	}
	b.table.add(name+": until all is watched", "s", time.Since(p.started).Seconds())
	used, err := p.usage(nil)
	if err != nil {
		return err
	}
	b.table.add(name+": CPU", "s", used.cpu.Seconds())
	if err := pause(ctx, settling); err != nil {
		return err
	}
	b.countWrites(name)
	return b.atRest(ctx, p, name)
}

// start runs the operator, to which nobody speaks by then.
func (b *bench) start(environment ...string) (*process, error) {
	return startOperator(b.fleet.operator, b.fleet.kubeconfig, b.fleet.folder, environment...)
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

// atRest measures what is used, and what is asked for, while nothing happens.
func (b *bench) atRest(ctx context.Context, p *process, name string) error {
	relay, ledger, ports := b.fleet.relay, b.fleet.hub.Front, b.fleet.ports()
	ledger.Reset()
	before, err := p.usage(nil)
	if err != nil {
		return err
	}
	asked := relay.sum(requestsOf)
	if err := pause(ctx, b.options.rest); err != nil {
		return err
	}
	after, err := p.usage(ports)
	if err != nil {
		return err
	}
	live, err := p.collected()
	if err != nil {
		return err
	}
	seconds := b.options.rest.Seconds()
	b.table.add(name+": RSS", "MiB", after.resident.mib())
	b.table.add(name+": live heap", "MiB", live.heap.mib())
	b.table.add(name+": stacks", "MiB", live.stacks.mib())
	b.table.add(name+": threads", "", float64(after.threads))
	b.table.add(name+": CPU", "%", 100*(after.cpu-before.cpu).Seconds()/seconds)
	b.table.add(name+": writes", "", float64(ledger.Requests(front.Request.Writes)))
	b.table.add(name+": requests to the hub", "/s", float64(ledger.Requests(nil))/seconds)
	if p != b.operator {
		b.idle = after.resident
		return nil
	}
	b.table.add(name+": requests to the clusters", "/s", float64(relay.sum(requestsOf)-asked)/seconds)
	b.table.add(perClusterMemory(name), "KiB", (after.resident-b.idle).kib()/float64(b.options.clusters))
	b.table.add(perClusterConnections(name), "", b.perCluster(int64(after.connections)))
	b.table.add(name+": watches per cluster", "", b.perCluster(relay.sum(watchesOf)))
	return nil
}

// countWrites tells what was written on the hub since its front was reset.
func (b *bench) countWrites(name string) {
	ledger := b.fleet.hub.Front
	resource := func(resource string) func(front.Request) bool {
		return func(r front.Request) bool { return r.Writes() && r.Resource == resource }
	}
	b.table.add(name+": patches of ClusterSupports", "", float64(ledger.Requests(resource("clustersupports"))))
	b.table.add(name+": patches of policies", "", float64(ledger.Requests(resource("supportpolicies"))))
	b.table.add(name+": events", "", float64(ledger.Requests(resource("events"))))
}

func (b *bench) perCluster(n int64) float64 { return float64(n) / float64(b.options.clusters) }

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
