package observe

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// maxItems bounds how many objects of a resource are kept. The products have fewer than a hundred of each; the workloads
// of charts can be thousands.
const maxItems = 20_000

var errTooMany = errors.New("the cluster has more objects of the resource than can be looked at")

// items are the objects of one resource, kept up to date by a stream. What trim does not keep is forgotten at once.
type items struct {
	// trim returns nil for an object that is of no interest.
	trim func(*unstructured.Unstructured) any
	// listed is called when all objects are there, at first and after each time that they had to be listed anew.
	listed func(*items)
	// changed is called after each other change of what is kept.
	changed func()

	mu   sync.Mutex
	kept []item
}

// item is what is kept of an object.
type item struct {
	key     types.NamespacedName
	trimmed any
}

// trimmed is what is to be kept of an object.
func (i *items) trimmed(object *unstructured.Unstructured) item {
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	return item{key, i.trim(object)}
}

// replace takes all objects, at once: a reader in between must not find half of them.
func (i *items) replace(all []item) {
	all = slices.DeleteFunc(all, func(one item) bool { return one.trimmed == nil })
	slices.SortStableFunc(all, func(a, b item) int { return byKey(a, b.key) })
	i.mu.Lock()
	// Room for more, which has come with a list that grew, is not kept.
	i.kept = slices.Clone(all)
	i.mu.Unlock()
	i.listed(i)
}

// update takes an object that is new or has changed. It is quiet about what is the same as before: most updates are of
// fields that nobody reads, such as how many replicas are ready.
func (i *items) update(object *unstructured.Unstructured) error {
	now := i.trimmed(object)
	if now.trimmed == nil {
		return nil
	}
	changed, err := i.put(now)
	if changed {
		i.changed()
	}
	return err
}

func (i *items) put(now item) (changed bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	at, known := i.search(now.key)
	switch {
	case known:
		changed = !apiequality.Semantic.DeepEqual(i.kept[at].trimmed, now.trimmed)
		i.kept[at] = now
	case len(i.kept) >= maxItems:
		return false, errTooMany
	default:
		changed = true
		i.kept = slices.Insert(i.kept, at, now)
	}
	return changed, nil
}

// remove forgets an object.
func (i *items) remove(object *unstructured.Unstructured) {
	i.mu.Lock()
	at, known := i.search(types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()})
	if known {
		i.kept = slices.Delete(i.kept, at, at+1)
	}
	i.mu.Unlock()
	if known {
		i.changed()
	}
}

// lookup returns what is kept of an object; nil when there is none.
func (i *items) lookup(key types.NamespacedName) any {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at, known := i.search(key); known {
		return i.kept[at].trimmed
	}
	return nil
}

func (i *items) search(key types.NamespacedName) (int, bool) {
	return slices.BinarySearchFunc(i.kept, key, byKey)
}

func byKey(a item, key types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.key.Namespace, key.Namespace), cmp.Compare(a.key.Name, key.Name))
}

// all returns what trim made of the objects, ordered by namespace and name. T is what trim returns.
func all[T any](i *items) []T {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	var ordered []T
	for _, one := range i.kept {
		if trimmed, is := one.trimmed.(T); is {
			ordered = append(ordered, trimmed)
		}
	}
	return ordered
}
