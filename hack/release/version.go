// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// checkVersion refuses what is no version of a release. Build metadata is refused, because the tag of an image cannot have it.
func checkVersion(version string) error {
	number, hasV := strings.CutPrefix(version, "v")
	parsed, err := semver.StrictNewVersion(number)
	if err == nil && hasV && parsed.Metadata() == "" {
		return nil
	}
	return fmt.Errorf("VERSION is %q: give a semantic version with v and without build metadata, such as v0.2.0 or v0.2.0-rc.1", version)
}
