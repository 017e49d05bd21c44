// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Problem is something that OLM, a catalog or a console does not take, or would show as a flaw.
type Problem struct {
	// Rule is the name of the rule that is broken, and From where the rule comes from.
	Rule, From string
	// Detail says where, and what was found.
	Detail string
}

func (p Problem) String() string { return p.Rule + ": " + p.Detail + " (" + p.From + ")" }

// rule is one rule for a T. It returns a sentence for each place that breaks it.
type rule[T any] struct {
	name string
	// from is what enforces or checks it: a package of a project of the Operator Framework, or the documentation of a
	// catalog.
	from  string
	check func(T) []string
}

func apply[T any](rules []rule[T], checked T) []Problem {
	var problems []Problem
	for _, r := range rules {
		for _, detail := range r.check(checked) {
			problems = append(problems, Problem{r.name, r.from, detail})
		}
	}
	return problems
}

// Check holds the files of a bundle against the rules of those who install and list it. They are newer than the validators
// that can be had as a library, which a test runs besides. The error is for files that cannot be read at all.
func Check(files Files) ([]Problem, error) {
	read, err := readBundle(files)
	if err != nil {
		return nil, err
	}
	return apply(bundleRules, read), nil
}

// CheckCatalog holds the files of a catalog against the rules of operator-registry, which opm validate and catalogd have,
// and against the bundle that it is of.
func CheckCatalog(catalog, bundle Files) ([]Problem, error) {
	read, err := readCatalog(catalog)
	if err != nil {
		return nil, err
	}
	if read.bundle, err = readBundle(bundle); err != nil {
		return nil, err
	}
	return apply(catalogRules, read), nil
}

// contents are what is in a bundle.
type contents struct {
	annotations map[string]string
	csv         object
	definitions []object
	// manifests are all other objects.
	manifests []object
	files     Files
}

func readBundle(files Files) (*contents, error) {
	c := &contents{files: files}
	var about struct {
		Annotations map[string]string `json:"annotations"`
	}
	if err := yaml.Unmarshal(files[metadataFile], &about); err != nil {
		return nil, fmt.Errorf("read %s: %w", metadataFile, err)
	}
	c.annotations = about.Annotations
	for _, name := range sortedNames(files) {
		if !strings.HasPrefix(name, "manifests/") {
			continue
		}
		o, err := readObject(files[name])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		switch o.kind() {
		case "ClusterServiceVersion":
			if c.csv != nil {
				return nil, fmt.Errorf("read %s: there is another ClusterServiceVersion", name)
			}
			c.csv = o
		case "CustomResourceDefinition":
			c.definitions = append(c.definitions, o)
		default:
			c.manifests = append(c.manifests, o)
		}
	}
	if c.csv == nil {
		return nil, fmt.Errorf("read the bundle: there is no ClusterServiceVersion")
	}
	return c, nil
}

func sortedNames(files Files) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func readObject(content []byte) (object, error) {
	text, err := yaml.YAMLToJSON(content)
	if err != nil {
		return nil, err
	}
	o := object{}
	return o, json.Unmarshal(text, (*map[string]any)(&o))
}

// annotation is one of the ClusterServiceVersion.
func (c *contents) annotation(name string) string { return c.csv.text("metadata", "annotations", name) }

// objects are the items of a list in the specification of the ClusterServiceVersion.
func (c *contents) objects(path ...string) []object {
	return objectsIn(c.csv, append([]string{"spec"}, path...)...)
}

func objectsIn(o object, path ...string) []object {
	var all []object
	for _, item := range o.list(path...) {
		item, _ := item.(map[string]any) // what is no object has nothing of what is asked for
		all = append(all, item)
	}
	return all
}

// deployedContainers are the containers of all deployments.
func (c *contents) deployedContainers() []object {
	var all []object
	for _, d := range c.objects("install", "spec", "deployments") {
		for _, list := range []string{"initContainers", "containers"} {
			all = append(all, objectsIn(d, "spec", "template", "spec", list)...)
		}
	}
	return all
}
