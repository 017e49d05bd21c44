// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// place is where a value stands: below a parent, under the key or the index of its last step.
type place []any

func (p place) String() string {
	var text strings.Builder
	for _, step := range p {
		fmt.Fprintf(&text, ".%v", step)
	}
	return text.String()
}

// is tells whether the place is the one of these steps.
func (p place) is(steps ...string) bool {
	return p.String() == "."+strings.Join(steps, ".")
}

// placesOf returns the places of a value and of all values below it, in a fixed order.
func placesOf(value any, at place) []place {
	all := []place{at}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			all = append(all, placesOf(value[key], append(slices.Clone(at), key))...)
		}
	case []any:
		for i := range value {
			all = append(all, placesOf(value[i], append(slices.Clone(at), i))...)
		}
	}
	return all
}

// edit returns a copy of a value in which another one stands at a place. An edit that returns removed takes it away.
func edit(value any, at place, change func(any) any) any {
	if len(at) == 0 {
		return change(value)
	}
	switch value := value.(type) {
	case map[string]any:
		key, _ := at[0].(string)
		changed := maps.Clone(value)
		if changed[key] = edit(value[key], at[1:], change); changed[key] == removed {
			delete(changed, key)
		}
		return changed
	case []any:
		index, _ := at[0].(int)
		changed := slices.Clone(value)
		if changed[index] = edit(value[index], at[1:], change); changed[index] == removed {
			changed = slices.Delete(changed, index, index+1)
		}
		return changed
	}
	return value
}

// removed stands for a value that is taken away.
var removed any = new(int)

// mutation is one way to change a value. It returns nil where it has none for the value.
type mutation struct {
	name   string
	change func(*rand.Rand, any) any
}

// twice marks a key that stands in the text under the name without the mark, so a second time.
const twice = "<twice>"

// null stands for a null that a mutation returns.
var null = json.RawMessage("null")

