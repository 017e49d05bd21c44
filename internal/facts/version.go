// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

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

func MinorOf(version *semver.Version) Minor { return Minor{version.Major(), version.Minor()} }

var minorPattern = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$`)

// ParseMinor reads a minor such as 1.4.
func ParseMinor(text string) (Minor, error) {
	match := minorPattern.FindStringSubmatch(text)
	if match == nil {
		return Minor{}, fmt.Errorf("%s is not of the form MAJOR.MINOR, such as 1.4", Quote(text))
	}
	return Minor{parseDigits(match[1]), parseDigits(match[2])}, nil
}

// digits reads digits that a pattern has already bounded to fit.
func parseDigits(digits string) uint64 {
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
	if len(text) > MaxPrintable {
		return nil, fmt.Errorf("%s is longer than a version can be", Quote(text))
	}
	version, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil {
		return nil, fmt.Errorf("%s is not of the form MAJOR.MINOR.PATCH", Quote(text))
	}
	prerelease := version.Prerelease()
	if packagingRevision.MatchString(prerelease) {
		prerelease = ""
	}
	return semver.New(version.Major(), version.Minor(), version.Patch(), prerelease, ""), nil
}
