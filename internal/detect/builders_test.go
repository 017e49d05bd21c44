// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The repositories as the labels of addons and the catalog's annotations name them.
const (
	baseLabel       = "mesosphere-kubernetes-base-addons"
	kommanderLabel  = "mesosphere-kubeaddons-kommander"
	enterpriseLabel = "mesosphere-kubeaddons-enterprise"
	dispatchLabel   = "mesosphere-kubeaddons-dispatch"

	baseURL = "https://github.com/mesosphere/kubernetes-base-addons"
)

// addon returns a deployed ClusterAddon.
func addon(name string) Addon {
	return Addon{Name: name, Stage: "deployed", Stages: map[string]string{}}
}

// in makes it an Addon in a namespace.
func (a Addon) in(namespace string) Addon {
	a.Namespace = namespace
	return a
}

// from sets the labels that the Konvoy CLI writes.
func (a Addon) from(repository, ref string) Addon {
	a.Repository, a.Ref = repository, ref
	return a
}

// origin sets the annotations that Kommander's catalog writes.
func (a Addon) origin(repository, ref string) Addon {
	a.OriginRepository, a.OriginRef = repository, ref
	return a
}

func (a Addon) revision(revision string) Addon {
	a.Revision = revision
	return a
}

func (a Addon) appVersion(version string) Addon {
	a.AppVersion = version
	return a
}

func (a Addon) chart(name, version string) Addon {
	a.Chart, a.ChartVersion = name, version
	return a
}

// operator makes the addon install a KUDO package from the vendor's repository.
func (a Addon) operator(name string) Addon {
	return a.packageOf(name, "", "https://"+kudoRepository+"/0.10.0")
}

func (a Addon) packageOf(name, version, repository string) Addon {
	a.Package = Package{Name: name, Version: version, Repository: repository}
	return a
}

// into sets the namespace into which a ClusterAddon installs.
func (a Addon) into(namespace string) Addon {
	a.Target = namespace
	return a
}

// withStage sets the annotation with the stage of a component.
func (a Addon) withStage(component, stage string) Addon {
	a.Stages[component] = stage
	return a
}

// federated marks the addon as federated by Kommander 1.x.
func (a Addon) federated() Addon {
	a.Federated = true
	return a
}

func (a Addon) stage(stage string) Addon {
	a.Stage = stage
	return a
}

// konvoyCluster returns a provisioned KonvoyCluster in the namespace konvoy.
func konvoyCluster(name, version string) KonvoyCluster {
	return KonvoyCluster{Namespace: konvoyNamespace, Name: name, Version: version, Phase: phaseProvisioned}
}

func (c KonvoyCluster) provisionedBy(version string) KonvoyCluster {
	c.ProvisionerVersion = version
	return c
}

func (c KonvoyCluster) phase(phase string) KonvoyCluster {
	c.Phase = phase
	return c
}

func (c KonvoyCluster) addons(repository, ref string) KonvoyCluster {
	c.Repositories = append(c.Repositories, Repository{URL: repository, Ref: ref})
	return c
}

// helmRelease returns kommander/kommander. The history alternates version and status, newest first.
func helmRelease(lastApplied string, history ...string) HelmRelease {
	release := HelmRelease{Namespace: KommanderName, Name: KommanderName, LastAppliedRevision: lastApplied}
	for i := 0; i < len(history); i += 2 {
		release.History = append(release.History, HelmSnapshot{ChartVersion: history[i], Status: history[i+1]})
	}
	return release
}

// called sets the name.
func (r HelmRelease) called(namespace, name string) HelmRelease {
	r.Namespace, r.Name = namespace, name
	return r
}

// instance returns an Instance whose plan deploy is complete.
func instance(namespace, name, operator, version string) Instance {
	return Instance{
		Namespace: namespace, Name: name, Operator: operator, VersionName: version,
		Plans: map[string]string{planDeploy: planComplete},
	}
}

func (i Instance) plan(name, state string) Instance {
	i.Plans[name] = state
	return i
}

func (i Instance) versionIn(namespace string) Instance {
	i.VersionNamespace = namespace
	return i
}

func operatorVersion(namespace, name, operator, version string) OperatorVersion {
	return OperatorVersion{Namespace: namespace, Name: name, Operator: operator, Version: version}
}

// workload returns a workload with the labels that charts write.
func workload(kind, namespace, name, chart, instance string) Workload {
	return Workload{Kind: kind, Namespace: namespace, Name: name, Chart: chart, Instance: instance}
}

// ofFork sets the repository of the pieces of evidence at these indices.
func ofFork(installations []facts.Installation, repository string, indices ...int) []facts.Installation {
	for _, i := range indices {
		installations[0].Evidence[i].Repository = repository
	}
	return installations
}

func kommanderCore(wanted, running string) KommanderCore {
	return KommanderCore{Name: "kommander-core", Wanted: wanted, Running: running}
}

// detectorRow is one input of a detector, and the installations in it.
type detectorRow struct {
	name   string
	reason string
	input  Input
	want   []facts.Installation
}

// checkDetector runs a detector on each row.
func checkDetector(t *testing.T, detect func(Input) []facts.Installation, rows []detectorRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, detect(row.input)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}
