// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package detect tells from the objects of a cluster which products are installed in it, and by which evidence. It is pure:
// it asks nobody for objects, and whoever has them, be it from a watch or from a file, gets the same answer.
//
//	Resources ──Trim──▶ trimmed objects ──NewObjects──▶ Objects ──Installations──▶ facts.Installation with evidence
//	                                                          └───Components─────▶ parts of products
//
// A product has a file with its detector, a small function in the table of Installations: bps.go, kommander.go, konvoy.go,
// kudo.go. Products without one are found as their policies say (rules.go). What is kept of foreign objects is bounded
// and made printable when they are trimmed (trim.go).
//
//	resources.go     which resources there are to read, and how their objects are trimmed
//	objects.go       the trimmed objects, and the table of detectors
//	descriptions.go  what the objects of a hub say about other clusters
//	nodes.go         what nodes run
package detect
