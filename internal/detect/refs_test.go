// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIsRepository(t *testing.T) {
	for _, row := range []struct {
		written, reason string
		want            bool
	}{
		{"mesosphere-kubernetes-base-addons", "a label", true},
		{"opt-konvoy-artifacts-kubernetes-base-addons", "a label of an air-gapped cluster", true},
		{"kubernetes-base-addons", "a repository without an owner", true},
		{"acme-kubernetes-base-addons", "a fork", true},
		{"https://github.com/mesosphere/kubernetes-base-addons", "a URL", true},
		{"https://github.com/mesosphere/kubernetes-base-addons.git", "as git writes it", true},
		{"https://github.com/mesosphere/kubernetes-base-addons/", "as people write it", true},
		{"git@github.com:mesosphere/kubernetes-base-addons.git", "by SSH", true},
		{"git@git.acme.corp:kubernetes-base-addons.git", "by SSH, at the top", true},
		{"/opt/konvoy/artifacts/kubernetes-base-addons", "a path", true},
		{"mesosphere-kubeaddons-kommander", "another repository", false},
		{"mesosphere-kubeaddons-enterprise", "another repository", false},
		{"mesosphere-kubeaddons-dispatch", "another repository", false},
		{"https://github.com/mesosphere/kubernetes-base-addons-docs", "another repository, of the same beginning", false},
		{"mykubernetes-base-addons", "another repository, of the same end", false},
		{"https://github.com/mesosphere/kubernetes-addons-base", "the stale name in the repository's own description", false},
		{"", "nothing", false},
	} {
		if got := isRepository(row.written, baseAddonsRepository); got != row.want {
			t.Errorf("isRepository(%q): %v, want %v: it is %s", row.written, got, row.want, row.reason)
		}
	}
}

func TestForkName(t *testing.T) {
	for _, row := range []struct{ written, reason, want string }{
		{"mesosphere-kubernetes-base-addons", "the vendor's label", ""},
		{"https://github.com/mesosphere/kubernetes-base-addons", "the vendor's URL", ""},
		{"https://GitHub.com/Mesosphere/kubernetes-base-addons.git/", "as people write it", ""},
		{"git@github.com:mesosphere/kubernetes-base-addons.git", "by SSH", ""},
		{"ssh://git@github.com/mesosphere/kubernetes-base-addons.git", "by SSH, as a URL", ""},
		{"opt-konvoy-artifacts-kubernetes-base-addons", "the label of an air-gapped cluster", ""},
		{"/opt/konvoy/artifacts/kubernetes-base-addons", "the folder of an air-gapped cluster", ""},
		{"file:///opt/konvoy/artifacts/kubernetes-base-addons/", "that folder as a URL", ""},
		{"acme-kubernetes-base-addons", "a fork", "acme-kubernetes-base-addons"},
		{"kubernetes-base-addons", "a fork without an owner", "kubernetes-base-addons"},
		{"https://github.com/acme/kubernetes-base-addons.git", "a fork on the same host", "github.com/acme/kubernetes-base-addons"},
		{"https://git.acme.corp/mesosphere/kubernetes-base-addons", "a mirror", "git.acme.corp/mesosphere/kubernetes-base-addons"},
		{"https://github.com/mesosphere/x/kubernetes-base-addons", "below", "github.com/mesosphere/x/kubernetes-base-addons"},
		{"https://user:secret@git.acme.corp/kubernetes-base-addons", "with credentials", "git.acme.corp/kubernetes-base-addons"},
		{"/srv/kubernetes-base-addons", "another folder", "/srv/kubernetes-base-addons"},
		{"acme\n-kubernetes-base-addons", "hostile", `acme\n-kubernetes-base-addons`},
		{"acme-platform", "another repository", ""},
		{"", "nothing", ""},
	} {
		if got := forkName(row.written, baseAddonsRepository); got != row.want {
			t.Errorf("forkName(%q): %q, want %q: it is %s", row.written, got, row.want, row.reason)
		}
	}
}

// TestCompareRefs lists all forms of refs in the order in which they decide for a mixed set.
func TestCompareRefs(t *testing.T) {
	want := []string{
		// No stable release, and not to be read as one of any channel.
		"", "feature-x", "master", "stable-1.19-", "stable-1.19-latest",
		// No stable release, oldest first.
		"untested-1.15.6-3",
		"v3.2.0", "testing-1.18-3.2.0", "untested-1.19-3.2.0", "stable-1.20-4.0.0-rc.1", "v4.4.0-rc.3",
		// The numbering of before 2020-02.
		"stable-1.15.6", "stable-1.15.6-3", "stable-1.15.6-20", "stable-1.16.4-2",
		// The numbering of today.
		"stable-1.16-1.2.0", "stable-1.16.4-1.2.0", "stable-1.5-2.0.0", "stable-1.15-2.0.0", "stable-1.16-2.0.0",
		"stable-1.19-3.9.0", "stable-1.18-3.10.0", "stable-1.19-3.10.0",
	}
	var refs []addonRef
	for _, text := range slices.Backward(want) {
		refs = append(refs, parseRef(text))
	}
	slices.SortFunc(refs, compareRefs)
	var got []string
	for _, ref := range refs {
		got = append(got, ref.text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
