// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/d2iq-labs/support-policy-operator/internal/manifest"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// compiled are policies and exceptions made ready, with where they were read.
type compiled struct {
	manifest.PolicySet

	set        *support.Set
	exceptions []*support.Exception
}

// compile makes policies ready, as the operator does. Two of one name cannot be in a cluster.
func compile(read manifest.PolicySet) (compiled, error) {
	if len(read.Policies) == 0 {
		return compiled{}, errors.New("there is no SupportPolicy in what was read")
	}
	all := compiled{PolicySet: read}
	policies := make([]*support.Policy, 0, len(read.Policies))
	seen := map[string]manifest.Source{}
	for i := range read.Policies {
		one := &read.Policies[i]
		if err := refuseDuplicate(seen, "SupportPolicy", one.Object.Name, one.Source); err != nil {
			return compiled{}, err
		}
		policies = append(policies, support.Compile(&one.Object))
	}
	seen = map[string]manifest.Source{}
	for i := range read.Exceptions {
		one := &read.Exceptions[i]
		if err := refuseDuplicate(seen, "SupportException", one.Object.Name, one.Source); err != nil {
			return compiled{}, err
		}
		all.exceptions = append(all.exceptions, support.CompileException(&one.Object))
	}
	all.set = support.NewSet(policies, all.exceptions...)
	return all, nil
}

// refuseDuplicate refuses the second object of a name.
func refuseDuplicate(seen map[string]manifest.Source, kind, name string, source manifest.Source) error {
	if first, twice := seen[name]; twice {
		return fmt.Errorf("%s: %s %s: is in %s as well; remove one of them", source, kind, name, first)
	}
	seen[name] = source
	return nil
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
