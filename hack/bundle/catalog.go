// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// CatalogFile is the one file of the catalog.
const CatalogFile = Package + "/catalog.yaml"

// The documents of a file-based catalog, as opm writes them.
type catalogPackage struct {
	Schema         string  `json:"schema"`
	Name           string  `json:"name"`
	DefaultChannel string  `json:"defaultChannel"`
	Description    string  `json:"description"`
	Icon           csvIcon `json:"icon"`
}

type catalogChannel struct {
	Schema  string         `json:"schema"`
	Package string         `json:"package"`
	Name    string         `json:"name"`
	Entries []channelEntry `json:"entries"`
}

type channelEntry struct {
	Name      string `json:"name"`
	SkipRange string `json:"skipRange,omitempty"`
}

type catalogBundle struct {
	Schema        string         `json:"schema"`
	Package       string         `json:"package"`
	Name          string         `json:"name"`
	Image         string         `json:"image"`
	Properties    []property     `json:"properties"`
	RelatedImages []relatedImage `json:"relatedImages"`
}

type property struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

type packageProperty struct {
	PackageName string `json:"packageName"`
	Version     string `json:"version"`
}

type gvkProperty struct {
	Group   string `json:"group"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

// csvMetadata is what consoles show of a bundle that is not installed. Definitions are without their descriptors.
type csvMetadata struct {
	Annotations    map[string]string `json:"annotations"`
	Definitions    definitions       `json:"crdDescriptions"`
	Description    string            `json:"description"`
	DisplayName    string            `json:"displayName"`
	InstallModes   []installMode     `json:"installModes"`
	Keywords       []string          `json:"keywords"`
	Links          []link            `json:"links"`
	Maintainers    []Maintainer      `json:"maintainers,omitempty"`
	Maturity       string            `json:"maturity"`
	MinKubeVersion string            `json:"minKubeVersion"`
	Provider       *provider         `json:"provider,omitempty"`
}

// Catalog returns the files of a catalog of this one bundle, whose image it names.
func (b *Bundle) Catalog(bundleImage string) (Files, error) {
	if bundleImage == "" {
		return nil, fmt.Errorf("make the catalog of %s: name the image of the bundle", b.csv.Metadata.Name)
	}
	version := b.release.Version
	images := append([]relatedImage{{Image: bundleImage}}, b.csv.Spec.RelatedImages...)
	slices.SortFunc(images, func(a, b relatedImage) int { return cmp.Or(cmp.Compare(a.Image, b.Image), cmp.Compare(a.Name, b.Name)) })
	var content bytes.Buffer
	for _, document := range []any{
		catalogPackage{"olm.package", Package, Channel, summary, b.csv.Spec.Icon[0]},
		catalogChannel{"olm.channel", Package, Channel, []channelEntry{{b.csv.Metadata.Name, skipRange(version)}}},
		catalogBundle{"olm.bundle", Package, b.csv.Metadata.Name, bundleImage, b.properties(), images},
	} {
		text, err := toYAML(document)
		if err != nil {
			return nil, err
		}
		content.WriteString("---\n")
		content.Write(text)
	}
	return Files{CatalogFile: content.Bytes()}, nil
}

// properties are those by which OLM resolves what to install, and the metadata for consoles.
func (b *Bundle) properties() []property {
	spec, owned := b.csv.Spec, definitions{}
	var gvks []property
	for _, d := range spec.Definitions.Owned {
		owned.Owned = append(owned.Owned, definition{Name: d.Name, Version: d.Version, Kind: d.Kind, DisplayName: d.DisplayName, Description: d.Description})
		gvks = append(gvks, property{"olm.gvk", gvkProperty{groupOf(d.Name), d.Kind, d.Version}})
	}
	return append(append([]property{{"olm.csv.metadata", csvMetadata{
		b.csv.Metadata.Annotations, owned, spec.Description, spec.DisplayName, spec.InstallModes, spec.Keywords, spec.Links,
		spec.Maintainers, spec.Maturity, spec.MinKubeVersion, spec.Provider,
	}}}, gvks...), property{"olm.package", packageProperty{Package, b.release.Version}})
}

// groupOf is the API group in the name of a CRD.
func groupOf(crd string) string {
	_, group, _ := strings.Cut(crd, ".")
	return group
}
