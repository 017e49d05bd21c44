// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// program has one module linked into it.
package main

import "github.com/Masterminds/semver/v3"

func main() { println(semver.MustParse("1.2.3").String()) }
