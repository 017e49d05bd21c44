// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// The resources that are read in every cluster, by the names that evidence and errors use. The name of a custom resource
// is that of its CustomResourceDefinition.
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

// Addon is a ClusterAddon or, with a namespace, an Addon. They differ in nothing but their scope.
type Addon struct {
	Namespace, Name string
	// Target is the namespace into which a ClusterAddon installs; empty means the default one.
	Target string
	// Repository and Ref are from the labels that the Konvoy CLI writes, OriginRepository and OriginRef from the
	// annotations that Kommander's catalog writes.
	Repository, Ref, OriginRepository, OriginRef string
	// Federated tells whether a Kommander 1.x, in this cluster or another, federated the addon to this one.
	Federated bool
	// Revision is the version of the addon with the number of its package, AppVersion that of the application.
	Revision, AppVersion string
	// Stages are Experimental, Preview, …, by component.
	Stages map[string]string
	// Stage is from the status: deployed, absent, …; empty before kubeaddons tries to install the addon.
	Stage string
	// Chart and ChartVersion are those of the Helm chart that the addon installs.
	Chart, ChartVersion string
	// Package is the KUDO operator that the addon installs instead of a chart.
	Package Package
}

// Package is a package of KUDO. Its version is not that of the application. The zero value is no package.
type Package struct{ Name, Version, Repository string }

// KonvoyCluster describes a cluster that Konvoy 1.x made. Nothing else of its spec may be kept: it can hold credentials.
type KonvoyCluster struct {
	Namespace, Name string
	// Version and ProvisionerVersion are versions of Konvoy. Either can be empty.
	Version, ProvisionerVersion string
	// Repositories are those from which Konvoy is to install addons.
	Repositories []Repository
	// Phase is Provisioned, Provisioning, …
	Phase string
}

// Repository is a repository of addons at a ref. An empty ref is the default branch.
type Repository struct{ URL, Ref string }

// HelmRelease is Flux's. The version of its API decides which fields are set.
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
	// Wanted is spec.version. Running is status.version, which is set from 2.7 on.
	Wanted, Running string
}

// Instance is one installation of a KUDO operator.
type Instance struct {
	Namespace, Name string
	// Operator is from the label that KUDO's tools write.
	Operator string
	// VersionNamespace and VersionName refer to the OperatorVersion. An empty namespace means that of the Instance.
	VersionNamespace, VersionName string
	// Plans are the states, COMPLETE, …, of the plans that bring a version, as far as the operator has them.
	Plans map[string]string
}

// OperatorVersion is one version of a KUDO operator. It is installed where an Instance refers to it.
type OperatorVersion struct {
	Namespace, Name string
	// Operator is cassandra, kafka, …
	Operator string
	// Version is that of the operator, not of the application.
	Version string
}

// Workload is a Deployment, StatefulSet or DaemonSet that a Helm chart has installed.
type Workload struct {
	Kind, Namespace, Name string
	// Chart is <name>-<version>, from the label.
	Chart string
	// Instance tells installations of a chart apart; empty where the label is missing.
	Instance string
}

// object names the addon in evidence, as the methods below name the other objects.
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
