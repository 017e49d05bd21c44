// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// serverVersionIn is the object of the evidence for Kubernetes.
const serverVersionIn = "/version"

// evaluationInput is what the engine has to know about one cluster.
type evaluationInput struct {
	// Labels are those of the ClusterSupport, on which policies select.
	Labels map[string]string
	// Facts is nil as long as the cluster was never contacted.
	Facts *facts.Facts
	// Environment is what the cluster is used for; empty where nobody has declared it.
	Environment v1alpha1.Environment
	// Declared are the releases of spec.declaredReleases.
	Declared []v1alpha1.DeclaredRelease
	// DuplicateOf is the older object that stands for the same cluster, as namespace/name; empty when there is none.
	DuplicateOf string
}

// clusterState are the facts about a cluster with what was declared worked in.
type clusterState struct {
	evaluation

	kubernetes     v1alpha1.Evidence
	kubernetesRead facts.KubernetesVersion
	// kubernetesVersion is what the API server reports; empty when it is not known.
	kubernetesVersion string
	kubernetesError   error
	// noKubernetes: nothing is to be said about Kubernetes, since nobody looked and nobody declared it.
	noKubernetes  bool
	installations []facts.Installation
	components    []v1alpha1.Component
	nodes         *v1alpha1.NodesStatus
	manager       *v1alpha1.ManagingKommander
	// clusterID and duplicateOf are of the cluster and of the older object for it.
	clusterID, duplicateOf string
	// needless and ambiguous are the declarations that mean nothing here: the cluster tells better, or has several
	// installations that could be meant.
	redundantDeclarations, ambiguousDeclarations []string
	// subjects are all installed releases, the Kubernetes of the cluster included where a policy speaks about it.
	subjects []*subject
	// detected is how many of the installations come first because they were detected, while declarations are worked in.
	detected int
}

// gather works declarations into the facts. What is detected wins: a declaration gives the version only to an
// installation whose version nothing tells, and a release of its own only where the product was not detected under its
// name.
func gather(cluster evaluationInput) *clusterState {
	g := &clusterState{
		kubernetes: v1alpha1.Evidence{
			Source: v1alpha1.SourceServerVersion, Object: serverVersionIn, Version: facts.Printable(cluster.Facts.KubernetesVersion),
		},
		kubernetesVersion: facts.Printable(cluster.Facts.KubernetesVersion),
		components:        cluster.Facts.Components[:min(len(cluster.Facts.Components), maxComponents)],
		nodes:             cluster.Facts.Nodes,
		manager:           cluster.Facts.Manager,
		clusterID:         facts.Printable(cluster.Facts.ClusterID),
		duplicateOf:       cluster.DuplicateOf,
	}
	for _, installation := range cluster.Facts.Installations {
		// What the status has no room for must not be judged either: it would be judged differently from there. What is
		// declared can be the piece that is used, and then all of these are the others.
		installation.Evidence = slices.Clone(installation.Evidence)
		facts.OrderEvidence(&installation)
		installation.Evidence = installation.Evidence[:min(len(installation.Evidence), maxOtherEvidence)]
		g.installations = append(g.installations, installation)
	}
	slices.SortFunc(g.installations, detectedFirst)
	g.limitInstallations()
	g.detected = len(g.installations)
	for _, declared := range facts.SortDeclaredReleases(cluster.Declared) {
		g.addDeclaration(declared)
	}
	for i := range g.installations {
		facts.OrderEvidence(&g.installations[i])
	}
	g.limitInstallations()
	slices.SortFunc(g.installations, byName)
	if g.kubernetes.Version == "" {
		g.kubernetesError = errors.New("the API server did not tell it")
		g.noKubernetes = cluster.Facts.OnlyDeclared
		return g
	}
	g.kubernetesRead, g.kubernetesError = facts.ParseKubernetesVersion(g.kubernetes.Version)
	return g
}

// limitInstallations drops what the status has no room for. What was detected is bounded before anything that was declared joins it: the
// status gives back the same facts, and they have to give the same answer.
func (g *clusterState) limitInstallations() {
	// One place is Kubernetes' own.
	g.installations = g.installations[:min(len(g.installations), maxInstallations-1)]
}

func byName(a, b facts.Installation) int {
	return cmp.Or(strings.Compare(a.Product, b.Product), strings.Compare(a.Name, b.Name))
}

// detectedFirst puts what somebody has only declared on the hub behind what was found, so that it takes nothing's place.
func detectedFirst(a, b facts.Installation) int {
	rank := func(i facts.Installation) int {
		if slices.ContainsFunc(i.Evidence, func(e v1alpha1.Evidence) bool { return !facts.IsDeclaredOnHub(e) }) {
			return 0
		}
		return 1
	}
	return cmp.Or(rank(a)-rank(b), byName(a, b))
}

// addDeclaration puts a declaration behind the evidence of the installation that it means.
func (g *clusterState) addDeclaration(declared v1alpha1.DeclaredRelease) {
	evidence := v1alpha1.Evidence{Source: v1alpha1.SourceDeclared, Object: facts.DeclaredInSpec, Version: facts.Printable(declared.Version)}
	if declared.Product == facts.Kubernetes {
		if g.kubernetes.Version == "" {
			g.kubernetes = evidence
		} else if !facts.SameKubernetes(g.kubernetes.Version, evidence.Version) {
			g.redundantDeclarations = append(g.redundantDeclarations, declaration(declared))
		}
		return
	}
	i, ambiguous := facts.FindInstallation(g.installations, g.detected, declared.Product, declared.Name)
	switch {
	case ambiguous:
		g.ambiguousDeclarations = append(g.ambiguousDeclarations, declaration(declared))
	case i < 0:
		g.installations = append(g.installations,
			facts.Installation{Product: declared.Product, Name: declared.Name, Evidence: []v1alpha1.Evidence{evidence}})
	default:
		g.installations[i].Evidence = append(g.installations[i].Evidence, evidence)
	}
}

// installationsOf gives the indices of a product's installations.
func (g *clusterState) installationsOf(product string) []int {
	var found []int
	for i := range g.installations {
		if g.installations[i].Product == product {
			found = append(found, i)
		}
	}
	return found
}

func (g *clusterState) has(product string) bool { return len(g.installationsOf(product)) > 0 }

// certainlyHas tells whether a product is certainly there; where the operator may not look it may or may not be.
func (g *clusterState) certainlyHas(product string) bool {
	return slices.ContainsFunc(g.installationsOf(product), func(i int) bool {
		used, _ := facts.SplitEvidence(g.installations[i].Evidence)
		return used.Source != v1alpha1.SourceForbidden
	})
}
