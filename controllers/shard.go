// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Shard is the part of the clusters that one of several operators is responsible for. The zero value is all clusters.
type Shard struct {
	// Index is from 0 to Count-1. The first shard is also responsible for the inventory, the host, the policies and the
	// exceptions.
	Index, Count uint32
}

// maxShards is far more than the API server of a hub can serve.
const maxShards = 64

// ParseShard reads INDEX/COUNT, such as 0/3, the first of three. Empty is all clusters. Errors quote the text and show the
// form.
func ParseShard(text string) (Shard, error) {
	if text == "" {
		return Shard{}, nil
	}
	first, second, _ := strings.Cut(text, "/")
	index, errIndex := strconv.ParseUint(first, 10, 32)
	count, errCount := strconv.ParseUint(second, 10, 32)
	if errIndex != nil || errCount != nil || index >= count || count > maxShards {
		return Shard{}, fmt.Errorf("%q is not INDEX/COUNT, such as 0/3 for the first of three shards, of at most %d", text, maxShards)
	}
	return Shard{Index: uint32(index), Count: uint32(count)}, nil
}

// isFirst tells whether the shard is responsible for what exists once.
func (s Shard) isFirst() bool { return s.Index == 0 }

// owns tells whether an object belongs to the shard. That depends on its namespace and name alone.
func (s Shard) owns(key types.NamespacedName) bool {
	if s.Count < 2 {
		return true
	}
	// A simple hash mixes the bits of the name too little: with FNV, one of two shards gets nothing where each cluster is in a
	// namespace of its own name.
	hash := sha256.Sum256([]byte(key.Namespace + "/" + key.Name))
	return binary.BigEndian.Uint32(hash[:])%s.Count == s.Index
}

// lease is the name of the lease for leader election among the replicas of the shard.
func (s Shard) lease() string {
	if s.Count < 2 {
		return Name
	}
	return fmt.Sprintf("%s-shard-%d", Name, s.Index)
}
