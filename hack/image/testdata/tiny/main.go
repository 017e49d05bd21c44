// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// tiny stands for the operator where a test asks for a second platform: it is built in no time.
package main

func main() {}
