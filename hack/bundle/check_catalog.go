// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-cmp/cmp"
)

// index is what is in a catalog, beside the bundle that it is of.
type index struct {
	packages, channels, bundles []object
	bundle                      *contents
}

func readCatalog(files Files) (*index, error) {
	read := &index{}
	for _, name := range sortedNames(files) {
		for document := range strings.SplitSeq("\n"+string(files[name]), "\n---\n") {
			if strings.TrimSpace(document) == "" {
				continue
			}
			o, err := readObject([]byte(document))
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			switch schema := o.text("schema"); schema {
			case "olm.package":
				read.packages = append(read.packages, o)
			case "olm.channel":
				read.channels = append(read.channels, o)
			case "olm.bundle":
				read.bundles = append(read.bundles, o)
			default:
				return nil, fmt.Errorf("read %s: the schema %q is not known", name, schema)
			}
		}
	}
	return read, nil
}

// catalogRules are those of operator-registry (alpha/declcfg: ConvertToModel, alpha/model: Validate), and that the catalog
// says what the bundle says.
var catalogRules = []rule[*index]{
	{"package", "operator-registry alpha/model: Package", checkPackage},
	{"channel", "operator-registry alpha/model: Channel", checkChannels},
	{"bundle", "operator-registry alpha/model: Bundle", checkBundles},
	{"properties", "operator-registry alpha/property: Parse", checkProperties},
	{"metadata", "operator-registry alpha/property: CSVMetadata", checkMetadata},
	{"related images", "operator-registry alpha/action: Render", checkCatalogImages},
}

// checkPackage: there is one, that of the bundle, and its default channel exists.
func checkPackage(c *index) []string {
	if len(c.packages) != 1 {
		return []string{fmt.Sprintf("there are %d packages, want one", len(c.packages))}
	}
	p := c.packages[0]
	var broken []string
	if want := c.bundle.annotations["operators.operatorframework.io.bundle.package.v1"]; p.text("name") != want {
		broken = append(broken, fmt.Sprintf("the package is %q, and that of the bundle is %q", p.text("name"), want))
	}
	if !slices.ContainsFunc(c.channels, func(channel object) bool { return channel.text("name") == p.text("defaultChannel") }) {
		broken = append(broken, fmt.Sprintf("there is no default channel %q", p.text("defaultChannel")))
	}
	if p.text("description") == "" {
		broken = append(broken, "the package has no description")
	}
	icon, _ := p["icon"].(map[string]any)
	return append(broken, brokenIcon(icon)...)
}

// checkChannels: each belongs to the package, has one head, and entries that are bundles.
func checkChannels(c *index) []string {
	var broken []string
	for _, channel := range c.channels {
		name := channel.text("name")
		if name == "" || !slices.ContainsFunc(c.packages, func(p object) bool { return p.text("name") == channel.text("package") }) {
			broken = append(broken, fmt.Sprintf("the channel %q of the package %q: it has no name, or there is no such package", name, channel.text("package")))
		}
		heads := map[string]bool{}
		for _, entry := range objectsIn(channel, "entries") {
			if heads[entry.text("name")] {
				broken = append(broken, fmt.Sprintf("the channel %s has %s twice", name, entry.text("name")))
			}
			heads[entry.text("name")] = true
		}
		for _, entry := range objectsIn(channel, "entries") {
			delete(heads, entry.text("replaces"))
			if !slices.ContainsFunc(c.bundles, func(b object) bool { return b.text("name") == entry.text("name") }) {
				broken = append(broken, fmt.Sprintf("the channel %s has the entry %q, which is no bundle", name, entry.text("name")))
			}
			if got, want := entry.text("skipRange"), c.bundle.annotation("olm.skipRange"); got != want {
				broken = append(broken, fmt.Sprintf("the entry %s skips %q, and the bundle says %q", entry.text("name"), got, want))
			}
		}
		if len(heads) != 1 {
			broken = append(broken, fmt.Sprintf("the channel %s has %d heads, want one", name, len(heads)))
		}
	}
	return broken
}

// checkBundles: each has an image and is in a channel of its package, and the one of this release is there.
func checkBundles(c *index) []string {
	var broken []string
	found := false
	for _, b := range c.bundles {
		name := b.text("name")
		found = found || name == c.bundle.csv.name()
		if b.text("image") == "" {
			broken = append(broken, "the bundle "+name+" has no image")
		}
		if !slices.ContainsFunc(c.channels, func(channel object) bool {
			return channel.text("package") == b.text("package") &&
				slices.ContainsFunc(objectsIn(channel, "entries"), func(entry object) bool { return entry.text("name") == name })
		}) {
			broken = append(broken, "the bundle "+name+" is in no channel of its package")
		}
	}
	if !found {
		broken = append(broken, "there is no bundle "+c.bundle.csv.name())
	}
	return broken
}

