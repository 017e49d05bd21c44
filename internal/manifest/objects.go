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
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/documents"
	"github.com/d2iq-labs/support-policy-operator/internal/schema"
)

// The kinds that are read.
const (
	policyKind    = "SupportPolicy"
	exceptionKind = "SupportException"
	clusterKind   = "ClusterSupport"
)

// decoder reads one object from JSON.
type decoder func(object []byte, source Source) error

// decodeInto returns a decoder that appends objects of a kind to a list, even where an API server would refuse one.
func decodeInto[T any, P interface {
	*T
	metav1.Object
}](list *[]Found[T], kind string) decoder {
	return func(text []byte, source Source) error {
		found := Found[T]{Source: source}
		values, problems, err := valuesOf(text)
		if err != nil {
			return err
		}
		if schema.Prune(kind, values) || hasFraction(values) {
			// The object is read as an API server would give it back.
			if text, err = json.Marshal(values); err != nil {
				return err
			}
		}
		found.Refused = schema.Validate(kind, schema.Spec, values)
		var statusProblems field.ErrorList
		if kind == clusterKind {
			// Of the other kinds nothing rests on the status, and an API server ignores it.
			statusProblems, found.News = validateStatus(values)
			found.Refused = append(found.Refused, statusProblems...)
		}
		unknown, err := kjson.UnmarshalStrict(text, &found.Object)
		if err != nil {
			return explain(text, found.Object, err, found.Refused)
		}
		if kind == clusterKind {
			unknown, found.News = withoutStatus(unknown, found.News)
		}
		*list = append(*list, found)
		problems = withoutRepeated(append(problems, unknown...))
		for _, problem := range validateMetadata(P(&found.Object), kind) {
			problems = append(problems, problem)
		}
		return joinProblems(problems)
	}
}

// valuesOf returns an object as values, and which keys stand in it twice.
func valuesOf(text []byte) (values map[string]any, duplicates []error, err error) {
	duplicates, err = kjson.UnmarshalStrict(text, &values)
	return values, duplicates, err
}

// hasFraction tells whether a number is written with a fraction or an exponent. An API server takes 3.0 for 3.
func hasFraction(value any) bool {
	switch value := value.(type) {
	case float64:
		return true
	case []any:
		return slices.ContainsFunc(value, hasFraction)
	case map[string]any:
		for _, element := range value {
			if hasFraction(element) {
				return true
			}
		}
	}
	return false
}

// withoutRepeated removes the second of equal problems: keys that stand twice are found in values and in types.
func withoutRepeated(problems []error) []error {
	var different []error
	for _, problem := range problems {
		isSame := func(other error) bool { return other.Error() == problem.Error() }
		if !slices.ContainsFunc(different, isSame) {
			different = append(different, problem)
		}
	}
	return different
}

// knownConditions are the types of conditions that a ClusterSupport can have.
var knownConditions = []string{
	v1alpha1.ConditionReady, v1alpha1.ConditionReachable, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible, v1alpha1.ConditionExpiringSoon,
	v1alpha1.ConditionUpgradeRecommended, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling,
}

// validateStatus validates a status that an operator has written, perhaps a newer one: a value that the schema does not list is no
// problem, but news.
func validateStatus(object map[string]any) (problems field.ErrorList, news []News) {
	for _, problem := range schema.Validate(clusterKind, schema.Status, object) {
		if problem.Type == field.ErrorTypeNotSupported {
			news = append(news, News{problem.Field, fmt.Sprint(problem.BadValue)})
			continue
		}
		problems = append(problems, problem)
	}
	conditions, _, _ := unstructured.NestedFieldNoCopy(object, schema.Status, "conditions")
	list, _ := conditions.([]any)
	for i, one := range list {
		condition, _ := one.(map[string]any)
		if name, isText := condition["type"].(string); isText && !slices.Contains(knownConditions, name) {
			news = append(news, News{field.NewPath(schema.Status, "conditions").Index(i).Child("type").String(), name})
		}
	}
	return problems, news
}

