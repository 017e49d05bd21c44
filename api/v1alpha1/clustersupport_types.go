// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HostName is the name of the ClusterSupport that stands for the cluster in which the operator runs.
const HostName = "host"

// The annotations of a KommanderCluster that stand for fields of its ClusterSupport.
const (
	// AnnotationEnvironment is as spec.environment.
	AnnotationEnvironment = "support.d2iq.io/environment"
	// AnnotationDeclaredReleases is as spec.declaredReleases: PRODUCT=VERSION or PRODUCT/NAME=VERSION, separated by commas.
	AnnotationDeclaredReleases = "support.d2iq.io/declared-releases"
)

// ClusterSupportSpec says which cluster is meant, and what the cluster itself does not reveal.
type ClusterSupportSpec struct {
	// cluster is the reference to the cluster. It has exactly one member.
	// +required
	Cluster ClusterReference `json:"cluster,omitzero"`

	// environment says what the cluster is used for: Production or NonProduction. What the vendor allows only outside of
	// production is judged by it. Absent: not declared.
	// +optional
	Environment Environment `json:"environment,omitempty"`

	// declaredReleases are releases that nothing in the cluster reveals, such as the Konvoy 1.x version. What is
	// detected wins over what is declared. Absent: nothing is declared.
	// +listType=map
	// +listMapKey=product
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	// +optional
	DeclaredReleases []DeclaredRelease `json:"declaredReleases,omitempty"`
}

// Environment is what a cluster is used for.
// +kubebuilder:validation:Enum=Production;NonProduction
type Environment string

// The environments.
const (
	// EnvironmentProduction: the cluster does the real day-to-day work, for its final users.
	EnvironmentProduction Environment = "Production"
	// EnvironmentNonProduction: it does not.
	EnvironmentNonProduction Environment = "NonProduction"
)

// ClusterReference says where the cluster is. Exactly one member is set, and it stays as it is: another cluster is another
// object.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:MaxProperties=1
type ClusterReference struct {
	// host is the operator's own cluster. It is allowed only in the object "host" in the operator's own namespace.
	// Absent: the reference is another one.
	// +optional
	Host *HostReference `json:"host,omitempty"`

	// kommanderCluster is a KommanderCluster in the same namespace, whose kubeconfig is used once it has joined. Absent:
	// the reference is another one.
	// +optional
	KommanderCluster *KommanderClusterReference `json:"kommanderCluster,omitempty"`

	// clusterAPICluster is a Cluster of Cluster API in the same namespace, whose kubeconfig is in the Secret
	// <name>-kubeconfig under the key value. Absent: the reference is another one.
	// +optional
	ClusterAPICluster *ClusterAPIClusterReference `json:"clusterAPICluster,omitempty"`

	// kubeconfigSecret is a Secret in the same namespace with a kubeconfig. Absent: the reference is another one.
	// +optional
	KubeconfigSecret *KubeconfigSecretReference `json:"kubeconfigSecret,omitempty"`
}

// HostReference refers to the cluster in which the operator runs; it has no fields.
type HostReference struct{}

