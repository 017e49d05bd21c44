// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// stride spreads what is changed over the fleet: it is a prime.
const stride = 7919

// changeReleases measures how long it takes from a change in a cluster until the hub's watchers know what it means, and the
// least of it in turn with that. The first pair does not count, since the bare client connects to the hub in it.
func (b *bench) changeReleases(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	floor, err := b.startFloor(ctx, stop)
	if err != nil {
		return err
	}
	defer floor.client.kill()
	var took, least []time.Duration
	for i := range 1 + b.options.changes {
		m := b.fleet.members[(i*stride)%len(b.fleet.members)]
		measured, err := b.timeChange(ctx, m, m, b.fleet.book)
		if err != nil {
			return err
		}
		if err := floor.prepare(b.fleet, m); err != nil {
			return err
		}
		bare, err := b.timeChange(ctx, b.fleet.spareFor(m), m, floor.copies)
		if err != nil {
			return err
		}
		if i > 0 {
			took, least = append(took, measured), append(least, bare)
		}
	}
	for _, p := range percentiles {
		b.report.took(changeTime(p.name), spreadOf(took).at(p.part))
		// The slowest one of each is chance, and says nothing about the other.
		if p.part < 1 {
			b.report.least(changeTime(p.name), spreadOf(least).at(p.part))
		}
	}
	b.report.patch = floor.bytes / bytesize(floor.patches)
	return floor.check(b.fleet)
}

// timeChange changes Konvoy in a cluster, and returns how long it takes until a watcher of the hub sees the version of a
// member. The clock starts before the change is sent. It returns when there was time for all that follows.
func (b *bench) timeChange(ctx context.Context, changed, m *member, book *book) (time.Duration, error) {
	start := time.Now()
	if err := changeKonvoy(ctx, b.fleet.remoteOf(changed), changed); err != nil {
		return 0, err
	}
	at, err := book.await(ctx, m.name, hasKonvoy(m.version))
	if err != nil {
		return 0, err
	}
	return at.Sub(start), pause(ctx, breath)
}

// breath is what a change has time for to be all over.
const breath = 50 * time.Millisecond

// narrowWindow has no room for what is installed.
const narrowWindow = 1

// changePolicy measures how long it takes until a change of a policy is in all statuses. It ends the support of Konvoy, and
// with it of Kubernetes and of the base addons, in every cluster.
func (b *bench) changePolicy(ctx context.Context) error {
	policy, err := b.fleet.policy(ctx, "konvoy")
	if err != nil {
		return err
	}
	found, _ := b.fleet.book.read(b.fleet.members[0].name)
	before := stateOf(found.object, facts.Konvoy)
	used, err := b.operator.usage(nil)
	if err != nil {
		return err
	}
	b.begin()
	changed := policy.DeepCopy()
	changed.Spec.Lifecycle.Window.SupportedMinors = ptr.To(int32(narrowWindow))
	start := time.Now()
	if err := b.fleet.admin.Patch(ctx, changed, client.MergeFrom(policy)); err != nil {
		return fmt.Errorf("change the policy konvoy: %w", err)
	}
	times, err := b.fleet.book.awaitAll(ctx, b.fleet.members, func(object *v1alpha1.ClusterSupport) bool {
		return stateOf(object, facts.Konvoy) != before
	})
	if err != nil {
		return err
	}
	b.report.took(policyTime, since(start, times).at(1))
	if err := pause(ctx, settling); err != nil {
		return err
	}
	after, err := b.operator.usage(nil)
	if err != nil {
		return err
	}
	b.report.took("change of a policy, the operator's CPU", after.cpu-used.cpu)
	b.tell("change of a policy")
	if b.writing, err = b.writeAll(ctx); err != nil {
		return err
	}
	b.report.least(policyTime, b.writing)
	return nil
}

func stateOf(object *v1alpha1.ClusterSupport, product string) v1alpha1.State {
	for _, release := range object.Status.Releases {
		if release.Product == product {
			return release.State
		}
	}
	return ""
}
