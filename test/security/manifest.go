// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Documents returns the objects of a manifest by kind and name, each as YAML. Of two with the same kind and name the last one
// counts.
func Documents(manifest string) (map[string]string, error) {
	found := map[string]string{}
	for document := range strings.SplitSeq("\n"+manifest, "\n---\n") {
		var object metav1.PartialObjectMetadata
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("read a manifest: %w in:\n%s", err, document)
		}
		if object.Kind != "" {
			found[object.Kind+"/"+object.Name] = document
		}
	}
	return found, nil
}

// workload is every kind that makes Pods, as far as the template of these is concerned.
type workload struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Template    *corev1.PodTemplateSpec  `json:"template"`
		JobTemplate *batchv1.JobTemplateSpec `json:"jobTemplate"`
		Install     *installStrategy         `json:"install"`
	} `json:"spec"`
}

// installStrategy is what OLM installs by a ClusterServiceVersion.
type installStrategy struct {
	Spec struct {
		Deployments []struct {
			Name string                `json:"name"`
			Spec appsv1.DeploymentSpec `json:"spec"`
		} `json:"deployments"`
		Permissions        []permission `json:"permissions"`
		ClusterPermissions []permission `json:"clusterPermissions"`
	} `json:"spec"`
}

type permission struct {
	ServiceAccountName string              `json:"serviceAccountName"`
	Rules              []rbacv1.PolicyRule `json:"rules"`
}

// Pods returns the Pods that the objects of a manifest make, by the kind and the name of the object.
func Pods(manifest string) (map[string]*corev1.Pod, error) {
	documents, err := Documents(manifest)
	if err != nil {
		return nil, err
	}
	found := map[string]*corev1.Pod{}
	for name, document := range documents {
		if strings.HasPrefix(name, "Pod/") {
			pod := &corev1.Pod{}
			if err := yaml.UnmarshalStrict([]byte(document), pod); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			found[name] = pod
			continue
		}
		var made workload
		// Other kinds have other things in these places.
		if err := yaml.Unmarshal([]byte(document), &made); err != nil {
			continue
		}
		for object, template := range made.templates(name) {
			found[object] = &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
		}
	}
	return found, nil
}

// templates returns the templates of Pods of an object, by what they are of.
func (w workload) templates(name string) map[string]corev1.PodTemplateSpec {
	found := map[string]corev1.PodTemplateSpec{}
	if w.Spec.Template != nil && len(w.Spec.Template.Spec.Containers) > 0 {
		found[name] = *w.Spec.Template
	}
	if w.Spec.JobTemplate != nil {
		found[name] = w.Spec.JobTemplate.Spec.Template
	}
	if w.Spec.Install != nil {
		for _, deployment := range w.Spec.Install.Spec.Deployments {
			found[name+" "+deployment.Name] = deployment.Spec.Template
		}
	}
	return found
}

// Roles returns the rules of each Role and ClusterRole of a manifest by kind and name, and those of each permission of a
// ClusterServiceVersion by its account.
func Roles(manifest string) (map[string][]rbacv1.PolicyRule, error) {
	documents, err := Documents(manifest)
	if err != nil {
		return nil, err
	}
	found := map[string][]rbacv1.PolicyRule{}
	for name, document := range documents {
		switch kind, _, _ := strings.Cut(name, "/"); kind {
		case "Role", "ClusterRole":
			var role rbacv1.ClusterRole
			if err := yaml.UnmarshalStrict([]byte(document), &role); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			found[name] = role.Rules
		case "ClusterServiceVersion":
			var made workload
			if err := yaml.Unmarshal([]byte(document), &made); err != nil || made.Spec.Install == nil {
				return nil, fmt.Errorf("read %s: no spec.install: %w", name, err)
			}
			for _, p := range made.Spec.Install.Spec.Permissions {
				found["Role/"+p.ServiceAccountName] = append(found["Role/"+p.ServiceAccountName], p.Rules...)
			}
			for _, p := range made.Spec.Install.Spec.ClusterPermissions {
				found["ClusterRole/"+p.ServiceAccountName] = append(found["ClusterRole/"+p.ServiceAccountName], p.Rules...)
			}
		}
	}
	return found, nil
}

// Rights returns each right of rules on its own, such as "get secrets", "patch deployments.apps/status name" or "get /metrics".
func Rights(rules []rbacv1.PolicyRule) map[string]bool {
	found := map[string]bool{}
	for _, rule := range rules {
		for _, verb := range rule.Verbs {
			for _, path := range rule.NonResourceURLs {
				found[verb+" "+path] = true
			}
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, name := range orAny(rule.ResourceNames) {
						found[strings.TrimRight(verb+" "+ResourceName(group, resource)+" "+name, " ")] = true
					}
				}
			}
		}
	}
	return found
}

// orAny returns one empty name where there is none.
func orAny(names []string) []string {
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// ResourceName writes a resource as kubectl does, with a subresource at its end.
func ResourceName(group, resource string) string {
	if group == "" {
		return resource
	}
	base, sub, is := strings.Cut(resource, "/")
	if is {
		return base + "." + group + "/" + sub
	}
	return base + "." + group
}
