// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package fleet holds the connections to the clusters that the operator is told about.
//
// Their kubeconfigs are foreign: whoever may write one decides whom the operator talks to, and with which credentials.
// Screen makes a configuration of one that runs no program, reads no file, trusts nobody without a certificate, and
// reaches no address that only the operator's own machine can reach. What a cluster does wrong appears as one of a fixed
// set of reasons (see ReasonOf), never in words of its own. One thing is up to the program: net/http tells the package log
// what a server sends without having been asked, so log.SetOutput(io.Discard) belongs into its main.
//
// Connections has one entry for each cluster. It lives in a goroutine of its own: it reads the Secret, screens what is in
// it, and has an observer look at the cluster over connections that nobody else uses. Then it reads the Secret again, from
// time to time and soon after the cluster has refused the credentials, and begins anew when there are others; what was
// known stays until they have shown everything. When the Secret goes, so does the connection: its credentials were
// withdrawn. When it is the operator's own cluster that does not answer, the connection stays.
//
// No entry waits for another one. What they have in common is a lock around the map that holds them, and a turn to screen,
// which makes no request.
package fleet
