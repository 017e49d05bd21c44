// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// ValidateClusterSupport finds what is wrong with an object, and the reason to give for it; none is valid.
func ValidateClusterSupport(object *v1alpha1.ClusterSupport) (field.ErrorList, string) {
	if problems := validateSpec(&object.Spec); len(problems) > 0 {
		return problems, v1alpha1.ReasonInvalidSpec
	}
	before, now := object.Status.Cluster, &object.Spec.Cluster
	if before == nil || equality.Semantic.DeepEqual(before, now) {
		return nil, ""
	}
	changed := field.Invalid(field.NewPath("spec", "cluster"), describeReference(now), "may not change, the status describes "+
		describeReference(before)+": put it back, or delete the object and make another one")
	return field.ErrorList{changed}, v1alpha1.ReasonClusterChanged
}

// validateReference refuses what does not name one cluster.
func validateReference(reference *v1alpha1.ClusterReference, path *field.Path, p *problems) {
	members := 0
	name := func(member, text string) {
		members++
		if refused := validation.IsDNS1123Subdomain(text); len(refused) > 0 {
			p.add(path.Child(member, "name"), text, "the name of an object: "+strings.Join(refused, ", "))
		}
	}
	if reference.Host != nil {
		members++
	}
	if r := reference.KommanderCluster; r != nil {
		name("kommanderCluster", r.Name)
	}
	if r := reference.ClusterAPICluster; r != nil {
		name("clusterAPICluster", r.Name)
	}
	if r := reference.KubeconfigSecret; r != nil {
		name("kubeconfigSecret", r.Name)
		if refused := validation.IsConfigMapKey(r.Key); r.Key != "" && len(refused) > 0 {
			p.add(path.Child("kubeconfigSecret", "key"), r.Key, "a key of a Secret: "+strings.Join(refused, ", "))
		}
	}
	if members != 1 {
		p.add(path, fmt.Sprintf("%d members", members), "exactly one member: host, kommanderCluster, clusterAPICluster or kubeconfigSecret")
	}
}

// describeReference names a cluster in a message, as kubectl would have it in YAML.
func describeReference(reference *v1alpha1.ClusterReference) string {
	switch {
	case reference.KommanderCluster != nil:
		return "kommanderCluster " + facts.Printable(reference.KommanderCluster.Name)
	case reference.ClusterAPICluster != nil:
		return "clusterAPICluster " + facts.Printable(reference.ClusterAPICluster.Name)
	case reference.KubeconfigSecret != nil:
		return strings.TrimSuffix("kubeconfigSecret "+facts.Printable(reference.KubeconfigSecret.Name)+"/"+facts.Printable(reference.KubeconfigSecret.Key), "/")
	}
	return "host"
}

// validateSpec finds what is wrong with the spec of a cluster. What the schema refuses is refused here, too.
func validateSpec(spec *v1alpha1.ClusterSupportSpec) field.ErrorList {
	var p problems
	path := field.NewPath("spec")
	validateReference(&spec.Cluster, path.Child("cluster"), &p)
	if e := spec.Environment; e != "" && e != v1alpha1.EnvironmentProduction && e != v1alpha1.EnvironmentNonProduction {
		p.add(path.Child("environment"), string(e), "Production or NonProduction")
	}
	type key struct{ product, name string }
	seen := map[key]bool{}
	if !p.bound(path.Child("declaredReleases"), len(spec.DeclaredReleases), maxDeclared, "releases") {
		return p.list
	}
	for i, declared := range spec.DeclaredReleases {
		at := path.Child("declaredReleases").Index(i)
		p.list = append(p.list, facts.ValidateDeclaredRelease(&declared, at)...)
		k := key{declared.Product, declared.Name}
		if seen[k] {
			p.duplicate(at, declared.Product+"/"+declared.Name)
		}
		seen[k] = true
	}
	return p.list
}
