// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package security holds what is shipped against the least that it needs: its Pods against the Pod Security Standard
// restricted, its roles against what their users ask the API server for, and its NetworkPolicies against the sockets of a
// running operator. docs/rights.md has the table of the roles.
package security
