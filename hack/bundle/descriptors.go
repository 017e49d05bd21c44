// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// The parts of an object that descriptors are about.
const (
	specPart   = "spec"
	statusPart = "status"
)

// nested are the fields below those of the first level that get a form field or a line of their own. Those of the first
// level all do.
var nested = map[string]map[string][]string{
	"ClusterSupport": {
		specPart: {
			"cluster.kubeconfigSecret.name", "cluster.kubeconfigSecret.key", "cluster.kommanderCluster.name", "cluster.clusterAPICluster.name",
			"declaredReleases[0].product", "declaredReleases[0].name", "declaredReleases[0].version",
		},
		statusPart: {
			"releases[0].product", "releases[0].name", "releases[0].version", "releases[0].state", "releases[0].supportEndTime",
			"releases[0].policy", "releases[0].upgradeTo", "nodes.count", "manager.version",
		},
	},
	"SupportPolicy": {
		specPart: {
			"lifecycle.window.supportedMinors", "lifecycle.follows.product", "lifecycle.rangeOf.products",
			"releases[0].version", "releases[0].generalAvailability", "releases[0].supportedThrough", "releases[0].withdrawn",
			"detection.helmRelease.name", "detection.helmChart.name", "detection.addon.name", "supportTerms.level",
		},
		statusPart: {
			"summary.clusters", "summary.supported", "summary.unsupported", "summary.unknown", "summary.expiringSoon",
			"releases[0].version", "releases[0].stage", "releases[0].supportEndTime",
		},
	},
}

// resources are the kinds beside which a console shows an object of a kind: what it is evaluated with or for.
var resources = map[string][]resource{
	"ClusterSupport": {
		{"supportpolicies.support.d2iq.io", "SupportPolicy", "v1alpha1"},
		{"supportexceptions.support.d2iq.io", "SupportException", "v1alpha1"},
		{"secrets", "Secret", "v1"},
		{"events", "Event", "v1"},
	},
	"SupportPolicy":    {{"clustersupports.support.d2iq.io", "ClusterSupport", "v1alpha1"}},
	"SupportException": {{"clustersupports.support.d2iq.io", "ClusterSupport", "v1alpha1"}},
}

// The values of x-descriptors, from the list of the OpenShift console.
const (
	conditionsX = "urn:alm:descriptor:io.kubernetes.conditions"
	secretX     = "urn:alm:descriptor:io.kubernetes:Secret"
	linkX       = "urn:alm:descriptor:org.w3:link"
	textX       = "urn:alm:descriptor:text"
	uiX         = "urn:alm:descriptor:com.tectonic.ui:"
	selectorX   = uiX + "selector:support.d2iq.io:v1alpha1:ClusterSupport"
)

// schema is the schema of a field.
type schema = apiextensionsv1.JSONSchemaProps

// describe returns the descriptions of the CRDs, each with its served and stored version.
func describe(crds []object) ([]definition, error) {
	var all []definition
	for _, o := range crds {
		crd, err := typed(o)
		if err != nil {
			return nil, err
		}
		for _, version := range crd.Spec.Versions {
			described, err := describeVersion(crd, version)
			if err != nil {
				return nil, err
			}
			all = append(all, described)
		}
	}
	slices.SortFunc(all, func(a, b definition) int { return strings.Compare(a.Name+a.Version, b.Name+b.Version) })
	return all, nil
}

