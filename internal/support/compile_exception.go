// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Exception is a compiled SupportException. It is immutable.
type Exception struct {
	name, product string
	// patterns and texts are the covered versions, the latter as they are written; both empty means all.
	patterns []versionPattern
	texts    []string
	selector labels.Selector
	// end is the first instant after the last covered day.
	end               time.Time
	zone              *time.Location
	expiringSoonDays  int
	reference, reason string
	problems          field.ErrorList
}

// CompileException reads an exception. It never fails: its problems are kept, and with any it covers nothing.
func CompileException(object *v1alpha1.SupportException) *Exception {
	spec, path := &object.Spec, field.NewPath("spec")
	var p problems
	e := &Exception{
		name: object.Name, product: spec.Product, reference: spec.Reference, reason: spec.Reason,
		selector:         p.compileSelector(spec.ClusterSelector, path.Child("clusterSelector")),
		zone:             p.zone(spec.TimeZone, path.Child("timeZone")),
		expiringSoonDays: p.expiringSoonDays(spec.ExpiringSoonDays, path.Child("expiringSoonDays")),
		texts:            slices.Clone(spec.Versions),
	}
	validateProduct(spec.Product, path.Child("product"), &p)
	e.patterns = exceptionVersions(spec.Versions, path.Child("versions"), &p)
	e.end = p.dayAfter(spec.Through, e.zone, path.Child("through"))
	p.required(path.Child("reference"), spec.Reference, maxReference, "where the decision is written down, such as a ticket")
	p.required(path.Child("reason"), spec.Reason, maxReason, "why the exception was made")
	e.problems = p.list
	return e
}

// Problems are what is wrong with it. None: it is valid.
func (e *Exception) Problems() field.ErrorList { return e.problems }

// numeric is what can only be meant as a version: nothing but operators and a v comes before its first number, which ends
// with a dot or ends the text.
var numeric = regexp.MustCompile(`^[^A-Za-z0-9]*[vV]?[0-9]+(\.|$)`)

// exceptionVersions reads the covered versions. What is not a pattern has to be a tag or a branch, which is compared as a
// whole.
func exceptionVersions(texts []string, path *field.Path, p *problems) []versionPattern {
	if !p.bound(path, len(texts), maxRequiredVersions, "versions") {
		return nil
	}
	if texts != nil && len(texts) == 0 {
		p.add(path, "an empty list", "absent, which means all versions, or have at least one")
	}
	p.duplicates(path, texts)
	var patterns []versionPattern
	for i, text := range texts {
		pattern, err := parseVersionPattern(text)
		switch {
		case err == nil:
			patterns = append(patterns, pattern)
		case numeric.MatchString(text) || len(text) > facts.MaxPrintable || !gitRef.MatchString(text):
			p.add(path.Index(i), text, "MAJOR.MINOR.x, an exact version, or a whole tag such as stable-1.17-2.5.0")
		}
	}
	return patterns
}

// covers tells whether the exception is about a release, whatever the time.
func (e *Exception) covers(s *subject) bool {
	switch {
	case e.product != s.product || !e.selector.Matches(labels.Set(s.labels)):
		return false
	case len(e.texts) == 0 || slices.Contains(e.texts, s.used.Version):
		return true
	}
	return s.version != nil && anyMatches(e.patterns, s.version)
}

func (e *Exception) warnsFrom() time.Time { return facts.DaysBefore(e.end, e.expiringSoonDays, e.zone) }

// sentence says what the exception is.
func (e *Exception) sentence(now time.Time) string {
	lasts := "lasts"
	if !now.Before(e.end) {
		lasts = "lasted"
	}
	return fmt.Sprintf("exception %s, which %s through %s (%s: %s)", e.name, lasts, lastDay(e.end, e.zone), e.reference, e.reason)
}
