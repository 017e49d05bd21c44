// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package bundle makes what the Operator Lifecycle Manager installs the operator from: a bundle in the format registry+v1,
// and a file-based catalog with it. Everything in them is made of config/default and config/samples; what a release adds is
// in Release. Check holds both against the rules of OLM and of the catalogs.
package bundle

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

const (
	// Package is the name under which catalogs have the operator.
	Package = "support-policy-operator"
	// Channel is the one channel. Its prefix is one of the three that catalogs expect: candidate, fast and stable.
	Channel = "fast"
	// Repository is the address of the source.
	Repository = "https://github.com/d2iq-labs/support-policy-operator"
)

// Release is what a bundle says of its release beyond what config/ has. Only Version is required: what is empty is left out.
type Release struct {
	// Version is a semantic version, with or without v.
	Version string
	// Image is the operator's image by digest. Empty: the image of config/manager.
	Image string
	// Created is when the release was made, as a rule the time of its commit. Zero: not known.
	Created time.Time
	// Publisher is who publishes it.
	Publisher Publisher
}

// Publisher is who publishes a release.
type Publisher struct {
	// Name is that of the company or the person. Empty: there is no provider.
	Name string
	// URL is the address of the publisher's page.
	URL string
	// Support is where users get help: a name, or an address.
	Support string
	// Maintainers are the people to write to, each with a name and an email address.
	Maintainers []Maintainer
}

// Maintainer is a person who maintains the operator.
type Maintainer struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Files are the contents of files by their paths, with slashes.
type Files map[string][]byte

// Write writes the files below a folder. What is in the folder already and has another name stays.
func (f Files) Write(folder string) error {
	for name, content := range f {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	return nil
}

// Bundle is the bundle of one release.
type Bundle struct {
	source  *source
	release Release
	csv     *clusterServiceVersion
}

// Generate makes the bundle of a release from the repository in the folder root.
func Generate(root string, release Release) (*Bundle, error) {
	release, err := release.checked()
	if err != nil {
		return nil, err
	}
	from, err := readSource(root)
	if err != nil {
		return nil, err
	}
	if err := from.setImage(release.Image); err != nil {
		return nil, err
	}
	csv, err := newCSV(from, release)
	if err != nil {
		return nil, err
	}
	return &Bundle{source: from, release: release, csv: csv}, nil
}

// checked returns the release with its version without v. The error names every field that cannot be used.
func (r Release) checked() (Release, error) {
	var problems []error
	version, err := semver.StrictNewVersion(strings.TrimPrefix(r.Version, "v"))
	if err != nil {
		problems = append(problems, fmt.Errorf("the version %q: %w, give one such as v0.2.0", r.Version, err))
	} else {
		r.Version = version.String()
	}
	if r.Image != "" && !byDigest.MatchString(r.Image) {
		problems = append(problems, fmt.Errorf("the image %q is not named by its digest, give NAME@sha256:…", r.Image))
	}
	if r.Publisher.URL != "" {
		if _, err := url.ParseRequestURI(r.Publisher.URL); err != nil {
			problems = append(problems, fmt.Errorf("the publisher's address: %w", err))
		}
	}
	for _, m := range r.Publisher.Maintainers {
		if _, err := mail.ParseAddress(m.Email); err != nil || m.Name == "" {
			problems = append(problems, fmt.Errorf("the maintainer %q with the email address %q: both are needed", m.Name, m.Email))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return r, fmt.Errorf("make a bundle: %w", err)
	}
	return r, nil
}

// Files returns the files of the bundle by their paths in it.
func (b *Bundle) Files() (Files, error) {
	files := Files{
		"bundle.Dockerfile":           dockerfile(),
		"tests/scorecard/config.yaml": scorecard,
	}
	var err error
	add := func(name string, object any) {
		if err == nil {
			files[name], err = toYAML(object)
		}
	}
	add(metadataFile, map[string]any{"annotations": annotations()})
	add("manifests/"+Package+".clusterserviceversion.yaml", b.csv)
	for _, o := range append(b.source.definitions, b.source.manifests...) {
		add("manifests/"+fileName(o), o)
	}
	return files, err
}
