// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// What is looked at, under the names that evidence and errors use. Those of custom resources are the names of their
// CustomResourceDefinitions, too.
const (
	ClusterAddons    = "clusteraddons.kubeaddons.mesosphere.io"
	Addons           = "addons.kubeaddons.mesosphere.io"
	KonvoyClusters   = "konvoyclusters.kommander.mesosphere.io"
	HelmReleases     = "helmreleases.helm.toolkit.fluxcd.io"
	KommanderCores   = "kommandercores.dkp.d2iq.io"
	Instances        = "instances.kudo.dev"
	OperatorVersions = "operatorversions.kudo.dev"
	Nodes            = "nodes"
	Namespaces       = "namespaces"
	Deployments      = "deployments.apps"
	StatefulSets     = "statefulsets.apps"
	DaemonSets       = "daemonsets.apps"
)

// Objects are what was found in one cluster, trimmed to what the detectors read. Its lists are ordered by namespace and
// name.
type Objects struct {
	ClusterAddons []Addon
	Addons        []Addon
	// KonvoyClusters are those of the namespace konvoy: there Konvoy 1.x keeps the description of the cluster itself.
	KonvoyClusters []KonvoyCluster
	HelmReleases   []HelmRelease
	KommanderCores []KommanderCore
	// Instances are KUDO's. Those of its OperatorVersions that no Instance refers to are leftovers.
	Instances        []Instance
	OperatorVersions []OperatorVersion
	// Workloads are what Helm charts have installed, by kind; there are none while no rule asks for a chart.
	Workloads []Workload
	// NodeLabel is the label of Konvoy 1.x that nodes carry; empty when none does.
	NodeLabel string
	// Forbidden are the resources, of the constants above, that the API server did not let us look at (403).
	Forbidden []string
	// Rules tell how to find the products without built-in detection.
	Rules []facts.DetectionRule
}

// NewObjects puts together what was found of each resource. found gives what Trim made of the objects of one, ordered by
// namespace and name; of what is forbidden, not there or not looked at it gives nothing.
func NewObjects(found func(resource string) []any, forbidden []string, nodeLabel string, rules []facts.DetectionRule) Objects {
	objects := Objects{
		ClusterAddons:    of[Addon](found(ClusterAddons)),
		Addons:           of[Addon](found(Addons)),
		KonvoyClusters:   onlyIn(konvoyNamespace, of[KonvoyCluster](found(KonvoyClusters))),
		HelmReleases:     of[HelmRelease](found(HelmReleases)),
		KommanderCores:   of[KommanderCore](found(KommanderCores)),
		Instances:        of[Instance](found(Instances)),
		OperatorVersions: of[OperatorVersion](found(OperatorVersions)),
		NodeLabel:        nodeLabel,
		Forbidden:        forbidden,
		Rules:            rules,
	}
	for _, resource := range Workloads() {
		objects.Workloads = append(objects.Workloads, of[Workload](found(resource.Name))...)
	}
	return objects
}

// of keeps the objects of one type, which is what Trim gives for their resource.
func of[T any](trimmed []any) []T {
	var all []T
	for _, one := range trimmed {
		if object, is := one.(T); is {
			all = append(all, object)
		}
	}
	return all
}

// Addon is a ClusterAddon or, when it has a namespace, an Addon. Both mean the same but for their scope.
type Addon struct {
	Namespace, Name string
	// Target is the namespace into which a ClusterAddon installs; empty is the default one.
	Target string
	// Repository and Ref are what the Konvoy CLI writes about where the addon comes from, OriginRepository and OriginRef
	// what Kommander's catalog does.
	Repository, Ref, OriginRepository, OriginRef string
	// Federated tells that a Kommander 1.x, here or on another cluster, put the addon into this one.
	Federated bool
	// Revision is the version of the addon with the number of its package, AppVersion that of what it runs.
	Revision, AppVersion string
	// Stages are by the component of which the addon tells that it is experimental, a preview, …
	Stages map[string]string
	// Stage is what the kubeaddons controller says: deployed, absent, …; empty before its first try.
	Stage string
	// Chart and ChartVersion are of the Helm chart that the addon installs.
	Chart, ChartVersion string
	// Package is the KUDO operator that the addon installs instead of a chart.
	Package Package
}

