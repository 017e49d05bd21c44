// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SupportPolicySpec is what the vendor publishes about the support of one product: facts, no verdicts.
type SupportPolicySpec struct {
	// product names what the policy is about: Konvoy, Kommander, BasePlatformServices, Kubernetes, or any other name
	// that installed releases carry.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`

	// documentationURL is the page that this policy transcribes, so that an answer can be quoted with its source.
	// Absent: no page is named.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	DocumentationURL string `json:"documentationURL,omitempty"`

	// timeZone is the IANA zone in which the calendar days of this policy begin and end, for example Europe/Berlin.
	// Absent means Etc/UTC. "Local" is refused, and so is a day that the zone skipped.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	TimeZone *string `json:"timeZone,omitempty"`

	// clusterSelector chooses, by the labels of their ClusterSupport, the clusters that the policy speaks about.
	// Absent selects all clusters.
	// +optional
	ClusterSelector *metav1.LabelSelector `json:"clusterSelector,omitempty"`

	// priority decides among several policies for the same product on the same cluster: the highest number wins, and
	// equal numbers make the product's releases Unknown. Absent means 0.
	// +optional
	Priority *int32 `json:"priority,omitempty"`

	// expiringSoonDays is how many calendar days before an announced end of support ExpiringSoon becomes True, from 0
	// to 3650. Absent means 90.
	// +optional
	ExpiringSoonDays *int32 `json:"expiringSoonDays,omitempty"`

	// lifecycle says how the support of a release is decided. It has exactly one member.
	// +required
	Lifecycle Lifecycle `json:"lifecycle,omitzero"`

	// releases are the minors of the product, in any order. The order of support is the order of versions.
	// +listType=map
	// +listMapKey=version
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Releases []Release `json:"releases,omitempty"`

	// supportTerms are the terms of support that the vendor publishes for this product. Absent: none are published.
	// +optional
	SupportTerms *SupportTerms `json:"supportTerms,omitempty"`

	// experimental names the parts of the product that are not meant for production. What the cluster itself marks as
	// experimental, by the stage annotations of its addons, needs no entry. Absent: no others are named.
	// +optional
	Experimental *Experimental `json:"experimental,omitempty"`

	// detection tells how to find a product for which the operator has no built-in detector. It is refused for the
	// others. Absent: the product is found by its detector, or only where it is declared.
	// +optional
	Detection *Detection `json:"detection,omitempty"`
}

// Lifecycle says how the support of a product's releases is decided. Exactly one member is set.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:MaxProperties=1
type Lifecycle struct {
	// window supports the newest minors of the list. Absent: the lifecycle is another one.
	// +optional
	Window *WindowLifecycle `json:"window,omitempty"`

	// rangeOf supports what the supported releases of other products contain in their Kubernetes range. Absent: the
	// lifecycle is another one.
	// +optional
	RangeOf *RangeOfLifecycle `json:"rangeOf,omitempty"`

	// follows supports a release as long as the Kubernetes minor in its tag is supported. Absent: the lifecycle is
	// another one.
	// +optional
	Follows *FollowsLifecycle `json:"follows,omitempty"`

	// listed supports every minor of the list, from its general availability to its own supportedThrough or withdrawn.
	// It is for products whose vendor publishes no window. Absent: the lifecycle is another one.
	// +optional
	Listed *ListedLifecycle `json:"listed,omitempty"`
}

// WindowLifecycle is the N-2 rule: the newest generally available minors are supported, with all their patches.
type WindowLifecycle struct {
	// supportedMinors is the number of minors that are supported at a time, from 1 to 100. N-2 is 3.
	// +required
	SupportedMinors *int32 `json:"supportedMinors,omitempty"`
}

// RangeOfLifecycle makes a Kubernetes version supported while a supported release of another product contains it.
type RangeOfLifecycle struct {
	// products are those whose Kubernetes ranges count. Their union decides.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +required
	Products []string `json:"products,omitempty"`
}

// FollowsLifecycle reads versions as tags of the form <channel>-<kubernetes>-<version>, such as stable-1.19-3.2.0, and
// lets the support of the Kubernetes part decide.
type FollowsLifecycle struct {
	// product is the one whose policy decides about the Kubernetes part of the tag.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`
}

// ListedLifecycle supports what is in the list; it has no fields. A minor without a day is taken to be out since an
// unknown day, unless one is planned.
type ListedLifecycle struct{}

