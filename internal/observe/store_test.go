// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
)

func TestStore(t *testing.T) {
	var changed, listed int
	store := &store{
		trim:       trimOf(detect.KommanderCores),
		onChanged:  func() { changed++ },
		onReplaced: func(*store) { listed++ },
	}
	core := func(name, version string) *unstructured.Unstructured {
		return fixtures.Object(t, "{metadata: {name: "+name+"}, status: {version: "+version+"}}")
	}
	expect := func(what string, want ...detect.KommanderCore) {
		t.Helper()
		if diff := cmp.Diff(want, kommanderCores(store)); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", what, diff)
		}
	}

	must(t, store.replace([]item{store.newItem(core("b", "v2")), store.newItem(core("a", "v1"))}))
	expect("ordered by name", detect.KommanderCore{Name: "a", Running: "v1"}, detect.KommanderCore{Name: "b", Running: "v2"})
	must(t, store.update(core("c", "v3")))
	must(t, store.update(core("a", "v9")))
	must(t, store.update(core("a", "v9")))
	store.remove(core("b", "v2"))
	store.remove(core("unknown", "v2"))
	expect("as changed", detect.KommanderCore{Name: "a", Running: "v9"}, detect.KommanderCore{Name: "c", Running: "v3"})
	if changed != 3 || listed != 1 {
		t.Errorf("%d changes and %d lists were told of, want 3 and 1", changed, listed)
	}
	must(t, store.replace(nil))
	expect("a new list forgets what it does not have")
	if listed != 2 {
		t.Errorf("%d lists were told of, want 2", listed)
	}
}

// TestStoreIsBounded has a cluster that makes up objects.
func TestStoreIsBounded(t *testing.T) {
	var changed int
	store := &store{trim: trimOf(detect.KommanderCores), onChanged: func() { changed++ }, onReplaced: func(*store) {}}
	var all []item
	for i := range maxItems {
		all = append(all, store.newItem(fixtures.Object(t, fmt.Sprintf("{metadata: {name: a%d}}", i))))
	}
	must(t, store.replace(all))
	if err := store.update(fixtures.Object(t, "{metadata: {name: b}}")); !errors.Is(err, errTooManyObjects) {
		t.Errorf("one more is taken: %v", err)
	}
	if err := store.update(fixtures.Object(t, "{metadata: {name: a7}, status: {version: v1}}")); err != nil || changed != 1 {
		t.Errorf("one that is known is not: %v", err)
	}
}

// TestStoreChecksNames has objects that no API server has.
func TestStoreChecksNames(t *testing.T) {
	for _, row := range []struct {
		name, namespace, object string
		kept                    bool
	}{
		{"a name", "a", "a.b", true},
		{"no namespace", "", "a", true},
		{"no name", "a", "", false},
		{"a long name", "a", strings.Repeat("a", 254), false},
		{"a long namespace", strings.Repeat("a", 254), "a", false},
		{"not printable", "a", "a\x1b[31m", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			store := &store{trim: trimOf(detect.KommanderCores), onChanged: func() {}, onReplaced: func(*store) {}}
			object := &unstructured.Unstructured{}
			object.SetNamespace(row.namespace)
			object.SetName(row.object)
			if err := store.update(object); err != nil || (len(store.items) == 1) != row.kept {
				t.Errorf("%d are kept, %v", len(store.items), err)
			}
		})
	}
}

// TestStoreKnowsItsSize has objects come, change and go.
func TestStoreKnowsItsSize(t *testing.T) {
	most := 10_000
	store := &store{trim: trimOf(detect.KommanderCores), onChanged: func() {}, onReplaced: func(*store) {}}
	store.hasRoom = func(bytes int) bool { return bytes <= most }
	core := func(name string, version int) *unstructured.Unstructured {
		return fixtures.Object(t, "{metadata: {name: "+name+"}, status: {version: "+strings.Repeat("v", version)+"}}")
	}
	size := func(change func() error) int64 {
		t.Helper()
		must(t, change())
		return store.bytes.Load()
	}
	small := size(func() error { return store.update(core("a", 10)) })
	large := size(func() error { return store.update(core("a", 110)) })
	if large-small != 100 {
		t.Errorf("from %d to %d with 100 bytes more", small, large)
	}
	two := size(func() error { return store.update(core("b", 110)) })
	if two != 2*large {
		t.Errorf("%d with two, want twice %d", two, large)
	}
	most = int(two) - 1
	if err := store.update(core("c", 1)); !errors.Is(err, errTooManyBytes) {
		t.Errorf("one more: %v", err)
	}
	if got := size(func() error { return store.update(core("b", 10)) }); got >= two {
		t.Errorf("%d after one got smaller", got)
	}
	if got := size(func() error { store.remove(core("b", 1)); return nil }); got != large {
		t.Errorf("%d after one is gone, want %d", got, large)
	}
	if err := store.replace([]item{store.newItem(core("a", 200)), store.newItem(core("b", 200))}); !errors.Is(err, errTooManyBytes) {
		t.Errorf("a list that is too much: %v", err)
	}
	if got := size(func() error { return store.replace(nil) }); got != 0 {
		t.Errorf("%d of nothing", got)
	}
}

// trimOf is what is kept of the objects of a resource.
func trimOf(name string) func(*unstructured.Unstructured) any {
	all := detect.CustomResources(true)
	return all[slices.IndexFunc(all, func(r detect.Resource) bool { return r.Name == name })].Trim
}
