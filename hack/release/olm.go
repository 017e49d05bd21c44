// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
	"github.com/d2iq-labs/support-policy-operator/hack/image"
)

// writeBundle writes the bundle for OLM and a catalog with it, as files and as images.
func (b *build) writeBundle(context.Context) error {
	made, err := bundle.Generate(b.Root, bundle.Release{Version: b.Version, Image: b.image, Created: b.at, Publisher: b.bundlePublisher()})
	if err != nil {
		return err
	}
	files, err := made.Files()
	if err != nil {
		return err
	}
	index, err := made.Image()
	if err != nil {
		return fmt.Errorf("the image of the bundle: %w", err)
	}
	digest, err := b.writeLayout("bundle", index)
	if err != nil {
		return err
	}
	b.bundleImage = b.Publisher.Image + "-bundle@" + digest
	catalog, err := made.Catalog(b.bundleImage)
	if err != nil {
		return err
	}
	index, err = made.CatalogImage(catalog)
	if err != nil {
		return fmt.Errorf("the image of the catalog: %w", err)
	}
	if _, err := b.writeLayout("catalog", index); err != nil {
		return err
	}
	if err := checkBundle(catalog, files); err != nil {
		return err
	}
	return errors.Join(files.Write(filepath.Join(b.Folder, "bundle")), catalog.Write(filepath.Join(b.Folder, "catalog")))
}

func (b *build) bundlePublisher() bundle.Publisher {
	var maintainers []bundle.Maintainer
	for _, m := range b.Publisher.Maintainers {
		maintainers = append(maintainers, bundle.Maintainer(m))
	}
	return bundle.Publisher{Name: b.Publisher.Provider.Name, Support: b.Publisher.Support, Maintainers: maintainers}
}

// writeLayout writes an image as an OCI layout, and returns its digest.
func (b *build) writeLayout(kind string, index v1.ImageIndex) (string, error) {
	folder := filepath.Join(b.scratch, kind)
	if err := image.WriteLayout(folder, index); err != nil {
		return "", fmt.Errorf("the image of the %s: %w", kind, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return "", fmt.Errorf("the image of the %s: %w", kind, err)
	}
	return digest.String(), b.packLayout(folder, b.named(image.Name, kind+"_oci"))
}

// checkBundle holds both against the rules of OLM and of the catalogs.
func checkBundle(catalog, files bundle.Files) error {
	found, err := bundle.Check(files)
	if err != nil {
		return err
	}
	more, err := bundle.CheckCatalog(catalog, files)
	if err != nil {
		return err
	}
	var problems []error
	for _, problem := range append(found, more...) {
		problems = append(problems, fmt.Errorf("the bundle breaks a rule: %s", problem))
	}
	return errors.Join(problems...)
}
