// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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
	digest, err := b.writeFilesImage("bundle", bundleEntries(files), bundle.Labels())
	if err != nil {
		return err
	}
	b.bundleImage = b.Publisher.Image + "-bundle@" + digest
	catalog, err := made.Catalog(b.bundleImage)
	if err != nil {
		return err
	}
	if _, err := b.writeFilesImage("catalog", entriesBelow("configs/", catalog), bundle.CatalogLabels()); err != nil {
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

// bundleEntries are the files of the bundle's image: all but what builds it.
func bundleEntries(files bundle.Files) []entry {
	kept := bundle.Files{}
	for name, content := range files {
		if strings.Contains(name, "/") {
			kept[name] = content
		}
	}
	return entriesBelow("", kept)
}

func entriesBelow(folder string, files bundle.Files) []entry {
	var entries []entry
	for name, content := range files {
		entries = append(entries, entry{folder + name, content, 0o644})
	}
	return entries
}

// writeFilesImage writes an image that has files and labels and nothing to run, as an OCI layout, and returns its digest.
func (b *build) writeFilesImage(kind string, entries []entry, labels map[string]string) (string, error) {
	made, err := filesImage(entries, labels, b.at)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(b.scratch, kind)
	if err := writeLayout(folder, made); err != nil {
		return "", fmt.Errorf("the image of the %s: %w", kind, err)
	}
	digest, err := made.Digest()
	if err != nil {
		return "", err
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
