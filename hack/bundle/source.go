// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// byDigest is an image that is named by its digest.
var byDigest = regexp.MustCompile(`^[^@\s]+@sha256:[0-9a-f]{64}$`)

// source is what the bundle is made of: the objects of config/default by what OLM does with them, and the samples.
type source struct {
	definitions []object
	deployment  object
	// clusterRules and rules are the rules of the roles that the operator's ServiceAccount has, role by role: in the whole
	// cluster, and in its own namespace.
	clusterRules, rules [][]any
	// manifests are created as they are.
	manifests []object
	// namespace is the one that config/ suggests. OLM installs into any.
	namespace object
	samples   []object
}

// object is a Kubernetes object.
type object map[string]any

func (o object) text(path ...string) string {
	text, _, _ := unstructured.NestedString(o, path...) // what is no text is none
	return text
}

func (o object) list(path ...string) []any {
	list, _, _ := unstructured.NestedSlice(o, path...) // what is no list is none
	return list
}

func (o object) kind() string { return o.text("kind") }
func (o object) name() string { return o.text("metadata", "name") }

// readSource builds config/default and config/samples of a repository.
func readSource(root string) (*source, error) {
	objects, err := build(filepath.Join(root, "config", "default"))
	if err != nil {
		return nil, err
	}
	s, err := sortObjects(objects)
	if err != nil {
		return nil, fmt.Errorf("config/default: %w", err)
	}
	s.samples, err = build(filepath.Join(root, "config", "samples"))
	return s, err
}

func build(folder string) ([]object, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("kustomize: %w", err)
	}
	var objects []object
	for _, resource := range built.Resources() {
		content, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("kustomize: %w", err)
		}
		o := object{}
		// Numbers become what unstructured objects have: int64.
		if err := json.Unmarshal(content, (*map[string]any)(&o)); err != nil {
			return nil, fmt.Errorf("kustomize: %w", err)
		}
		objects = append(objects, o)
	}
	return objects, nil
}

// sortObjects finds a place for each object. The error names those that have none: what becomes of them has to be decided
// here.
func sortObjects(objects []object) (*source, error) {
	s, roles := &source{}, newRoles()
	var problems []error
	for _, o := range objects {
		switch o.kind() {
		case "CustomResourceDefinition":
			s.definitions = append(s.definitions, o)
		case "Deployment":
			if s.deployment != nil {
				problems = append(problems, fmt.Errorf("there is a second Deployment: %s", o.name()))
			}
			s.deployment = o
		case "Namespace":
			s.namespace = o
		case "ServiceAccount":
			// OLM makes those that the permissions name.
		case "Service":
			unstructured.RemoveNestedField(o, "metadata", "namespace")
			s.manifests = append(s.manifests, o)
		case "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			roles.add(o)
		default:
			problems = append(problems, fmt.Errorf("%s %s has no place in a bundle: decide in hack/bundle/source.go", o.kind(), o.name()))
		}
	}
	if s.deployment == nil || s.namespace == nil {
		problems = append(problems, errors.New("there is no Deployment or no Namespace"))
	}
	problems = append(problems, roles.grant(s))
	return s, errors.Join(problems...)
}

// roles are the roles of the manifests and what binds them.
type roles struct {
	byName   map[string]object
	bindings []object
}

func newRoles() *roles { return &roles{byName: map[string]object{}} }

func (r *roles) add(o object) {
	if strings.HasSuffix(o.kind(), "Binding") {
		r.bindings = append(r.bindings, o)
		return
	}
	r.byName[o.kind()+"/"+o.name()] = o
}

// grant gives the source the rules of the roles that are bound to the operator's ServiceAccount. The other ClusterRoles are
// for people and for other programs, and are created as they are.
func (r *roles) grant(s *source) error {
	account := s.serviceAccount()
	for _, binding := range r.bindings {
		key := binding.text("roleRef", "kind") + "/" + binding.text("roleRef", "name")
		role := r.byName[key]
		subject, _ := first(binding.list("subjects")).(map[string]any)
		if role == nil || len(binding.list("subjects")) != 1 || object(subject).text("name") != account {
			return fmt.Errorf("%s %s does not bind a role of config/default to the ServiceAccount %s alone", binding.kind(), binding.name(), account)
		}
		switch binding.kind() + " " + role.kind() {
		case "ClusterRoleBinding ClusterRole":
			s.clusterRules = append(s.clusterRules, role.list("rules"))
		case "RoleBinding Role":
			s.rules = append(s.rules, role.list("rules"))
		default:
			return fmt.Errorf("%s %s binds a %s: OLM has no permissions of this kind", binding.kind(), binding.name(), role.kind())
		}
		delete(r.byName, key)
	}
	for key, role := range r.byName {
		if role.kind() != "ClusterRole" {
			return fmt.Errorf("nothing binds %s: OLM would not know for whom it is", key)
		}
		s.manifests = append(s.manifests, role)
	}
	slices.SortFunc(s.manifests, func(a, b object) int { return strings.Compare(fileName(a), fileName(b)) })
	return nil
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// serviceAccount is the name of the account as which the operator runs.
func (s *source) serviceAccount() string {
	return s.deployment.text("spec", "template", "spec", "serviceAccountName")
}

// containers are those of the operator's Pod.
func (s *source) containers() []any {
	return s.deployment.list("spec", "template", "spec", "containers")
}

// image is the operator's.
func (s *source) image() string {
	container, _ := first(s.containers()).(map[string]any)
	return object(container).text("image")
}

// setImage names another image in the Deployment. An empty name changes nothing.
func (s *source) setImage(image string) error {
	containers := s.containers()
	container, ok := first(containers).(map[string]any)
	if !ok || len(containers) != 1 {
		return fmt.Errorf("config/default: the Deployment has %d containers: hack/bundle knows one", len(containers))
	}
	if image == "" {
		return nil
	}
	container["image"] = image
	if err := unstructured.SetNestedSlice(s.deployment, containers, "spec", "template", "spec", "containers"); err != nil {
		return fmt.Errorf("config/default: set the image: %w", err)
	}
	return nil
}

// fileName is that of a manifest, as operator-sdk names them.
func fileName(o object) string {
	group, version, _ := strings.Cut(o.text("apiVersion"), "/")
	if o.kind() == "CustomResourceDefinition" {
		return o.text("spec", "group") + "_" + o.text("spec", "names", "plural") + ".yaml"
	}
	parts := []string{o.name(), group}
	if version != "" {
		parts = append(parts, version)
	}
	return strings.Join(append(parts, strings.ToLower(o.kind())), "_") + ".yaml"
}
