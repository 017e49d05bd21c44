// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package image

import (
	"errors"
	"fmt"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Data makes an index with an image of files by their absolute paths, which has no program: what carries data to a program
// that reads it. The images of all platforms have the same layer, since a node takes only an image for its own.
func Data(files map[string][]byte, labels map[string]string, platforms []string, created time.Time) (v1.ImageIndex, error) {
	if len(files) == 0 || len(platforms) == 0 || created.IsZero() {
		return nil, fmt.Errorf("image: %d files, %d platforms and created %s have to be given", len(files), len(platforms), created)
	}
	created = created.UTC().Truncate(time.Second)
	all := map[string]file{}
	for path, content := range files {
		all[path] = file{content, 0o644}
	}
	layer, err := layerOf(all, created)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, name := range slices.Sorted(slices.Values(platforms)) {
		platform, err := v1.ParsePlatform(name)
		if err != nil {
			return nil, fmt.Errorf("image: %w", err)
		}
		image, err := mutate.ConfigFile(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON), &v1.ConfigFile{
			Architecture: platform.Architecture, OS: platform.OS, Created: v1.Time{Time: created}, RootFS: v1.RootFS{Type: "layers"},
			Config: v1.Config{Labels: labels},
		})
		if err != nil {
			return nil, fmt.Errorf("image: %s: %w", name, err)
		}
		if image, err = mutate.Append(image, mutate.Addendum{
			Layer: layer, History: v1.History{Created: v1.Time{Time: created}, CreatedBy: "hack/image"},
		}); err != nil {
			return nil, fmt.Errorf("image: %s: %w", name, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	annotated, is := mutate.Annotations(index, labels).(v1.ImageIndex)
	if !is {
		return nil, errors.New("image: the annotated index is no index")
	}
	return annotated, nil
}
