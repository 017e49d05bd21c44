// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// versionPattern is one entry of a requirement: all patches of a minor, or one exact version.
type versionPattern struct {
	minor facts.Minor
	exact *semver.Version
}

func parseVersionPattern(text string) (versionPattern, error) {
	if line, all := strings.CutSuffix(text, ".x"); all {
		number, err := facts.ParseMinor(line)
		if err != nil {
			return versionPattern{}, fmt.Errorf("%s is not of the form MAJOR.MINOR.x", facts.Quote(text))
		}
		return versionPattern{minor: number}, nil
	}
	version, err := facts.ParseVersion(text)
	if err != nil {
		return versionPattern{}, fmt.Errorf("%s is neither MAJOR.MINOR.x nor an exact version", facts.Quote(text))
	}
	return versionPattern{minor: facts.MinorOf(version), exact: version}, nil
}

// isBelow tells whether everything that the pattern means is older than a version.
func (p versionPattern) isBelow(version *semver.Version) bool {
	if p.exact != nil {
		return p.exact.LessThan(version)
	}
	return p.minor.Compare(facts.MinorOf(version)) < 0
}

func (p versionPattern) matches(version *semver.Version) bool {
	if p.exact != nil {
		return p.exact.Equal(version)
	}
	return p.minor == facts.MinorOf(version)
}

func anyMatches(patterns []versionPattern, version *semver.Version) bool {
	return slices.ContainsFunc(patterns, func(p versionPattern) bool { return p.matches(version) })
}
