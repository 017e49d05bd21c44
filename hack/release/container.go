// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
)

// makeImage writes the image as a tar archive of an OCI layout, and as a tarball for each platform, and remembers its digest.
func (b *build) makeImage(ctx context.Context) error {
	programs := map[string]string{}
	for platform, program := range b.operators {
		if strings.HasPrefix(platform, "linux/") {
			programs[platform] = program
		}
	}
	index, err := image.Build(ctx, image.Options{
		Programs: programs, Root: b.Root, Version: b.Version, Revision: b.commit, Created: b.at,
	})
	if err != nil {
		return err
	}
	folder := filepath.Join(b.scratch, "image")
	if err := image.Write(folder, index, b.Publisher.Image+":"+b.Version); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	b.image = b.Publisher.Image + "@" + digest.String()
	if err := b.packLayout(filepath.Join(folder, image.Layout), b.named(image.Name, "image_oci")); err != nil {
		return err
	}
	for platform := range programs {
		tarball, err := os.ReadFile(filepath.Join(folder, image.Tarball(platform)))
		if err != nil {
			return err
		}
		if err := write(b.Folder, b.named(image.Name, "image_"+strings.ReplaceAll(platform, "/", "_"))+".tar", tarball); err != nil {
			return err
		}
	}
	return nil
}

// packLayout writes an OCI layout as a tar archive.
func (b *build) packLayout(folder, name string) error {
	files, err := below(folder)
	if err != nil {
		return err
	}
	archive, err := tarred(files, b.at)
	if err != nil {
		return err
	}
	return write(b.Folder, name+".tar", archive)
}