// KommanderClusterReference refers to a KommanderCluster in the same namespace.
type KommanderClusterReference struct {
	// name is that of the KommanderCluster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// ClusterAPIClusterReference refers to a Cluster of Cluster API in the same namespace.
type ClusterAPIClusterReference struct {
	// name is that of the Cluster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// KubeconfigSecretReference refers to a Secret in the same namespace. The kubeconfig in it is used as it is with a token or
// a client certificate; one that runs a program, reads a file or does without the server's certificate is refused.
type KubeconfigSecretReference struct {
	// name is that of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// key is that of the kubeconfig in the Secret. Absent: kubeconfig, or else value.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Key string `json:"key,omitempty"`
}

// DeclaredRelease is an installed release by a person's word.
type DeclaredRelease struct {
	// product is the product, for example Konvoy.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`

	// name is the installation: that of the addon, the HelmRelease or namespace.instance, else "default".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// version is the installed version, for example 1.7.2.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Version string `json:"version,omitempty"`
}

// State is the support state of an installed release.
// +kubebuilder:validation:Enum=Supported;Unsupported;Unknown
type State string

// The support states.
const (
	// StateSupported: the vendor supports the release.
	StateSupported State = "Supported"
	// StateUnsupported: the vendor does not support the release.
	StateUnsupported State = "Unsupported"
	// StateUnknown: the policies or the cluster do not tell. It is never taken for Supported.
	StateUnknown State = "Unknown"
)

// EvidenceSource is the kind of thing by which an installed release was recognized.
// +kubebuilder:validation:Enum=ServerVersion;Label;Annotation;CustomResource;HelmRelease;Inferred;Declared;Forbidden
type EvidenceSource string

// The sources of evidence.
const (
	// SourceServerVersion: the API server's own answer to GET /version.
	SourceServerVersion EvidenceSource = "ServerVersion"
	// SourceLabel: a label on an object.
	SourceLabel EvidenceSource = "Label"
	// SourceAnnotation: an annotation on an object.
	SourceAnnotation EvidenceSource = "Annotation"
	// SourceCustomResource: a field of a custom resource of the product.
	SourceCustomResource EvidenceSource = "CustomResource"
	// SourceHelmRelease: the version that a Flux HelmRelease has applied.
	SourceHelmRelease EvidenceSource = "HelmRelease"
	// SourceInferred: concluded from something that goes together with the release, such as its chart's version.
	SourceInferred EvidenceSource = "Inferred"
	// SourceDeclared: somebody's word: spec.declaredReleases, or a custom resource that says what ought to be there.
	SourceDeclared EvidenceSource = "Declared"
	// SourceForbidden: the API server did not let the operator look (403), so the product may be there or not.
	SourceForbidden EvidenceSource = "Forbidden"
)

// Evidence is one sign of an installed release.
type Evidence struct {
	// source is the kind of evidence.
	// +required
	Source EvidenceSource `json:"source,omitempty"`

	// object is where it was found, for example ClusterAddon/kommander. What begins with "hub:" was found on the cluster in
	// which the operator runs.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Object string `json:"object,omitempty"`

	// version is what it says, with control characters escaped and cut at 64 characters. Absent: it proves that the
	// product is there and tells no version.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Version string `json:"version,omitempty"`

	// repository is the repository of addons from which the object says that it was installed, where that is not the
	// vendor's own. Absent: it is the vendor's, or nothing tells.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Repository string `json:"repository,omitempty"`
}

// FindingType is the question that a finding answers.
// +kubebuilder:validation:Enum=Lifecycle;PreRelease;Channel;Experimental;Requires;KubernetesRange;AttachRange;KubernetesPart;OperatingSystem;Upgrade;Evidence;Exception
type FindingType string

// The types of findings.
const (
	// FindingLifecycle: is the release within its support? Feeds Supported and ExpiringSoon.
	FindingLifecycle FindingType = "Lifecycle"
	// FindingPreRelease: the installed version is a prerelease. Feeds Supported.
	FindingPreRelease FindingType = "PreRelease"
	// FindingChannel: the tag is not from a supported channel. Feeds Supported.
	FindingChannel FindingType = "Channel"
	// FindingExperimental: are parts of the release experimental, and is that allowed here? Feeds Supported.
	FindingExperimental FindingType = "Experimental"
	// FindingRequires: do the products on which the release must run have a version that it allows? Feeds Compatible.
	FindingRequires FindingType = "Requires"
	// FindingKubernetesRange: is the cluster's Kubernetes in the release's range? Feeds Compatible.
	FindingKubernetesRange FindingType = "KubernetesRange"
	// FindingAttachRange: is the cluster's Kubernetes in the range that the Kommander which manages it allows for attached
	// clusters? Feeds Compatible.
	FindingAttachRange FindingType = "AttachRange"
	// FindingKubernetesPart: is the Kubernetes part of the tag the cluster's minor? Feeds Compatible.
	FindingKubernetesPart FindingType = "KubernetesPart"
	// FindingOperatingSystem: does the release support what the nodes run? Feeds Compatible.
	FindingOperatingSystem FindingType = "OperatingSystem"
	// FindingUpgrade: is there a release to go to? Feeds UpgradeRecommended.
	FindingUpgrade FindingType = "Upgrade"
	// FindingEvidence: is what was found in the cluster consistent? Feeds no condition by itself.
	FindingEvidence FindingType = "Evidence"
	// FindingException: does a SupportException cover the release? Feeds ExpiringSoon when it is about to end, and never
	// changes what the others say.
	FindingException FindingType = "Exception"
)

// Finding is one reasoned statement about an installed release.
type Finding struct {
	// type is the question that is answered.
	// +required
	Type FindingType `json:"type,omitempty"`

	// reason is the answer in one word; the reasons are constants of this package.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Reason string `json:"reason,omitempty"`

	// message is the answer in a sentence that can be quoted.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Message string `json:"message,omitempty"`

	// condition is the type of the condition that the finding feeds: Supported, Compatible, ExpiringSoon or
	// UpgradeRecommended. Absent: it feeds none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Condition string `json:"condition,omitempty"`

	// status is what the finding says for that condition: True, False or Unknown. The condition is the worst of what all
	// findings say. Absent: it feeds none.
	// +kubebuilder:validation:Enum=True;False;Unknown
	// +optional
	Status metav1.ConditionStatus `json:"status,omitempty"`
}

// Says tells whether the finding feeds a condition with a status.
func (f *Finding) Says(condition string, status metav1.ConditionStatus) bool {
	return f.Condition == condition && f.Status == status
}

// InstalledRelease is a release that is installed in the cluster, with all that the policies say about it.
type InstalledRelease struct {
	// product is the product, for example Kommander.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`

	// name is the installation: that of the addon, the HelmRelease or namespace.instance, else "default".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// version is the installed version. Absent: the product is there, its version is not known.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Version string `json:"version,omitempty"`

	// evidence is what the version was taken from.
	// +required
	Evidence Evidence `json:"evidence,omitzero"`

	// otherEvidence is what else was found for the same installation, strongest first. Absent: nothing.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +optional
	OtherEvidence []Evidence `json:"otherEvidence,omitempty"`

	// state is the support state: Supported, Unsupported or Unknown.
	// +required
	State State `json:"state,omitempty"`

	// supportEndTime is the first instant at which the vendor no longer supports the version, past or announced; experimental
	// parts, which can make the release Unsupported before, change nothing about it. Absent: not known.
	// +optional
	SupportEndTime *metav1.Time `json:"supportEndTime,omitempty"`

	// policy is the SupportPolicy that decided, or would if it were valid. Absent: none speaks about the release.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Policy string `json:"policy,omitempty"`

	// terms is what the policy's supportTerms say, in one sentence that can be quoted. Absent: none are published.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Terms string `json:"terms,omitempty"`

	// upgradeTo is the newest patch of the same minor that is not to be avoided, where it is newer than the installed
	// version. Absent: there is none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	UpgradeTo string `json:"upgradeTo,omitempty"`

	// exception is the SupportException that covers the release at present. Absent: none does.
	// +optional
	Exception *CoveringException `json:"exception,omitempty"`

	// observedSince is when the release was first seen in this version. Absent: not recorded yet.
	// +optional
	ObservedSince *metav1.Time `json:"observedSince,omitempty"`

	// findings are the statements about the release. Absent: there are none.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Findings []Finding `json:"findings,omitempty"`
}

// CoveringException is a SupportException that covers an installed release.
type CoveringException struct {
	// name is that of the SupportException.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// endTime is the first instant at which it covers nothing any more.
	// +required
	EndTime *metav1.Time `json:"endTime,omitempty"`
}

// ComponentOrigin is where a component of a product comes from.
// +kubebuilder:validation:Enum=Repository;Federated;HelmRelease
type ComponentOrigin string

// The origins of components.
const (
	// OriginRepository: an addon from a repository of addons.
	OriginRepository ComponentOrigin = "Repository"
	// OriginFederated: an addon that a Kommander, here or on another cluster, put into this one.
	OriginFederated ComponentOrigin = "Federated"
	// OriginHelmRelease: a Flux HelmRelease that belongs to the product.
	OriginHelmRelease ComponentOrigin = "HelmRelease"
)

// Component is a part of a product that was found in the cluster. It has no support of its own.
type Component struct {
	// name is that of the component: mostly that of the addon or the HelmRelease.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// object is where it was found, for example ClusterAddon/istio.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Object string `json:"object,omitempty"`

	// origin is where it comes from: Repository, Federated or HelmRelease. Absent: nothing tells.
	// +optional
	Origin ComponentOrigin `json:"origin,omitempty"`

	// product is the one of which it is a part. Absent: nothing tells.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Product string `json:"product,omitempty"`

	// stage is what the object itself says of the component, such as Experimental, Preview or Beta. Absent: nothing.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Stage string `json:"stage,omitempty"`
}

// NodesStatus is what the nodes of the cluster run, as it was at the last look, every few hours.
type NodesStatus struct {
	// count is how many nodes there are. Absent: the API server does not let the operator look (403).
	// +optional
	Count *int32 `json:"count,omitempty"`

	// operatingSystems are what they run, by osImage and kernelVersion. Absent: there are no nodes, or none can be seen.
	// +listType=map
	// +listMapKey=osImage
	// +listMapKey=kernelVersion
	// +kubebuilder:validation:MaxItems=64
	// +optional
	OperatingSystems []NodeOperatingSystem `json:"operatingSystems,omitempty"`

	// omitted is the number of nodes whose operating systems had no room above. Absent means 0.
	// +optional
	Omitted *int32 `json:"omitted,omitempty"`
}

// NodeOperatingSystem is one operating system with one kernel, and how many nodes run it.
type NodeOperatingSystem struct {
	// osImage is what the nodes report, for example "CentOS Linux 7 (Core)", made printable and cut at 64 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	OSImage string `json:"osImage,omitempty"`

	// kernelVersion is what the nodes report, for example "3.10.0-1160.el7.x86_64", made printable and cut alike.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	KernelVersion string `json:"kernelVersion,omitempty"`

	// nodes is how many nodes report both.
	// +required
	Nodes *int32 `json:"nodes,omitempty"`
}

// ManagingKommander is the Kommander to which a cluster is attached.
type ManagingKommander struct {
	// object is where its version was found, for example hub:HelmRelease/kommander/kommander.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Object string `json:"object,omitempty"`

	// version is its version. Absent: not known.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Version string `json:"version,omitempty"`
}

// EndedInstallation is an installed release that is no longer there in that version.
type EndedInstallation struct {
	// product is the product.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`

	// name is the installation.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// version is the version that was installed. Absent: it was not known.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Version string `json:"version,omitempty"`

	// from is when it was first seen. Absent: not recorded.
	// +optional
	From *metav1.Time `json:"from,omitempty"`

	// to is when it was first seen no longer.
	// +required
	To *metav1.Time `json:"to,omitempty"`
}

// ClusterSupportStatus is the assessment of one cluster: what was found in it, and what the policies say about that.
type ClusterSupportStatus struct {
	// observedGeneration is the generation of the spec that this status describes; -1 before the first evaluation.
	// Absent: the same.
	// +optional
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Reachable, Supported, Compatible, ExpiringSoon and UpgradeRecommended, and Stalled and
	// Reconciling while they are True. Absent: the cluster was not evaluated yet.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// cluster is the reference of the spec whose cluster this status describes. Absent: none was accepted yet.
	// +optional
	Cluster *ClusterReference `json:"cluster,omitempty"`

	// clusterID is the UID of the cluster's namespace kube-system, by which a cluster that is there twice is known. Absent:
	// not known.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	ClusterID string `json:"clusterID,omitempty"`

	// duplicateOf is the older object that stands for the same cluster, as namespace/name. Policies count the cluster there
	// only. Absent: there is none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	DuplicateOf string `json:"duplicateOf,omitempty"`

	// environment is what the cluster is used for: as spec.environment says, else as an annotation of the KommanderCluster
	// says. Absent: not declared.
	// +optional
	Environment Environment `json:"environment,omitempty"`

	// manager is the Kommander that manages the cluster. Absent: none does, or the cluster is its own.
	// +optional
	Manager *ManagingKommander `json:"manager,omitempty"`

	// kubernetesVersion is the version that the cluster's API server reports. Absent: it was never asked with success.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`

	// installedVersions lists the installed releases for the printed column. Absent: nothing was found.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	InstalledVersions string `json:"installedVersions,omitempty"`

	// supportEndTime is the earliest end of support among the installed releases, past or announced. Absent: none is
	// known.
	// +optional
	SupportEndTime *metav1.Time `json:"supportEndTime,omitempty"`

	// releases are the installed releases. Absent: none was found.
	// +listType=map
	// +listMapKey=product
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Releases []InstalledRelease `json:"releases,omitempty"`

	// components are parts of the installed products that were found, of which some may be experimental. Absent: none.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	// +optional
	Components []Component `json:"components,omitempty"`

	// nodes are what the nodes run. Absent: nobody has looked yet.
	// +optional
	Nodes *NodesStatus `json:"nodes,omitempty"`

	// findings are the statements that are about no single release. Absent: there are none.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Findings []Finding `json:"findings,omitempty"`

	// history are the installations that ended last, newest first. Absent: none has ended.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	// +optional
	History []EndedInstallation `json:"history,omitempty"`
}

// ClusterSupport is the support state of one cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:annotations="kustomize.toolkit.fluxcd.io/substitute=disabled"
// +kubebuilder:resource:scope=Namespaced,shortName=csup,categories=support
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reachable",type=string,JSONPath=`.status.conditions[?(@.type=="Reachable")].status`
// +kubebuilder:printcolumn:name="Installed",type=string,JSONPath=`.status.installedVersions`
// +kubebuilder:printcolumn:name="Supported",type=string,JSONPath=`.status.conditions[?(@.type=="Supported")].status`
// +kubebuilder:printcolumn:name="Compatible",type=string,JSONPath=`.status.conditions[?(@.type=="Compatible")].status`
// +kubebuilder:printcolumn:name="Support Ends",type=string,JSONPath=`.status.supportEndTime`
// +kubebuilder:printcolumn:name="Expiring",type=string,JSONPath=`.status.conditions[?(@.type=="ExpiringSoon")].status`
// +kubebuilder:printcolumn:name="Upgrade",type=string,JSONPath=`.status.conditions[?(@.type=="UpgradeRecommended")].status`
// +kubebuilder:printcolumn:name="Why",type=string,JSONPath=`.status.conditions[?(@.type=="Supported")].message`
// +kubebuilder:printcolumn:name="Contact",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Reachable")].message`
// +kubebuilder:printcolumn:name="Compatibility",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Compatible")].message`
// +kubebuilder:printcolumn:name="Environment",type=string,priority=1,JSONPath=`.status.environment`
// +kubebuilder:printcolumn:name="Exception",type=string,priority=1,JSONPath=`.status.releases[*].exception.name`
// +kubebuilder:printcolumn:name="Upgrades",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="UpgradeRecommended")].message`
type ClusterSupport struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says which cluster is meant.
	// +required
	Spec ClusterSupportSpec `json:"spec,omitzero"`

	// status is the assessment of the cluster.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status ClusterSupportStatus `json:"status,omitzero"`
}

// ClusterSupportList is a list of ClusterSupport objects.
//
// +kubebuilder:object:root=true
type ClusterSupportList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	// items are the clusters.
	Items []ClusterSupport `json:"items"`
}
