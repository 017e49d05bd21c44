package observe

import (
	"cmp"
	"slices"
	"sync"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// items are the objects of one resource, kept up to date by a reflector. What trim does not keep is forgotten at once.
type items struct {
	trim func(metav1.Object) any
	// listed is called when all objects are there, at first and after each time that they had to be listed anew.
	listed func(*items)
	// changed is called after each other change of what is kept.
	changed func()

	mu    sync.Mutex
	byKey map[types.NamespacedName]any
}

var _ cache.ReflectorStore = &items{}

// Add takes an object that is new.
func (i *items) Add(object any) error { return i.Update(object) }

// Update takes an object that has changed.
func (i *items) Update(object any) error {
	if found, is := object.(metav1.Object); is {
		i.put(keyOf(found), i.trim(found))
	}
	return nil
}

// Delete forgets an object.
func (i *items) Delete(object any) error {
	if found, is := object.(metav1.Object); is {
		i.remove(keyOf(found))
	}
	return nil
}

// Replace takes the result of a list, at once: a reader in between must not find half of it.
func (i *items) Replace(objects []any, _ string) error {
	byKey := map[types.NamespacedName]any{}
	for _, object := range objects {
		if found, is := object.(metav1.Object); is {
			byKey[keyOf(found)] = i.trim(found)
		}
	}
	i.replace(byKey)
	i.listed(i)
	return nil
}

// Resync is of use to queues only.
func (*items) Resync() error { return nil }

// put is quiet about what is the same as before: most updates are of fields that nobody reads, such as how many replicas
// are ready.
func (i *items) put(key types.NamespacedName, trimmed any) {
	if i.exchange(key, trimmed) {
		i.changed()
	}
}

func (i *items) exchange(key types.NamespacedName, trimmed any) (changed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before, known := i.byKey[key]
	i.byKey[key] = trimmed
	return !known || !apiequality.Semantic.DeepEqual(before, trimmed)
}

func (i *items) remove(key types.NamespacedName) {
	defer i.changed()
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.byKey, key)
}

func (i *items) replace(byKey map[types.NamespacedName]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.byKey = byKey
}

// whole makes a trim of objects with all their fields one of any objects. What comes with its metadata only is not kept.
func whole(trim func(*unstructured.Unstructured) any) func(metav1.Object) any {
	return func(object metav1.Object) any {
		if found, is := object.(*unstructured.Unstructured); is {
			return trim(found)
		}
		return nil
	}
}

func keyOf(object metav1.Object) types.NamespacedName {
	return types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
}

// all returns what trim made of the objects, ordered by namespace and name. T is what trim returns.
func all[T any](i *items) []T {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := make([]types.NamespacedName, 0, len(i.byKey))
	for key := range i.byKey {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	var ordered []T
	for _, key := range keys {
		if item, is := i.byKey[key].(T); is {
			ordered = append(ordered, item)
		}
	}
	return ordered
}
