// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The names of the repositories of addons. They are released independently, and the policy of one says nothing about the
// others.
const (
	baseAddonsRepository = "kubernetes-base-addons"
	kommanderRepository  = "kubeaddons-kommander"
	enterpriseRepository = "kubeaddons-enterprise"
)

// repository returns the repository that the addon names; empty where it names none.
func (a Addon) repository() string {
	return cmp.Or(a.Repository, a.OriginRepository)
}

// isRepository tells whether a repository is the one of that name, or a fork of it under another owner. It is written as a
// URL, as a path, or, in labels, as the path of a URL with "-" for "/": mesosphere-kubernetes-base-addons.
func isRepository(written, name string) bool {
	owner, ok := strings.CutSuffix(withoutSuffix(written), name)
	return ok && (owner == "" || strings.ContainsAny(owner[len(owner)-1:], "-/:"))
}

// forkName returns the repository, printable and without secrets, where it is a fork of the one of that name; empty for
// the vendor's own, which in an air-gapped cluster is a folder, and for other repositories.
func forkName(written, name string) string {
	if !isRepository(written, name) {
		return ""
	}
	fork := withoutScheme(withoutSuffix(written))
	vendors := []string{
		"mesosphere-" + name, "github.com/mesosphere/" + name, "github.com:mesosphere/" + name,
		"opt-konvoy-artifacts-" + name, "/opt/konvoy/artifacts/" + name,
	}
	if slices.Contains(vendors, strings.ToLower(fork)) {
		return ""
	}
	return facts.Printable(fork)
}

// withoutSuffix drops trailing slashes and .git.
func withoutSuffix(written string) string {
	return strings.TrimSuffix(strings.TrimRight(written, "/"), ".git")
}

// withoutScheme drops the scheme of a URL, and its credentials and query, which can be secret.
func withoutScheme(written string) string {
	if _, rest, ok := strings.Cut(written, "://"); ok {
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
