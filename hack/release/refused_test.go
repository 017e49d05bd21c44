// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/test/repository"
)

// someone publishes in the tests.
var someone = Publisher{
	Image: "registry.test/support/support-policy-operator", Provider: Provider{Name: "Example Publisher"},
	Maintainers: []Maintainer{{Name: "Jo Doe", Email: "jo@publisher.test"}}, Support: "https://publisher.test/help",
	Security: "security@publisher.test",
}

func TestVersion(t *testing.T) {
	for version, accepted := range map[string]bool{
		"v0.2.0": true, "v1.0.0-rc.1": true,
		"": false, "0.2.0": false, "v0.2": false, "v0.2.0.1": false, "v01.2.0": false, "v0.2.0+build": false, "latest": false, "v0.2.0-": false,
	} {
		if err := checkVersion(version); (err == nil) != accepted {
			t.Errorf("%q: error %v, accepted should be %t", version, err, accepted)
		}
	}
}

// TestPublisher: each field is asked for by its name, and what cannot be used is told.
func TestPublisher(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Publisher)
		want   string
	}{
		"complete":         {func(*Publisher) {}, ""},
		"a page":           {func(p *Publisher) { p.Security = "https://publisher.test/security" }, ""},
		"no image":         {func(p *Publisher) { p.Image = "" }, "publisher: image is empty"},
		"a blank image":    {func(p *Publisher) { p.Image = " " }, "publisher: image is empty"},
		"no registry":      {func(p *Publisher) { p.Image = "support-policy-operator" }, `publisher: image is "support-policy-operator": `},
		"a tag":            {func(p *Publisher) { p.Image += ":v1" }, "publisher: image is "},
		"no provider":      {func(p *Publisher) { p.Provider.Name = "" }, "publisher: provider.name is empty"},
		"no maintainers":   {func(p *Publisher) { p.Maintainers = nil }, "publisher: maintainers is empty"},
		"nameless":         {func(p *Publisher) { p.Maintainers = []Maintainer{{"", "jo@publisher.test"}} }, "publisher: maintainers[0].name is empty"},
		"without an email": {func(p *Publisher) { p.Maintainers = []Maintainer{{"Jo", ""}} }, "publisher: maintainers[0].email is empty"},
		"no email address": {func(p *Publisher) { p.Maintainers = []Maintainer{{"Jo", "jo"}} }, `publisher: maintainers[0].email is "jo": `},
		"no support":       {func(p *Publisher) { p.Support = "" }, "publisher: support is empty"},
		"no security":      {func(p *Publisher) { p.Security = "" }, "publisher: security is empty"},
		"no address":       {func(p *Publisher) { p.Security = "http://publisher.test" }, "publisher: security is "},
	} {
		p := someone
		test.change(&p)
		err := p.check()
		if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// TestShippedPublisherIsEmpty: who publishes is not made up, and every field is asked for.
func TestShippedPublisherIsEmpty(t *testing.T) {
	publisher, err := ReadPublisher("publisher.yaml")
	if err != nil {
		t.Fatal(err)
	}
	problems := publisher.check()
	if problems == nil {
		t.Fatal("it names a publisher")
	}
	for _, field := range []string{"image", "provider.name", "maintainers", "support", "security"} {
		if !strings.Contains(problems.Error(), "publisher: "+field+" is empty") {
			t.Errorf("%s is not asked for:\n%v", field, problems)
		}
	}
}

func TestPublisherIsReadStrictly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "publisher.yaml")
	if err := os.WriteFile(file, []byte("image: registry.test/a/b\nmaintainer: Jo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadPublisher(file); err == nil || !strings.Contains(err.Error(), `unknown field "maintainer"`) {
		t.Errorf("error %v, want one about the field", err)
	}
}

// TestTree: a release is made of a commit, and of nothing beside it, and a tag is not contradicted.
func TestTree(t *testing.T) {
	snapshot := repository.NewSnapshot(t)
	options := Options{Root: snapshot.Folder, Version: "v0.2.0", Publisher: someone}
	expect := func(reason, version, want string) {
		t.Helper()
		options.Version = version
		_, err := check(t.Context(), options)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q, as %s", err, want, reason)
		}
	}
	expect("the tree is clean", "v0.2.0", "")
	snapshot.Tag(t, "v0.2.0")
	snapshot.Tag(t, "another")
	expect("the tag is that of the version", "v0.2.0", "")
	expect("the commit was released as another version", "v0.3.0", "VERSION is v0.3.0, and the commit has the tag v0.2.0")
	added := filepath.Join(snapshot.Folder, "added.txt")
	if err := os.WriteFile(added, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	expect("a file is not committed", "v0.2.0", "?? added.txt")
	snapshot.Commit(t)
	expect("the version was released from another commit", "v0.2.0", "the tag v0.2.0 is on another commit")
	expect("it is the next version", "v0.3.0", "")
}

// TestClaim: what no release made is not deleted; a release before, and one that failed, are.
func TestClaim(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "dist")
	for _, step := range []struct{ file, want, reason string }{
		{"", "", "it is not there"},
		{"install.yaml", "", "a release made it"},
		{"", "", "a release made it, and failed"},
	} {
		if step.file != "" {
			if err := write(folder, step.file, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := claim(folder); err != nil {
			t.Errorf("%v, although %s", err, step.reason)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("it has %v, %v", entries, err)
		}
	}
	foreign := t.TempDir()
	if err := write(foreign, "thesis.txt", []byte("years")); err != nil {
		t.Fatal(err)
	}
	if err := claim(foreign); err == nil || !strings.Contains(err.Error(), "thesis.txt") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if _, err := os.Stat(filepath.Join(foreign, "thesis.txt")); err != nil {
		t.Error(err)
	}
}
