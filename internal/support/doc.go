// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package support is the policy engine: what a vendor's policies say about the releases installed in one cluster at one
// instant. It is pure: no Kubernetes client, no clock, no log. The verdict is a function of the policies, the observed
// facts and the instant, and of nothing else.
//
// # How the data flows
//
//	SupportPolicy ──Compile──▶ Policy ─┐
//	SupportPolicy ──Compile──▶ Policy ─┼─NewSet──▶ Set ──Evaluate(Cluster, now)──▶ Assessment, next instant
//	                                   ┘            └───Describe(policy, now)────▶ Description, next instant
//
// Compile reads a policy once for each generation; what is wrong with it is kept as a list of problems, and the policy
// then decides nothing. A Set chooses, for a product on a cluster, the policy that decides.
//
// Evaluate first gathers what is known about each installed release into a subject, then runs the list of checks over
// it. Each check states something: a finding on the release, and what it means for one condition of the cluster. The
// conditions roll these statements up.
//
// # Time
//
// A policy's days become instants when it is compiled. The window rule is walked over all these instants once, which
// gives each minor its spans of support; later questions about an instant are look-ups. The answer can change only at
// the instants of the policies and where warnings begin, so the next change is found by asking again at each of these
// until the answer differs. No check has to say when it will change its mind, and none can forget to.
package support
