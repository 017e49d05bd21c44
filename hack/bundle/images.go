// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/d2iq-labs/support-policy-operator/hack/image"
)

// platforms are those of the nodes that may unpack the images. There is nothing in the images that would run.
var platforms = []string{"linux/amd64", "linux/arm64"}

// Image makes the image of the bundle, which the catalog names by its digest. The release has to know when it was made: all
// times in the image are that one.
func (b *Bundle) Image() (v1.ImageIndex, error) {
	files, err := b.Files()
	if err != nil {
		return nil, err
	}
	inside := map[string][]byte{}
	for name, content := range files {
		if strings.Contains(name, "/") {
			inside["/"+name] = content
		}
	}
	return image.Data(inside, Labels(), platforms, b.release.Created)
}

// CatalogImage makes the image of a catalog of this bundle, such as the one that Catalog returns.
func (b *Bundle) CatalogImage(catalog Files) (v1.ImageIndex, error) {
	inside := map[string][]byte{}
	for name, content := range catalog {
		inside[path.Join(catalogFolder, name)] = content
	}
	return image.Data(inside, CatalogLabels(), platforms, b.release.Created)
}
