// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers connects the policy engine with an API server: thin reconcilers that fetch, gather, evaluate and
// write one status, and the alarm that wakes them when an answer changes by time alone.
//
//	Inventory       creates and keeps ClusterSupport "host" for the operator's own cluster
//	ClusterSupports observed facts + all policies + now → status of one ClusterSupport
//	SupportPolicies one policy + the status of all ClusterSupports + now → status of the policy
//
// Both status reconcilers compute the whole desired status from nothing but their input, compare it with what is there,
// and send at most one patch. Equal means no request at all, so an operator that restarts or rests writes nothing.
package controllers
