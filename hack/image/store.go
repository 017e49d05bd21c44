// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Layout is the name of the OCI layout in the folder of Write.
const Layout = "oci"

// Tarball is the name of the tarball of a platform, such as linux/amd64, in the folder of Write.
func Tarball(platform string) string {
	return Name + "_" + strings.ReplaceAll(platform, "/", "_") + ".tar"
}

// Write writes an index into a folder: as an OCI layout with all platforms, and as one tarball for each, in Docker's format,
// in which the image has the tag reference. Of earlier ones it leaves nothing.
func Write(folder string, index v1.ImageIndex, reference string) error {
	tag, err := tagOf(reference)
	if err != nil {
		return err
	}
	if err := WriteLayout(filepath.Join(folder, Layout), index); err != nil {
		return fmt.Errorf("image: write the OCI layout: %w", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("image: %w", err)
	}
	for _, one := range manifest.Manifests {
		image, err := index.Image(one.Digest)
		if err != nil {
			return fmt.Errorf("image: %s: %w", one.Platform, err)
		}
		if err := tarball.WriteToFile(filepath.Join(folder, Tarball(one.Platform.String())), tag, image); err != nil {
			return fmt.Errorf("image: write the tarball for %s: %w", one.Platform, err)
		}
	}
	return nil
}

// tagOf is the tag with its name in full: docker load refuses a name without a tag.
func tagOf(reference string) (name.Tag, error) {
	tag, err := name.NewTag(reference)
	if err == nil && !strings.HasSuffix(tag.String(), ":"+tag.TagStr()) {
		tag, err = name.NewTag(reference + ":" + tag.TagStr())
	}
	if err != nil {
		return tag, fmt.Errorf("image: the name of the image, which has to be like registry.example/support-policy-operator:v0.2.0: %w", err)
	}
	return tag, nil
}

// WriteLayout writes an index with all its images into a folder, as an OCI layout. What the folder had before is gone.
func WriteLayout(folder string, index v1.ImageIndex) error {
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("image: write the OCI layout: %w", err)
	}
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return fmt.Errorf("image: write the OCI layout: %w", err)
	}
	return path.AppendIndex(index)
}

// Read reads the index that Write has written into a folder.
func Read(folder string) (v1.ImageIndex, error) {
	top, err := layout.ImageIndexFromPath(filepath.Join(folder, Layout))
	if err != nil {
		return nil, fmt.Errorf("image: read the OCI layout: %w", err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("image: read the OCI layout: %w", err)
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("image: the OCI layout in %s has %d indexes, and not one", folder, len(manifest.Manifests))
	}
	return top.ImageIndex(manifest.Manifests[0].Digest)
}

// Push pushes an index with all its images, and returns its name by digest. Who may push is in the configuration of docker,
// podman or crane.
func Push(ctx context.Context, index v1.ImageIndex, reference string) (name.Digest, error) {
	tag, err := tagOf(reference)
	if err != nil {
		return name.Digest{}, err
	}
	if err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return name.Digest{}, fmt.Errorf("image: push %s: %w", tag, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return name.Digest{}, fmt.Errorf("image: %w", err)
	}
	return tag.Context().Digest(digest.String()), nil
}
