package support

import "github.com/d2iq-labs/support-policy-operator/api/v1alpha1"

// The products with built-in knowledge. A policy may be about any other name as well.
const (
	Konvoy               = "Konvoy"
	Kommander            = "Kommander"
	BasePlatformServices = "BasePlatformServices"
	Kubernetes           = "Kubernetes"
)

// DefaultInstallation is the name of an installation of which a cluster can have only one.
const DefaultInstallation = "default"

// Facts are what was observed in one cluster. They hold no verdict.
type Facts struct {
	// KubernetesVersion is the gitVersion that the cluster's API server reports, such as v1.19.9; empty when it is not
	// known.
	KubernetesVersion string
	// Installations are the products that were found, ordered by product and name, each pair once.
	Installations []Installation
}

// Installation is one installation of a product and all that tells its version.
type Installation struct {
	Product string
	Name    string
	// Evidence is never empty and ordered by strength. The first one with a version gives the installed version;
	// without any, the product is there and its version is not known. Several pieces of source Label for
	// BasePlatformServices are the refs of a set of addons that is mixed: what is no stable release first, then the
	// oldest, so that neither can hide behind a supported one.
	Evidence []v1alpha1.Evidence
}
