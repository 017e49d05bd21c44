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

// PolicyCache compiles all policies and exceptions, each generation of each object once.
type PolicyCache struct {
	reader client.Reader

	mu         sync.Mutex
	policies   compileCache[*v1alpha1.SupportPolicy, *support.Policy]
	exceptions compileCache[*v1alpha1.SupportException, *support.Exception]
	set        *support.Set
}

// NewPolicyCache makes a cache that reads policies and exceptions from a reader.
func NewPolicyCache(reader client.Reader) *PolicyCache {
	return &PolicyCache{
		reader:     reader,
		policies:   compileCache[*v1alpha1.SupportPolicy, *support.Policy]{compile: support.Compile},
		exceptions: compileCache[*v1alpha1.SupportException, *support.Exception]{compile: support.CompileException},
		set:        support.NewSet(nil),
	}
}

// Get returns all policies and exceptions as the reader has them now. It fails when the reader does.
func (c *PolicyCache) Get(ctx context.Context) (*support.Set, error) {
	var policies v1alpha1.SupportPolicyList
	var exceptions v1alpha1.SupportExceptionList
	// Compiling copies what it keeps, so that the objects of the client's cache can be read.
	if err := c.reader.List(ctx, &policies, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list SupportPolicies: %w", err)
	}
	if err := c.reader.List(ctx, &exceptions, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list SupportExceptions: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	compiledPolicies, policiesChanged := c.policies.update(pointers(policies.Items))
	compiledExceptions, exceptionsChanged := c.exceptions.update(pointers(exceptions.Items))
	if policiesChanged || exceptionsChanged {
		c.set = support.NewSet(compiledPolicies, compiledExceptions...)
	}
	return c.set, nil
}

// generation identifies one generation of one object.
type generation struct {
	uid    types.UID
	number int64
}

// compileCache has the compiled form of each object of a kind.
type compileCache[Object client.Object, Compiled any] struct {
	compile  func(Object) Compiled
	compiled map[generation]Compiled
}

// update compiles new generations and forgets those that are not among the objects. It tells whether it did either.
func (c *compileCache[Object, Compiled]) update(objects []Object) (all []Compiled, changed bool) {
	current := make(map[generation]Compiled, len(objects))
	changed = len(objects) != len(c.compiled)
	for _, object := range objects {
		key := generation{object.GetUID(), object.GetGeneration()}
		compiled, ok := c.compiled[key]
		if !ok {
			compiled, changed = c.compile(object), true
		}
		current[key] = compiled
		all = append(all, compiled)
	}
	c.compiled = current
	return all, changed
}

func pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}
