// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestParseShard(t *testing.T) {
	for _, test := range []struct {
		text   string
		want   Shard
		lease  string
		reason string
	}{
		{"", Shard{}, "support-policy-operator", "shards are not configured"},
		{"0/1", Shard{0, 1}, "support-policy-operator", "one shard is the whole, and must not work beside an operator without shards"},
		{"0/3", Shard{0, 3}, "support-policy-operator-shard-0", "the first"},
		{"2/3", Shard{2, 3}, "support-policy-operator-shard-2", "the last"},
		{"63/64", Shard{63, 64}, "support-policy-operator-shard-63", "as many as there may be"},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseShard(test.text)
			if err != nil || got != test.want || got.lease() != test.lease {
				t.Errorf("it is %+v with the lease %s, expected is %+v with %s, %s: %v", got, got.lease(), test.want, test.lease, test.reason, err)
			}
		})
	}
	for _, test := range []struct{ text, reason string }{
		{"3/3", "they are counted from 0"},
		{"0/0", "there would be no shard for any object"},
		{"1", "of how many?"},
		{"/3", "the index is missing"},
		{"1/", "of how many?"},
		{"-1/3", "there is none before the first"},
		{"+1/3", "a sign is a mistake"},
		{"1/3/5", "one of them is too many"},
		{" 1/3", "a space is a mistake"},
		{"1.0/3", "no number of a shard"},
		{"a/b", "no numbers"},
		{"0/65", "more than a hub could serve"},
		{"4294967296/4294967297", "it would be 0/1 in 32 bits"},
	} {
		t.Run(test.text, func(t *testing.T) {
			if got, err := ParseShard(test.text); err == nil {
				t.Errorf("it is %+v, expected is an error: %s", got, test.reason)
			}
		})
	}
}

// Each object is for exactly one shard, and the shards are of one size, however clusters are called.
func TestShardsAreEven(t *testing.T) {
	// Of 10,000 names chance alone can give the smallest of these shards 10 % more or less.
	const names, tolerance = 20_000, 0.1
	for name, key := range map[string]func(i int) types.NamespacedName{
		"numbered": func(i int) types.NamespacedName {
			return types.NamespacedName{Namespace: "workspace-a", Name: fmt.Sprintf("cluster-%05d", i)}
		},
		"in workspaces": func(i int) types.NamespacedName {
			return types.NamespacedName{Namespace: fmt.Sprintf("workspace-%d", i%100), Name: fmt.Sprintf("prod-%d", i/100)}
		},
		"each in a namespace of its name": func(i int) types.NamespacedName {
			return types.NamespacedName{Namespace: fmt.Sprintf("cluster-%d", i), Name: fmt.Sprintf("cluster-%d", i)}
		},
		"with a generated end": func(i int) types.NamespacedName {
			return types.NamespacedName{Namespace: "kommander", Name: fmt.Sprintf("cluster-%x", uint32(i)*2654435761)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for count := uint32(2); count <= 16; count++ {
				owned := make([]int, count)
				for i := range names {
					owner, owners := owners(key(i), count)
					if owners != 1 {
						t.Fatalf("%s is for %d of %d shards", key(i), owners, count)
					}
					owned[owner]++
				}
				for index, n := range owned {
					if even := float64(names) / float64(count); float64(n) < even*(1-tolerance) || float64(n) > even*(1+tolerance) {
						t.Errorf("shard %d/%d has %d of %d", index, count, n, names)
					}
				}
			}
		})
	}
}

// owners are how many of the shards are for an object, and the last of them.
func owners(key types.NamespacedName, count uint32) (last uint32, n int) {
	for index := range count {
		if (Shard{Index: index, Count: count}).owns(key) {
			last = index
			n++
		}
	}
	return last, n
}
