// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

// Kommander. Version 1.x is the ClusterAddon kommander, 2.x a HelmRelease of Flux; both are there during a migration from
// 1.4. Evidence of 1.x, all of it on the ClusterAddon, strongest first:
//
//  1. Annotation: addon-revision without its packaging number, 1.3.0-40, then appversion. Where appversion is a prerelease
//     of that version, and the ref is not a release, it comes first.
//  2. Label: the version in the ref of Kommander's own repository.
//  3. Inferred: the version of the Helm chart, by the table kommanderReleaseOfChart.
//  4. CustomResource: the ClusterAddon, without a version.
//
// Evidence of 2.x, the lower version first while an upgrade is under way:
//
//  1. HelmRelease kommander/kommander: the deployed snapshot in its history, or lastAppliedRevision in older versions of
//     the API.
//  2. CustomResource: KommanderCore status.version.
//  3. Declared: KommanderCore spec.version where the status has none.
//
// Forbidden, where there is nothing else: the API server denies the operator one of these kinds. The labels
// app.kubernetes.io/version and the chart's appVersion are not read: they lag behind the release.

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

const (
	// KommanderName is the name of the addon, the chart, the HelmRelease and its namespace, and the installation.
	KommanderName = "kommander"
	// kommanderAddonName is the name of the installation of 1.x during a migration, beside one of 2.x.
	kommanderAddonName = "kommander-addon"
)

// kommanderReleaseOfChart returns the release of Kommander 1.x that has the chart of this version; empty where none has.
// Source: the addon's revisions in github.com/mesosphere/kubeaddons-kommander, tags v1.0.0 to v1.4.4.
func kommanderReleaseOfChart(version string) string {
	return map[string]string{
		"0.4.26": "1.0.0", "0.4.30": "1.0.1", "0.4.31": "1.0.2",
		"0.8.42": "1.1.0", "0.8.43": "1.1.1", "0.8.44": "1.1.2", "0.8.46": "1.1.3", "0.8.47": "1.1.4",
		"0.12.16": "1.2.0", "0.12.19": "1.2.1", "0.12.20": "1.2.2",
		"0.13.35": "1.3.0", "0.15.3": "1.3.1", "0.15.8": "1.3.2", "0.15.13": "1.3.3", "0.15.14": "1.3.4",
		"0.31.1": "1.4.0", "0.35.1": "1.4.1", "0.38.0": "1.4.2", "0.38.5": "1.4.3", "0.39.2": "1.4.4",
	}[version]
}

// detectKommander finds an installation of 1.x, one of 2.x, or both.
func detectKommander(input Input) []facts.Installation {
	addon, release := kommanderAddonEvidence(input.ClusterAddons), kommanderReleaseEvidence(input)
	if len(addon)+len(release) == 0 {
		release = input.forbiddenEvidence(ClusterAddons, HelmReleases, KommanderCores)
	}
	addonName := KommanderName
	if len(release) > 0 {
		addonName = kommanderAddonName
	}
	return append(installationFrom(facts.Kommander, KommanderName, release),
		installationFrom(facts.Kommander, addonName, addon)...)
}

// kommanderAddonEvidence is the evidence of Kommander 1.x.
func kommanderAddonEvidence(addons []Addon) []v1alpha1.Evidence {
	for _, addon := range (Input{ClusterAddons: addons}).installedAddons() {
		if addon.Name == KommanderName {
			return addon.kommanderEvidence()
		}
	}
	return nil
}

// kommanderEvidence is what the addon kommander shows, strongest first.
func (a Addon) kommanderEvidence() []v1alpha1.Evidence {
	var (
		revision = withoutPackaging(a.Revision)
		version  = coreVersion(a.AppVersion)
		tag      = a.kommanderRef()
		evidence []v1alpha1.Evidence
	)
	add := func(source v1alpha1.EvidenceSource, version string) {
		if version != "" {
			evidence = append(evidence, newEvidence(source, a.object(), version))
		}
	}
	if isPrereleaseOf(version, revision) && !tag.mayBeGA() {
		add(v1alpha1.SourceAnnotation, version)
		add(v1alpha1.SourceAnnotation, revision)
	} else {
		add(v1alpha1.SourceAnnotation, revision)
		add(v1alpha1.SourceAnnotation, version)
	}
	if tag.version != nil {
		add(v1alpha1.SourceLabel, tag.version.String())
	}
	if chart := a.Chart[strings.LastIndex(a.Chart, "/")+1:]; chart == KommanderName {
		add(v1alpha1.SourceInferred, kommanderReleaseOfChart(strings.TrimPrefix(a.ChartVersion, "v")))
	}
	if len(evidence) == 0 {
		evidence = append(evidence, newEvidence(v1alpha1.SourceCustomResource, a.object(), ""))
	}
	for i := range evidence {
		evidence[i].Repository = forkName(a.repository(), kommanderRepository)
	}
	return evidence
}

