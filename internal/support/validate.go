// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// The bounds that the schema does not know, because old API servers cannot change numeric bounds and because a
// LabelSelector is taken over as it is; and those that it knows, for files that no API server has seen.
const (
	maxExpiringSoonDays = 3650
	maxSupportedMinors  = 100
	maxSelectorTerms    = 32
	maxSelectorValues   = 64
	maxReleases         = 100
	// maxRanges is for all minors and patches together; each is asked for each Kubernetes minor.
	maxRanges           = 512
	maxPatches          = 100
	maxRequirements     = 16
	maxRequiredVersions = 32
	maxUpgradesFrom     = 16
	maxRangeOfProducts  = 8
	maxURL              = 2048
	maxAvoid            = 512
	maxSystems          = 64
	// maxAllSystems is for all minors and patches together.
	maxAllSystems        = 2048
	maxExpression        = 256
	maxShortName         = 64
	maxScopes            = 8
	maxSeverity          = 4
	maxScopeText         = 256
	maxTerms             = 4096
	maxExperimental      = 64
	maxChartName         = 250
	maxReference         = 256
	maxReason            = 512
	maxDeclared          = 32
	defaultTimeZone      = "Etc/UTC"
	defaultExpiringSoon  = 90
	allowedDay           = "a day that exists, such as 2021-05-05, of the years 1900 to 9998"
	allowedMinor         = "a minor such as 1.4"
	allowedVersionOfLine = "a version of this minor, such as "
)

// problems collects the errors of an object, each with the path of the field, what was found and what is allowed.
type problems struct{ list field.ErrorList }

func (p *problems) add(path *field.Path, found any, allowed string) {
	if text, ok := found.(string); ok {
		found = facts.Printable(text)
	}
	p.list = append(p.list, field.Invalid(path, found, "must be "+allowed))
}

func (p *problems) say(path *field.Path, found, detail string) {
	p.list = append(p.list, field.Invalid(path, facts.Printable(found), detail))
}

// bound refuses more than there may be. It tells whether there are not too many.
func (p *problems) bound(path *field.Path, n, limit int, what string) bool {
	if n > limit {
		p.add(path, fmt.Sprintf("%d %s", n, what), fmt.Sprintf("at most %d", limit))
	}
	return n <= limit
}

func (p *problems) boundText(path *field.Path, text string, limit int) bool {
	return p.bound(path, utf8.RuneCountInString(text), limit, "characters")
}

// required refuses a text that is missing or too long. It tells whether it is neither.
func (p *problems) required(path *field.Path, text string, limit int, what string) bool {
	if text == "" {
		p.add(path, text, what)
		return false
	}
	return p.boundText(path, text, limit)
}

func (p *problems) duplicate(path *field.Path, text string) {
	p.list = append(p.list, field.Duplicate(path, facts.Printable(text)))
}

// duplicates refuses what stands in a list twice.
func (p *problems) duplicates(path *field.Path, texts []string) {
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			p.duplicate(path.Index(i), text)
		}
	}
}

// patterns reads a list of versions, each MAJOR.MINOR.x or exact, and refuses what cannot be read, doubles, and more than
// there may be.
func (p *problems) patterns(texts []string, path *field.Path) []versionPattern {
	if !p.bound(path, len(texts), maxRequiredVersions, "versions") {
		return nil
	}
	p.duplicates(path, texts)
	var patterns []versionPattern
	for i, text := range texts {
		pattern, err := parseVersionPattern(text)
		if err != nil {
			p.add(path.Index(i), text, "MAJOR.MINOR.x or an exact version")
			continue
		}
		patterns = append(patterns, pattern)
	}
	return patterns
}

// compileSelector makes a selector ready. The one of an invalid selector, and of none, chooses everything.
func (p *problems) compileSelector(selector *metav1.LabelSelector, path *field.Path) labels.Selector {
	before := len(p.list)
	validateSelector(selector, path, p)
	if selector != nil && len(p.list) == before {
		if compiled, err := metav1.LabelSelectorAsSelector(selector); err == nil {
			return compiled
		}
	}
	return labels.Everything()
}

// zone reads a time zone; nil means UTC, and so does one that is refused.
func (p *problems) zone(name *string, path *field.Path) *time.Location {
	text := defaultTimeZone
	if name != nil {
		text = *name
	}
	zone, err := facts.LoadZone(text)
	if err != nil {
		p.add(path, text, "the name of an IANA time zone, such as Europe/Berlin")
		return time.UTC
	}
	return zone
}

// day reads a day and gives its first instant in a zone. Where it is no day both are zero; where the zone skips it, the instant.
func (p *problems) day(text string, zone *time.Location, path *field.Path) (day facts.Day, start time.Time) {
	day, err := facts.ParseDay(text)
	if err != nil {
		p.add(path, text, allowedDay)
	} else if start, err = facts.StartOfDay(day, zone); err != nil {
		p.add(path, text, "a day that exists in "+zone.String())
	}
	return day, start
}

