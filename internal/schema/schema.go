// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package schema validates objects by the schemas of the CRDs, as an API server does: with the same library, and the keys of
// lists, which that leaves to its caller. Unknown fields are the reader's to find.
package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation/field"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/config"
)

// The parts of an object that are validated.
const (
	Spec   = "spec"
	Status = "status"
)

// Validate finds what an API server would refuse in a part of an object of a kind, by the schema of its CRD. The object is one of
// encoding/json or sigs.k8s.io/json. A kind without a CRD here is a mistake of the caller, and panics.
func Validate(kind, part string, object map[string]any) field.ErrorList {
	schema, found := schemas()[kind]
	if !found {
		panic("there is no CRD of kind " + kind)
	}
	of := schema.Properties[part]
	value, isThere := object[part]
	path := field.NewPath(part)
	if !isThere {
		for _, required := range schema.Required {
			if required == part {
				return field.ErrorList{field.Required(path, "")}
			}
		}
		return nil
	}
	result := validate.NewSchemaValidator(&of, nil, part, strfmt.Default).Validate(value)
	problems := make(field.ErrorList, 0, len(result.Errors))
	for _, err := range result.Errors {
		problems = append(problems, fieldError(path, err))
	}
	return append(problems, duplicates(path, &of, value)...)
}

// schemas are those of all kinds.
var schemas = sync.OnceValue(func() map[string]*spec.Schema {
	all := map[string]*spec.Schema{}
	err := fs.WalkDir(config.CRDs(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(config.CRDs(), path)
		if err != nil {
			return err
		}
		var definition struct {
			Spec struct {
				Names    struct{ Kind string }
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema json.RawMessage `json:"openAPIV3Schema"`
					}
				}
			}
		}
		if err := yaml.Unmarshal(content, &definition); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		var schema spec.Schema
		if err := json.Unmarshal(definition.Spec.Versions[0].Schema.OpenAPIV3Schema, &schema); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all[definition.Spec.Names.Kind] = &schema
		return nil
	})
	if err != nil {
		panic(err) // the files are part of the program, and tested
	}
	return all
})

// Prune removes from an object what an API server removes before it validates: members that are null, which its schemas allow
// nowhere. It tells whether there were any.
func Prune(kind string, object map[string]any) bool {
	schema, found := schemas()[kind]
	return found && prune(schema, object)
}

func prune(schema *spec.Schema, value any) bool {
	isPruned := false
	switch value := value.(type) {
	case map[string]any:
		for name, element := range value {
			member := memberOf(schema, name)
			switch {
			case member == nil:
			case element == nil && !member.Nullable:
				delete(value, name)
				isPruned = true
			default:
				isPruned = prune(member, element) || isPruned
			}
		}
	case []any:
		if schema.Items == nil || schema.Items.Schema == nil {
			return false
		}
		for _, item := range value {
			isPruned = prune(schema.Items.Schema, item) || isPruned
		}
	}
	return isPruned
}

// memberOf returns the schema of a member of an object; nil where it has none.
func memberOf(schema *spec.Schema, name string) *spec.Schema {
	if property, isProperty := schema.Properties[name]; isProperty {
		return &property
	}
	if schema.AdditionalProperties != nil {
		return schema.AdditionalProperties.Schema
	}
	return nil
}

// fieldError puts an error of the library into the words of API servers.
func fieldError(root *field.Path, err error) *field.Error {
	var refused *openapierrors.Validation
	if !errors.As(err, &refused) {
		return field.Invalid(root, "", err.Error())
	}
	path := root
	if below, isBelow := strings.CutPrefix(refused.Name, root.String()+"."); isBelow {
		path = root.Child(below)
	}
	switch refused.Code() {
	case openapierrors.RequiredFailCode:
		return field.Required(path, "")
	case openapierrors.EnumFailCode:
		allowed := make([]string, 0, len(refused.Values))
		for _, value := range refused.Values {
			allowed = append(allowed, fmt.Sprint(value))
		}
		return field.NotSupported(path, refused.Value, allowed)
	}
	return field.Invalid(path, refused.Value, refused.Error())
}

// duplicates finds items of lists that have the keys of another one.
func duplicates(path *field.Path, schema *spec.Schema, value any) field.ErrorList {
	var problems field.ErrorList
	switch value := value.(type) {
	case map[string]any:
		for name, element := range value {
			if member := memberOf(schema, name); member != nil {
				problems = append(problems, duplicates(path.Child(name), member, element)...)
			}
		}
	case []any:
		if schema.Items == nil || schema.Items.Schema == nil {
			return nil
		}
		seen := map[string]bool{}
		for i, item := range value {
			at := path.Index(i)
			if key, has := keyOf(schema, item); has {
				// As API servers have it, 3 and 3.0 are two items.
				text := fmt.Sprintf("%T %v", key, key)
				if seen[text] {
					problems = append(problems, field.Duplicate(at, key))
				}
				seen[text] = true
			}
			problems = append(problems, duplicates(at, schema.Items.Schema, item)...)
		}
	}
	return problems
}

// keyOf returns what must not stand twice in a list: its keys in a list that is a map, the whole item in one that is a set.
func keyOf(list *spec.Schema, item any) (key any, has bool) {
	switch listType, _ := list.Extensions.GetString("x-kubernetes-list-type"); listType {
	case "map":
		members, isObject := item.(map[string]any)
		if !isObject {
			return nil, false
		}
		names, _ := list.Extensions.GetStringSlice("x-kubernetes-list-map-keys")
		keys := map[string]any{}
		for _, name := range names {
			keys[name] = members[name]
		}
		return keys, true
	case "set":
		return item, true
	}
	return nil, false
}
