// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The repositories of addons. Their releases are independent, and the policy of one says nothing about another.
const (
	baseAddonsRepository = "kubernetes-base-addons"
	kommanderRepository  = "kubeaddons-kommander"
	enterpriseRepository = "kubeaddons-enterprise"
)

// repository is where the addon says that it comes from; empty when it does not.
func (a Addon) repository() string {
	return cmp.Or(a.Repository, a.OriginRepository)
}

// isRepository tells whether a repository is the one of that name, whoever owns the copy. It may be written as a URL, a
// path, or, as labels have it, a URL's path with "-" in place of "/": mesosphere-kubernetes-base-addons.
func isRepository(written, name string) bool {
	owner, is := strings.CutSuffix(withoutSuffix(written), name)
	return is && (owner == "" || strings.ContainsAny(owner[len(owner)-1:], "-/:"))
}

// foreignCopy is a repository of that name as a status can tell of it, when it is not the vendor's own; else it is
// empty. Where there is no network, the vendor's own is a folder.
func foreignCopy(written, name string) string {
	if !isRepository(written, name) {
		return ""
	}
	place := withoutScheme(withoutSuffix(written))
	own := []string{
		"mesosphere-" + name, "github.com/mesosphere/" + name, "github.com:mesosphere/" + name,
		"opt-konvoy-artifacts-" + name, "/opt/konvoy/artifacts/" + name,
	}
	if slices.Contains(own, strings.ToLower(place)) {
		return ""
	}
	return facts.Printable(place)
}

func withoutSuffix(written string) string {
	return strings.TrimSuffix(strings.TrimRight(written, "/"), ".git")
}

// withoutScheme drops what a URL has besides the place to which it points: the scheme, and what may be a secret, which
// are credentials and query.
func withoutScheme(written string) string {
	if _, rest, is := strings.Cut(written, "://"); is {
		written = rest
	}
	written, _, _ = strings.Cut(written, "?")
	host, path, hasPath := strings.Cut(written, "/")
	host = host[strings.LastIndex(host, "@")+1:]
	if !hasPath {
		return host
	}
	return host + "/" + path
}
