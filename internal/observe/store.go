// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxItems bounds how many objects of a resource are listed, and kept. The products have fewer than a hundred of each; the
// workloads of charts can be thousands.
const maxItems = 20_000

var (
	errTooManyObjects = errors.New("the cluster has more objects of the resource than can be looked at")
	errTooManyBytes   = errors.New("the cluster has more in its objects than can be kept")
)

// store has what trim keeps of the objects of one resource. A reflector writes to it.
type store struct {
	// trim returns nil for an object that is of no interest.
	trim func(*unstructured.Unstructured) any
	// onReplaced is called after each list.
	onReplaced func(*store)
	// onChanged is called after each other change of what is kept.
	onChanged func()

	// hasRoom tells whether that many bytes may be kept; nil means that they may.
	hasRoom func(bytes int) bool

	// bytes is about how much is kept.
	bytes atomic.Int64

	mu    sync.Mutex
	items []item
}

// newStore returns the store of a resource, which is available once it was listed.
func (o *Observer) newStore(name string, trim func(*unstructured.Unstructured) any) *store {
	return &store{
		trim:       trim,
		onReplaced: func(s *store) { o.state.setAvailable(name, s) },
		onChanged:  o.state.onChanged,
		hasRoom:    func(bytes int) bool { return o.state.hasRoom(name, bytes) },
	}
}

// item is what is kept of an object.
type item struct {
	key     types.NamespacedName
	trimmed any
	// bytes is about how much that is.
	bytes int
}

// newItem is what is to be kept of an object: nothing of one with a name that no API server accepts.
func (s *store) newItem(object *unstructured.Unstructured) item {
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	if !isName(key.Name) || key.Namespace != "" && !isName(key.Namespace) {
		return item{}
	}
	trimmed := s.trim(object)
	if trimmed == nil {
		return item{}
	}
	return item{key, trimmed, sizeOf(trimmed)}
}

func isName(text string) bool {
	return len(text) <= validation.DNS1123SubdomainMaxLength && len(validation.IsDNS1123Subdomain(text)) == 0
}

func (s *store) fits(bytes int) bool { return s.hasRoom == nil || s.hasRoom(bytes) }

// replace takes all objects of a list at once: a reader must not find half of them.
func (s *store) replace(items []item) error {
	bytes := 0
	for _, one := range items {
		bytes += one.bytes
	}
	if !s.fits(bytes) {
		return errTooManyBytes
	}
	s.bytes.Store(int64(bytes))
	items = slices.DeleteFunc(items, func(one item) bool { return one.trimmed == nil })
	slices.SortStableFunc(items, func(a, b item) int { return byKey(a, b.key) })
	s.mu.Lock()
	// The clone has no spare capacity, which the list has from growing.
	s.items = slices.Clone(items)
	s.mu.Unlock()
	s.onReplaced(s)
	return nil
}

// update takes an object that is new or has changed. It does not call onChanged when what is kept is the same as before:
// most updates are of fields that trim leaves out, such as how many replicas are ready.
func (s *store) update(object *unstructured.Unstructured) error {
	updated := s.newItem(object)
	if updated.trimmed == nil {
		return nil
	}
	// hasRoom locks the cluster state, which reads stores while it is locked, so it is called without the lock. Only the
	// reflector writes, so nothing comes between.
	if grown := int(s.bytes.Load()) + updated.bytes - s.bytesOf(updated.key); grown > int(s.bytes.Load()) && !s.fits(grown) {
		return errTooManyBytes
	}
	changed, err := s.put(updated)
	if changed {
		s.onChanged()
	}
	return err
}

func (s *store) put(updated item) (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, known := s.search(updated.key)
	switch {
	case known:
		changed = !apiequality.Semantic.DeepEqual(s.items[at].trimmed, updated.trimmed)
		s.bytes.Add(int64(updated.bytes - s.items[at].bytes))
		s.items[at] = updated
	case len(s.items) >= maxItems:
		return false, errTooManyObjects
	default:
		changed = true
		s.bytes.Add(int64(updated.bytes))
		s.items = slices.Insert(s.items, at, updated)
	}
	return changed, nil
}

// remove forgets an object.
func (s *store) remove(object *unstructured.Unstructured) {
	s.mu.Lock()
	at, known := s.search(types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()})
	if known {
		s.bytes.Add(-int64(s.items[at].bytes))
		s.items = slices.Delete(s.items, at, at+1)
	}
	s.mu.Unlock()
	if known {
		s.onChanged()
	}
}

// bytesOf is about how much is kept of an object.
func (s *store) bytesOf(key types.NamespacedName) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.search(key); known {
		return s.items[at].bytes
	}
	return 0
}

// get returns what is kept of an object; nil when there is none.
func (s *store) get(key types.NamespacedName) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.search(key); known {
		return s.items[at].trimmed
	}
	return nil
}

func (s *store) search(key types.NamespacedName) (int, bool) {
	return slices.BinarySearchFunc(s.items, key, byKey)
}

func byKey(a item, key types.NamespacedName) int {
	return cmp.Or(cmp.Compare(a.key.Namespace, key.Namespace), cmp.Compare(a.key.Name, key.Name))
}

// itemBytes is what an item takes beside what is trimmed.
const itemBytes = 64

// sizeOf is about how much memory a value takes with all that it holds.
func sizeOf(value any) int { return itemBytes + sizeOfValue(reflect.ValueOf(value)) }

func sizeOfValue(value reflect.Value) int {
	size := int(value.Type().Size())
	switch value.Kind() {
	case reflect.String:
		size += value.Len()
	case reflect.Slice:
		for i := range value.Len() {
			size += sizeOfValue(value.Index(i))
		}
	case reflect.Map:
		for entries := value.MapRange(); entries.Next(); {
			size += sizeOfValue(entries.Key()) + sizeOfValue(entries.Value())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			field := value.Field(i)
			size += sizeOfValue(field) - int(field.Type().Size())
		}
	default:
	}
	return size
}

// list returns what is kept of all objects, ordered by namespace and name.
func (s *store) list() []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	trimmed := make([]any, 0, len(s.items))
	for _, one := range s.items {
		trimmed = append(trimmed, one.trimmed)
	}
	return trimmed
}
