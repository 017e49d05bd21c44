// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// compiled are policies and exceptions made ready, with where they were read.
type compiled struct {
	manifest.PolicySet

	set        *support.Set
	exceptions []*support.Exception
}

// compile makes policies ready, as the operator does. Two of one name cannot be in a cluster: the second is left out, and an error.
func compile(read manifest.PolicySet) (compiled, error) {
	policies, err := distinct(read.Policies, "SupportPolicy")
	exceptions, alsoErr := distinct(read.Exceptions, "SupportException")
	all := compiled{PolicySet: manifest.PolicySet{Policies: policies, Exceptions: exceptions}}
	ready := make([]*support.Policy, 0, len(policies))
	for i := range policies {
		ready = append(ready, support.Compile(&policies[i].Object))
	}
	for i := range exceptions {
		all.exceptions = append(all.exceptions, support.CompileException(&exceptions[i].Object))
	}
	all.set = support.NewSet(ready, all.exceptions...)
	return all, errors.Join(err, alsoErr)
}

// distinct returns the objects without the second ones of a name, and an error for each of these.
func distinct[T any, P interface {
	*T
	metav1.Object
}](objects []manifest.Found[T], kind string) ([]manifest.Found[T], error) {
	var distinct []manifest.Found[T]
	var failures failures
	seen := map[string]manifest.Source{}
	for i := range objects {
		name, source := P(&objects[i].Object).GetName(), objects[i].Source
		if first, isSecond := seen[name]; isSecond {
			failures.addAt(source, "%s %s: is at %s as well; remove one of them", kind, name, first)
			continue
		}
		seen[name] = source
		distinct = append(distinct, objects[i])
	}
	return distinct, failures.err()
}

// maxTold is how many errors of a kind are told one by one.
const maxTold = 20

// failures are errors, of which the first ones are kept: to find the place of one takes a search through its document.
type failures struct {
	kept  []error
	count int
}

// addAt adds an error at a place.
func (f *failures) addAt(place manifest.Source, format string, arguments ...any) {
	if f.count++; f.count <= maxTold {
		f.kept = append(f.kept, fmt.Errorf("%s: "+format, append([]any{place}, arguments...)...))
	}
}

// err joins the errors.
func (f *failures) err() error {
	err := errors.Join(f.kept...)
	if more := f.count - len(f.kept); more > 0 {
		err = errors.Join(err, fmt.Errorf("and %d more errors", more))
	}
	return err
}

// level is how bad a diagnostic is.
type level string

const (
	levelError   level = "error"
	levelWarning level = "warning"
)

// diagnostic is something that a person should know about an object.
type diagnostic struct {
	source     manifest.Source
	level      level
	kind, name string
	err        error
}

// String is the diagnostic in one line.
func (d diagnostic) String() string {
	return fmt.Sprintf("%s: %s: %s %s: %s", d.source, d.level, d.kind, d.name, d.err)
}

// refused are what an API server would refuse, and the operator does not say in its own words.
func (c *compiled) refused() []diagnostic {
	var found []diagnostic
	add := func(source manifest.Source, kind, name string, problems, own field.ErrorList) {
		for _, problem := range problems {
			if !isSaid(problem, own) {
				found = append(found, diagnostic{source, levelError, kind, name, problem})
			}
		}
	}
	for i := range c.PolicySet.Policies {
		one := &c.PolicySet.Policies[i]
		add(one.Source, "SupportPolicy", one.Object.Name, one.Refused, c.set.Problems(one.Object.Name))
	}
	for i := range c.Exceptions {
		one := &c.Exceptions[i]
		add(one.Source, "SupportException", one.Object.Name, one.Refused, c.exceptions[i].Problems())
	}
	return found
}

// isSaid tells whether one of the operator's own problems is about the same field. Schemas count items of lists where the operator
// names them, so items are not told apart.
func isSaid(problem *field.Error, own field.ErrorList) bool {
	return slices.ContainsFunc(own, func(o *field.Error) bool { return withoutItems(o.Field) == withoutItems(problem.Field) })
}

// item is what names an item of a list in the path of a field.
var item = regexp.MustCompile(`\[[^\]]*\]`)

func withoutItems(path string) string { return item.ReplaceAllString(path, "") }

// Error is the diagnostic as an error.
func (d diagnostic) Error() string { return d.String() }

// errors are what the operator would refuse, in its own words.
func (c *compiled) errors() []diagnostic {
	var found []diagnostic
	for i := range c.PolicySet.Policies {
		one := &c.PolicySet.Policies[i]
		for _, problem := range c.set.Problems(one.Object.Name) {
			found = append(found, diagnostic{one.Source, levelError, "SupportPolicy", one.Object.Name, problem})
		}
	}
	for i := range c.Exceptions {
		one := &c.Exceptions[i]
		for _, problem := range c.exceptions[i].Problems() {
			found = append(found, diagnostic{one.Source, levelError, "SupportException", one.Object.Name, problem})
		}
	}
	return found
}
