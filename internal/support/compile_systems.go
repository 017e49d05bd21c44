// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// operatingSystem is one that a release supports, and how nodes report it.
type operatingSystem struct {
	name  string
	image *regexp.Regexp
	// kernel is nil where any kernel will do.
	kernel *regexp.Regexp
}

func (c *compiler) operatingSystems(specs []v1alpha1.OperatingSystem, path *field.Path) []operatingSystem {
	if !c.problems.bound(path, len(specs), maxSystems, "operating systems") {
		return nil
	}
	compiled := make([]operatingSystem, 0, len(specs))
	for i := range specs {
		spec := &specs[i]
		at := path.Key(facts.Printable(spec.Name))
		c.problems.required(at.Child("name"), spec.Name, maxShortName, "the name of an operating system, such as CentOS 7.9")
		if slices.ContainsFunc(specs[:i], func(o v1alpha1.OperatingSystem) bool { return o.Name == spec.Name }) {
			c.problems.duplicate(at, spec.Name)
		}
		one := operatingSystem{name: spec.Name, image: c.expression(spec.OSImage, at.Child("osImage"))}
		if spec.Kernel != "" {
			one.kernel = c.expression(spec.Kernel, at.Child("kernel"))
		}
		if one.image != nil {
			compiled = append(compiled, one)
		}
	}
	return compiled
}

// expression compiles a regular expression that has to match a whole text. The same text is compiled once: most releases
// list the same systems.
func (c *compiler) expression(text string, path *field.Path) *regexp.Regexp {
	if known, ok := c.expressions[text]; ok {
		return known
	}
	if !c.problems.required(path, text, maxExpression, "a regular expression that matches what a node reports") {
		return nil
	}
	// The bare expression is parsed first: in its bracket it could close the bracket, and errors would quote the bracket.
	tree, err := syntax.Parse(text, syntax.Perl)
	if err == nil && sizeOf(tree) > maxExpressionSize {
		c.problems.add(path, text, fmt.Sprintf("a regular expression that is not larger than %d when its repetitions are written out", maxExpressionSize))
		return nil
	}
	var compiled *regexp.Regexp
	if err == nil {
		compiled, err = regexp.Compile(`^(?:` + text + `)$`)
	}
	if err != nil {
		c.problems.say(path, text, "must be a regular expression (RE2): "+facts.Printable(err.Error()))
		return nil
	}
	if c.expressions == nil {
		c.expressions = map[string]*regexp.Regexp{}
	}
	c.expressions[text] = compiled
	return compiled
}

// maxExpressionSize bounds what an expression can cost: the texts that it is matched against have at most 64 characters.
const maxExpressionSize = 512

// sizeOf is how many characters and operators an expression has when its repetitions are written out.
func sizeOf(tree *syntax.Regexp) int {
	parts := 0
	for _, part := range tree.Sub {
		parts += sizeOf(part)
	}
	switch tree.Op {
	case syntax.OpRepeat:
		parts *= max(tree.Min, tree.Max, 1)
	case syntax.OpLiteral:
		parts += len(tree.Rune)
	default:
		parts++
	}
	return min(parts, math.MaxInt32)
}

// boundSystems bounds how many operating systems all releases name together.
func (c *compiler) boundSystems(path *field.Path) {
	total := 0
	for _, m := range c.policy.minors {
		total += len(m.systems)
		for i := range m.patches {
			total += len(m.patches[i].systems)
		}
	}
	c.problems.bound(path, total, maxAllSystems, "operating systems in all releases")
}