// valuesOf are the values of a bundle's properties of a type.
func valuesOf(bundle object, of string) []object {
	var all []object
	for _, p := range objectsIn(bundle, "properties") {
		if value, ok := p["value"].(map[string]any); ok && p.text("type") == of {
			all = append(all, value)
		}
	}
	return all
}

// checkProperties: by the properties OLM resolves package, version and kinds.
func checkProperties(c *index) []string {
	var broken []string
	for _, b := range c.bundles {
		packages := valuesOf(b, "olm.package")
		if len(packages) != 1 || packages[0].text("packageName") != b.text("package") {
			broken = append(broken, fmt.Sprintf("the bundle %s has not one property olm.package with its package", b.text("name")))
			continue
		}
		version := packages[0].text("version")
		if _, err := semver.StrictNewVersion(version); err != nil || version != c.bundle.csv.text("spec", "version") {
			broken = append(broken, fmt.Sprintf("the bundle %s has the version %q in olm.package, want %q", b.text("name"), version, c.bundle.csv.text("spec", "version")))
		}
		var kinds []string
		for _, value := range valuesOf(b, "olm.gvk") {
			kinds = append(kinds, gvk(value.text("group"), value.text("version"), value.text("kind")))
		}
		slices.Sort(kinds)
		if diff := cmp.Diff(c.bundle.ownedKinds(), kinds); diff != "" {
			broken = append(broken, "olm.gvk has other kinds than the bundle owns (-bundle +catalog):\n"+diff)
		}
	}
	return broken
}

// checkMetadata: what consoles show before the installation is what the bundle says.
func checkMetadata(c *index) []string {
	var broken []string
	for _, b := range c.bundles {
		values := valuesOf(b, "olm.csv.metadata")
		if len(values) != 1 {
			broken = append(broken, fmt.Sprintf("the bundle %s has %d properties olm.csv.metadata, want one", b.text("name"), len(values)))
			continue
		}
		spec, _ := c.bundle.csv["spec"].(map[string]any)
		for _, field := range []string{
			"description", "displayName", "installModes", "keywords", "links", "maintainers", "maturity", "minKubeVersion", "provider",
		} {
			if diff := cmp.Diff(spec[field], values[0][field]); diff != "" {
				broken = append(broken, fmt.Sprintf("%s (-bundle +catalog):\n%s", field, diff))
			}
		}
		if diff := cmp.Diff(c.bundle.described(), describedIn(values[0], "crdDescriptions", "owned")); diff != "" {
			broken = append(broken, "crdDescriptions (-bundle +catalog):\n"+diff)
		}
		about, _ := c.bundle.csv["metadata"].(map[string]any)
		if diff := cmp.Diff(about["annotations"], values[0]["annotations"]); diff != "" {
			broken = append(broken, "annotations (-bundle +catalog):\n"+diff)
		}
	}
	return broken
}

// described is what a console shows of the owned kinds.
func (c *contents) described() [][]string {
	return describedIn(c.csv, "spec", "customresourcedefinitions", "owned")
}

func describedIn(o object, path ...string) [][]string {
	var all [][]string
	for _, d := range objectsIn(o, path...) {
		all = append(all, []string{d.text("name"), d.text("version"), d.text("kind"), d.text("displayName"), d.text("description")})
	}
	return all
}

// checkCatalogImages: what a mirror has to copy is the bundle itself and what it runs, each by its digest.
func checkCatalogImages(c *index) []string {
	var broken []string
	for _, b := range c.bundles {
		var images []string
		for _, image := range objectsIn(b, "relatedImages") {
			images = append(images, image.text("image"))
		}
		wanted := []string{b.text("image")}
		for _, image := range c.bundle.objects("relatedImages") {
			wanted = append(wanted, image.text("image"))
		}
		for _, image := range wanted {
			if !slices.Contains(images, image) {
				broken = append(broken, fmt.Sprintf("the bundle %s does not name %s as a related image", b.text("name"), image))
			}
			if !byDigest.MatchString(image) {
				broken = append(broken, fmt.Sprintf("the image %s is not named by its digest", image))
			}
		}
	}
	return broken
}
