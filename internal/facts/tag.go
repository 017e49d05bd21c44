// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"regexp"

	"github.com/Masterminds/semver/v3"
)

// StableChannel is the channel of the tags that are releases.
const StableChannel = "stable"

var (
	tagPattern = regexp.MustCompile(
		`^(stable|testing|untested)-((0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?)(?:-(.+))?$`)
	bareNumber = regexp.MustCompile(`^[0-9]{1,9}$`)
)

// IsTag tells whether a git ref has the form of the tags in the repositories of addons.
func IsTag(ref string) bool { return tagPattern.MatchString(ref) }

// Tag holds the parts of a tag as written. Not every tag that can be read can be evaluated.
type Tag struct {
	// Channel is stable, testing or untested.
	Channel string
	// Kubernetes is the middle part, with patch 0 where it has none; stable-1.5-2.0.0 is a real tag.
	Kubernetes [3]uint64
	// KubernetesText is the middle part as written.
	KubernetesText string
	// Version is nil in tags of before 2020-02, such as stable-1.15.6 and stable-1.16.4-2, which have nothing or a build
	// number in its place.
	Version *semver.Version
	// Build is that build number; 0 where there is none.
	Build uint64
}

// ParseTag reads the parts of a tag. The error says what is wrong with it.
func ParseTag(text string) (Tag, error) {
	if len(text) > MaxPrintable {
		return Tag{}, fmt.Errorf("%s is longer than a tag can be", Quote(text))
	}
	match := tagPattern.FindStringSubmatch(text)
	if match == nil {
		return Tag{}, fmt.Errorf("%s is not a tag of the form <channel>-<kubernetes>-<version>, such as stable-1.19-3.2.0",
			Quote(text))
	}
	read := Tag{Channel: match[1], KubernetesText: match[2], Kubernetes: [3]uint64{parseDigits(match[3]), parseDigits(match[4]), parseDigits(match[5])}}
	switch rest := match[6]; {
	case bareNumber.MatchString(rest):
		read.Build = parseDigits(rest)
	case rest != "":
		version, err := semver.StrictNewVersion(rest)
		if err != nil {
			return Tag{}, fmt.Errorf("the last part %s of tag %s is no version", Quote(rest), Quote(text))
		}
		read.Version = version
	}
	return read, nil
}
