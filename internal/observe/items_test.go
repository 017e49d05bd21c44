package observe

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestItems(t *testing.T) {
	var changed, listed int
	kept := &items{
		trim:    trimKommanderCore,
		changed: func() { changed++ },
		listed:  func(*items) { listed++ },
	}
	core := func(name, version string) *unstructured.Unstructured {
		return read(t, "{metadata: {name: "+name+"}, status: {version: "+version+"}}")
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, want ...KommanderCore) {
		t.Helper()
		if diff := cmp.Diff(want, all[KommanderCore](kept)); diff != "" {
			t.Errorf("%s\n-want +got:\n%s", what, diff)
		}
	}

	kept.replace([]item{kept.trimmed(core("b", "v2")), kept.trimmed(core("a", "v1"))})
	expect("ordered by name", KommanderCore{"a", "", "v1"}, KommanderCore{"b", "", "v2"})
	do(kept.update(core("c", "v3")))
	do(kept.update(core("a", "v9")))
	do(kept.update(core("a", "v9")))
	kept.remove(core("b", "v2"))
	kept.remove(core("unknown", "v2"))
	expect("as changed", KommanderCore{"a", "", "v9"}, KommanderCore{"c", "", "v3"})
	if changed != 3 || listed != 1 {
		t.Errorf("%d changes and %d lists were told of, want 3 and 1", changed, listed)
	}
	kept.replace(nil)
	expect("a new list forgets what it does not have")
	if listed != 2 {
		t.Errorf("%d lists were told of, want 2", listed)
	}
}

// TestItemsAreBounded has a cluster that makes up objects.
func TestItemsAreBounded(t *testing.T) {
	var changed int
	kept := &items{trim: trimKommanderCore, changed: func() { changed++ }, listed: func(*items) {}}
	var all []item
	for i := range maxItems {
		all = append(all, kept.trimmed(read(t, fmt.Sprintf("{metadata: {name: a%d}}", i))))
	}
	kept.replace(all)
	if err := kept.update(read(t, "{metadata: {name: b}}")); !errors.Is(err, errTooMany) {
		t.Errorf("one more is taken: %v", err)
	}
	if err := kept.update(read(t, "{metadata: {name: a7}, status: {version: v1}}")); err != nil || changed != 1 {
		t.Errorf("one that is known is not: %v", err)
	}
}
