package observe

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// items are the objects of one resource, kept up to date by a reflector. What trim does not keep is forgotten at once.
type items struct {
	trim func(*unstructured.Unstructured) any
	// listed is called when all objects are there, at first and after each time that they had to be listed anew.
	listed func(*items)
	// changed is called after each other change.
	changed func()

	mu    sync.Mutex
	byKey map[types.NamespacedName]any
}

var _ cache.ReflectorStore = &items{}

// Add takes an object that is new.
func (i *items) Add(object any) error { return i.Update(object) }

// Update takes an object that has changed.
func (i *items) Update(object any) error {
	if whole, is := object.(*unstructured.Unstructured); is {
		i.put(keyOf(whole), i.trim(whole))
	}
	return nil
}

// Delete forgets an object.
func (i *items) Delete(object any) error {
	if whole, is := object.(*unstructured.Unstructured); is {
		i.remove(keyOf(whole))
	}
	return nil
}

// Replace takes the result of a list, at once: a reader in between must not find half of it.
func (i *items) Replace(objects []any, _ string) error {
	byKey := map[types.NamespacedName]any{}
	for _, object := range objects {
		if whole, is := object.(*unstructured.Unstructured); is {
			byKey[keyOf(whole)] = i.trim(whole)
		}
	}
	i.replace(byKey)
	i.listed(i)
	return nil
}

// Resync is of use to queues only.
func (*items) Resync() error { return nil }

func (i *items) put(key types.NamespacedName, trimmed any) {
	defer i.changed()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.byKey[key] = trimmed
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

func keyOf(object *unstructured.Unstructured) types.NamespacedName {
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
