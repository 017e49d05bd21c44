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

// Policies gives the set of all policies, compiling each generation of each policy once.
type Policies struct {
	reader client.Reader

	mu       sync.Mutex
	compiled map[edition]*support.Policy
	set      *support.Set
}

// edition is one generation of one policy.
type edition struct {
	uid        types.UID
	generation int64
}

// NewPolicies reads policies from a cache.
func NewPolicies(reader client.Reader) *Policies {
	return &Policies{reader: reader, compiled: map[edition]*support.Policy{}, set: support.NewSet(nil)}
}

// Set gives all policies as the cache has them now.
func (p *Policies) Set(ctx context.Context) (*support.Set, error) {
	var list v1alpha1.SupportPolicyList
	// Compiling copies what it keeps, so that the cache's own objects can be read.
	if err := p.reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list SupportPolicies: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := len(list.Items) != len(p.compiled)
	current := make(map[edition]*support.Policy, len(list.Items))
	all := make([]*support.Policy, 0, len(list.Items))
	for i := range list.Items {
		of := edition{list.Items[i].UID, list.Items[i].Generation}
		known, ok := p.compiled[of]
		if !ok {
			known, changed = support.Compile(&list.Items[i]), true
		}
		current[of] = known
		all = append(all, known)
	}
	if changed {
		p.compiled, p.set = current, support.NewSet(all)
	}
	return p.set, nil
}
