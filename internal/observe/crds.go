// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// crdResource is how errors name CustomResourceDefinitions.
const crdResource = "customresourcedefinitions.apiextensions.k8s.io"

// crdTracker knows which of the CustomResourceDefinitions of the watched resources there are.
type crdTracker struct {
	// store has the revision of each definition.
	store *store
	// onChanged is called after each change of what is known.
	onChanged func()

	mu     sync.Mutex
	access crdAccess
}

type crdAccess int

const (
	// crdsPending: no answer yet.
	crdsPending crdAccess = iota
	// crdsListed: a definition that is not in the store does not exist.
	crdsListed
	// crdsUnavailable: the operator may not list them, or the API server has none. Discovery is left.
	crdsUnavailable
)

func newCRDTracker(resources []detect.Resource, onChanged func()) *crdTracker {
	wanted := map[string]bool{}
	for _, resource := range resources {
		wanted[resource.Name] = true
	}
	t := &crdTracker{onChanged: onChanged}
	t.store = &store{
		trim: func(definition *unstructured.Unstructured) any {
			if !wanted[definition.GetName()] {
				return nil
			}
			return revisionOf(definition)
		},
		onReplaced: func(*store) { t.setAccess(crdsListed) },
		onChanged:  onChanged,
	}
	return t
}

// revisionOf differs for two definitions of one name, and for two specs of one definition.
func revisionOf(definition *unstructured.Unstructured) string {
	return fmt.Sprintf("%s/%d", facts.Truncate(string(definition.GetUID()), maxResourceVersionBytes), definition.GetGeneration())
}

// get returns the revision of the definition of that name; empty when there is none, or it cannot be known.
func (t *crdTracker) get(name string) (crdAccess, string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.access != crdsListed {
		return t.access, ""
	}
	revision, _ := t.store.get(types.NamespacedName{Name: name}).(string)
	return t.access, revision
}

// record takes the outcome of a request for definitions.
func (t *crdTracker) record(outcome outcome) {
	switch outcome {
	case outcomeForbidden, outcomeNotFound:
	case outcomeOK, outcomeExpired, outcomeFailed:
		return
	}
	// A refusal comes with each retry, and changes something only once.
	if access, _ := t.get(""); access != crdsUnavailable {
		t.setAccess(crdsUnavailable)
	}
}

func (t *crdTracker) setAccess(access crdAccess) {
	t.mu.Lock()
	t.access = access
	t.mu.Unlock()
	t.onChanged()
}

// startCRDReflector keeps the definitions up to date. Only their metadata is requested: their schemas are large.
func (o *Observer) startCRDReflector(ctx context.Context) *reflector {
	r := o.newReflector("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", o.crds.store)
	r.listAccept, r.watchAccept = acceptMetadataList, acceptMetadata
	r.onResult = func(err error) { o.crds.record(o.state.record(crdResource, err)) }
	r.start(ctx)
	return r
}
