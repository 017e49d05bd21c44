// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

const stableChannel = "stable"

// ref is the git ref from which addons were installed: a tag <channel>-<kubernetes>-<version>, such as
// stable-1.19-3.2.0, a version such as v3.2.0, or anything else.
type ref struct {
	text string
	// channel is empty when the ref is not a tag of a channel.
	channel string
	// kubernetes is the middle part, as it is written: stable-1.5-2.0.0 is a real tag.
	kubernetes [3]uint64
	// version is nil when the ref has none. The tags of before 2020-02, stable-1.15.6 and stable-1.16.4-2, have a build
	// number or nothing in its place.
	version *semver.Version
	build   uint64
}

func parseRef(text string) ref {
	if tag, err := facts.ParseTag(text); err == nil {
		return ref{text: text, channel: tag.Channel, kubernetes: tag.Kubernetes, version: tag.Version, build: tag.Build}
	}
	if version, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v")); err == nil {
		return ref{text: text, version: version}
	}
	return ref{text: text}
}

// isPrerelease tells whether the ref's own version says so.
func (r ref) isPrerelease() bool { return r.version != nil && r.version.Prerelease() != "" }

// isRelease tells whether the ref is a tag of the stable channel, and no prerelease.
func (r ref) isRelease() bool { return r.channel == stableChannel && !r.isPrerelease() }

// compareRefs orders the refs of a set that is mixed so that the first one is the worst, since that one is evaluated:
// before all those that are no stable release (branches, other channels, prereleases, what cannot be read), which must
// not hide behind a supported release; then the oldest, by version and, of the same version, by Kubernetes part.
func compareRefs(a, b ref) int {
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

func compareVersions(a, b *semver.Version) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Compare(b)
}

// refsOf is the evidence of addons that come from the repository of base addons: one piece for each distinct ref of each
// copy of the repository, with the first addon that has it. Of the same ref, a copy that is not the vendor's own comes
// first, so that it cannot hide either.
func refsOf(addons []Addon, source v1alpha1.EvidenceSource, read func(Addon) (repository, ref string)) []v1alpha1.Evidence {
	type from struct {
		ref
		object, repository string
	}
	var found []from
	for _, addon := range addons {
		repository, text := read(addon)
		if !isRepository(repository, baseAddonsRepository) {
			continue
		}
		foreign := foreignCopy(repository, baseAddonsRepository)
		if !slices.ContainsFunc(found, func(f from) bool { return f.text == text && f.repository == foreign }) {
			found = append(found, from{parseRef(text), addon.object(), foreign})
		}
	}
	slices.SortFunc(found, func(a, b from) int {
		return cmp.Or(
			compareRefs(a.ref, b.ref),
			compareBool(a.repository == "", b.repository == ""),
			cmp.Compare(a.repository, b.repository),
		)
	})
	var evidence []v1alpha1.Evidence
	for _, f := range found {
		piece := sign(source, f.object, f.text)
		piece.Repository = f.repository
		evidence = append(evidence, piece)
	}
	return evidence
}
