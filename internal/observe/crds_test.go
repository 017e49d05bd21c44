// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
)

func definition(name, uid string, generation int64) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetName(name)
	object.SetUID(types.UID(uid))
	object.SetGeneration(generation)
	return object
}

func errForbidden() error { return apierrors.NewForbidden(schema.GroupResource{}, "", nil) }

func errNotFound() error { return apierrors.NewNotFound(schema.GroupResource{}, "") }

func TestCRDTracker(t *testing.T) {
	var changed int
	known := newCRDTracker(detect.CustomResources(false), func() { changed++ })
	expect := func(what string, state crdAccess, revision string, changes int) {
		t.Helper()
		gotState, gotIncarnation := known.get(detect.Addons)
		if gotState != state || gotIncarnation != revision || changed != changes {
			t.Errorf("%s: state %d, incarnation %q after %d changes; want %d, %q, %d",
				what, gotState, gotIncarnation, changed, state, revision, changes)
		}
	}

	replace := func(all ...*unstructured.Unstructured) {
		var store []item
		for _, one := range all {
			store = append(store, known.store.newItem(one))
		}
		must(t, known.store.replace(store))
	}

	expect("before the first answer", crdsPending, "", 0)
	replace(definition("foreign.example.com", "f", 1))
	expect("listed, and not there", crdsListed, "", 1)
	must(t, known.store.update(definition("foreign.example.com", "f", 1)))
	expect("others are of no interest", crdsListed, "", 1)
	must(t, known.store.update(definition(detect.Addons, "a", 1)))
	expect("added", crdsListed, "a/1", 2)
	must(t, known.store.update(definition(detect.Addons, "a", 2)))
	expect("with another spec", crdsListed, "a/2", 3)
	known.store.remove(definition(detect.Addons, "a", 2))
	expect("deleted", crdsListed, "", 4)
	replace(definition(detect.Addons, "b", 1))
	expect("another one of that name", crdsListed, "b/1", 5)
	known.record(outcomeForbidden)
	expect("forbidden", crdsUnavailable, "", 6)
	known.record(outcomeForbidden)
	expect("forbidden again is no news", crdsUnavailable, "", 6)
	replace(definition(detect.Addons, "b", 1))
	expect("permitted again", crdsListed, "b/1", 7)
	known.record(outcomeOK)
	known.record(outcomeFailed)
	expect("a server that is down has its definitions still", crdsListed, "b/1", 7)
	known.record(outcomeNotFound)
	expect("an API server that has no such thing", crdsUnavailable, "", 8)
}
