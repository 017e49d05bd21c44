// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd has the CustomResourceDefinitions in it, for programs that need them without a cluster.
package crd

import "embed"

// Files are the CustomResourceDefinitions, in the folder bases.
//
//go:embed bases/*.yaml
var Files embed.FS
