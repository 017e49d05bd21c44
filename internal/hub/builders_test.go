// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// The builders read like what they build:
//
//	looked().runs("1.4.4").has(attached("a/prod", konvoyNamed("prod")), described("a/prod", "v1.8.3"))

// hubID is the UID of the hub's kube-system.
const hubID = "00000000-0000-4000-8000-000000000000"

// snapshotBuilder builds what was observed on the hub. Every step returns a copy.
type snapshotBuilder struct{ observe.Snapshot }

// observedHub begins a hub that was looked at as a whole, and on which nothing is.
func observedHub() snapshotBuilder {
	return snapshotBuilder{observe.Snapshot{Complete: true, Facts: facts.Facts{ClusterID: hubID}, HubDescription: &detect.HubDescription{}}}
}

func (b snapshotBuilder) state() *State { return New(b.copied().Snapshot) }

func (b snapshotBuilder) copied() snapshotBuilder {
	fleet := *b.HubDescription
	fleet.KommanderClusters, fleet.CAPIClusters = slices.Clone(fleet.KommanderClusters), slices.Clone(fleet.CAPIClusters)
	fleet.KonvoyClusters, fleet.Tunnels, fleet.Forbidden = slices.Clone(fleet.KonvoyClusters), slices.Clone(fleet.Tunnels), slices.Clone(fleet.Forbidden)
	b.HubDescription = &fleet
	b.Facts.Installations = slices.Clone(b.Facts.Installations)
	return b
}

// incomplete is a hub of which not all was looked at yet.
func (b snapshotBuilder) incomplete() snapshotBuilder {
	b.Complete = false
	return b
}

// nameless is a hub whose UID is not known.
func (b snapshotBuilder) nameless() snapshotBuilder {
	b.Facts.ClusterID = ""
	return b
}

// runs adds the hub's Kommander; with an empty version one whose version nothing tells.
func (b snapshotBuilder) runs(version string) snapshotBuilder {
	return b.installed(facts.Kommander, v1alpha1.Evidence{Source: v1alpha1.SourceAnnotation, Object: "ClusterAddon/kommander", Version: version})
}

func (b snapshotBuilder) installed(product string, evidence ...v1alpha1.Evidence) snapshotBuilder {
	b = b.copied()
	b.Facts.Installations = append(b.Facts.Installations, facts.Installation{Product: product, Name: "kommander", Evidence: evidence})
	return b
}

// forbids refuses to list resources.
func (b snapshotBuilder) forbids(resources ...string) snapshotBuilder {
	b = b.copied()
	b.HubDescription.Forbidden = append(b.HubDescription.Forbidden, resources...)
	return b
}

// has adds what describes clusters, in the order in which it is observed.
func (b snapshotBuilder) has(all ...any) snapshotBuilder {
	b = b.copied()
	for _, one := range all {
		switch one := one.(type) {
		case detect.KommanderCluster:
			b.HubDescription.KommanderClusters = append(b.HubDescription.KommanderClusters, one)
		case detect.CAPICluster:
			b.HubDescription.CAPIClusters = append(b.HubDescription.CAPIClusters, one)
		case detect.KonvoyCluster:
			b.HubDescription.KonvoyClusters = append(b.HubDescription.KonvoyClusters, one)
		case detect.TunnelConnector:
			b.HubDescription.Tunnels = append(b.HubDescription.Tunnels, one)
		}
	}
	slices.SortFunc(b.HubDescription.KommanderClusters, func(a, b detect.KommanderCluster) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return b
}

func split(key string) (namespace, name string) {
	namespace, name, _ = strings.Cut(key, "/")
	return namespace, name
}

// attached is a KommanderCluster that has joined, by namespace/name, with a kubeconfig in the Secret of its name and
// "-kubeconfig".
func attached(key string, options ...func(*detect.KommanderCluster)) detect.KommanderCluster {
	namespace, name := split(key)
	c := detect.KommanderCluster{
		Namespace: namespace, Name: name, UID: types.UID("uid-of-" + name), APIVersion: "kommander.mesosphere.io/v1beta1",
		KubeconfigSecret: name + "-kubeconfig", Phase: "Joined",
	}
	for _, option := range options {
		option(&c)
	}
	return c
}

func phase(phase string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.Phase = phase }
}

func secretNamed(name string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.KubeconfigSecret = name }
}

func tunnelNamed(name string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.Tunnel = name }
}

func konvoyNamed(name string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.KonvoyCluster = name }
}

// madeFrom refers to a Cluster of Cluster API, by namespace/name.
func madeFrom(key string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) {
		c.CAPICluster.Namespace, c.CAPICluster.Name = split(key)
	}
}

func clusterID(id string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.ClusterID = id }
}

// calledHost says of itself to be the hub.
func calledHost(c *detect.KommanderCluster) { c.IsHost = true }

func environment(text string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.Environment = text }
}

func declaring(text string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.DeclaredReleases = text }
}

func tier(value string) func(*detect.KommanderCluster) {
	return func(c *detect.KommanderCluster) { c.Labels = map[string]string{"tier": value} }
}

// made is a Cluster of Cluster API.
func made(key string) detect.CAPICluster {
	namespace, name := split(key)
	return detect.CAPICluster{Namespace: namespace, Name: name, UID: types.UID("uid-of-" + name), APIVersion: "cluster.x-k8s.io/v1beta1"}
}

// madeByKonvoy is one with the labels of Konvoy 2.x.
func madeByKonvoy(key string) detect.CAPICluster {
	c := made(key)
	c.IsKonvoy = true
	return c
}

// described is a KonvoyCluster.
func described(key, version string, phase ...string) detect.KonvoyCluster {
	namespace, name := split(key)
	return detect.KonvoyCluster{Namespace: namespace, Name: name, Version: version, Phase: strings.Join(phase, "")}
}

func tunnel(key, secret string) detect.TunnelConnector {
	namespace, name := split(key)
	return detect.TunnelConnector{Namespace: namespace, Name: name, KubeconfigSecret: secret}
}

// toKommander, toCAPI, toSecret and toHost are references.
func toKommander(name string) v1alpha1.ClusterReference {
	return ID{Kind: KommanderCluster, Name: name}.Reference()
}

func toCAPI(name string) v1alpha1.ClusterReference {
	return ID{Kind: ClusterAPICluster, Name: name}.Reference()
}

func toSecret(name, key string) v1alpha1.ClusterReference {
	return v1alpha1.ClusterReference{KubeconfigSecret: &v1alpha1.KubeconfigSecretReference{Name: name, Key: key}}
}

func toHost() v1alpha1.ClusterReference {
	return v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}}
}

// kommanderOf and capiOf are the IDs of descriptions, by namespace/name.
func kommanderOf(key string) ID {
	namespace, name := split(key)
	return ID{KommanderCluster, namespace, name}
}

func capiOf(key string) ID {
	namespace, name := split(key)
	return ID{ClusterAPICluster, namespace, name}
}