// Package is a package of KUDO, in a version of its own: not that of the application which it runs. The zero value is
// none.
type Package struct{ Name, Version, Repository string }

// KonvoyCluster is the description of a cluster that Konvoy 1.x made. Nothing else of its spec may be kept: it can hold
// credentials.
type KonvoyCluster struct {
	Namespace, Name string
	// Version and ProvisionerVersion are Konvoy's, in both parts of the description. Either can be empty.
	Version, ProvisionerVersion string
	// Repositories are those from which the cluster is to get its addons.
	Repositories []Repository
	// Phase is Provisioned, Provisioning, …
	Phase string
}

// Repository is a repository of addons at a ref. An empty ref is the default branch.
type Repository struct{ URL, Ref string }

// HelmRelease is Flux's. Which of the fields are set depends on the version of its API.
type HelmRelease struct {
	Namespace, Name     string
	LastAppliedRevision string
	// History is newest first.
	History []HelmSnapshot
}

// HelmSnapshot is one entry in the history of a HelmRelease.
type HelmSnapshot struct{ ChartVersion, Status string }

// KommanderCore is the installation of Kommander from 2.5 on.
type KommanderCore struct {
	Name string
	// Wanted is spec.version, Running is status.version, which is filled from 2.7 on.
	Wanted, Running string
}

// Instance is one installation of a KUDO operator.
type Instance struct {
	Namespace, Name string
	// Operator is what the label says, which KUDO's own tools write.
	Operator string
	// VersionNamespace and VersionName refer to the OperatorVersion. An empty namespace is that of the Instance.
	VersionNamespace, VersionName string
	// Plans are the states of those plans which bring a version, as far as the operator has them: COMPLETE, …
	Plans map[string]string
}

// OperatorVersion is one version of a KUDO operator that can be installed.
type OperatorVersion struct {
	Namespace, Name string
	// Operator is cassandra, kafka, …
	Operator string
	// Version is that of the operator, not of the application which it runs.
	Version string
}

// Workload is a Deployment, StatefulSet or DaemonSet that a Helm chart has installed.
type Workload struct {
	Kind, Namespace, Name string
	// Chart is <name>-<version>, as the label has it.
	Chart string
	// Instance tells installations of the chart apart; empty where there is no such label.
	Instance string
}

// detectors are one for each product with built-in detection, and one for the products that rules tell how to find.
var detectors = []func(Objects) []facts.Installation{
	basePlatformServices,
	kommander,
	konvoy,
	kudo,
	byRules,
}

// Installations are those that the objects show, ordered by product and name, each pair once.
func Installations(objects Objects) []facts.Installation {
	var found []facts.Installation
	for _, detector := range detectors {
		found = append(found, detector(objects)...)
	}
	return Ordered(found)
}

// object is how evidence names the addon.
func (a Addon) object() string {
	if a.Namespace == "" {
		return "ClusterAddon/" + a.Name
	}
	return "Addon/" + a.Namespace + "/" + a.Name
}

func (c KonvoyCluster) object() string { return "KonvoyCluster/" + c.Namespace + "/" + c.Name }

func (r HelmRelease) object() string { return "HelmRelease/" + r.Namespace + "/" + r.Name }

func (c KommanderCore) object() string { return "KommanderCore/" + c.Name }

func (i Instance) object() string { return "Instance/" + i.Namespace + "/" + i.Name }

func (w Workload) object() string { return w.Kind + "/" + w.Namespace + "/" + w.Name }

// installedAddons are the addons of both kinds without those of stage absent: they exist, to say that the addon is not
// to be installed.
func (o Objects) installedAddons() []Addon {
	var installed []Addon
	for _, addons := range [][]Addon{o.ClusterAddons, o.Addons} {
		for _, addon := range addons {
			if addon.Stage != "absent" {
				installed = append(installed, addon)
			}
		}
	}
	return installed
}

// forbidden is the evidence that a product may be there or not: those of the resources that would show it which we may
// not look at.
func (o Objects) forbidden(resources ...string) []v1alpha1.Evidence {
	var evidence []v1alpha1.Evidence
	for _, resource := range resources {
		for _, forbidden := range o.Forbidden {
			if forbidden == resource {
				evidence = append(evidence, sign(v1alpha1.SourceForbidden, resource, ""))
			}
		}
	}
	return evidence
}
