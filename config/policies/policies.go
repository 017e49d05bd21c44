// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package policies holds the shipped policies for programs.
package policies

import "embed"

// Files are the policies, one in each file, and the kustomization.yaml that lists them.
//
//go:embed *.yaml
var Files embed.FS
