// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
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

func TestDefinitions(t *testing.T) {
	var changed int
	known := newDefinitions(detect.CustomResources(false), func() { changed++ })
	expect := func(what string, state definitionsState, incarnation string, changes int) {
		t.Helper()
		gotState, gotIncarnation := known.lookup(detect.Addons)
		if gotState != state || gotIncarnation != incarnation || changed != changes {
			t.Errorf("%s: state %d, incarnation %q after %d changes; want %d, %q, %d",
				what, gotState, gotIncarnation, changed, state, incarnation, changes)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	replace := func(all ...*unstructured.Unstructured) {
		var kept []item
		for _, one := range all {
			kept = append(kept, known.items.trimmed(one))
		}
		if err := known.items.replace(kept); err != nil {
			t.Fatal(err)
		}
	}

	expect("before the first answer", unlisted, "", 0)
	replace(definition("foreign.example.com", "f", 1))
	expect("listed, and not there", listed, "", 1)
	do(known.items.update(definition("foreign.example.com", "f", 1)))
	expect("others are of no interest", listed, "", 1)
	do(known.items.update(definition(detect.Addons, "a", 1)))
	expect("added", listed, "a/1", 2)
	do(known.items.update(definition(detect.Addons, "a", 2)))
	expect("with another spec", listed, "a/2", 3)
	known.items.remove(definition(detect.Addons, "a", 2))
	expect("deleted", listed, "", 4)
	replace(definition(detect.Addons, "b", 1))
	expect("another one of that name", listed, "b/1", 5)
	known.heard(denied)
	expect("forbidden", unlistable, "", 6)
	known.heard(denied)
	expect("forbidden again is no news", unlistable, "", 6)
	replace(definition(detect.Addons, "b", 1))
	expect("permitted again", listed, "b/1", 7)
	known.heard(granted)
	known.heard(failed)
	expect("a server that is down has its definitions still", listed, "b/1", 7)
	known.heard(missing)
	expect("an API server that has no such thing", unlistable, "", 8)
}
