// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	_ "embed" // the icon and the description
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

//go:embed icon.svg
var icon []byte

//go:embed description.md
var description string

const (
	// minKubeVersion is that of the Helm chart, which a test compares.
	minKubeVersion = "1.16.0"
	summary        = "Tells which installed releases the vendor supports, until when, and why"
)

// The types of a ClusterServiceVersion, as far as it is written here. Those of github.com/operator-framework/api are of an
// old Kubernetes, and would give the Deployment and the rules empty fields that config/ does not have.
type clusterServiceVersion struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       csvSpec  `json:"spec"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Annotations map[string]string `json:"annotations"`
}

type csvSpec struct {
	DisplayName    string         `json:"displayName"`
	Description    string         `json:"description"`
	Version        string         `json:"version"`
	Maturity       string         `json:"maturity"`
	MinKubeVersion string         `json:"minKubeVersion"`
	Keywords       []string       `json:"keywords"`
	Icon           []csvIcon      `json:"icon"`
	Links          []link         `json:"links"`
	Maintainers    []Maintainer   `json:"maintainers,omitempty"`
	Provider       *provider      `json:"provider,omitempty"`
	InstallModes   []installMode  `json:"installModes"`
	Definitions    definitions    `json:"customresourcedefinitions"`
	Install        install        `json:"install"`
	RelatedImages  []relatedImage `json:"relatedImages"`
}

type csvIcon struct {
	Data      []byte `json:"base64data"`
	MediaType string `json:"mediatype"`
}

type link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type provider struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type installMode struct {
	Type      string `json:"type"`
	Supported bool   `json:"supported"`
}

type definitions struct {
	Owned []definition `json:"owned"`
}

type definition struct {
	Name              string       `json:"name"`
	Version           string       `json:"version"`
	Kind              string       `json:"kind"`
	DisplayName       string       `json:"displayName"`
	Description       string       `json:"description"`
	Resources         []resource   `json:"resources,omitempty"`
	SpecDescriptors   []descriptor `json:"specDescriptors,omitempty"`
	StatusDescriptors []descriptor `json:"statusDescriptors,omitempty"`
}

type resource struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

type descriptor struct {
	Path         string   `json:"path"`
	DisplayName  string   `json:"displayName"`
	Description  string   `json:"description"`
	XDescriptors []string `json:"x-descriptors,omitempty"`
}

type install struct {
	Strategy string      `json:"strategy"`
	Spec     installSpec `json:"spec"`
}

type installSpec struct {
	ClusterPermissions []permissions `json:"clusterPermissions"`
	Permissions        []permissions `json:"permissions"`
	Deployments        []deployment  `json:"deployments"`
}

type permissions struct {
	ServiceAccountName string `json:"serviceAccountName"`
	Rules              []any  `json:"rules"`
}

type deployment struct {
	Name  string `json:"name"`
	Label any    `json:"label"`
	Spec  any    `json:"spec"`
}

type relatedImage struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// csvName is that of the ClusterServiceVersion, and so of the bundle in catalogs.
func csvName(version string) string { return Package + ".v" + version }

// skipRange is all versions from which an upgrade leads to this one. Between the versions of v1alpha1 none has to be stopped
// at.
func skipRange(version string) string { return "<" + version }

func newCSV(from *source, release Release) (*clusterServiceVersion, error) {
	about, err := csvAnnotations(from, release)
	if err != nil {
		return nil, err
	}
	owned, err := describe(from.definitions)
	if err != nil {
		return nil, err
	}
	csv := &clusterServiceVersion{
		APIVersion: "operators.coreos.com/v1alpha1",
		Kind:       "ClusterServiceVersion",
		// OLM replaces the namespace. Tools want one, and write this by convention.
		Metadata: metadata{Name: csvName(release.Version), Namespace: "placeholder", Annotations: about},
		Spec: csvSpec{
			DisplayName:    "Support Policy Operator",
			Description:    description,
			Version:        release.Version,
			Maturity:       "alpha",
			MinKubeVersion: minKubeVersion,
			Keywords:       []string{"support", "policy", "lifecycle", "versions", "compliance", "fleet"},
			Icon:           []csvIcon{{Data: icon, MediaType: "image/svg+xml"}},
			Links: []link{
				{Name: "Source", URL: Repository},
				{Name: "Documentation", URL: Repository + "/tree/v" + release.Version + "/docs"},
			},
			Maintainers: release.Publisher.Maintainers,
			// All policies and all clusters are seen, so one operator serves the whole cluster. OLM v1 knows no other mode.
			InstallModes: []installMode{
				{Type: "OwnNamespace"}, {Type: "SingleNamespace"}, {Type: "MultiNamespace"}, {Type: "AllNamespaces", Supported: true},
			},
			Definitions:   definitions{Owned: owned},
			Install:       newInstall(from),
			RelatedImages: []relatedImage{{Name: "operator", Image: from.image()}},
		},
	}
	if name := release.Publisher.Name; name != "" {
		csv.Spec.Provider = &provider{Name: name, URL: release.Publisher.URL}
	}
	return csv, nil
}

func newInstall(from *source) install {
	account, spec := from.serviceAccount(), installSpec{}
	for _, rules := range from.clusterRules {
		spec.ClusterPermissions = append(spec.ClusterPermissions, permissions{account, rules})
	}
	for _, rules := range from.rules {
		spec.Permissions = append(spec.Permissions, permissions{account, rules})
	}
	labels, _ := from.deployment["metadata"].(map[string]any)
	spec.Deployments = []deployment{{Name: from.deployment.name(), Label: labels["labels"], Spec: from.deployment["spec"]}}
	return install{Strategy: "deployment", Spec: spec}
}

// csvAnnotations are those by which catalogs are searched, and what consoles offer.
func csvAnnotations(from *source, release Release) (map[string]string, error) {
	examples, err := json.MarshalIndent(from.samples, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the examples: %w", err)
	}
	// With the labels that config/ has for it.
	namespace, err := json.Marshal(from.namespace)
	if err != nil {
		return nil, fmt.Errorf("write the namespace: %w", err)
	}
	about := map[string]string{
		"alm-examples": string(examples),
		// It is upgraded by OLM, with its CRDs and their objects. There is nothing that it runs and could upgrade or back
		// up.
		"capabilities":   "Seamless Upgrades",
		"categories":     "Monitoring",
		"containerImage": from.image(),
		"description":    summary,
		"olm.skipRange":  skipRange(release.Version),
		"operatorframework.io/suggested-namespace":          from.namespace.name(),
		"operatorframework.io/suggested-namespace-template": string(namespace),
		"repository": Repository,
	}
	if !release.Created.IsZero() {
		about["createdAt"] = release.Created.UTC().Format(time.RFC3339)
	}
	if support := strings.TrimSpace(release.Publisher.Support); support != "" {
		about["support"] = support
	}
	return about, nil
}
