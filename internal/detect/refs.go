// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// stableChannel is the channel of the tags that are releases.
const stableChannel = "stable"

// addonRef is the git ref from which addons were installed: a tag <channel>-<kubernetes>-<version>, such as
// stable-1.19-3.2.0, a version such as v3.2.0, or anything else, such as a branch.
type addonRef struct {
	text string
	// channel is empty for a ref that is no tag of a channel.
	channel string
	// kubernetes is the middle part as written: stable-1.5-2.0.0 is a real tag.
	kubernetes [3]uint64
	// version is nil where the ref has none. Tags of before 2020-02 have a build number or nothing in its place, such as
	// stable-1.16.4-2 and stable-1.15.6.
	version *semver.Version
	build   uint64
}

// parseRef reads a ref. It accepts any text: an unreadable ref is evidence, too.
func parseRef(text string) addonRef {
	if tag, err := facts.ParseTag(text); err == nil {
		return addonRef{text: text, channel: tag.Channel, kubernetes: tag.Kubernetes, version: tag.Version, build: tag.Build}
	}
	if version, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v")); err == nil {
		return addonRef{text: text, version: version}
	}
	return addonRef{text: text}
}

// isPrerelease tells whether the version in the ref is a prerelease.
func (r addonRef) isPrerelease() bool { return r.version != nil && r.version.Prerelease() != "" }

// isRelease tells whether the ref is a tag of the stable channel and no prerelease.
func (r addonRef) isRelease() bool { return r.channel == stableChannel && !r.isPrerelease() }

// compareRefs orders the refs of a mixed set of addons. The first is the one that is evaluated, so it is the worst: a ref
// that is no stable release (a branch, another channel, a prerelease, an unreadable ref), or else the oldest, by version
// and then by Kubernetes.
func compareRefs(a, b addonRef) int {
	return cmp.Or(
		compareBool(a.isRelease(), b.isRelease()),
		compareBool(a.version != nil, b.version != nil),
		compareVersions(a.version, b.version),
		slices.Compare(a.kubernetes[:], b.kubernetes[:]),
		cmp.Compare(a.build, b.build),
		cmp.Compare(a.text, b.text),
	)
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareVersions takes a missing version for equal to any other: the caller has compared whether there are versions.
func compareVersions(a, b *semver.Version) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Compare(b)
}

// refEvidence returns one piece of evidence for each ref and each fork of the repository of base addons, with the first
// addon that has them. The order is that of compareRefs; of one ref, forks come before the vendor's own repository.
func refEvidence(addons []Addon, source v1alpha1.EvidenceSource, read func(Addon) (repository, ref string)) []v1alpha1.Evidence {
	type refOfFork struct {
		addonRef
		object, fork string
	}
	var found []refOfFork
	for _, addon := range addons {
		repository, text := read(addon)
		if !isRepository(repository, baseAddonsRepository) {
			continue
		}
		fork := forkName(repository, baseAddonsRepository)
		if !slices.ContainsFunc(found, func(f refOfFork) bool { return f.text == text && f.fork == fork }) {
			found = append(found, refOfFork{parseRef(text), addon.object(), fork})
		}
	}
	slices.SortFunc(found, func(a, b refOfFork) int {
		return cmp.Or(
			compareRefs(a.addonRef, b.addonRef),
			compareBool(a.fork == "", b.fork == ""),
			cmp.Compare(a.fork, b.fork),
		)
	})
	var evidence []v1alpha1.Evidence
	for _, f := range found {
		piece := newEvidence(source, f.object, f.text)
		piece.Repository = f.fork
		evidence = append(evidence, piece)
	}
	return evidence
}
