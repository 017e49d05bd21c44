// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// Policies gives the set of all policies and exceptions, compiling each generation of each of them once.
type Policies struct {
	reader client.Reader

	mu         sync.Mutex
	policies   editions[*support.Policy]
	exceptions editions[*support.Exception]
	set        *support.Set
}

// edition is one generation of one object.
type edition struct {
	uid        types.UID
	generation int64
}

// editions are what was compiled of the objects of a kind.
type editions[T any] map[edition]T

// follow compiles what is new among objects and forgets what is gone. It tells whether anything has changed.
func (e *editions[T]) follow(n int, object func(int) client.Object, compile func(int) T) (all []T, changed bool) {
	current := make(editions[T], n)
	changed = n != len(*e)
	for i := range n {
		of := edition{object(i).GetUID(), object(i).GetGeneration()}
		known, ok := (*e)[of]
		if !ok {
			known, changed = compile(i), true
		}
		current[of] = known
		all = append(all, known)
	}
	*e = current
	return all, changed
}

// NewPolicies reads policies and exceptions from a cache.
func NewPolicies(reader client.Reader) *Policies {
	return &Policies{reader: reader, set: support.NewSet(nil)}
}

// Set gives all policies and exceptions as the cache has them now.
func (p *Policies) Set(ctx context.Context) (*support.Set, error) {
	var policies v1alpha1.SupportPolicyList
	var exceptions v1alpha1.SupportExceptionList
	// Compiling copies what it keeps, so that the cache's own objects can be read.
	if err := p.reader.List(ctx, &policies, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list SupportPolicies: %w", err)
	}
	if err := p.reader.List(ctx, &exceptions, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list SupportExceptions: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	compiled, changed := p.policies.follow(len(policies.Items),
		func(i int) client.Object { return &policies.Items[i] },
		func(i int) *support.Policy { return support.Compile(&policies.Items[i]) })
	covering, others := p.exceptions.follow(len(exceptions.Items),
		func(i int) client.Object { return &exceptions.Items[i] },
		func(i int) *support.Exception { return support.CompileException(&exceptions.Items[i]) })
	if changed || others {
		p.set = support.NewSet(compiled, covering...)
	}
	return p.set, nil
}