// dayAfter reads a day and gives the first instant after it in a zone; zero where it is no day.
func (p *problems) dayAfter(text string, zone *time.Location, path *field.Path) time.Time {
	if day, _ := p.day(text, zone, path); day != (facts.Day{}) {
		return facts.StartOfDayOrLater(day.Plus(1), zone)
	}
	return time.Time{}
}

// expiringSoonDays reads the length of a warning.
func (p *problems) expiringSoonDays(days *int32, path *field.Path) int {
	if days == nil {
		return defaultExpiringSoon
	}
	if *days < 0 || *days > maxExpiringSoonDays {
		p.add(path, *days, fmt.Sprintf("a number of days from 0 to %d", maxExpiringSoonDays))
		return defaultExpiringSoon
	}
	return int(*days)
}

// validateSelector bounds what a selector may hold; Kubernetes' own type knows no bounds.
func validateSelector(selector *metav1.LabelSelector, path *field.Path, p *problems) {
	if selector == nil {
		return
	}
	if terms := len(selector.MatchLabels) + len(selector.MatchExpressions); terms > maxSelectorTerms {
		p.add(path, fmt.Sprintf("%d terms", terms), fmt.Sprintf("at most %d terms", maxSelectorTerms))
		return
	}
	for i, term := range selector.MatchExpressions {
		if len(term.Values) > maxSelectorValues {
			p.add(path.Child("matchExpressions").Index(i).Child("values"), fmt.Sprintf("%d values", len(term.Values)),
				fmt.Sprintf("at most %d values", maxSelectorValues))
			return
		}
	}
	for _, key := range slices.Sorted(maps.Keys(selector.MatchLabels)) {
		value := selector.MatchLabels[key]
		if _, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchLabels: map[string]string{key: value}}); err != nil {
			p.add(path.Child("matchLabels").Key(facts.Printable(key)), value, "the value of a label, under its key")
		}
	}
	for i, term := range selector.MatchExpressions {
		alone := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{term}}
		if _, err := metav1.LabelSelectorAsSelector(alone); err != nil {
			p.say(path.Child("matchExpressions").Index(i), term.Key+" "+string(term.Operator)+" "+strings.Join(term.Values, ","),
				"must be a term of a label selector: "+facts.Printable(err.Error()))
		}
	}
}

func validateURL(text string, path *field.Path, p *problems) {
	if text == "" || !p.boundText(path, text, maxURL) {
		return
	}
	if parsed, err := url.Parse(text); err != nil || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Host == "" {
		p.add(path, text, "an http or https address")
	}
}

func validateLifecycle(lifecycle *v1alpha1.Lifecycle, product string, path *field.Path, p *problems) {
	members := 0
	if window := lifecycle.Window; window != nil {
		members++
		if n := window.SupportedMinors; n == nil || *n < 1 || *n > maxSupportedMinors {
			p.add(path.Child("window", "supportedMinors"), numberText(n), fmt.Sprintf("a number from 1 to %d", maxSupportedMinors))
		}
	}
	if rangeOf := lifecycle.RangeOf; rangeOf != nil {
		members++
		if len(rangeOf.Products) == 0 {
			p.add(path.Child("rangeOf", "products"), "nothing", "at least one product")
		}
		if p.bound(path.Child("rangeOf", "products"), len(rangeOf.Products), maxRangeOfProducts, "products") {
			for i, name := range rangeOf.Products {
				validateOtherProduct(name, product, path.Child("rangeOf", "products").Index(i), "a lifecycle cannot rest on itself", p)
			}
			p.duplicates(path.Child("rangeOf", "products"), rangeOf.Products)
		}
	}
	if follows := lifecycle.Follows; follows != nil {
		members++
		validateOtherProduct(follows.Product, product, path.Child("follows", "product"), "a lifecycle cannot rest on itself", p)
	}
	if lifecycle.Listed != nil {
		members++
	}
	if members != 1 {
		p.add(path, fmt.Sprintf("%d members", members), "exactly one of window, rangeOf, follows and listed")
	}
}

func validateOtherProduct(name, own string, path *field.Path, why string, p *problems) {
	if name != "" && name == own {
		p.say(path, name, "must be another product: "+why)
		return
	}
	validateProduct(name, path, p)
}

func validateProduct(name string, path *field.Path, p *problems) {
	p.required(path, name, facts.MaxProductName, "the name of a product")
}

func numberText(n *int32) string {
	if n == nil {
		return "nothing"
	}
	return fmt.Sprint(*n)
}
