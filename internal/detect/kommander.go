// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

const (
	// KommanderName is the name of the addon, the chart, the HelmRelease and its namespace, and of the installation.
	KommanderName = "kommander"
	// kommanderAddonName is the installation of 1.x where one of 2.x is there too, while the one becomes the other.
	kommanderAddonName = "kommander-addon"
)

// kommanderOfChart is the release that a version of the chart of Kommander 1.x belongs to, from the addon's revisions in
// github.com/mesosphere/kubeaddons-kommander, tags v1.0.0 to v1.4.4. The chart's appVersion is no help: it lags.
func kommanderOfChart(version string) string {
	return map[string]string{
		"0.4.26": "1.0.0", "0.4.30": "1.0.1", "0.4.31": "1.0.2",
		"0.8.42": "1.1.0", "0.8.43": "1.1.1", "0.8.44": "1.1.2", "0.8.46": "1.1.3", "0.8.47": "1.1.4",
		"0.12.16": "1.2.0", "0.12.19": "1.2.1", "0.12.20": "1.2.2",
		"0.13.35": "1.3.0", "0.15.3": "1.3.1", "0.15.8": "1.3.2", "0.15.13": "1.3.3", "0.15.14": "1.3.4",
		"0.31.1": "1.4.0", "0.35.1": "1.4.1", "0.38.0": "1.4.2", "0.38.5": "1.4.3", "0.39.2": "1.4.4",
	}[version]
}

// kommander detects Kommander 1.x, an addon, and 2.x, a HelmRelease of Flux. Both are there in a migration from 1.4.
func kommander(objects Objects) []facts.Installation {
	addon, release := kommanderAddon(objects.ClusterAddons), kommanderRelease(objects)
	if len(addon)+len(release) == 0 {
		release = objects.forbidden(ClusterAddons, HelmReleases, KommanderCores)
	}
	addonName := KommanderName
	if len(release) > 0 {
		addonName = kommanderAddonName
	}
	return append(installation(facts.Kommander, KommanderName, release),
		installation(facts.Kommander, addonName, addon)...)
}

// kommanderAddon is the evidence of 1.x.
func kommanderAddon(addons []Addon) []v1alpha1.Evidence {
	for _, addon := range (Objects{ClusterAddons: addons}).installedAddons() {
		if addon.Name == KommanderName {
			return addon.kommander()
		}
	}
	return nil
}

// kommander is what the addon kommander tells, strongest first.
func (a Addon) kommander() []v1alpha1.Evidence {
	var (
		revision = withoutPackaging(a.Revision)
		version  = coreVersion(a.AppVersion)
		tag      = a.kommanderRef()
		evidence []v1alpha1.Evidence
	)
	add := func(source v1alpha1.EvidenceSource, version string) {
		if version != "" {
			evidence = append(evidence, sign(source, a.object(), version))
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
		add(v1alpha1.SourceInferred, kommanderOfChart(strings.TrimPrefix(a.ChartVersion, "v")))
	}
	if len(evidence) == 0 {
		evidence = append(evidence, sign(v1alpha1.SourceCustomResource, a.object(), ""))
	}
	for i := range evidence {
		evidence[i].Repository = foreignCopy(a.repository(), kommanderRepository)
	}
	return evidence
}

// kommanderRef is the ref of Kommander's own repository. That of another one would say nothing about Kommander.
func (a Addon) kommanderRef() ref {
	if repository, text := repositoryLabels(a); isRepository(repository, kommanderRepository) {
		return parseRef(text)
	}
	return ref{}
}

// mayBeGA tells whether nothing about the ref speaks against a general availability. Where there is no ref that is so,
// too: Kommander 1.2.0, generally available, calls itself 1.2.0-rc.5 in its appversion annotation.
func (r ref) mayBeGA() bool {
	if r.text == "" {
		return true
	}
	isTag := r.channel == stableChannel || r.channel == "" && r.version != nil
	return isTag && !r.isPrerelease()
}

// isPrereleaseOf tells whether version is a prerelease of exactly the version core.
func isPrereleaseOf(version, core string) bool {
	parsed, err := facts.ParseVersion(version)
	if err != nil || parsed.Prerelease() == "" {
		return false
	}
	final, err := parsed.SetPrerelease("")
	return err == nil && final.String() == core
}

var packaging = regexp.MustCompile(`-[0-9]+$`)

// withoutPackaging is the version in a revision of an addon: 1.3.0 in 1.3.0-40, 1.4.0-rc.2 in v1.4.0-rc.2-5. The last
// part counts the packages of the version and is no prerelease.
func withoutPackaging(revision string) string {
	return packaging.ReplaceAllString(coreVersion(revision), "")
}

// coreVersion drops what does not tell versions apart: the leading v, and build metadata, into which Flux writes the
// digest of an OCI artifact.
func coreVersion(text string) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "+")
	return version
}

// kommanderRelease is the evidence of 2.x. When HelmRelease and KommanderCore say different things an upgrade is under
// way, and the lower version is the one that is still to be relied on.
func kommanderRelease(objects Objects) []v1alpha1.Evidence {
	var running, wanted []v1alpha1.Evidence
	for _, release := range objects.HelmReleases {
		if !release.isKommander() {
			continue
		}
		running = append(running, sign(v1alpha1.SourceHelmRelease, release.object(), coreVersion(release.applied())))
	}
	for _, core := range objects.KommanderCores {
		running = append(running, sign(v1alpha1.SourceCustomResource, core.object(), coreVersion(core.Running)))
		if core.Running == "" && core.Wanted != "" {
			wanted = append(wanted, sign(v1alpha1.SourceDeclared, core.object(), coreVersion(core.Wanted)))
		}
	}
	slices.SortStableFunc(running, lowestFirst)
	return append(running, wanted...)
}

func (r HelmRelease) isKommander() bool {
	return r.Namespace == KommanderName && r.Name == KommanderName
}

// applied is the version of the chart that runs: from v2beta2 on that of the newest snapshot which is deployed, since
// an upgrade that is under way or has failed comes before it in the history.
func (r HelmRelease) applied() string {
	for _, snapshot := range r.History {
		if snapshot.Status == "deployed" {
			return snapshot.ChartVersion
		}
	}
	return r.LastAppliedRevision
}

// lowestFirst orders evidence by version. What has none, or none that can be read, comes last.
func lowestFirst(a, b v1alpha1.Evidence) int {
	versionA, errA := facts.ParseVersion(a.Version)
	versionB, errB := facts.ParseVersion(b.Version)
	if errA != nil || errB != nil {
		return cmp.Or(compareBool(errA != nil, errB != nil), compareBool(a.Version == "", b.Version == ""))
	}
	return versionA.Compare(versionB)
}
