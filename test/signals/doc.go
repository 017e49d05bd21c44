// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package signals tests alerts from end to end, from a cluster to a webhook receiver: the operator with its own rights, its
// endpoint with TLS and tokens, a real Prometheus with the rules of package alerts, and a real Alertmanager.
package signals
