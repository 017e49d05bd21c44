// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"sync"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// definitionsName is how errors name them.
const definitionsName = "customresourcedefinitions.apiextensions.k8s.io"

// definitions are the CustomResourceDefinitions of the resources that are watched: which of them there are, kept up to
// date by a stream.
type definitions struct {
	// items are incarnations, which tell one state of a definition from another.
	items *items
	// changed is called when something of that has changed.
	changed func()

	mu    sync.Mutex
	state definitionsState
}

type definitionsState int

const (
	// unlisted: no answer yet.
	unlisted definitionsState = iota
	// listed: what is not known is not there.
	listed
	// unlistable: we may not look, or there is nothing to look at. Only discovery can tell.
	unlistable
)

func newDefinitions(resources []detect.Resource, changed func()) *definitions {
	wanted := map[string]bool{}
	for _, resource := range resources {
		wanted[resource.Name] = true
	}
	d := &definitions{changed: changed}
	d.items = &items{
		trim: func(definition *unstructured.Unstructured) any {
			if !wanted[definition.GetName()] {
				return nil
			}
			return incarnation(definition)
		},
		listed:  func(*items) { d.become(listed) },
		changed: changed,
	}
	return d
}

func incarnation(definition *unstructured.Unstructured) string {
	return fmt.Sprintf("%s/%d", facts.Truncate(string(definition.GetUID()), maxVersionBytes), definition.GetGeneration())
}

// lookup tells what is known of the definition of that name. Its incarnation is empty when it is not there.
func (d *definitions) lookup(name string) (definitionsState, string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != listed {
		return d.state, ""
	}
	incarnation, _ := d.items.lookup(types.NamespacedName{Name: name}).(string)
	return d.state, incarnation
}

// heard takes the outcome of a request for definitions.
func (d *definitions) heard(answer answer) {
	switch answer {
	case denied, missing:
	case granted, outdated, failed:
		return
	}
	// Heard again and again, and news only once: what it changes is that discovery has to be asked.
	if state, _ := d.lookup(""); state != unlistable {
		d.become(unlistable)
	}
}

func (d *definitions) become(state definitionsState) {
	d.mu.Lock()
	d.state = state
	d.mu.Unlock()
	d.changed()
}

// reflectDefinitions keeps the definitions up to date. Only their metadata is asked for: their schemas are large.
func (o *Observer) reflectDefinitions(ctx context.Context) *reflection {
	s := o.newStream("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", o.definitions.items)
	s.list, s.each = onlyMetadataList, onlyMetadata
	s.heard = func(err error) { o.definitions.heard(o.world.heard(definitionsName, err)) }
	return reflect(ctx, s)
}
