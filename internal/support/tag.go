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
		`^(stable|testing|untested)-((0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8}))?)(?:-(.+))?$`)
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

// parseTag reads a tag. The error says what is wrong with it.
func parseTag(text string) (tag, error) {
	if len(text) > printableLimit {
		return tag{}, fmt.Errorf("%s is longer than a tag can be", quote(text))
	}
	match := tagPattern.FindStringSubmatch(text)
	if match == nil {
		return tag{}, fmt.Errorf("%s is not a tag of the form <channel>-<kubernetes>-<version>, such as stable-1.19-3.2.0",
			quote(text))
	}
	parsed := tag{kubernetesText: match[2], kubernetes: Minor{number(match[3]), number(match[4])}}
	if parsed.kubernetes.Minor < firstKubernetesMinor {
		return tag{}, fmt.Errorf("the Kubernetes part %s of tag %s is no Kubernetes version", match[2], quote(text))
	}
	if rest := match[5]; rest != "" && !bareNumber.MatchString(rest) {
		version, err := semver.StrictNewVersion(rest)
		if err != nil {
			return tag{}, fmt.Errorf("the last part %s of tag %s is no version", quote(rest), quote(text))
		}
		parsed.version = version
	}
	return parsed, nil
}

// withVersion is the tag of another version for the same Kubernetes, on the channel that is supported.
func (t tag) withVersion(version *semver.Version) string {
	return fmt.Sprintf("%s-%s-%s", stableChannel, t.kubernetesText, version)
}

func (t tag) isPrerelease() bool { return t.version != nil && t.version.Prerelease() != "" }
