// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// listingRules are the rules for what catalogs and consoles show.
var listingRules = []rule[*contents]{
	{"provider", "operator-framework/api: OperatorHubV2Validator", checkProvider},
	{"maintainers", "operator-framework/api: OperatorHubV2Validator; OperatorHub: required fields", checkMaintainers},
	{"links", "operator-framework/api: OperatorHubV2Validator; OperatorHub: required fields", checkLinks},
	{"icon", "operator-framework/api: OperatorHubV2Validator; operator-registry alpha/model: Icon", checkIcon},
	{"minKubeVersion", "operator-framework/api: OperatorHubV2Validator", checkMinKubeVersion},
	{"capabilities", "operator-framework/api: StandardCapabilitiesValidator", checkCapabilities},
	{"categories", "operator-framework/api: StandardCategoriesValidator", checkCategories},
	{"required fields", "OperatorHub: required fields", checkRequiredFields},
	{"descriptors", "operator-sdk scorecard: olm-spec-descriptors, olm-status-descriptors, olm-crds-have-resources", checkDescriptors},
}

func checkProvider(c *contents) []string {
	if strings.TrimSpace(c.csv.text("spec", "provider", "name")) == "" {
		return []string{"spec.provider.name is empty"}
	}
	return nil
}

func checkMaintainers(c *contents) []string {
	var broken []string
	for _, m := range c.objects("maintainers") {
		if _, err := mail.ParseAddress(m.text("email")); err != nil || m.text("name") == "" {
			broken = append(broken, fmt.Sprintf("the maintainer %q has the email address %q: both are needed", m.text("name"), m.text("email")))
		}
	}
	if len(c.objects("maintainers")) == 0 {
		broken = append(broken, "there is no maintainer")
	}
	return broken
}

func checkLinks(c *contents) []string {
	var broken []string
	for _, l := range c.objects("links") {
		if _, err := url.ParseRequestURI(l.text("url")); err != nil || l.text("name") == "" {
			broken = append(broken, fmt.Sprintf("the link %q leads to %q: both are needed", l.text("name"), l.text("url")))
		}
	}
	if len(c.objects("links")) == 0 {
		broken = append(broken, "there is no link")
	}
	return broken
}

// checkIcon: there is one, and it is what its media type says.
func checkIcon(c *contents) []string {
	icons := c.objects("icon")
	if len(icons) != 1 {
		return []string{fmt.Sprintf("there are %d icons, want one", len(icons))}
	}
	return brokenIcon(icons[0])
}

func brokenIcon(icon object) []string {
	if mediaType := icon.text("mediatype"); mediaType != "image/svg+xml" {
		return []string{fmt.Sprintf("the icon has the media type %q, want image/svg+xml", mediaType)}
	}
	content, err := base64.StdEncoding.DecodeString(icon.text("base64data"))
	if err != nil {
		return []string{fmt.Sprintf("the icon is not in base64: %v", err)}
	}
	var image struct{ XMLName xml.Name }
	if err := xml.Unmarshal(content, &image); err != nil || image.XMLName.Local != "svg" {
		return []string{fmt.Sprintf("the icon is no SVG image: its element is %q: %v", image.XMLName.Local, err)}
	}
	return nil
}

func checkMinKubeVersion(c *contents) []string {
	if _, err := semver.StrictNewVersion(c.csv.text("spec", "minKubeVersion")); err != nil {
		return []string{fmt.Sprintf("spec.minKubeVersion %q: %v", c.csv.text("spec", "minKubeVersion"), err)}
	}
	return nil
}

func checkCapabilities(c *contents) []string {
	levels := []string{"Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"}
	if level := c.annotation("capabilities"); !slices.Contains(levels, level) {
		return []string{fmt.Sprintf("the level %q is none of %q", level, levels)}
	}
	return nil
}

// categories are those of both the old and the new validators.
var categories = []string{
	"AI/Machine Learning", "Application Runtime", "Big Data", "Cloud Provider", "Developer Tools", "Database", "Integration & Delivery",
	"Logging & Tracing", "Monitoring", "Networking", "OpenShift Optional", "Security", "Storage", "Streaming & Messaging",
}

func checkCategories(c *contents) []string {
	var broken []string
	for category := range strings.SplitSeq(c.annotation("categories"), ",") {
		if !slices.Contains(categories, strings.TrimSpace(category)) {
			broken = append(broken, fmt.Sprintf("the category %q is none of %q", category, categories))
		}
	}
	return broken
}

// maxSummary is how much of the short description is shown.
const maxSummary = 135

func checkRequiredFields(c *contents) []string {
	var broken []string
	for _, name := range []string{"alm-examples", "capabilities", "categories", "containerImage", "createdAt", "description", "repository", "support"} {
		if c.annotation(name) == "" {
			broken = append(broken, "there is no annotation "+name)
		}
	}
	for _, field := range []string{"displayName", "description", "maturity", "version"} {
		if c.csv.text("spec", field) == "" {
			broken = append(broken, "spec."+field+" is empty")
		}
	}
	if len(c.csv.list("spec", "keywords")) == 0 {
		broken = append(broken, "spec.keywords is empty")
	}
	if length := len(c.annotation("description")); length > maxSummary {
		broken = append(broken, fmt.Sprintf("the annotation description has %d characters, of which %d are shown", length, maxSummary))
	}
	if created := c.annotation("createdAt"); created != "" {
		if _, err := time.Parse("2006-01-02T15:04:05Z", created); err != nil {
			broken = append(broken, fmt.Sprintf("the annotation createdAt: %v", err))
		}
	}
	return broken
}

// checkDescriptors: each owned kind has a name, a description and the kinds beside it, and each of its fields of the first
// level a descriptor.
func checkDescriptors(c *contents) []string {
	var broken []string
	for _, owned := range c.objects("customresourcedefinitions", "owned") {
		kind := owned.text("kind")
		if owned.text("displayName") == "" || owned.text("description") == "" || len(owned.list("resources")) == 0 {
			broken = append(broken, kind+" has no displayName, no description or no resources")
		}
		for _, d := range c.definitions {
			if d.name() == owned.text("name") {
				broken = append(broken, undescribed(owned, d)...)
			}
		}
	}
	return broken
}

// undescribed are the fields without a descriptor, and the descriptors that say nothing or are of no field.
func undescribed(owned, crd object) []string {
	definition, err := typed(crd)
	if err != nil {
		return []string{err.Error()}
	}
	var broken []string
	for part, list := range map[string]string{specPart: "specDescriptors", statusPart: "statusDescriptors"} {
		described := map[string]bool{}
		top := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties[part]
		for _, d := range objectsIn(owned, list) {
			path := d.text("path")
			described[path] = true
			if _, err := at(&top, path); err != nil || d.text("displayName") == "" || d.text("description") == "" {
				broken = append(broken, fmt.Sprintf("%s %s: the descriptor of %q is of no field, or has no displayName or description", owned.text("kind"), part, path))
			}
		}
		for field := range top.Properties {
			if !described[field] {
				broken = append(broken, fmt.Sprintf("%s %s.%s has no descriptor", owned.text("kind"), part, field))
			}
		}
	}
	slices.Sort(broken)
	return broken
}
