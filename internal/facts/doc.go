// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package facts has the types that the other packages share to describe clusters: what was observed in one, what the hub
// knows of it, versions and tags, days, and text made fit for a status. It says nothing about support: package support,
// which imports this one, does.
//
//	facts.go       products, and what was observed in a cluster
//	evidence.go    the order of evidence
//	declared.go    releases that the user declares, and the installations that they name
//	contact.go     how the contact with a cluster stands: obstacle, problem, complete
//	hub.go         hub facts: what the hub knows about a cluster, merged with what was observed in it
//	version.go     versions and minors; kubernetes.go and tag.go read what has a form of its own
//	day.go         days of a time zone
//	text.go        text of unknown origin, made printable and bounded
package facts
