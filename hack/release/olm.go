// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/d2iq-labs/support-policy-operator/hack/bundle"
)

// writeBundle writes the bundle for OLM, and a catalog that names the bundle's image: that of the operator with -bundle.
func (b *build) writeBundle(context.Context) error {
	var maintainers []bundle.Maintainer
	for _, m := range b.Publisher.Maintainers {
		maintainers = append(maintainers, bundle.Maintainer(m))
	}
	made, err := bundle.Generate(b.Root, bundle.Release{
		Version: b.Version, Image: b.image, Created: b.at,
		Publisher: bundle.Publisher{Name: b.Publisher.Provider.Name, Maintainers: maintainers},
	})
	if err != nil {
		return err
	}
	files, err := made.Files()
	if err != nil {
		return err
	}
	catalog, err := made.Catalog(b.Publisher.Image + "-bundle:" + b.Version)
	if err != nil {
		return err
	}
	if err := checkBundle(catalog, files); err != nil {
		return err
	}
	return errors.Join(files.Write(filepath.Join(b.Folder, "bundle")), catalog.Write(filepath.Join(b.Folder, "catalog")))
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
