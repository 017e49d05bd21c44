// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// subject is one installed release with all that is known about it: the input of the checks.
type subject struct {
	evaluation
	// cluster are all installed releases, this one included.
	cluster *clusterState

	product, name string
	// used is the evidence that gave the version, others are the rest.
	used   v1alpha1.Evidence
	others []v1alpha1.Evidence

	choice choice
	// version is nil when it is not known or cannot be read; versionError says why it cannot.
	version      *semver.Version
	versionError error
	// tag is set where the policy reads versions as tags.
	tag *tag
	// minor is that of the version, in the policy; nil where the policy does not list it.
	minor *minor
	// nodes compares what the nodes of the cluster run with the policy.
	nodes nodeComparison
	// notUnderstood is what the status says of the release that this version does not know; empty where it knows all.
	notUnderstood string
	// verdict is that of the policy at the instant.
	verdict verdict
}

// prepare gathers what is known about a cluster, and prepares all its installed releases. Nothing of it depends on the
// instant.
func (s *Set) prepare(cluster evaluationInput) *clusterState {
	c := gather(cluster)
	c.evaluation = evaluation{set: s, labels: cluster.Labels, environment: cluster.Environment}
	all := make([]*subject, 0, len(c.installations)+1)
	for _, installation := range c.installations {
		all = append(all, c.subject(installation))
	}
	if kubernetes := c.kubernetesSubject(); kubernetes != nil {
		all = append(all, kubernetes)
	}
	slices.SortStableFunc(all, func(a, b *subject) int { return strings.Compare(a.product, b.product) })
	c.subjects = all[:min(len(all), maxInstallations)]
	return c
}

// at is the cluster at an instant, with the verdicts of the policies on its releases. The checks read it and write nothing.
func (c *clusterState) at(now time.Time) *clusterState {
	there := *c
	there.now = now
	there.subjects = make([]*subject, 0, len(c.subjects))
	for _, prepared := range c.subjects {
		s := *prepared
		s.cluster, s.now = &there, now
		s.verdict = s.judge()
		there.subjects = append(there.subjects, &s)
	}
	return &there
}

// kubernetesSubject is nil where Kubernetes has no policy, or one that speaks only beside products that are not there.
func (c *clusterState) kubernetesSubject() *subject {
	chosen := c.set.choose(c.labels, facts.Kubernetes)
	if chosen.reason == v1alpha1.ReasonNoPolicy || c.noKubernetes {
		return nil
	}
	if chosen.policy != nil && chosen.policy.lifecycle.RangeOf != nil &&
		!slices.ContainsFunc(chosen.policy.lifecycle.RangeOf.Products, c.certainlyHas) {
		return nil
	}
	return c.subject(facts.Installation{
		Product: facts.Kubernetes, Name: facts.DefaultInstallation, Evidence: []v1alpha1.Evidence{c.kubernetes},
	})
}

func (c *clusterState) subject(installation facts.Installation) *subject {
	s := &subject{
		evaluation: c.evaluation, cluster: c, product: installation.Product, name: installation.Name,
		choice:        c.set.choose(c.labels, installation.Product),
		notUnderstood: c.notUnderstood[facts.ReleaseKey{Product: installation.Product, Name: installation.Name}],
	}
	s.used, s.others = facts.SplitEvidence(installation.Evidence)
	if text := s.used.Version; text != "" {
		s.read(text)
	}
	s.nodes = s.compareNodes()
	return s
}

// read parses the version the way that the policy for the product does.
func (s *subject) read(text string) {
	p := s.choice.policy
	switch {
	case p != nil && p.lifecycle.Follows != nil:
		parsed, err := judgeableTag(text)
		if s.versionError = err; err == nil {
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
	s.minor = p.find(facts.MinorOf(s.version))
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

// title of the cluster in sentences.
const theCluster = "the cluster"

// clusterSubject is the subject that stands for the cluster.
func (c *clusterState) clusterSubject() *subject {
	return &subject{evaluation: c.evaluation, cluster: c}
}