// kommanderRef is the ref by which the addon was installed, where that is one of Kommander's own repository. A ref of
// another repository says nothing about Kommander.
func (a Addon) kommanderRef() addonRef {
	if repository, text := repositoryLabels(a); isRepository(repository, kommanderRepository) {
		return parseRef(text)
	}
	return addonRef{}
}

// mayBeGA tells whether the ref allows a generally available release. No ref allows it, too: the appversion annotation of
// Kommander 1.2.0, which is generally available, says 1.2.0-rc.5.
func (r addonRef) mayBeGA() bool {
	if r.text == "" {
		return true
	}
	isTag := r.channel == stableChannel || r.channel == "" && r.version != nil
	return isTag && !r.isPrerelease()
}

// isPrereleaseOf tells whether a version is a prerelease of the version core: 1.2.0-rc.5 of 1.2.0.
func isPrereleaseOf(version, core string) bool {
	parsed, err := facts.ParseVersion(version)
	if err != nil || parsed.Prerelease() == "" {
		return false
	}
	final, err := parsed.SetPrerelease("")
	return err == nil && final.String() == core
}

// packaging matches the number of the package at the end of a revision.
var packaging = regexp.MustCompile(`-[0-9]+$`)

// withoutPackaging returns the version in a revision of an addon: 1.3.0 of 1.3.0-40, 1.4.0-rc.2 of v1.4.0-rc.2-5. The last
// part counts the packages of a version and is no prerelease.
func withoutPackaging(revision string) string {
	return packaging.ReplaceAllString(coreVersion(revision), "")
}

// coreVersion drops a leading v and the build metadata, where Flux writes the digest of an OCI artifact.
func coreVersion(text string) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "+")
	return version
}

// kommanderReleaseEvidence is the evidence of Kommander 2.x. HelmRelease and KommanderCore differ during an upgrade. The
// lower version comes first: the upgrade is not complete.
func kommanderReleaseEvidence(input Input) []v1alpha1.Evidence {
	var running, wanted []v1alpha1.Evidence
	for _, release := range input.HelmReleases {
		if !release.isKommander() {
			continue
		}
		running = append(running, newEvidence(v1alpha1.SourceHelmRelease, release.object(), coreVersion(release.applied())))
	}
	for _, core := range input.KommanderCores {
		running = append(running, newEvidence(v1alpha1.SourceCustomResource, core.object(), coreVersion(core.Running)))
		if core.Running == "" && core.Wanted != "" {
			wanted = append(wanted, newEvidence(v1alpha1.SourceDeclared, core.object(), coreVersion(core.Wanted)))
		}
	}
	slices.SortStableFunc(running, lowestFirst)
	return append(running, wanted...)
}

// isKommander tells whether the HelmRelease is Kommander's own.
func (r HelmRelease) isKommander() bool {
	return r.Namespace == KommanderName && r.Name == KommanderName
}

// applied returns the version of the chart that runs. From v2beta2 of the API on it is that of the newest deployed
// snapshot: an upgrade that is under way or has failed comes before it in the history.
func (r HelmRelease) applied() string {
	for _, snapshot := range r.History {
		if snapshot.Status == "deployed" {
			return snapshot.ChartVersion
		}
	}
	return r.LastAppliedRevision
}

// lowestFirst orders evidence by version. Evidence without a readable version comes last.
func lowestFirst(a, b v1alpha1.Evidence) int {
	versionA, errA := facts.ParseVersion(a.Version)
	versionB, errB := facts.ParseVersion(b.Version)
	if errA != nil || errB != nil {
		return cmp.Or(compareBool(errA != nil, errB != nil), compareBool(a.Version == "", b.Version == ""))
	}
	return versionA.Compare(versionB)
}
