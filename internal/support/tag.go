// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// tag is a git tag of a repository of addons, <channel>-<kubernetes>-<version>, such as stable-1.19-3.2.0.
type tag struct {
	kubernetes facts.Minor
	// kubernetesText is the Kubernetes part as written; it may name a patch.
	kubernetesText string
	// version is nil in the shapes of before 2020-02, stable-1.15.6 and stable-1.16.4-2, which have none.
	version *semver.Version
}

// firstKubernetesMinor separates a Kubernetes part from a mistake: the tags stable-1.5-2.0.0, stable-1.6-2.0.0 and
// stable-1.7-2.0.0 carry the number of a Konvoy minor in its place.
const firstKubernetesMinor = 10

// gitRef is what a branch or a tag can be called, as far as it matters here (git-check-ref-format); anything else was not
// read from a repository.
var gitRef = regexp.MustCompile(`^[^\s\\~^:?*\[\x00-\x20\x7f]+$`)

// isForeignRef tells whether the text is a ref, and not one from the stable channel: a branch, a tag such as v3.2.0, or
// another channel.
func isForeignRef(text string) bool {
	return gitRef.MatchString(text) && !strings.HasPrefix(text, facts.StableChannel+"-")
}

// judgeableTag reads a tag that can be judged. The error says what is wrong with it.
func judgeableTag(text string) (tag, error) {
	read, err := facts.ParseTag(text)
	if err != nil {
		return tag{}, err
	}
	parsed := tag{kubernetesText: read.KubernetesText, kubernetes: facts.Minor{Major: read.Kubernetes[0], Minor: read.Kubernetes[1]}, version: read.Version}
	if parsed.kubernetes.Minor < firstKubernetesMinor {
		return tag{}, fmt.Errorf("the Kubernetes part %s of tag %s is no Kubernetes version", read.KubernetesText, facts.Quote(text))
	}
	return parsed, nil
}

// withVersion is the tag of another version for the same Kubernetes, on the channel that is supported.
func (t tag) withVersion(version *semver.Version) string {
	return fmt.Sprintf("%s-%s-%s", facts.StableChannel, t.kubernetesText, version)
}

func (t tag) isPrerelease() bool { return t.version != nil && t.version.Prerelease() != "" }
