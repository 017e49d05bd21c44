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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
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
	if err := b.askAll(ctx, writing); err != nil {
		return err
	}
	return b.relayChanges(ctx)
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
	fail := func(err error) (usage, time.Duration, error) {
		return usage{}, 0, fmt.Errorf("the bare client: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	p := newProcess(filepath.Join(b.fleet.folder, "bare.log"), program, bareArgument)
	in, err := p.command.StdinPipe()
	if err != nil {
		return fail(err)
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return fail(err)
	}
	if err := p.start(); err != nil {
		return fail(err)
	}
	defer p.kill()
	if err := json.NewEncoder(in).Encode(all); err != nil {
		return fail(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return fail(fmt.Errorf("see %s: %w", p.log, err))
	}
	ready = time.Since(p.started)
	if started, err = p.usage(nil); err != nil {
		return fail(err)
	}
	if len(all.Clusters) == 0 {
		return started, ready, nil
	}
	if err := pause(ctx, settling); err != nil {
		return fail(err)
	}
	_, err = b.watchRest(ctx, "bare client", p)
	return started, ready, err
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

var konvoyClusters = schema.GroupVersionResource{Group: "kommander.mesosphere.io", Version: "v1beta1", Resource: "konvoyclusters"}

// relayChanges measures changes of a release as changeReleases does, with nothing between them and the hub but a watch and
// a patch.
func (b *bench) relayChanges(ctx context.Context) error {
	hub, err := client.New(b.fleet.account, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	spare, err := dynamic.NewForConfig(b.fleet.configFor(b.fleet.spare))
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	list, err := spare.Resource(konvoyClusters).Namespace(konvoyNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the KonvoyClusters: %w", err)
	}
	changes, err := spare.Resource(konvoyClusters).Namespace(konvoyNamespace).Watch(ctx, metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
	if err != nil {
		return fmt.Errorf("watch the KonvoyClusters: %w", err)
	}
	defer changes.Stop()
	var took []time.Duration
	for i := range b.options.changes {
		name := b.fleet.members[(i*stride)%len(b.fleet.members)].name
		version := fmt.Sprintf("1.8.%d", 10+i)
		start := time.Now()
		if err := setKonvoy(ctx, b.fleet.remoteOf(b.fleet.spare), b.fleet.spare, version); err != nil {
			return err
		}
		for event := range changes.ResultChan() {
			if object, is := event.Object.(*unstructured.Unstructured); is && konvoyIn(object) == "v"+version {
				break
			}
		}
		found, _ := b.fleet.book.read(name)
		if err := scribble(ctx, hub, found.object, version); err != nil {
			return err
		}
		at, err := b.fleet.book.await(ctx, name, func(object *v1alpha1.ClusterSupport) bool {
			return object.Status.Conditions[0].Message == version
		})
		if err != nil {
			return err
		}
		took = append(took, at.Sub(start))
		if err := pause(ctx, breath); err != nil {
			return err
		}
	}
	for _, p := range percentiles {
		b.report.least(changeTime(p.name), spreadOf(took).at(p.part))
	}
	return nil
}

func konvoyIn(object *unstructured.Unstructured) string {
	version, _, _ := unstructured.NestedString(object.Object, "spec", "cluster", "version")
	return version
}
