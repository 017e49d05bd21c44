// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers connects the policy engine with an API server. There are four reconcilers, one file each:
//
//	reconciler                  file                 writes
//	InventoryReconciler         inventory.go         a ClusterSupport for the host, and for each cluster that the hub describes
//	ClusterSupportReconciler    clustersupport.go    the status of a ClusterSupport: its cluster's facts, evaluated by all policies
//	SupportPolicyReconciler     supportpolicy.go     the status of a SupportPolicy: the stages of its minors, a rollup of the clusters
//	SupportExceptionReconciler  supportexception.go  the status of a SupportException: whether it is in force, what it covers
//
// The last three compute the whole status from their input, compare it with what is there, and send at most one patch.
// Where both are equal they send nothing, so that an operator at rest, or after a restart, writes nothing. Before a patch
// they write the events for its transitions (status.go, eventwriter.go).
//
// # What wakes them
//
//	                   Inventory          ClusterSupport        SupportPolicy         SupportException
//	its own object     –                  any change            its spec at once, any other change delayed (both)
//	ClusterSupports    spec and labels    those of its cluster  any change, delayed   any change, delayed
//	SupportPolicies    –                  every spec            every spec            –
//	SupportExceptions  –                  every spec            –                     –
//	its cluster        –                  any change, limited   –                     –
//	the hub            its description    its description       –                     –
//	time               –                  its alarm             its alarm             its alarm
//
// The reasons come from four places:
//
//   - Changes of API objects arrive through watches. enqueue.go has the event handlers that controller-runtime does not have,
//     index.go the indices by which they find objects. "Delayed": many changes within Options.RollupInterval cost one
//     evaluation.
//   - Changes of clusters arrive from the cluster cache (clustercache.go, package fleet) through a wakeSource (wakesource.go).
//     "Limited": a rateLimiter (ratelimiter.go) delays those of clusters that change all the time.
//   - The operator's own cluster is the host and, for the others, the hub (host.go). Its facts say which clusters there are and
//     how they are reached. A hubHandler (hubhandler.go) acts on their changes.
//   - An Alarm (alarm.go) wakes an object at the next instant at which its status changes by time alone.
//
// # What they share
//
// PolicyCache (policycache.go) has all policies and exceptions in compiled form. Shard (shard.go) tells which clusters this
// operator is responsible for. appliedfields.go tells which fields of an object the operator has applied, metrics.go exports
// the statuses. NewManager (manager.go) is the entry point, addReconcilers (reconcilers.go) puts everything together.
package controllers
