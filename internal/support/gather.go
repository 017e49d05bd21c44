// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// serverVersionIn is the object of the evidence for Kubernetes.
const serverVersionIn = "/version"

// evaluationInput is what the engine has to know about one cluster.
type evaluationInput struct {
	// Labels are those of the ClusterSupport, on which policies select.
	Labels map[string]string
	// Facts is nil as long as the cluster was never contacted.
	Facts *facts.Facts
	// Environment is what the cluster is used for; empty where it is not declared.
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
	// noKubernetes: nothing is said about Kubernetes, since it was neither observed nor declared.
	noKubernetes  bool
	installations []facts.Installation
	components    []v1alpha1.Component
	nodes         *v1alpha1.NodesStatus
	manager       *v1alpha1.ManagingKommander
	// clusterID and duplicateOf are of the cluster and of the older object for it.
	clusterID, duplicateOf string
	// redundantDeclarations and ambiguousDeclarations are those that mean nothing here: the cluster tells better, or has several
	// installations that could be meant.
	redundantDeclarations, ambiguousDeclarations []string
	notUnderstood                                map[facts.ReleaseKey]string
	// subjects are all installed releases, the Kubernetes of the cluster included where a policy speaks about it.
	subjects []*subject
}

// gather works declarations into the facts. What is detected wins: a declaration gives the version only to an
// installation whose version nothing tells, and a release of its own only where the product was not detected under its
// name.
func gather(cluster evaluationInput) *clusterState {
	c := &clusterState{
		kubernetes: v1alpha1.Evidence{
			Source: v1alpha1.SourceServerVersion, Object: serverVersionIn, Version: facts.Printable(cluster.Facts.KubernetesVersion),
		},
		kubernetesVersion: facts.Printable(cluster.Facts.KubernetesVersion),
		components:        cluster.Facts.Components[:min(len(cluster.Facts.Components), maxComponents)],
		nodes:             cluster.Facts.Nodes,
		manager:           cluster.Facts.Manager,
		clusterID:         facts.Printable(cluster.Facts.ClusterID),
		duplicateOf:       cluster.DuplicateOf,
		notUnderstood:     cluster.Facts.NotUnderstood,
	}
	for _, installation := range cluster.Facts.Installations {
		// What the status has no room for must not be judged either: it would be judged differently from there. What is
		// declared can be the piece that is used, and then all of these are the others.
		installation.Evidence = slices.Clone(installation.Evidence)
		facts.OrderEvidence(&installation)
		installation.Evidence = installation.Evidence[:min(len(installation.Evidence), maxOtherEvidence)]
		c.installations = append(c.installations, installation)
	}
	slices.SortFunc(c.installations, detectedFirst)
	c.limitInstallations()
	detected := len(c.installations)
	for _, declared := range facts.SortDeclaredReleases(cluster.Declared) {
		c.addDeclaration(declared, detected)
	}
	for i := range c.installations {
		facts.OrderEvidence(&c.installations[i])
	}
	c.limitInstallations()
	slices.SortFunc(c.installations, byName)
	if c.kubernetes.Version == "" {
		c.kubernetesError = errors.New("the API server did not tell it")
		c.noKubernetes = cluster.Facts.OnlyDeclared
		return c
	}
	c.kubernetesRead, c.kubernetesError = facts.ParseKubernetesVersion(c.kubernetes.Version)
	return c
}

// limitInstallations drops what the status has no room for. What was detected is bounded before anything that was declared joins it: the
// status gives back the same facts, and they have to give the same answer.
func (c *clusterState) limitInstallations() {
	// One place is Kubernetes' own.
	c.installations = c.installations[:min(len(c.installations), maxInstallations-1)]
}

func byName(a, b facts.Installation) int {
	return cmp.Or(strings.Compare(a.Product, b.Product), strings.Compare(a.Name, b.Name))
}

// detectedFirst puts what is only declared on the hub behind what was detected, so that it takes no place of the latter.
func detectedFirst(a, b facts.Installation) int {
	rank := func(i facts.Installation) int {
		if slices.ContainsFunc(i.Evidence, func(e v1alpha1.Evidence) bool { return !facts.IsDeclaredOnHub(e) }) {
			return 0
		}
		return 1
	}
	return cmp.Or(rank(a)-rank(b), byName(a, b))
}

// addDeclaration puts a declaration behind the evidence of the installation that it means. The first installations, so many,
// were detected.
func (c *clusterState) addDeclaration(declared v1alpha1.DeclaredRelease, detected int) {
	evidence := v1alpha1.Evidence{Source: v1alpha1.SourceDeclared, Object: facts.DeclaredInSpec, Version: facts.Printable(declared.Version)}
	if declared.Product == facts.Kubernetes {
		if c.kubernetes.Version == "" {
			c.kubernetes = evidence
		} else if !facts.SameKubernetes(c.kubernetes.Version, evidence.Version) {
			c.redundantDeclarations = append(c.redundantDeclarations, declaration(declared))
		}
		return
	}
	i, ambiguous := facts.FindInstallation(c.installations, detected, declared.Product, declared.Name)
	switch {
	case ambiguous:
		c.ambiguousDeclarations = append(c.ambiguousDeclarations, declaration(declared))
	case i < 0:
		c.installations = append(c.installations,
			facts.Installation{Product: declared.Product, Name: declared.Name, Evidence: []v1alpha1.Evidence{evidence}})
	default:
		c.installations[i].Evidence = append(c.installations[i].Evidence, evidence)
	}
}

// installationsOf gives the indices of a product's installations.
func (c *clusterState) installationsOf(product string) []int {
	var found []int
	for i := range c.installations {
		if c.installations[i].Product == product {
			found = append(found, i)
		}
	}
	return found
}

func (c *clusterState) has(product string) bool { return len(c.installationsOf(product)) > 0 }

// certainlyHas tells whether a product is certainly there; where the operator may not look it may or may not be.
func (c *clusterState) certainlyHas(product string) bool {
	return slices.ContainsFunc(c.installationsOf(product), func(i int) bool {
		used, _ := facts.SplitEvidence(c.installations[i].Evidence)
		return used.Source != v1alpha1.SourceForbidden
	})
}

// declaration writes a declared release for a message.
func declaration(declared v1alpha1.DeclaredRelease) string {
	return facts.Printable(declared.Product) + " " + facts.Printable(declared.Version)
}
