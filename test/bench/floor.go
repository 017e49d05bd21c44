// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
)

// measureFloors measures the least that the same could take, while the operator does not run.
func (b *bench) measureFloors(ctx context.Context) error {
	if err := b.halt(ctx); err != nil {
		return err
	}
	writing, err := b.writeAll(ctx)
	if err != nil {
		return err
	}
	b.report.least(policyTime, writing)
	return b.askAll(ctx, writing)
}

// askAll has a bare client ask what the operator has asked, and take the place of the operator at rest.
func (b *bench) askAll(ctx context.Context, writing time.Duration) error {
	all := order{CA: b.fleet.relay.ca, Token: token}
	for i, m := range b.fleet.members {
		// All behind one API server are alike.
		all.Clusters = append(all.Clusters, bareCluster{Address: m.address(), Asked: b.fleet.members[i%len(nodeCounts)].journal.all})
	}
	empty, _, err := b.runBare(ctx, order{CA: all.CA})
	if err != nil {
		return err
	}
	started, ready, err := b.runBare(ctx, all)
	if err != nil {
		return err
	}
	b.report.least(coldTime, ready+writing)
	b.report.least(coldCPU, started.cpu)
	b.report.least(restartTime, ready)
	b.report.least(restartCPU, started.cpu)
	found := b.report.rests[len(b.report.rests)-1]
	found.clusters, found.base = len(b.fleet.members), empty.resident
	return nil
}

// runBare runs the bare client. It returns after which time that had asked for everything, and what it used by then; if
// there was something to ask for, it is then measured at rest.
func (b *bench) runBare(ctx context.Context, all order) (started usage, ready time.Duration, err error) {
	p, err := b.startBare(all)
	if err != nil {
		return usage{}, 0, err
	}
	defer p.kill()
	ready = time.Since(p.started)
	if started, err = p.usage(nil); err != nil || len(all.Clusters) == 0 {
		return started, ready, err
	}
	if err := pause(ctx, settling); err != nil {
		return usage{}, 0, err
	}
	_, err = b.watchRest(ctx, "bare client", p.process)
	return started, ready, err
}

// bareProcess is the bare client at work.
type bareProcess struct {
	*process

	patches *json.Encoder
	out     *bufio.Reader
}

// startBare starts the bare client, and returns when that has asked for everything.
func (b *bench) startBare(all order) (*bareProcess, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := newProcess(filepath.Join(b.fleet.folder, "bare.log"), program, bareArgument)
	in, err := p.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.start(); err != nil {
		return nil, err
	}
	bare := &bareProcess{p, json.NewEncoder(in), bufio.NewReader(out)}
	if err = bare.patches.Encode(all); err == nil {
		_, err = bare.out.ReadString('\n')
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("the bare client, see %s: %w", p.log, err)
	}
	return bare, nil
}

// writeAll patches the status of all clusters, with patches as large as the operator's, and as many at a time.
func (b *bench) writeAll(ctx context.Context) (time.Duration, error) {
	hub, err := client.New(b.fleet.account, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return 0, fmt.Errorf("make a client: %w", err)
	}
	start := time.Now()
	err = inParallel(len(b.fleet.members), writesAtATime, func(i int) error {
		found, _ := b.fleet.book.read(b.fleet.members[i].name)
		return scribble(ctx, hub, found.object, "all at once")
	})
	return time.Since(start), err
}

// writesAtATime is as many as the operator makes.
const writesAtATime = 8

// scribble writes a status that differs in the conditions and in the releases.
func scribble(ctx context.Context, hub client.Client, object *v1alpha1.ClusterSupport, text string) error {
	changed := object.DeepCopy()
	changed.Status.Conditions[0].Message = text
	changed.Status.Releases[0].Findings[0].Message = text
	patch := client.MergeFromWithOptions(object, client.MergeFromWithOptimisticLock{})
	if err := hub.Status().Patch(ctx, changed, patch); err != nil {
		return fmt.Errorf("patch %s: %w", object.Name, err)
	}
	return nil
}
