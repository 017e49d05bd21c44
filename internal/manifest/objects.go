// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The kinds that are read.
const (
	policyKind    = "SupportPolicy"
	exceptionKind = "SupportException"
	clusterKind   = "ClusterSupport"
)

// keeper takes one object, as JSON.
type keeper func(object []byte, source Source) error

// keep makes a keeper that decodes an object and appends it to a list, also where something in it is wrong.
func keep[T any, P interface {
	*T
	metav1.Object
}](list *[]Found[T]) keeper {
	return func(object []byte, source Source) error {
		found := Found[T]{Source: source}
		problems, err := kjson.UnmarshalStrict(object, &found.Object)
		if err != nil {
			return readable(object, found.Object, err)
		}
		*list = append(*list, found)
		for _, problem := range validateMetadata(P(&found.Object)) {
			problems = append(problems, problem)
		}
		return inOneLine(problems)
	}
}

// validateMetadata asks of names and labels what an API server asks.
func validateMetadata(object metav1.Object) field.ErrorList {
	path := field.NewPath("metadata")
	var problems field.ErrorList
	for _, problem := range validation.NameIsDNSSubdomain(object.GetName(), false) {
		problems = append(problems, field.Invalid(path.Child("name"), object.GetName(), problem))
	}
	if namespace := object.GetNamespace(); namespace != "" {
		for _, problem := range validation.ValidateNamespaceName(namespace, false) {
			problems = append(problems, field.Invalid(path.Child("namespace"), namespace, problem))
		}
	}
	return append(problems, metav1validation.ValidateLabels(object.GetLabels(), path.Child("labels"))...)
}

// inOneLine joins what is wrong with one object.
func inOneLine(problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	said := make([]string, 0, len(problems))
	for _, problem := range problems {
		said = append(said, problem.Error())
	}
	return errors.New(strings.Join(said, "; "))
}

// readable says what to do where a field has a value of another type, which is mostly a version without quotation marks.
// The error itself does not reveal the field, that of the standard library does.
func readable[T any](object []byte, into T, err error) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(json.Unmarshal(object, &into), &mismatch) {
		return err
	}
	if mismatch.Type.Kind() == reflect.String {
		return fmt.Errorf("%s: is a %s and must be a string; put it into quotation marks", mismatch.Field, mismatch.Value)
	}
	return fmt.Errorf("%s: is of type %s, which is not allowed here", mismatch.Field, mismatch.Value)
}

// header is what is read of a document to know what it is.
type header struct {
	metav1.TypeMeta

	name string
}

// String names the object.
func (h *header) String() string { return strings.TrimSpace(h.Kind + " " + h.name) }

// headerOf reads the header. Without a name that can be read an object is known by its place.
func headerOf(document []byte) (header, error) {
	var is header
	err := kjson.UnmarshalCaseSensitivePreserveInts(document, &is.TypeMeta)
	var object struct {
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if json.Unmarshal(document, &object) == nil {
		is.name = strings.TrimPrefix(object.Metadata.Namespace+"/"+object.Metadata.Name, "/")
	}
	if err != nil || is.Kind == "" || is.APIVersion == "" {
		return header{}, errors.New("is not an object: it has no apiVersion and kind")
	}
	return is, nil
}

// readDocument reads one object, or a list of objects. Documents without anything but comments are passed over.
func readDocument(document []byte, source Source, keepers map[string]keeper) error {
	if string(document) == "null" {
		return nil
	}
	is, err := headerOf(document)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	itemKind, isList := strings.CutSuffix(is.Kind, "List")
	if isList && source.Item == 0 {
		return readList(document, source, itemKind, keepers)
	}
	keep, wanted := keepers[is.Kind]
	if !wanted || is.APIVersion != v1alpha1.GroupVersion.String() {
		return fmt.Errorf("%s: %s of %s is not read here; wanted is %s of %s", source, &is, is.APIVersion,
			strings.Join(slices.Sorted(maps.Keys(keepers)), " or "), v1alpha1.GroupVersion)
	}
	if err := keep(document, source); err != nil {
		return fmt.Errorf("%s: %s: %w", source, &is, err)
	}
	return nil
}

// readList reads the items of a List, as kubectl prints several objects, or of a list of one kind, as the API server
// gives it. The items of the latter need not say what they are.
func readList(document []byte, source Source, itemKind string, keepers map[string]keeper) error {
	var list struct {
		metav1.TypeMeta `json:",inline"`
		metav1.ListMeta `json:"metadata"`

		Items []json.RawMessage `json:"items"`
	}
	problems, err := kjson.UnmarshalStrict(document, &list)
	if err == nil {
		err = inOneLine(problems)
	}
	if err != nil {
		return fmt.Errorf("%s: %sList: %w", source, itemKind, err)
	}
	var failures []error
	for i, item := range list.Items {
		source.Item = i + 1
		if itemKind != "" {
			item = withKind(item, list.APIVersion, itemKind)
		}
		failures = append(failures, readDocument(item, source, keepers))
	}
	return errors.Join(failures...)
}

// withKind says of an item what its list says, where the item does not say it itself.
func withKind(item []byte, apiVersion, kind string) []byte {
	var members map[string]json.RawMessage
	err := json.Unmarshal(item, &members)
	if err != nil || len(members) == 0 || members["kind"] != nil || members["apiVersion"] != nil {
		return item
	}
	_, rest, _ := bytes.Cut(item, []byte("{"))
	return append(fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,`, apiVersion, kind), rest...)
}
