package observe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestItems(t *testing.T) {
	var changed, listed int
	kept := &items{
		trim:    whole(trimKommanderCore),
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

	do(kept.Replace([]any{core("b", "v2"), core("a", "v1")}, "1"))
	expect("ordered by name", KommanderCore{"a", "", "v1"}, KommanderCore{"b", "", "v2"})
	do(kept.Add(core("c", "v3")))
	do(kept.Update(core("a", "v9")))
	do(kept.Update(core("a", "v9")))
	do(kept.Delete(core("b", "v2")))
	expect("as changed", KommanderCore{"a", "", "v9"}, KommanderCore{"c", "", "v3"})
	if changed != 3 || listed != 1 {
		t.Errorf("%d changes and %d lists were told of, want 3 and 1", changed, listed)
	}
	do(kept.Replace(nil, "2"))
	expect("a new list forgets what it does not have")
	if listed != 2 {
		t.Errorf("%d lists were told of, want 2", listed)
	}
}
