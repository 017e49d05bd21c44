// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"errors"
	goreflect "reflect"
	"slices"
	"sync"
	"sync/atomic"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
)

// maxItems bounds how many objects of a resource are kept. The products have fewer than a hundred of each; the workloads
// of charts can be thousands.
const maxItems = 20_000

var (
	errTooMany = errors.New("the cluster has more objects of the resource than can be looked at")
	errTooMuch = errors.New("the cluster has more in its objects than can be kept")
)

// items are the objects of one resource, kept up to date by a stream. What trim does not keep is forgotten at once.
type items struct {
	// trim returns nil for an object that is of no interest.
	trim func(*unstructured.Unstructured) any
	// listed is called when all objects are there, at first and after each time that they had to be listed anew.
	listed func(*items)
	// changed is called after each other change of what is kept.
	changed func()

	// hasRoom tells whether that many bytes may be kept; nil means that they may.
	hasRoom func(bytes int) bool

	// bytes are about how much is kept.
	bytes atomic.Int64

	mu   sync.Mutex
	kept []item
}

// item is what is kept of an object.
type item struct {
	key     types.NamespacedName
	trimmed any
	// bytes are about how much that is.
	bytes int
}

// trimmed is what is to be kept of an object: nothing of one whose name no API server lets through.
func (i *items) trimmed(object *unstructured.Unstructured) item {
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	if !isName(key.Name) || key.Namespace != "" && !isName(key.Namespace) {
		return item{}
	}
	trimmed := i.trim(object)
	if trimmed == nil {
		return item{}
	}
	return item{key, trimmed, sizeOf(trimmed)}
}

func isName(text string) bool {
	return len(text) <= validation.DNS1123SubdomainMaxLength && len(validation.IsDNS1123Subdomain(text)) == 0
}

func (i *items) fit(bytes int) bool { return i.hasRoom == nil || i.hasRoom(bytes) }

// replace takes all objects, at once: a reader in between must not find half of them.
func (i *items) replace(all []item) error {
	bytes := 0
	for _, one := range all {
		bytes += one.bytes
	}
	if !i.fit(bytes) {
		return errTooMuch
	}
	i.bytes.Store(int64(bytes))
	all = slices.DeleteFunc(all, func(one item) bool { return one.trimmed == nil })
	slices.SortStableFunc(all, func(a, b item) int { return byKey(a, b.key) })
	i.mu.Lock()
	// Room for more, which has come with a list that grew, is not kept.
	i.kept = slices.Clone(all)
	i.mu.Unlock()
	i.listed(i)
	return nil
}

// update takes an object that is new or has changed. It is quiet about what is the same as before: most updates are of
// fields that nobody reads, such as how many replicas are ready.
func (i *items) update(object *unstructured.Unstructured) error {
	now := i.trimmed(object)
	if now.trimmed == nil {
		return nil
	}
	// Only the stream writes, so nothing comes between. The others, for which there may be less room then, ask the world,
	// which reads items while it is locked.
	if grown := int(i.bytes.Load()) + now.bytes - i.bytesOf(now.key); grown > int(i.bytes.Load()) && !i.fit(grown) {
		return errTooMuch
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
		i.bytes.Add(int64(now.bytes - i.kept[at].bytes))
		i.kept[at] = now
	case len(i.kept) >= maxItems:
		return false, errTooMany
	default:
		changed = true
		i.bytes.Add(int64(now.bytes))
		i.kept = slices.Insert(i.kept, at, now)
	}
	return changed, nil
}

// remove forgets an object.
func (i *items) remove(object *unstructured.Unstructured) {
	i.mu.Lock()
	at, known := i.search(types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()})
	if known {
		i.bytes.Add(-int64(i.kept[at].bytes))
		i.kept = slices.Delete(i.kept, at, at+1)
	}
	i.mu.Unlock()
	if known {
		i.changed()
	}
}

// bytesOf is about how much is kept of an object.
func (i *items) bytesOf(key types.NamespacedName) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	if at, known := i.search(key); known {
		return i.kept[at].bytes
	}
	return 0
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

// itemBytes are what an item takes beside what is trimmed.
const itemBytes = 64

// sizeOf is about how much memory a value takes with all that it holds.
func sizeOf(value any) int { return itemBytes + sizeOfValue(goreflect.ValueOf(value)) }

func sizeOfValue(value goreflect.Value) int {
	size := int(value.Type().Size())
	switch value.Kind() {
	case goreflect.String:
		size += value.Len()
	case goreflect.Slice:
		for i := range value.Len() {
			size += sizeOfValue(value.Index(i))
		}
	case goreflect.Map:
		for entries := value.MapRange(); entries.Next(); {
			size += sizeOfValue(entries.Key()) + sizeOfValue(entries.Value())
		}
	case goreflect.Struct:
		for i := range value.NumField() {
			field := value.Field(i)
			size += sizeOfValue(field) - int(field.Type().Size())
		}
	default:
	}
	return size
}

// all returns what trim made of the objects, ordered by namespace and name; nothing of what is not looked at.
func (i *items) all() []any {
	if i == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	trimmed := make([]any, 0, len(i.kept))
	for _, one := range i.kept {
		trimmed = append(trimmed, one.trimmed)
	}
	return trimmed
}
