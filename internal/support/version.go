// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Minor is a MAJOR.MINOR line. All its patches share its support.
type Minor struct{ Major, Minor uint64 }

func (m Minor) String() string { return fmt.Sprintf("%d.%d", m.Major, m.Minor) }

// Compare orders minors by version: negative when m is older than other.
func (m Minor) Compare(other Minor) int {
	return cmp.Or(cmp.Compare(m.Major, other.Major), cmp.Compare(m.Minor, other.Minor))
}

func minorOf(version *semver.Version) Minor { return Minor{version.Major(), version.Minor()} }

var minorPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$`)

// ParseMinor reads a minor such as 1.4.
func ParseMinor(text string) (Minor, error) {
	match := minorPattern.FindStringSubmatch(text)
	if match == nil {
		return Minor{}, fmt.Errorf("%s is not of the form MAJOR.MINOR, such as 1.4", quote(text))
	}
	return Minor{number(match[1]), number(match[2])}, nil
}

// number reads digits that a pattern has already bounded to fit.
func number(digits string) uint64 {
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

var packagingRevision = regexp.MustCompile(`^[0-9]+$`)

// ParseVersion reads an installed version such as 1.3.1 or v1.4.0-rc.2. A leading v and build metadata are dropped. A
// suffix that is only a number, as in 1.2.0-36, is a packaging revision, not a prerelease, and is dropped too
// (facts: kubeaddons' addon-revision).
func ParseVersion(text string) (*semver.Version, error) {
	if len(text) > printableLimit {
		return nil, fmt.Errorf("%s is longer than a version can be", quote(text))
	}
	version, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil {
		return nil, fmt.Errorf("%s is not of the form MAJOR.MINOR.PATCH", quote(text))
	}
	prerelease := version.Prerelease()
	if packagingRevision.MatchString(prerelease) {
		prerelease = ""
	}
	return semver.New(version.Major(), version.Minor(), version.Patch(), prerelease, ""), nil
}

// versionPattern is one entry of a requirement: all patches of a minor, or one exact version.
type versionPattern struct {
	minor Minor
	exact *semver.Version
}

func parseVersionPattern(text string) (versionPattern, error) {
	if line, all := strings.CutSuffix(text, ".x"); all {
		minor, err := ParseMinor(line)
		if err != nil {
			return versionPattern{}, fmt.Errorf("%s is not of the form MAJOR.MINOR.x", quote(text))
		}
		return versionPattern{minor: minor}, nil
	}
	version, err := ParseVersion(text)
	if err != nil {
		return versionPattern{}, fmt.Errorf("%s is neither MAJOR.MINOR.x nor an exact version", quote(text))
	}
	return versionPattern{minor: minorOf(version), exact: version}, nil
}

// isBelow tells whether everything that the pattern means is older than a version.
func (p versionPattern) isBelow(version *semver.Version) bool {
	if p.exact != nil {
		return p.exact.LessThan(version)
	}
	return p.minor.Compare(minorOf(version)) < 0
}

func (p versionPattern) matches(version *semver.Version) bool {
	if p.exact != nil {
		return p.exact.Equal(version)
	}
	return p.minor == minorOf(version)
}