// unknownStatus is how the strict decoder tells of a field of the status that it does not know.
const unknownStatus = `unknown field "status.`

// withoutStatus moves unknown fields of the status from the problems to the news.
func withoutStatus(problems []error, news []News) ([]error, []News) {
	var others []error
	for _, problem := range problems {
		if name, isUnknown := strings.CutPrefix(problem.Error(), unknownStatus); isUnknown {
			news = append(news, News{Field: "status." + strings.TrimSuffix(name, `"`)})
			continue
		}
		others = append(others, problem)
	}
	return others, news
}

// noName is said of an object without a name.
const noName = "an object in a file has to have a name"

// defaultNamespace stands for the namespace to which a file without one is applied.
const defaultNamespace = "default"

// validateMetadata validates metadata as an API server does when it creates an object. What it sets by itself is left out.
func validateMetadata(object metav1.Object, kind string) field.ErrorList {
	checked := metav1.ObjectMeta{
		Name: object.GetName(), GenerateName: object.GetGenerateName(), Namespace: object.GetNamespace(),
		Labels: object.GetLabels(), Annotations: object.GetAnnotations(), Finalizers: object.GetFinalizers(),
		OwnerReferences: withoutEqual(object.GetOwnerReferences()),
	}
	isNamespaced := kind == clusterKind
	switch {
	case !isNamespaced:
		checked.Namespace = "" // an API server ignores it
	case checked.Namespace == "":
		checked.Namespace = defaultNamespace
	}
	path := field.NewPath("metadata")
	if checked.Name == "" {
		// An API server can generate one, and kubectl apply cannot.
		return field.ErrorList{field.Required(path.Child("name"), noName)}
	}
	return validation.ValidateObjectMetaAccessor(&checked, isNamespaced, validation.NameIsDNSSubdomain, path)
}

// withoutEqual returns the references without the second ones of equals, which an API server leaves out.
func withoutEqual(references []metav1.OwnerReference) []metav1.OwnerReference {
	var different []metav1.OwnerReference
	for i := range references {
		isEqual := func(other metav1.OwnerReference) bool { return equality.Semantic.DeepEqual(other, references[i]) }
		if !slices.ContainsFunc(different, isEqual) {
			different = append(different, references[i])
		}
	}
	return different
}

// joinProblems joins the problems of one object into one line.
func joinProblems(problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	messages := make([]string, 0, len(problems))
	for _, problem := range problems {
		messages = append(messages, problem.Error())
	}
	return errors.New(strings.Join(messages, "; "))
}

// explain says what to do where a field has a value of the wrong type, which is mostly a version without quotation marks.
// The strict decoder's error does not name the field; the one of the standard library does, and the schema knows which item it is in.
func explain[T any](object []byte, into T, err error, refused field.ErrorList) error {
	var mismatch *json.UnmarshalTypeError
	if !errors.As(json.Unmarshal(object, &into), &mismatch) {
		return err
	}
	name := mismatch.Field
	for _, problem := range refused {
		if item.ReplaceAllString(problem.Field, "") == name {
			name = problem.Field
			break
		}
	}
	if mismatch.Type.Kind() == reflect.String {
		return fmt.Errorf("%s: is a %s and must be a string; put it into quotation marks", name, mismatch.Value)
	}
	return fmt.Errorf("%s: is of type %s, which is not allowed here", name, mismatch.Value)
}

// item is what names an item of a list in the path of a field.
var item = regexp.MustCompile(`\[\d+\]`)

// header is the kind and name of an object.
type header struct {
	metav1.TypeMeta

	name string
}

// String returns the kind and the name.
func (h *header) String() string { return strings.TrimSpace(h.Kind + " " + h.name) }

