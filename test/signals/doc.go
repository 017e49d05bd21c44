// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package signals has the test that the whole way of a signal works, from a cluster to whoever is on call: the operator
// under its own rights, its endpoint with TLS and tokens, a real Prometheus with the rules of package alerts, and a real
// Alertmanager.
package signals