// mutations are those of all values.
var mutations = []mutation{
	{"removed", func(*rand.Rand, any) any { return removed }},
	{"null", func(*rand.Rand, any) any { return null }},
	{"empty", func(_ *rand.Rand, value any) any {
		switch value.(type) {
		case string:
			return ""
		case []any:
			return []any{}
		case map[string]any:
			return map[string]any{}
		case bool:
			return false
		}
		return 0
	}},
	{"of another type", func(rng *rand.Rand, value any) any {
		return pick[any](rng, "text", "", "2021-01-01", 7, 0, 1.5, true, []any{}, []any{"text"}, map[string]any{}, map[string]any{"a": "b"}, []any{value},
			map[string]any{"a": value}, fmt.Sprint(value))
	}},
	{"another text", ofText(func(rng *rand.Rand, text string) any {
		return pick(rng, " ", text+" ", " "+text, text+"\n", strings.ToLower(text), strings.ToUpper(text), text+text, "a b", "ä", "-", ".", "a/b/c", "Local",
			"\x00", "\u202e", "\U0001F600", "1", "1.4", "1.4.x", "v1.4.3", "true", "null", "Production", "production", "In", "Supported", "default", "host",
			"http://[", "ftp://example.com", "(", "[a", "a{1000}", "kubernetes.io/x", "Example.com/x", "A_b")
	})},
	{"a long text", ofText(func(rng *rand.Rand, text string) any {
		length := pick(rng, 63, 64, 250, 253, 256, 512, 2048, 4096) + rng.IntN(3) - 1
		return strings.Repeat(pick(rng, "a", "ä", "\U0001F600", "1", "A", "a."), length)[:length]
	})},
	{"a long text of wide characters", ofText(func(rng *rand.Rand, text string) any {
		return strings.Repeat(pick(rng, "ä", "\U0001F600"), pick(rng, 63, 64, 253, 256, 512)+rng.IntN(2))
	})},
	{"another day", ofText(func(rng *rand.Rand, text string) any {
		return pick(rng, "2021-02-30", "2021-02-29", "2020-02-29", "2021-13-01", "2021-1-2", "21-01-02", "20210102", "2021-01-02T00:00:00Z", "2021-01-02 ",
			"0000-01-01", "0001-01-01", "1899-12-31", "9999-12-31", "10000-01-01", "-2021-01-01", "2021/01/02", "02.01.2021", "2021-06-31", "today")
	})},
	{"another number", ofNumber(func(rng *rand.Rand) any {
		return json.RawMessage(pick(rng, "0", "-0", "-1", "1", "4", "5", "100", "101", "3650", "3651", "2147483647", "2147483648", "-2147483649", "5000000000",
			"9223372036854775807", "9223372036854775808", "1e2", "1e20", "1E400", "3.0", "3.5", "3e-1", "-1.0", "\"3\""))
	})},
	{"an item twice", ofList(func(rng *rand.Rand, list []any) any { return append(slices.Clone(list), list[rng.IntN(len(list))]) })},
	{"an item with one other field", ofList(func(rng *rand.Rand, list []any) any {
		item, isObject := list[rng.IntN(len(list))].(map[string]any)
		if !isObject {
			return nil
		}
		keys := slices.Sorted(maps.Keys(item))
		return append(slices.Clone(list), edit(item, place{keys[rng.IntN(len(keys))]}, func(value any) any {
			return pick[any](rng, "other", removed, null, value)
		}))
	})},
	{"many items", ofList(func(rng *rand.Rand, list []any) any {
		last := list[len(list)-1]
		all := slices.Clone(list)
		for n := pick(rng, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 100, 101); len(all) < n; {
			all = append(all, renamed(last, len(all)))
		}
		return all
	})},
	{"an odd item", ofList(func(rng *rand.Rand, list []any) any {
		return append(slices.Clone(list), pick[any](rng, null, "", "text", 7, 1.5, true, []any{}, map[string]any{}))
	})},
	{"a nested list", ofList(func(_ *rand.Rand, list []any) any { return []any{list} })},
	{"an unknown field", ofObject(func(rng *rand.Rand, object map[string]any) any {
		return with(object, pick(rng, "unknown", "Spec", "", " ", "a.b", "$", "kind", "apiVersion"), pick[any](rng, null, "text", 7, []any{}, map[string]any{}))
	})},
	{"a key in another case", ofObject(func(rng *rand.Rand, object map[string]any) any {
		key := pick(rng, slices.Sorted(maps.Keys(object))...)
		if key == "" {
			return nil
		}
		upper := string(unicode.ToUpper(rune(key[0]))) + key[1:]
		if rng.IntN(2) == 0 {
			return with(object, upper, object[key])
		}
		changed := with(object, upper, object[key])
		delete(changed, key)
		return changed
	})},
	{"a key twice", ofObject(func(rng *rand.Rand, object map[string]any) any {
		key := pick(rng, slices.Sorted(maps.Keys(object))...)
		return with(object, key+twice, pick[any](rng, object[key], "text", null))
	})},
	{"a field of another object", ofObject(func(rng *rand.Rand, object map[string]any) any {
		field := pick(rng, "window", "rangeOf", "follows", "listed", "host", "kommanderCluster", "kubeconfigSecret", "name", "version", "product", "kubernetes",
			"matchLabels", "values", "priority", "environment", "generalAvailability", "plannedGeneralAvailability", "supportedThrough", "withdrawn", "verified", "stage")
		return with(object, field, pick[any](rng, null, map[string]any{}, map[string]any{"name": "x"}, map[string]any{"product": "Kubernetes"},
			map[string]any{"products": []any{"Konvoy"}}, map[string]any{"supportedMinors": 3}, "text", "2021-01-01", "", 1, []any{}))
	})},
	{"another label", ofObject(func(rng *rand.Rand, object map[string]any) any {
		if !isTexts(object) {
			return nil
		}
		return with(object, pick(rng, "a", "", "a b", "a/b/c", "/a", "a/", strings.Repeat("k", 64), "-a", "A.com/a", strings.Repeat("d", 254)+"/a", "ä", "example.com/a"),
			pick[any](rng, "x", "", "x y", strings.Repeat("v", 64), "-x", "ä", null, 7, true, map[string]any{}))
	})},
}

