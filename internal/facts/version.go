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

// Minor is a MAJOR.MINOR version. All its patches have the same support.
type Minor struct{ Major, Minor uint64 }

// String returns the minor such as 1.4.
func (m Minor) String() string { return fmt.Sprintf("%d.%d", m.Major, m.Minor) }

// Compare is negative where m is older than other, and 0 where they are equal.
func (m Minor) Compare(other Minor) int {
	return cmp.Or(cmp.Compare(m.Major, other.Major), cmp.Compare(m.Minor, other.Minor))
}

// MinorOf returns the minor of a version.
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

// parseDigits reads digits that a pattern bounds to fit.
func parseDigits(digits string) uint64 {
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

var packagingNumber = regexp.MustCompile(`^[0-9]+$`)

// ParseVersion reads an installed version such as 1.3.1 or v1.4.0-rc.2. It drops a leading v, build metadata, and a suffix
// that is only a number: 1.2.0-36 is a revision of kubeaddons, whose suffix counts packages, and no prerelease.
func ParseVersion(text string) (*semver.Version, error) {
	if len(text) > MaxPrintable {
		return nil, fmt.Errorf("%s is longer than a version can be", Quote(text))
	}
	version, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil {
		return nil, fmt.Errorf("%s is not of the form MAJOR.MINOR.PATCH", Quote(text))
	}
	prerelease := version.Prerelease()
	if packagingNumber.MatchString(prerelease) {
		prerelease = ""
	}
	return semver.New(version.Major(), version.Minor(), version.Patch(), prerelease, ""), nil
}
