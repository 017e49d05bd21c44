// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package detect finds the products that are installed in a cluster, with the evidence for each. It is pure: it makes no
// requests, and the same objects give the same answer, whether they come from a watch or from a file.
//
//	Resource ──Trim──▶ trimmed objects ──NewInput──▶ Input ──Installations──▶ facts.Installation with evidence
//	                                                       └──Components────▶ parts of products
//
// What is kept of an object is bounded and made printable when it is trimmed: anybody in the cluster could have written it.
//
//	detect.go      the input, and the table of detectors
//	bps.go, kommander.go, konvoy.go, kudo.go
//	               one detector each; the comment on top lists the evidence, strongest first
//	rules.go       the detector of the products for which a policy has rules; charts.go reads their Helm charts
//	components.go  the parts of products
//	resources.go   the resources to read
//	objects.go     the trimmed objects; trim.go trims them
//	hub.go         the objects of the hub that describe other clusters
//	nodes.go       operating systems of nodes
//	evidence.go, refs.go, repositories.go
//	               what detectors share: evidence, git refs and repositories of addons
//
// # Adding a product
//
// A product whose addon, HelmRelease or Helm chart has its version needs no code: its SupportPolicy has spec.detection. Any
// other product needs a detector:
//
//  1. Name the product in package facts: a constant, and an entry in IsBuiltIn.
//  2. For a resource that is not read yet: a name and a trimmed type in objects.go, a function in trim.go, an entry of
//     CustomResources, a field of Input, which NewInput fills, and the RBAC marker in controllers/host.go.
//  3. Write the detector, func(Input) []facts.Installation, in a file of its own: collect the evidence, strongest first;
//     where there is none, take forbiddenEvidence of the resources it reads; return installationFrom(…).
//  4. Add it to the table detectors, and its parts to Components.
//  5. Test it with a table: each form of the product that was seen, absent, forbidden, hostile text.
package detect