func typed(o object) (*apiextensionsv1.CustomResourceDefinition, error) {
	content, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("the CRD %s: %w", o.name(), err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := json.Unmarshal(content, crd); err != nil {
		return nil, fmt.Errorf("the CRD %s: %w", o.name(), err)
	}
	return crd, nil
}

func describeVersion(crd *apiextensionsv1.CustomResourceDefinition, version apiextensionsv1.CustomResourceDefinitionVersion) (definition, error) {
	kind, root := crd.Spec.Names.Kind, version.Schema.OpenAPIV3Schema
	d := definition{
		Name: crd.Name, Version: version.Name, Kind: kind, DisplayName: words(kind), Description: oneLine(root.Description),
		Resources: resources[kind],
	}
	if len(d.Resources) == 0 {
		return d, fmt.Errorf("the kind %s has no row in the table of resources in hack/bundle/descriptors.go", kind)
	}
	var err error
	if d.SpecDescriptors, err = descriptors(kind, specPart, root); err != nil {
		return d, err
	}
	d.StatusDescriptors, err = descriptors(kind, statusPart, root)
	return d, err
}

// descriptors describe the fields of the first level, and those of the table, in the words of the schema.
func descriptors(kind, part string, root *schema) ([]descriptor, error) {
	top := root.Properties[part]
	paths := append(slices.Collect(maps.Keys(top.Properties)), nested[kind][part]...)
	slices.Sort(paths)
	var all []descriptor
	for _, path := range paths {
		field, err := at(&top, path)
		if err != nil {
			return nil, fmt.Errorf("the table of descriptors in hack/bundle/descriptors.go: %s has no field %s.%s: %w", kind, part, path, err)
		}
		all = append(all, descriptor{
			Path: path, DisplayName: displayName(path), Description: oneLine(field.Description), XDescriptors: xDescriptors(part, path, field),
		})
	}
	return all, nil
}

// at returns the schema of the field at a path.
func at(field *schema, path string) (*schema, error) {
	for name := range strings.SplitSeq(path, ".") {
		name, isItem := strings.CutSuffix(name, "[0]")
		next, ok := field.Properties[name]
		if !ok {
			return nil, fmt.Errorf("no %s", name)
		}
		field = &next
		if isItem {
			if field.Items == nil || field.Items.Schema == nil {
				return nil, fmt.Errorf("%s is no list", name)
			}
			field = field.Items.Schema
		}
	}
	return field, nil
}

// xDescriptors choose how a console shows a field, and the group in which it does.
func xDescriptors(part, path string, field *schema) []string {
	var all []string
	switch {
	case path == "conditions":
		all = append(all, conditionsX)
	case strings.HasSuffix(path, "kubeconfigSecret.name"):
		all = append(all, secretX)
	case strings.HasSuffix(path, "URL"):
		all = append(all, linkX)
	case strings.HasSuffix(path, "lusterSelector"):
		all = append(all, selectorX)
	case part == specPart && len(field.Enum) > 0:
		for _, value := range field.Enum {
			all = append(all, uiX+"select:"+strings.Trim(string(value.Raw), `"`))
		}
	case part == specPart && field.Type == "integer":
		all = append(all, uiX+"number")
	case part == specPart && field.Type == "string":
		all = append(all, uiX+"text")
	case field.Type == "string", field.Type == "integer":
		all = append(all, textX)
	}
	if group, _, isNested := strings.Cut(path, "."); isNested {
		kind := "fieldGroup:"
		if name, isItem := strings.CutSuffix(group, "[0]"); isItem {
			group, kind = name, "arrayFieldGroup:"
		}
		all = append(all, uiX+kind+group)
	}
	return all
}

// displayName is the field's name in words. A name that says nothing alone stands behind that of what it belongs to.
func displayName(path string) string {
	parts := strings.Split(path, ".")
	last := parts[len(parts)-1]
	if len(parts) > 2 || len(parts) == 2 && !strings.HasSuffix(parts[0], "[0]") {
		last = parts[len(parts)-2] + " " + last
	}
	return words(last)
}

// wordStart is where a word begins in a name: at a capital after a small letter, and at the last of several capitals.
var wordStart = regexp.MustCompile(`([a-z])([A-Z])|([A-Z])([A-Z][a-z])`)

// words separates a name such as supportEndTime into words that begin with capitals.
func words(name string) string {
	fields := strings.Fields(wordStart.ReplaceAllString(name, "$1$3 $2$4"))
	for i, field := range fields {
		letters := []rune(field)
		letters[0] = unicode.ToUpper(letters[0])
		fields[i] = string(letters)
	}
	return strings.Join(fields, " ")
}

// oneLine is a description without the line breaks of the Go source.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