// Release is one minor of the product.
type Release struct {
	// version is the minor, for example "1.4".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Version string `json:"version,omitempty"`

	// generalAvailability is the day on which the minor's first final version came out, or will come out beyond
	// doubt. Absent: unknown; the minor counts as released when a newer one is or when a patch of it has a day.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:Format=date
	// +optional
	GeneralAvailability string `json:"generalAvailability,omitempty"`

	// plannedGeneralAvailability is the vendor's forecast. It yields warnings and forecast ends, and by itself ends
	// nothing. It never stands together with generalAvailability. Absent: nothing is announced.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:Format=date
	// +optional
	PlannedGeneralAvailability string `json:"plannedGeneralAvailability,omitempty"`

	// kubernetes is the range of Kubernetes versions on which the minor is supported. Absent: not published, and
	// nothing is checked.
	// +optional
	Kubernetes *KubernetesRange `json:"kubernetes,omitempty"`

	// attachKubernetes is the range of Kubernetes versions that clusters may have which are attached to a Kommander of this
	// minor. It is for policies of the product Kommander only. Absent: not published, and nothing is checked.
	// +optional
	AttachKubernetes *KubernetesRange `json:"attachKubernetes,omitempty"`

	// requires lists the products on which this minor must run. Entries of one product are alternatives, different
	// products add up. Absent: the minor requires nothing.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Requires []Requirement `json:"requires,omitempty"`

	// operatingSystems are those that the minor supports on the nodes of the cluster. Absent: not published, and nothing
	// is checked.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +optional
	OperatingSystems []OperatingSystem `json:"operatingSystems,omitempty"`

	// patches are the versions of this minor about which there is something to say. Patches that are not listed share
	// the minor's support all the same.
	// +listType=map
	// +listMapKey=version
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Patches []Patch `json:"patches,omitempty"`

	// supportedThrough is the last supported day of this minor, inclusive. It replaces the end that the window would
	// give. Absent: the window decides.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:Format=date
	// +optional
	SupportedThrough string `json:"supportedThrough,omitempty"`

	// withdrawn is the day from whose beginning the minor is neither supported nor counted in the window. Absent: it
	// was not withdrawn.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:Format=date
	// +optional
	Withdrawn string `json:"withdrawn,omitempty"`

	// upgradesFrom lists the minors from which an upgrade to this one is documented. Absent means the minor before it
	// in the list; an empty list means that none is.
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +optional
	UpgradesFrom []string `json:"upgradesFrom,omitzero"`
}

// KubernetesRange is a closed range of Kubernetes versions. "1.19" and "1.19.x" cover all patches, "1.15.4" is exact.
type KubernetesRange struct {
	// minimum is the oldest version in the range.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Minimum string `json:"minimum,omitempty"`

	// maximum is the newest version in the range.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Maximum string `json:"maximum,omitempty"`

	// default is the version that the release installs by itself; it is named where a message names the range.
	// Absent: not published.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Default string `json:"default,omitempty"`
}

// Requirement names versions of another product, one of which must be installed beside the release.
type Requirement struct {
	// product is the other product.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Product string `json:"product,omitempty"`

	// versions are the allowed ones: a minor with all its patches as "1.8.x", or one exact version as "1.8.3".
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +required
	Versions []string `json:"versions,omitempty"`
}

// Patch is one version of a minor.
type Patch struct {
	// version is the full version, for example "1.4.4".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Version string `json:"version,omitempty"`

	// generalAvailability is the day on which the patch came out. It never decides whether the patch is supported; an
	// upgrade is not recommended to a patch whose day has not come. Absent: unknown, and the patch is taken to be out.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:Format=date
	// +optional
	GeneralAvailability string `json:"generalAvailability,omitempty"`

	// kubernetes replaces the minor's range for this patch. Absent: the minor's range holds.
	// +optional
	Kubernetes *KubernetesRange `json:"kubernetes,omitempty"`

	// operatingSystems replace the minor's for this patch. Absent: the minor's hold.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +optional
	OperatingSystems []OperatingSystem `json:"operatingSystems,omitempty"`

	// upgradesFrom lists the versions from which an upgrade to this patch is documented: a minor with all its patches as
	// "1.8.x", or one exact version as "1.8.4". Absent means the older patches of its minor, and what the minor's own
	// upgradesFrom says; an empty list means that none is.
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +optional
	UpgradesFrom []string `json:"upgradesFrom,omitzero"`

	// avoid says why the patch must not be an upgrade target. Absent: it may be one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Avoid string `json:"avoid,omitempty"`
}

// Stage is where a minor stands in its life at the instant of the last evaluation.
// +kubebuilder:validation:Enum=Planned;Supported;LastInWindow;Ended;Withdrawn
type Stage string

// The stages of a minor.
const (
	// StagePlanned: the minor is not generally available yet.
	StagePlanned Stage = "Planned"
	// StageSupported: the minor is supported.
	StageSupported Stage = "Supported"
	// StageLastInWindow: the minor is supported, and the next minor to become generally available ends that.
	StageLastInWindow Stage = "LastInWindow"
	// StageEnded: the support of the minor has ended.
	StageEnded Stage = "Ended"
	// StageWithdrawn: the vendor withdrew the minor.
	StageWithdrawn Stage = "Withdrawn"
)

