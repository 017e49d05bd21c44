// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// The bench measures a fleet: a hub and many clusters, which are a few real API servers behind a relay, and the operator as
// a process of its own. What it does is set against the least that it could take on the same machine in the same run.
//
// The least of a start is a bare client that makes the same requests and drops the answers, while the operator does not run.
// The least of a change of a policy are the writes by themselves: the patches that the operator has just sent, to the copies
// that the next paragraphs are about.
//
// The least of a change of a release is what no reconciler can do without: an event of a watch comes from the cluster, a
// patch of a status goes to the hub, an event of a watch tells of it. The bare client does that and nothing else: it reads
// the event to its end, without a look at it, and sends a patch that was made before. All else is as it is for the operator:
//
//   - The clusters are behind the same relay and the same API servers. They are of their own, one for each API server, since
//     the operator is connected to all others.
//   - What is patched is an exact copy of the ClusterSupport, of a kind with the same schema in a group of its own, which the
//     operator does not watch. The patch is the one that the operator has just sent for the original, with the copy's
//     resourceVersion in it. It goes through the same front with the same account.
//   - The same client watches the copies and the originals, and the same code takes the time and waits.
//   - Each change of the operator is followed by the same change for the bare client, so that whatever else the machine does
//     hits both. The operator, with its connections, runs meanwhile; it has nothing to do.
//
// The bench fails if the bare client makes any other request than these patches. A figure below its least is a fault of the
// bench, and the report says so.
//
// It takes Linux, which tells what a process uses.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the bench can be told.
type options struct {
	clusters, changes int
	rest              time.Duration
	operator          string
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 1 && arguments[0] == bareArgument {
		return bare(ctx, os.Stdin, os.Stdout)
	}
	var options options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&options.clusters, "clusters", 1000, "how many clusters the fleet has")
	flags.IntVar(&options.changes, "changes", 1000, "how many releases are changed, one after the other")
	flags.DurationVar(&options.rest, "rest", time.Minute, "for how long it is watched that nothing happens")
	flags.StringVar(&options.operator, "operator", "", "the operator's program (default: it is built)")
	switch err := flags.Parse(arguments); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	// What stands for the clusters must not be what is waited for.
	debug.SetGCPercent(400)
	folder, err := os.MkdirTemp("", "support-policy-bench-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	b := &bench{options: options, out: os.Stdout, progress: os.Stderr}
	if err := b.run(ctx, folder); err != nil {
		return fmt.Errorf("%w (its files are in %s)", err, folder)
	}
	return os.RemoveAll(folder)
}

// bench is one run.
type bench struct {
	options       options
	out, progress io.Writer
	fleet         *fleet
	report        report

	// operator runs; nil while none does.
	operator *process
	// base is what it takes without clusters.
	base bytesize
	// writing is the least that it takes to write to all ClusterSupports.
	writing time.Duration
	// requests and connections are how many there had been when a stage began.
	requests, connections int64
}

// stages are all that is measured, in this order.
func (b *bench) stages() []stage {
	return []stage{
		{"no cluster", b.withoutClusters},
		{"cold start", b.coldStart},
		{"changes of a release", b.changeReleases},
		{"a change of a policy", b.changePolicy},
		{"restart", b.restart},
		{"restart with GOGC=50", b.restartSmall},
		{"restart as one of two shards", b.restartShard},
		{"the least that it takes", b.measureFloors},
	}
}

type stage struct {
	name string
	do   func(context.Context) error
}

func (b *bench) run(ctx context.Context, folder string) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b.say("starting %d control planes for %d clusters", 1+len(nodeCounts), b.options.clusters)
	b.fleet, err = startFleet(ctx, folder, b.options, func(name, message string) {
		b.say("%s cannot be reached: %s", name, message)
	})
	if err != nil {
		return err
	}
	defer func() {
		b.operator.kill()
		stop()
		err = errors.Join(err, b.fleet.close())
	}()
	for _, stage := range b.stages() {
		b.say("%s", stage.name)
		if err := stage.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return b.report.print(b.out)
}

func (b *bench) say(format string, arguments ...any) {
	fmt.Fprintf(b.progress, time.Now().Format(time.TimeOnly)+" "+format+"\n", arguments...)
}
