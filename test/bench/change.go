// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// stride spreads what is changed over the fleet: it is a prime.
const stride = 7919

// changeReleases measures how long it takes from a change in a cluster until the hub's watchers know what it means. The
// clock starts before the change is sent.
func (b *bench) changeReleases(ctx context.Context) error {
	var took []time.Duration
	for i := range b.options.changes {
		m := b.fleet.members[(i*stride)%len(b.fleet.members)]
		version := b.nextVersion(m)
		start := time.Now()
		if err := setKonvoy(ctx, b.fleet.remoteOf(m), m, version); err != nil {
			return err
		}
		at, err := b.fleet.book.await(ctx, m.name, hasKonvoy(version))
		if err != nil {
			return err
		}
		took = append(took, at.Sub(start))
		if err := pause(ctx, breath); err != nil {
			return err
		}
	}
	for _, p := range percentiles {
		b.report.took(changeTime(p.name), spreadOf(took).at(p.part))
	}
	return nil
}

// breath is what a change has time for to be all over.
const breath = 50 * time.Millisecond

// nextVersion is the one that the hub does not show.
func (b *bench) nextVersion(m *member) string {
	if found, _ := b.fleet.book.read(m.name); found.object != nil && hasKonvoy(konvoyVersion)(found.object) {
		return otherVersion
	}
	return konvoyVersion
}

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
