// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// Exception is a SupportException made ready for evaluation. It is immutable.
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

// CompileException makes an exception ready. It never fails: what is wrong with it is kept, and then it covers nothing.
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
	if last, err := facts.ParseDay(spec.Through); err != nil {
		p.add(path.Child("through"), spec.Through, allowedDay)
	} else if _, err := facts.StartOfDay(last, e.zone); err != nil {
		p.add(path.Child("through"), spec.Through, "a day that exists in "+e.zone.String())
	} else {
		e.end = facts.StartOfDayOrLater(last.Plus(1), e.zone)
	}
	p.required(path.Child("reference"), spec.Reference, maxReference, "where the decision is written down, such as a ticket")
	p.required(path.Child("reason"), spec.Reason, maxReason, "why the exception was made")
	e.problems = p.list
	return e
}

// Name is the name of the SupportException.
func (e *Exception) Name() string { return e.name }

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
	return s.version != nil && slices.ContainsFunc(e.patterns, func(p versionPattern) bool { return p.matches(s.version) })
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

// exceptionFor is the exception that covers the release at present, or else the one that did last. Of several that run, it
// is the one that ends last.
func (s *subject) exceptionFor() *Exception {
	var best *Exception
	for _, e := range s.set.exceptions {
		if e.covers(s) && (best == nil || e.end.After(best.end)) {
			best = e
		}
	}
	return best
}

// checkException: does an exception cover the release, and what when it ends? It comes after all other checks, because a
// release rests on an exception by what they say.
func checkException(s *subject, stated []statement) []statement {
	e := s.exceptionFor()
	if e == nil {
		return nil
	}
	finding := func(reason, predicate string) statement {
		// It is not the policy that says so.
		return statement{Finding: v1alpha1.Finding{
			Type: v1alpha1.FindingException, Reason: reason, Message: facts.Escaped(s.title() + " " + predicate),
		}}
	}
	isUnsupported := slices.ContainsFunc(stated, func(one statement) bool {
		return (one.Condition == v1alpha1.ConditionSupported || one.Condition == v1alpha1.ConditionCompatible) &&
			one.Status != metav1.ConditionTrue
	})
	endsFirst := !s.verdict.end.IsZero() && s.verdict.end.Before(e.end)
	switch {
	case !s.now.Before(e.end) && isUnsupported:
		ended := finding(v1alpha1.ReasonExceptionEnded, "was covered by "+e.sentence(s.now))
		ended.Condition, ended.Status = v1alpha1.ConditionExpiringSoon, metav1.ConditionFalse
		return []statement{ended}
	case !s.now.Before(e.end):
		return nil
	case !s.now.Before(e.warnsFrom()) && (isUnsupported || endsFirst):
		soon := finding(v1alpha1.ReasonExceptionEndsSoon, "rests on "+e.sentence(s.now))
		soon.Condition, soon.Status = v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue
		return []statement{soon}
	}
	return []statement{finding(v1alpha1.ReasonExceptionRunning, "is covered by "+e.sentence(s.now))}
}

// coveringException is the exception that covers the release now, for the status.
func (s *subject) coveringException() *v1alpha1.CoveringException {
	e := s.exceptionFor()
	if e == nil || !s.now.Before(e.end) {
		return nil
	}
	return &v1alpha1.CoveringException{Name: e.name, EndTime: &metav1.Time{Time: e.end}}
}

// describeException gives what the status of the exception says at an instant, given the clusters as they were assessed, and the
// next instant at which that changes by time alone; zero when none is known.
func (e *Exception) describeException(clusters []v1alpha1.ClusterSupport, now time.Time) (exceptionDescription, time.Time) {
	if len(e.problems) > 0 {
		return exceptionDescription{Conditions: []Condition{
			{Type: v1alpha1.ConditionActive, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonInvalidException,
				Message: "the exception is invalid and covers nothing: " + facts.JoinProblems(e.problems)},
			{Type: v1alpha1.ConditionExpiringSoon, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonInvalidException,
				Message: "the exception is invalid and covers nothing"},
		}}, time.Time{}
	}
	covered := int32(0)
	for i := range clusters {
		if clusters[i].Status.DuplicateOf == "" && slices.ContainsFunc(clusters[i].Status.Releases, e.coversRelease) {
			covered++
		}
	}
	active := Condition{Type: v1alpha1.ConditionActive, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonExceptionRunning,
		Message: "lasts through " + lastDay(e.end, e.zone)}
	soon := Condition{Type: v1alpha1.ConditionExpiringSoon, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonEndNotNear, Message: active.Message}
	var next time.Time
	switch {
	case !now.Before(e.end):
		active.Status, active.Reason, active.Message = metav1.ConditionFalse, v1alpha1.ReasonExceptionEnded, "lasted through "+lastDay(e.end, e.zone)
		soon.Reason, soon.Message, covered = v1alpha1.ReasonExceptionEnded, active.Message, 0
	case !now.Before(e.warnsFrom()):
		soon.Status, soon.Reason = metav1.ConditionTrue, v1alpha1.ReasonExceptionEndsSoon
		next = e.end
	default:
		next = cmp.Or(e.warnsFrom(), e.end)
	}
	return exceptionDescription{
		Conditions: []Condition{active, soon}, EndTime: &metav1.Time{Time: e.end}, CoveredVersions: e.coveredVersions(), Clusters: ptr.To(covered),
	}, next
}

func (e *Exception) coveredVersions() string {
	if len(e.texts) == 0 {
		return "all"
	}
	return facts.ListOf(e.texts, maxSupportedText)
}

func (e *Exception) coversRelease(r v1alpha1.InstalledRelease) bool {
	return r.Exception != nil && r.Exception.Name == e.name
}

// exceptionDescription is what an exception says by itself at one instant.
type exceptionDescription struct {
	// Conditions are Active and ExpiringSoon.
	Conditions []Condition
	EndTime    *metav1.Time
	// CoveredVersions are the covered versions, for the printed column.
	CoveredVersions string
	// Clusters is the number of clusters on which it covers a release.
	Clusters *int32
}
