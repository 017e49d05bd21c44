// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package facts holds the words in which the other packages talk about clusters: what was observed in one, what the hub
// describes of it, versions and tags, days, and foreign text made fit for a status. It says what is, and nothing about
// support: that is package support's, which imports this one.
//
//	facts.go       products, and what was observed in a cluster
//	evidence.go    which evidence is believed first
//	declared.go    releases by somebody's word, and the installations that they mean
//	hub.go         what the hub knows about a cluster, joined with what was observed in it
//	version.go     versions and minors; kubernetes.go and tag.go read what has a form of its own
//	day.go         days of a time zone
//	text.go        foreign text, screened and bounded
package facts