// SupportPolicyStatus is what the operator makes of the policy at the instant of its last evaluation.
type SupportPolicyStatus struct {
	// observedGeneration is the generation of the spec that this status describes; -1 before the first evaluation.
	// Absent: the same.
	// +optional
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// conditions are Ready, Supported and ExpiringSoon, and Stalled, Reconciling and Conflicting while they are True.
	// Absent: the policy was not evaluated yet.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// supportedVersions lists the supported minors, newest first, for the printed column. Absent: none is supported.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	SupportedVersions string `json:"supportedVersions,omitempty"`

	// releases tells the stage of each minor, newest first. Absent: the policy is not valid or lists none.
	// +listType=map
	// +listMapKey=version
	// +kubebuilder:validation:MaxItems=200
	// +optional
	Releases []ReleaseStatus `json:"releases,omitempty"`

	// summary counts the clusters on which the policy decides. Absent: the policy was not evaluated yet.
	// +optional
	Summary *PolicySummary `json:"summary,omitempty"`

	// nextTransitionTime is the next instant at which the stages above change without anybody's doing. Absent: none
	// is known.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`

	// clusters are the clusters on which the policy decides, worst first, at most 100. Absent: there are none.
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Clusters []PolicyCluster `json:"clusters,omitempty"`

	// clustersOmitted is the number of clusters for which there was no room above. Absent means 0.
	// +optional
	ClustersOmitted int32 `json:"clustersOmitted,omitempty"`
}

// ReleaseStatus is the stage of one minor.
type ReleaseStatus struct {
	// version is the minor.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Version string `json:"version,omitempty"`

	// stage is where the minor stands: Planned, Supported, LastInWindow, Ended or Withdrawn.
	// +required
	Stage Stage `json:"stage,omitempty"`

	// supportEndTime is the instant at which support of the minor ended or is announced to end. Absent: no end is
	// announced, or the day on which it ended is unknown.
	// +optional
	SupportEndTime *metav1.Time `json:"supportEndTime,omitempty"`

	// endsWith is the minor whose general availability is that end. Absent: the end has another cause, or none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	EndsWith string `json:"endsWith,omitempty"`
}

// PolicySummary counts clusters by the worst of their releases that this policy decides.
type PolicySummary struct {
	// clusters is the number of clusters on which the policy decides.
	// +required
	Clusters *int32 `json:"clusters,omitempty"`

	// supported is the number of those on which all is supported, those in expiringSoon included.
	// +required
	Supported *int32 `json:"supported,omitempty"`

	// expiringSoon is the number of supported ones whose announced end is near.
	// +required
	ExpiringSoon *int32 `json:"expiringSoon,omitempty"`

	// unsupported is the number of those on which a release is not supported.
	// +required
	Unsupported *int32 `json:"unsupported,omitempty"`

	// unknown is the number of those on which the answer is not known. Unknown is never counted as supported.
	// +required
	Unknown *int32 `json:"unknown,omitempty"`
}

// PolicyCluster is one cluster in a policy's status; the whole truth about it is in its ClusterSupport.
type PolicyCluster struct {
	// namespace is that of the ClusterSupport.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace string `json:"namespace,omitempty"`

	// name is that of the ClusterSupport.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// version is the installed version of the worst release that the policy decides there. Absent: unknown.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Version string `json:"version,omitempty"`

	// state is the support state of that release: Supported, Unsupported or Unknown.
	// +required
	State State `json:"state,omitempty"`

	// reason is the reason of that state.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Reason string `json:"reason,omitempty"`

	// supportEndTime is the announced or past end of that release's support. Absent: none is known.
	// +optional
	SupportEndTime *metav1.Time `json:"supportEndTime,omitempty"`
}

// SupportPolicy is a vendor's version support policy for one product.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:annotations="kustomize.toolkit.fluxcd.io/substitute=disabled"
// +kubebuilder:resource:scope=Cluster,shortName=spol,categories=support
// +kubebuilder:printcolumn:name="Product",type=string,JSONPath=`.spec.product`
// +kubebuilder:printcolumn:name="Supported Versions",type=string,JSONPath=`.status.supportedVersions`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Clusters",type=integer,JSONPath=`.status.summary.clusters`
// +kubebuilder:printcolumn:name="Unsupported",type=integer,JSONPath=`.status.summary.unsupported`
// +kubebuilder:printcolumn:name="Unknown",type=integer,JSONPath=`.status.summary.unknown`
// +kubebuilder:printcolumn:name="Expiring",type=integer,JSONPath=`.status.summary.expiringSoon`
// +kubebuilder:printcolumn:name="Next Change",type=string,JSONPath=`.status.nextTransitionTime`
// +kubebuilder:printcolumn:name="Why",type=string,JSONPath=`.status.conditions[?(@.type=="Supported")].message`
// +kubebuilder:printcolumn:name="Documentation",type=string,priority=1,JSONPath=`.spec.documentationURL`
type SupportPolicy struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the vendor publishes.
	// +required
	Spec SupportPolicySpec `json:"spec,omitzero"`

	// status is what the operator makes of it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status SupportPolicyStatus `json:"status,omitzero"`
}

// SupportPolicyList is a list of SupportPolicy objects.
//
// +kubebuilder:object:root=true
type SupportPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list's metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`
	// items are the policies.
	Items []SupportPolicy `json:"items"`
}
