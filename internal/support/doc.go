// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package support is the policy engine: what a vendor's policies say about the releases installed in one cluster at one
// instant. It is pure: no Kubernetes client, no clock, no log. The verdict is a function of the policies, the observed
// facts and the instant, and of nothing else.
//
// # How the data flows
//
//	SupportPolicy ────Compile──────────▶ Policy ────┐
//	SupportException ─CompileException─▶ Exception ─┴─NewSet─▶ Set
//
//	Set.ClusterStatus: gather ─▶ prepare ─▶ judge ─▶ check ─▶ roll up ─▶ status, next instant
//	Set.PolicyStatus, Exception.Status: describe, roll up over the clusters ─▶ status, next instant
//
// Compile reads a policy once for each generation; what is wrong with it is kept as a list of problems, and the policy
// then decides nothing. A Set chooses, for a product on a cluster, the policy that decides.
//
// A cluster is gathered and prepared once: the declarations are worked into the facts, and each installed release becomes
// a subject, with its policy, its version and its minor. At an instant the policy judges the subject, then the checks read
// it. Each check states something: a finding on the release, and what it means for one condition of the cluster. The
// conditions roll these statements up.
//
// # Files, by stage
//
//	compile    policy.go, compile_minors.go, compile_systems.go, compile_clauses.go, compile_exception.go, set.go
//	           the parts of a policy: minor.go, window.go (spans of support), kubernetesrange.go, pattern.go, tag.go
//	validate   validate.go (policies and exceptions), validate_cluster.go (ClusterSupports)
//	gather     gather.go
//	prepare    prepare.go, prepare_nodes.go
//	judge      judge.go, and one file for each lifecycle: judge_window.go, judge_range.go, judge_tag.go
//	check      checks.go (the tables of all checks), check_*.go
//	roll up    assess.go (all stages of one cluster), rollup_cluster.go (its conditions), rollup_policy.go
//	describe   describe_policy.go, describe_exception.go
//	status     status.go, status_cluster.go, status_history.go, status_recorded.go (facts read back), limits.go
//	lint       lint.go
//	time       instants.go
//
// # Where to add
//
//   - A new clause of a policy: read it in compile_clauses.go (for a minor: compile_minors.go), judge it in a check, which
//     is a check_*.go and an entry in a table of checks.go.
//   - The message of a finding is made by its check; the message of a condition by rollup_cluster.go for a cluster, and by
//     rollup_policy.go for a policy; the messages of Ready and Reachable by status.go and status_cluster.go.
//   - A new lifecycle: validateLifecycle in validate.go, the way to judge it in a judge_*.go, which subject.judge and
//     evaluation.judgeMinor call, and its stages in describe_policy.go.
//
// # Time
//
// A policy's days become instants when it is compiled. The window rule is walked over all these instants once, which
// gives each minor its spans of support; later questions about an instant are look-ups. The answer can change only at
// the instants of the policies and where warnings begin, so the next change is found by asking again at each of these
// until the answer differs. No check has to say when its answer changes.
package support
