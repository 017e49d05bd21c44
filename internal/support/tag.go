// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// tag is a git tag of a repository of addons, <channel>-<kubernetes>-<version>, such as stable-1.19-3.2.0.
type tag struct {
	kubernetes Minor
	// kubernetesText is the Kubernetes part as written; it may name a patch.
	kubernetesText string
	// version is nil in the shapes of before 2020-02, stable-1.15.6 and stable-1.16.4-2, which have none.
	version *semver.Version
}

const stableChannel = "stable"

// firstKubernetesMinor separates a Kubernetes part from a mistake: the tags stable-1.5-2.0.0, stable-1.6-2.0.0 and
// stable-1.7-2.0.0 carry the number of a Konvoy minor in its place.
const firstKubernetesMinor = 10

var (
	tagPattern = regexp.MustCompile(
		`^(stable|testing|untested)-((0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?)(?:-(.+))?$`)
	bareNumber = regexp.MustCompile(`^[0-9]{1,9}$`)
	// gitRef is what a branch or a tag can be called, as far as it matters here (git-check-ref-format); anything else was
	// not read from a repository.
	gitRef = regexp.MustCompile(`^[^\s\\~^:?*\[\x00-\x20\x7f]+$`)
)

// isForeignRef tells whether the text is a ref, and not one from the stable channel: a branch, a tag such as v3.2.0, or
// another channel.
func isForeignRef(text string) bool {
	return gitRef.MatchString(text) && !strings.HasPrefix(text, stableChannel+"-")
}

// Tag is what a tag is made of, as it is written: not every one can be judged.
type Tag struct {
	// Channel is stable, testing or untested.
	Channel string
	// Kubernetes is the middle part, with 0 for a patch that it does not name; stable-1.5-2.0.0 is a real tag.
	Kubernetes [3]uint64
	// KubernetesText is the same as it is written.
	KubernetesText string
	// Version is nil in the shapes of before 2020-02, stable-1.15.6 and stable-1.16.4-2, which have nothing or a build
	// number in its place.
	Version *semver.Version
	Build   uint64
}

// ReadTag takes a tag apart. The error says what is wrong with it.
func ReadTag(text string) (Tag, error) {
	if len(text) > printableLimit {
		return Tag{}, fmt.Errorf("%s is longer than a tag can be", quote(text))
	}
	match := tagPattern.FindStringSubmatch(text)
	if match == nil {
		return Tag{}, fmt.Errorf("%s is not a tag of the form <channel>-<kubernetes>-<version>, such as stable-1.19-3.2.0",
			quote(text))
	}
	read := Tag{Channel: match[1], KubernetesText: match[2], Kubernetes: [3]uint64{number(match[3]), number(match[4]), number(match[5])}}
	switch rest := match[6]; {
	case bareNumber.MatchString(rest):
		read.Build = number(rest)
	case rest != "":
		version, err := semver.StrictNewVersion(rest)
		if err != nil {
			return Tag{}, fmt.Errorf("the last part %s of tag %s is no version", quote(rest), quote(text))
		}
		read.Version = version
	}
	return read, nil
}

// parseTag reads a tag that can be judged. The error says what is wrong with it.
func parseTag(text string) (tag, error) {
	read, err := ReadTag(text)
	if err != nil {
		return tag{}, err
	}
	parsed := tag{kubernetesText: read.KubernetesText, kubernetes: Minor{read.Kubernetes[0], read.Kubernetes[1]}, version: read.Version}
	if parsed.kubernetes.Minor < firstKubernetesMinor {
		return tag{}, fmt.Errorf("the Kubernetes part %s of tag %s is no Kubernetes version", read.KubernetesText, quote(text))
	}
	return parsed, nil
}

// withVersion is the tag of another version for the same Kubernetes, on the channel that is supported.
func (t tag) withVersion(version *semver.Version) string {
	return fmt.Sprintf("%s-%s-%s", stableChannel, t.kubernetesText, version)
}

func (t tag) isPrerelease() bool { return t.version != nil && t.version.Prerelease() != "" }
