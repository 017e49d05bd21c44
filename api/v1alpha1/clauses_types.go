// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SupportTerms are the terms on which the vendor supports a product, as far as they are published.
type SupportTerms struct {
	// level is the vendor's name of the level of support, for example Secondary.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Level string `json:"level,omitempty"`

	// scopes are the kinds of help, each with the severities at which a case may be opened. Absent: none are published.
	// +listType=map
	// +listMapKey=scope
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Scopes []SupportScope `json:"scopes,omitempty"`
}

// SupportScope is one kind of help.
type SupportScope struct {
	// scope is its name in CamelCase, for example Configuration or BugFixes.
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Za-z0-9]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Scope string `json:"scope,omitempty"`

	// severities are those at which a case may be opened, from 1, the gravest, to 4.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +required
	Severities []int32 `json:"severities,omitempty"`

	// covers says what the help is about. Absent: not said.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Covers string `json:"covers,omitempty"`

	// excludes says what it is not about. Absent: nothing is excluded.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Excludes string `json:"excludes,omitempty"`
}

// Experimental names what the vendor offers without meaning it for production: its level of support is Limited, cases
// are of Severity 4, at the level Standard.
type Experimental struct {
	// components are the experimental parts of the product. Absent: only what the cluster itself marks is experimental.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Components []ExperimentalComponent `json:"components,omitempty"`

	// productionClusters chooses, by the labels of their ClusterSupport, the clusters on which nothing experimental may
	// be. A ClusterSupport that declares environment Production is one in any case. Absent: no others.
	// +optional
	ProductionClusters *metav1.LabelSelector `json:"productionClusters,omitempty"`
}

// ExperimentalComponent is one part of a product that is experimental or a technical preview; the terms are the same.
type ExperimentalComponent struct {
	// name is that of the addon, the HelmRelease, or a part of one of them.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// versions are those of the product in which it is so: a minor with all its patches as "1.8.x", or one exact version
	// as "1.8.3". Absent means all.
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +optional
	Versions []string `json:"versions,omitempty"`
}

// Detection tells by what a product is found. Each member that is set is one way, and any of them is enough; what the
// first one finds, in the order below, is the strongest evidence.
// +kubebuilder:validation:MinProperties=1
type Detection struct {
	// helmRelease finds Flux HelmReleases. Absent: they are not looked at.
	// +optional
	HelmRelease *HelmReleaseDetection `json:"helmRelease,omitempty"`

	// addon finds Addons and ClusterAddons of kubeaddons. Absent: they are not looked at.
	// +optional
	Addon *AddonDetection `json:"addon,omitempty"`

	// helmChart finds Deployments, StatefulSets and DaemonSets by the label that Helm charts put on what they install,
	// helm.sh/chart: <name>-<version>. Absent: they are not looked at.
	// +optional
	HelmChart *HelmChartDetection `json:"helmChart,omitempty"`
}

// AddonDetection finds an Addon or ClusterAddon. Its version is that of its KUDO package, else of its revision, its
// appversion annotation, its repository's ref or its chart.
type AddonDetection struct {
	// name is the addon's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// HelmReleaseDetection finds a Flux HelmRelease. Its version is that of the chart which is deployed.
type HelmReleaseDetection struct {
	// name is the HelmRelease's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// namespace is the HelmRelease's. Absent: any.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// HelmChartDetection finds workloads by the chart that installed them. The version is the chart's.
type HelmChartDetection struct {
	// name is the chart's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=250
	// +required
	Name string `json:"name,omitempty"`
}

// OperatingSystem is an operating system that a release supports, and how a node reports it.
type OperatingSystem struct {
	// name is what people call it, for example "CentOS 7.9".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Name string `json:"name,omitempty"`

	// osImage is a regular expression (RE2) that has to match the whole osImage of a node, for example
	// "CentOS Linux 7 \\(Core\\)".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	OSImage string `json:"osImage,omitempty"`

	// kernel is a regular expression (RE2) that has to match the whole kernelVersion of a node. A node that matches
	// osImage and not kernel is neither supported nor unsupported: vendors name the kernels that they tested. Absent: any
	// kernel.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Kernel string `json:"kernel,omitempty"`
}
