// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

const crdFolder = "../../config/crd/bases"

// loadCRDs reads the generated definitions.
func loadCRDs(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(crdFolder, v1alpha1.GroupVersion.Group+"_*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	crds := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		crds[crd.Spec.Names.Kind] = crd
	}
	for _, kind := range []string{"SupportPolicy", "ClusterSupport"} {
		if crds[kind] == nil {
			t.Errorf("%s has no definition of %s", crdFolder, kind)
		}
	}
	return crds
}

func TestCRDs(t *testing.T) {
	for kind, crd := range loadCRDs(t) {
		t.Run(kind, func(t *testing.T) {
			if !slices.Contains(crd.Spec.Names.Categories, "support") {
				t.Errorf("`kubectl get support` does not list it: categories are %q", crd.Spec.Names.Categories)
			}
			if len(crd.Spec.Versions) != 1 || crd.Spec.Versions[0].Name != v1alpha1.GroupVersion.Version {
				t.Fatalf("it has not just the version %s", v1alpha1.GroupVersion.Version)
			}
			version := &crd.Spec.Versions[0]
			if version.Subresources == nil || version.Subresources.Status == nil {
				t.Fatal("it has no status subresource")
			}
			if version.Subresources.Scale != nil {
				t.Error("it has the scale subresource, with which Kubernetes 1.17 refuses server-side apply")
			}
			checkColumns(t, version)
			checkStructural(t, version.Schema.OpenAPIV3Schema)
			checkPortable(t, field.NewPath("schema"), version.Schema.OpenAPIV3Schema)
		})
	}
}

// checkColumns wants an answer without `-o yaml`. A column of type date prints <invalid> for a day to come.
func checkColumns(t *testing.T, version *apiextensionsv1.CustomResourceDefinitionVersion) {
	t.Helper()
	if len(version.AdditionalPrinterColumns) == 0 {
		t.Error("it has no printer columns")
	}
	for _, column := range version.AdditionalPrinterColumns {
		if column.Type == "date" {
			t.Errorf("column %s has type date", column.Name)
		}
	}
}

func checkStructural(t *testing.T, schema *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, internal, nil); err != nil {
		t.Fatal(err)
	}
	structural, err := structuralschema.NewStructural(internal)
	if err != nil {
		t.Fatalf("the schema is not structural: %v", err)
	}
	for _, problem := range structuralschema.ValidateStructural(nil, structural) {
		t.Errorf("the schema is not structural: %v", problem)
	}
}

// checkPortable refuses what API servers since Kubernetes 1.16 cannot all work with: before 1.25 they refuse or drop
// x-kubernetes-validations, and with 1.17 `kubectl apply` cannot change a definition that has numeric bounds.
func checkPortable(t *testing.T, path *field.Path, schema *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	if len(schema.XValidations) > 0 {
		t.Errorf("%s has x-kubernetes-validations", path)
	}
	if schema.Minimum != nil || schema.Maximum != nil || schema.MultipleOf != nil || schema.ExclusiveMinimum || schema.ExclusiveMaximum {
		t.Errorf("%s has a numeric bound", path)
	}
	for name, property := range schema.Properties {
		checkPortable(t, path.Child(name), &property)
	}
	for _, some := range [][]apiextensionsv1.JSONSchemaProps{schema.AllOf, schema.AnyOf, schema.OneOf} {
		for i := range some {
			checkPortable(t, path, &some[i])
		}
	}
	if schema.Not != nil {
		checkPortable(t, path.Child("not"), schema.Not)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		checkPortable(t, path.Child("items"), schema.Items.Schema)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		checkPortable(t, path.Child("additionalProperties"), schema.AdditionalProperties.Schema)
	}
}