func ofText(change func(*rand.Rand, string) any) func(*rand.Rand, any) any {
	return func(rng *rand.Rand, value any) any {
		if text, is := value.(string); is {
			return change(rng, text)
		}
		return nil
	}
}

func ofNumber(change func(*rand.Rand) any) func(*rand.Rand, any) any {
	return func(rng *rand.Rand, value any) any {
		if _, is := value.(float64); is {
			return change(rng)
		}
		return nil
	}
}

func ofList(change func(*rand.Rand, []any) any) func(*rand.Rand, any) any {
	return func(rng *rand.Rand, value any) any {
		if list, is := value.([]any); is && len(list) > 0 {
			return change(rng, list)
		}
		return nil
	}
}

func ofObject(change func(*rand.Rand, map[string]any) any) func(*rand.Rand, any) any {
	return func(rng *rand.Rand, value any) any {
		if object, is := value.(map[string]any); is && len(object) > 0 {
			return change(rng, object)
		}
		return nil
	}
}

// with returns an object with one more member.
func with(object map[string]any, key string, value any) map[string]any {
	changed := maps.Clone(object)
	changed[key] = value
	return changed
}

func isTexts(object map[string]any) bool {
	for _, value := range object {
		if _, is := value.(string); !is {
			return false
		}
	}
	return true
}

// renamed returns a value of which all texts are other ones, mostly of the same form.
func renamed(value any, number int) any {
	switch value := value.(type) {
	case string:
		if strings.HasSuffix(value, ".x") {
			return fmt.Sprintf("1.%d.x", number)
		}
		return fmt.Sprintf("%s%d", strings.TrimRight(value, "0123456789"), number)
	case float64:
		return value + float64(number)
	case map[string]any:
		changed := map[string]any{}
		for key := range value {
			changed[key] = value[key]
			if slices.Contains([]string{"name", "version", "product", "scope", "uid", "key"}, key) {
				changed[key] = renamed(value[key], number)
			}
		}
		return changed
	}
	return value
}

// variant is an object that differs from a good one.
type variant struct {
	object any
	// changes says how it came about.
	changes []string
}

// text is the variant as JSON.
func (v variant) text() []byte { return textOf(v.object) }

func textOf(object any) []byte {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // the mutations make nothing but JSON
	}
	marked, _ := json.Marshal(twice)
	return []byte(strings.ReplaceAll(string(text), strings.Trim(string(marked), `"`), ""))
}

// randomVariants returns so many variants of good objects, by one change or two. What says which object and which kind of object it is stays.
func randomVariants(rng *rand.Rand, good []any, n int, isFixed func(place) bool) []variant {
	all := make([]variant, 0, n)
	for len(all) < n {
		one := variant{object: pick(rng, good...)}
		for range 1 + rng.IntN(4)/3 {
			one.change(rng, isFixed)
		}
		if len(one.changes) > 0 {
			all = append(all, one)
		}
	}
	return all
}

// change makes one change at a random place.
func (v *variant) change(rng *rand.Rand, isFixed func(place) bool) {
	at := pick(rng, placesOf(v.object, nil)...)
	if len(at) == 0 && rng.IntN(4) > 0 || isFixed(at) {
		return
	}
	how := pick(rng, mutations...)
	if len(at) == 0 && !strings.HasPrefix(how.name, "a") {
		return // it would be no object
	}
	v.object = edit(v.object, at, func(value any) any {
		changed := how.change(rng, value)
		if changed == nil {
			return value
		}
		v.changes = append(v.changes, fmt.Sprintf("%s: %s", at, how.name))
		return changed
	})
}
