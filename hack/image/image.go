// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package image makes the operator's container image of compiled programs, without a container engine. It knows nothing
// about releases.
//
//	image.go         the index, its images, and what they say about themselves
//	layer.go         the files of an image, as layers
//	certificates.go  the certificate authorities that an image trusts
//	program.go       what a program has to be, to run in an image with nothing beside it
//	store.go         writing, reading and pushing
//	command          the command line for make
package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/d2iq-labs/support-policy-operator/hack/licences"
)

const (
	// Name is the name of the operator and of its program.
	Name = "support-policy-operator"
	// User is the user and the group as which the operator runs. Both are numbers: there is no /etc/passwd, and
	// runAsNonRoot asks for a number.
	User = "65532:65532"
	// Program is where the operator is in the image.
	Program = "/" + Name
	// Licences is the folder of the licences in the image.
	Licences = "/licenses"
	// Certificates is where Go looks for the certificate authorities on Linux.
	Certificates = "/etc/ssl/certs/ca-certificates.crt"

	// The Dockerfile says the same.
	description = "Makes a vendor's version support policy executable: says of each cluster whether, and until when, what is installed is supported"
	source      = "https://github.com/d2iq-labs/support-policy-operator"
	license     = "Apache-2.0"
)

// Options are what an image is made of. All are required.
type Options struct {
	// Programs are the paths of the compiled operator, by platform, such as linux/amd64.
	Programs map[string]string
	// Root is the folder of the repository, with its LICENSE and its go.mod.
	Root string
	// Version is the version of the programs.
	Version string
	// Revision is the Git commit of the programs.
	Revision string
	// Created is the time of the commit. All times in the image are this one.
	Created time.Time
}

// Build makes an index with an image for each platform, in the order of their names. Equal options with equal programs give
// equal digests.
func Build(ctx context.Context, options Options) (v1.ImageIndex, error) {
	switch {
	case len(options.Programs) == 0:
		return nil, errors.New("image: there is no program to make one of")
	case options.Version == "" || options.Revision == "" || options.Created.IsZero():
		return nil, fmt.Errorf("image: version %q, revision %q and created %s have to be given", options.Version, options.Revision, options.Created)
	}
	options.Created = options.Created.UTC().Truncate(time.Second)
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, platform := range slices.Sorted(maps.Keys(options.Programs)) {
		image, err := build(ctx, options, platform)
		if err != nil {
			return nil, fmt.Errorf("image: %s: %w", platform, err)
		}
		parsed, err := v1.ParsePlatform(platform)
		if err != nil {
			return nil, fmt.Errorf("image: %w", err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: parsed}})
	}
	annotated, is := mutate.Annotations(index, labels(options)).(v1.ImageIndex)
	if !is {
		return nil, errors.New("image: the annotated index is no index")
	}
	return annotated, nil
}

// build makes the image of one platform.
func build(ctx context.Context, options Options, platform string) (v1.Image, error) {
	program := options.Programs[platform]
	if err := checkProgram(program, platform, options.Revision); err != nil {
		return nil, err
	}
	config, err := configOf(options, platform)
	if err != nil {
		return nil, err
	}
	image, err := mutate.ConfigFile(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), config)
	if err != nil {
		return nil, err
	}
	texts, err := licences.Collect(ctx, options.Root, program)
	if err != nil {
		return nil, err
	}
	ofAuthorities, err := licences.OfModule(ctx, options.Root, bundleModule)
	if err != nil {
		return nil, err
	}
	additions, err := layers(program, append(texts, ofAuthorities...), options.Created)
	if err != nil {
		return nil, err
	}
	if image, err = mutate.Append(image, additions...); err != nil {
		return nil, err
	}
	annotated, is := mutate.Annotations(image, labels(options)).(v1.Image)
	if !is {
		return nil, errors.New("the annotated image is no image")
	}
	return annotated, nil
}

// configOf says how the image is run. It has no environment and no command beside the entrypoint: what is needed is in the
// manifests.
func configOf(options Options, platform string) (*v1.ConfigFile, error) {
	parsed, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, err
	}
	return &v1.ConfigFile{
		OS: parsed.OS, Architecture: parsed.Architecture, Variant: parsed.Variant, Created: v1.Time{Time: options.Created},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{User: User, WorkingDir: "/", Entrypoint: []string{Program}, Labels: labels(options)},
	}, nil
}

// labels are what the image says about itself, in the words of OCI: labels of the configurations, annotations of the
// manifests and of the index. There is no base image to be named.
func labels(options Options) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       Name,
		"org.opencontainers.image.description": description,
		"org.opencontainers.image.source":      source,
		"org.opencontainers.image.licenses":    license,
		"org.opencontainers.image.version":     options.Version,
		"org.opencontainers.image.revision":    options.Revision,
		"org.opencontainers.image.created":     options.Created.Format(time.RFC3339),
	}
}
