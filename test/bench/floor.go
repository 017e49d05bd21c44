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
)

// measureFloors has a bare client ask what the operator has asked, and take the place of the operator at rest.
func (b *bench) measureFloors(ctx context.Context) error {
	if err := b.halt(ctx); err != nil {
		return err
	}
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
	b.report.least(coldTime, ready+b.writing)
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
