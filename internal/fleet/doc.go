// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package fleet connects to the clusters of a fleet, and observes them.
//
// Their kubeconfigs are foreign: their authors decide to which address the operator connects, and with which credentials.
// Screen makes a configuration of a kubeconfig that runs no program, reads no file, trusts no server without a certificate,
// and reaches no address that only the operator's own machine can reach. What a cluster does wrong appears as one of a fixed
// set of reasons (package contact), never in the cluster's words. One thing is left to the program: net/http logs what a
// server sends without a request to the package log, so main must call log.SetOutput(io.Discard).
//
// ClusterCache has one accessor for each cluster, with a goroutine of its own. It reads the Secret, screens the kubeconfig,
// and runs an observer over connections that no other cluster uses. It reads the Secret again from time to time, and soon
// after the cluster has refused the credentials, and connects anew when the kubeconfig has changed; what was known stays
// until the new observer is complete. When the Secret is deleted, the connection is closed: its credentials were withdrawn.
// When the operator's own cluster does not answer, the connection stays.
//
// No accessor waits for another one. All they share is a lock around the map that holds them, and that one kubeconfig is
// screened at a time, which makes no request.
//
// Where to find what:
//
//   - clustercache.go, accessor.go: the clusters, and what happens to one; secret.go: its Secret; observer.go: its observer
//   - screen.go, refusal.go: what in a kubeconfig is refused
//   - address.go, dial.go, redirect.go: which addresses are refused
//   - transport.go, http2.go: connections and their bounds
//   - options.go, intervals.go: what can be set, and how long an accessor waits
package fleet
