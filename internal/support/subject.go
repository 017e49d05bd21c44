// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// serverVersionIn is the object of the evidence for Kubernetes.
const serverVersionIn = "/version"

// Cluster is what the engine has to know about one cluster.
type Cluster struct {
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

// subject is one installed release with all that is known about it: the input of the checks.
type subject struct {
	scope
	// cluster are all installed releases, this one included.
	cluster *gathered

	product, name string
	// used is the evidence that gave the version, others are the rest.
	used   v1alpha1.Evidence
	others []v1alpha1.Evidence

	choice choice
	// version is nil when it is not known or cannot be read; versionError says why it cannot.
	version      *semver.Version
	versionError error
	// tag and tagError are set where the policy reads versions as tags.
	tag      *tag
	tagError error
	// release is the minor in the policy; nil where it lists none.
	release *release
	verdict verdict
}

// gathered are the facts about a cluster with what was declared worked in.
type gathered struct {
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
	// odd are the nodes that a release does not clearly support, by policy and version: they are the same at every instant.
	odd map[[2]string]oddNodes
	// unfit are the nodes that keep the cluster from another version of a policy, likewise.
	unfit map[[2]string][]string
	// needless and ambiguous are the declarations that mean nothing here: the cluster tells better, or has several
	// installations that could be meant.
	needless, ambiguous []string
	// subjects are all releases, once they are prepared.
	subjects []*subject
	// detected is how many of the installations come first because they were detected, while declarations are worked in.
	detected int
}

// gather works declarations into the facts. What is detected wins: a declaration gives the version only to an
// installation whose version nothing tells, and a release of its own only where the product was not detected under its
// name.
func gather(cluster Cluster) *gathered {
	g := &gathered{
		kubernetes: v1alpha1.Evidence{
			Source: v1alpha1.SourceServerVersion, Object: serverVersionIn, Version: facts.Printable(cluster.Facts.KubernetesVersion),
		},
		kubernetesVersion: facts.Printable(cluster.Facts.KubernetesVersion),
		components:        cluster.Facts.Components[:min(len(cluster.Facts.Components), maxComponents)],
		nodes:             cluster.Facts.Nodes,
		manager:           cluster.Facts.Manager,
		clusterID:         facts.Printable(cluster.Facts.ClusterID),
		duplicateOf:       cluster.DuplicateOf,
		odd:               map[[2]string]oddNodes{},
		unfit:             map[[2]string][]string{},
	}
	for _, installation := range cluster.Facts.Installations {
		// What the status has no room for must not be judged either: it would be judged differently from there. What is
		// declared can be the piece that is used, and then all of these are the others.
		installation.Evidence = slices.Clone(installation.Evidence)
		facts.OrderEvidence(&installation)
		installation.Evidence = installation.Evidence[:min(len(installation.Evidence), maxOtherEvidence)]
		g.installations = append(g.installations, installation)
	}
	slices.SortFunc(g.installations, foundFirst)
	g.bound()
	g.detected = len(g.installations)
	for _, declared := range facts.SortDeclaredReleases(cluster.Declared) {
		g.declare(declared)
	}
	for i := range g.installations {
		facts.OrderEvidence(&g.installations[i])
	}
	g.bound()
	slices.SortFunc(g.installations, byName)
	if g.kubernetes.Version == "" {
		g.kubernetesError = errors.New("the API server did not tell it")
		g.noKubernetes = cluster.Facts.OnlyDeclared
		return g
	}
	g.kubernetesRead, g.kubernetesError = facts.ParseKubernetesVersion(g.kubernetes.Version)
	return g
}

// bound drops what the status has no room for. What was detected is bounded before anything that was declared joins it: the
// status gives back the same facts, and they have to give the same answer.
func (g *gathered) bound() {
	// One place is Kubernetes' own.
	g.installations = g.installations[:min(len(g.installations), maxInstallations-1)]
}

func byName(a, b facts.Installation) int {
	return cmp.Or(strings.Compare(a.Product, b.Product), strings.Compare(a.Name, b.Name))
}

// foundFirst puts what somebody has only declared on the hub behind what was found, so that it takes nothing's place.
func foundFirst(a, b facts.Installation) int {
	rank := func(i facts.Installation) int {
		if slices.ContainsFunc(i.Evidence, func(e v1alpha1.Evidence) bool { return !facts.IsDeclaredOnHub(e) }) {
			return 0
		}
		return 1
	}
	return cmp.Or(rank(a)-rank(b), byName(a, b))
}

// declare puts a declaration behind the evidence of the installation that it means.
func (g *gathered) declare(declared v1alpha1.DeclaredRelease) {
	evidence := v1alpha1.Evidence{Source: v1alpha1.SourceDeclared, Object: facts.DeclaredInSpec, Version: facts.Printable(declared.Version)}
	if declared.Product == facts.Kubernetes {
		if g.kubernetes.Version == "" {
			g.kubernetes = evidence
		} else if !facts.SameKubernetes(g.kubernetes.Version, evidence.Version) {
			g.needless = append(g.needless, declaration(declared))
		}
		return
	}
	i, ambiguous := facts.FindInstallation(g.installations, g.detected, declared.Product, declared.Name)
	switch {
	case ambiguous:
		g.ambiguous = append(g.ambiguous, declaration(declared))
	case i < 0:
		g.installations = append(g.installations,
			facts.Installation{Product: declared.Product, Name: declared.Name, Evidence: []v1alpha1.Evidence{evidence}})
	default:
		g.installations[i].Evidence = append(g.installations[i].Evidence, evidence)
	}
}

// of gives the indices of a product's installations.
func (g *gathered) of(product string) []int {
	var found []int
	for i := range g.installations {
		if g.installations[i].Product == product {
			found = append(found, i)
		}
	}
	return found
}

func (g *gathered) has(product string) bool { return len(g.of(product)) > 0 }

// shows tells whether a product is certainly there; where the operator may not look it may or may not be.
func (g *gathered) shows(product string) bool {
	return slices.ContainsFunc(g.of(product), func(i int) bool {
		used, _ := facts.SplitEvidence(g.installations[i].Evidence)
		return used.Source != v1alpha1.SourceForbidden
	})
}

// subjects prepares all installed releases, and the Kubernetes of the cluster where a policy speaks about it.
func (s scope) subjects(g *gathered) []*subject {
	all := make([]*subject, 0, len(g.installations)+1)
	for _, installation := range g.installations {
		all = append(all, s.subject(g, installation))
	}
	if kubernetes := s.kubernetesSubject(g); kubernetes != nil {
		all = append(all, kubernetes)
	}
	slices.SortStableFunc(all, func(a, b *subject) int { return strings.Compare(a.product, b.product) })
	g.subjects = all[:min(len(all), maxInstallations)]
	return g.subjects
}

// kubernetesSubject is nil where Kubernetes has no policy, or one that speaks only beside products that are not there.
func (s scope) kubernetesSubject(g *gathered) *subject {
	chosen := s.set.choose(s.labels, facts.Kubernetes)
	if chosen.reason == v1alpha1.ReasonNoPolicy || g.noKubernetes {
		return nil
	}
	if chosen.policy != nil && chosen.policy.lifecycle.RangeOf != nil &&
		!slices.ContainsFunc(chosen.policy.lifecycle.RangeOf.Products, g.shows) {
		return nil
	}
	return s.subject(g, facts.Installation{
		Product: facts.Kubernetes, Name: facts.DefaultInstallation, Evidence: []v1alpha1.Evidence{g.kubernetes},
	})
}

func (s scope) subject(g *gathered, installation facts.Installation) *subject {
	sub := &subject{
		scope: s, cluster: g, product: installation.Product, name: installation.Name,
		choice: s.set.choose(s.labels, installation.Product),
	}
	sub.used, sub.others = facts.SplitEvidence(installation.Evidence)
	if text := sub.used.Version; text != "" {
		sub.read(text)
	}
	sub.verdict = sub.judge()
	return sub
}

// read parses the version the way that the policy for the product does.
func (s *subject) read(text string) {
	p := s.choice.policy
	switch {
	case p != nil && p.lifecycle.Follows != nil:
		parsed, err := judgeableTag(text)
		s.tagError = err
		if err == nil {
			s.tag, s.version = &parsed, parsed.version
		}
	case s.product == facts.Kubernetes:
		s.versionError = s.cluster.kubernetesError
		if s.versionError == nil {
			v := s.cluster.kubernetesRead
			s.version = semver.New(v.Major, v.Minor.Minor, v.Patch, "", "")
		}
	default:
		s.version, s.versionError = facts.ParseVersion(text)
	}
	if p == nil || s.version == nil {
		return
	}
	if i := p.find(facts.MinorOf(s.version)); i >= 0 {
		s.release = &p.releases[i]
	}
}

// judge asks the policy that decides, after the questions that come before any policy.
func (s *subject) judge() verdict {
	p := s.choice.policy
	switch {
	case s.used.Source == v1alpha1.SourceForbidden:
		who, what := "the cluster", s.used.Object
		if facts.IsFromHub(s.used) {
			who, what = "the operator's own cluster", strings.TrimPrefix(what, facts.HubPrefix)
		}
		return unknown(v1alpha1.ReasonForbidden,
			"cannot be looked for: "+who+" refuses to list "+what+"; grant the operator list and watch on it")
	case p == nil:
		return unknown(s.choice.reason, "cannot be judged: "+s.choice.message)
	case s.used.Version == "":
		return unknown(v1alpha1.ReasonVersionUnknown, "is installed and nothing in the cluster tells its version; declare it in "+
			facts.DeclaredInSpec+" as {product: "+s.product+", name: "+s.name+", version: <version>}")
	case p.lifecycle.Follows != nil:
		var parsed tag
		if s.tag != nil {
			parsed = *s.tag
		}
		return s.judgeTag(p, s.used.Version, parsed, s.tagError)
	case s.versionError != nil:
		return unknown(v1alpha1.ReasonUnreadableVersion, "cannot be judged: "+s.versionError.Error())
	case p.lifecycle.RangeOf != nil:
		v := facts.KubernetesVersion{Minor: facts.MinorOf(s.version), Patch: s.version.Patch()}
		return s.judgeRange(p, v.String(), func(r *kubernetesRange) int { return versionAgainst(r, v) })
	case s.version.Prerelease() != "":
		return unsupported(v1alpha1.FindingPreRelease, v1alpha1.ReasonPreRelease, "is not supported: it is a prerelease")
	}
	return s.judgeWindow(p, facts.MinorOf(s.version))
}

// title names the release in a sentence: "Kommander 1.3.1", "Cassandra data.cassandra 1.0.2".
func (s *subject) title() string {
	if s.product == "" {
		return theCluster
	}
	words := []string{facts.Printable(s.product)}
	if s.name != facts.DefaultInstallation && !strings.EqualFold(s.name, s.product) {
		words = append(words, facts.Printable(s.name))
	}
	if s.used.Version != "" {
		words = append(words, s.used.Version)
	}
	return strings.Join(words, " ")
}

// sentence puts the subject before a verdict and the policy behind it, so that the sentence can stand alone.
func (s *subject) sentence(predicate string) string {
	text := s.title() + " " + predicate
	if p := s.choice.policy; p != nil && !strings.Contains(predicate, p.source()) {
		text += " (" + p.source() + ")"
	}
	return facts.Escaped(text)
}