// headerOf reads the header of a document. The name is empty where it cannot be read: errors have the source, too.
func headerOf(document []byte) (header, error) {
	var found header
	err := kjson.UnmarshalCaseSensitivePreserveInts(document, &found.TypeMeta)
	var object struct {
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if json.Unmarshal(document, &object) == nil {
		found.name = strings.TrimPrefix(object.Metadata.Namespace+"/"+object.Metadata.Name, "/")
	}
	if err != nil || found.Kind == "" || found.APIVersion == "" {
		return header{}, errors.New("is not an object: it has no apiVersion and kind")
	}
	return found, nil
}

// document reads one object, or a list of objects.
func (r *reading) document(text []byte, source Source) {
	found, err := headerOf(text)
	if err != nil {
		r.failAt(source, "%w", err)
		return
	}
	if itemKind, isList := strings.CutSuffix(found.Kind, "List"); isList && len(source.path) == 0 {
		r.list(text, source, itemKind)
		return
	}
	r.objects++
	if count := documents.CountValues(text); count > maxObjectValues {
		r.failAt(source, "%s: holds more than %d values; an API server takes no object of this size", &found, maxObjectValues)
		return
	}
	decode, wanted := r.decoders[found.Kind]
	if !wanted || found.APIVersion != v1alpha1.GroupVersion.String() {
		r.failAt(source, "%s of %s is not read here; wanted is %s of %s", &found, found.APIVersion,
			strings.Join(slices.Sorted(maps.Keys(r.decoders)), " or "), v1alpha1.GroupVersion)
		return
	}
	if err := decode(text, source); err != nil {
		r.failAt(source.field(fieldOf(err)...), "%s: %w", &found, err)
	}
}

// list reads the items of a List, as kubectl prints it, or of a list of one kind, as an API server returns it. The items
// of the latter need no apiVersion and kind.
func (r *reading) list(text []byte, source Source, itemKind string) {
	var list struct {
		metav1.TypeMeta `json:",inline"`
		metav1.ListMeta `json:"metadata"`

		Items []json.RawMessage `json:"items"`
	}
	problems, err := kjson.UnmarshalStrict(text, &list)
	if err == nil {
		err = joinProblems(problems)
	}
	switch {
	case err != nil:
		r.failAt(source.field(fieldOf(err)...), "%sList: %w", itemKind, err)
		return
	case list.Continue != "" || list.RemainingItemCount != nil:
		// What is there is read: the error says that it is not all.
		r.failAt(source.field("metadata"), "%sList: is a part of a list, as metadata.continue or metadata.remainingItemCount say; get all of it, such as by kubectl get",
			itemKind)
	}
	for i, item := range list.Items {
		if r.objects > maxObjects {
			return
		}
		if itemKind != "" {
			item = withKind(item, list.APIVersion, itemKind)
		}
		source.path = []any{"items", i}
		r.document(item, source)
	}
}

// namedField finds the field that an error of a decoder names.
var namedField = regexp.MustCompile(`(?:unknown|duplicate) field "([^"]+)"|^((?:metadata|spec|status)[.a-zA-Z0-9\[\]]*):`)

// fieldOf returns the path of the first field that an error names: no path where it names none.
func fieldOf(err error) []any {
	found := namedField.FindStringSubmatch(err.Error())
	if found == nil {
		return nil
	}
	return steps(found[1] + found[2])
}

// steps are those of the path of a field, such as releases, 0 and version.
func steps(field string) []any {
	var path []any
	for step := range strings.SplitSeq(field, ".") {
		name, indices, _ := strings.Cut(step, "[")
		path = append(path, name)
		for index := range strings.SplitSeq(indices, "[") {
			if number, err := strconv.Atoi(strings.TrimSuffix(index, "]")); err == nil {
				path = append(path, number)
			}
		}
	}
	return path
}

// withKind adds the apiVersion and kind of the list to an item that has neither.
func withKind(item []byte, apiVersion, kind string) []byte {
	var members map[string]json.RawMessage
	err := json.Unmarshal(item, &members)
	if err != nil || len(members) == 0 || members["kind"] != nil || members["apiVersion"] != nil {
		return item
	}
	_, rest, _ := bytes.Cut(item, []byte("{"))
	return append(fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,`, apiVersion, kind), rest...)
}
