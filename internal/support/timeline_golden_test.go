// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/golden"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// update rewrites the golden files with what the tests find: go test ./internal/support -run TestTimeline -update
// The first and the last day of the timeline: before the first day of the shipped policies, and after the last.
const (
	timelineFrom = "2019-08-01"
	timelineTo   = "2022-12-31"
)

const timelineHead = `# What the shipped policies say, day by day from %s to %s at 00:00 UTC: one paragraph for each day on which
# the stages of a product's minors change. The supported minors stand newest first; one with a star is the last in the
# window, and the one that ends next stands in brackets. One with a question mark has no published day, in a window where
# others have one: it may not have been out yet. After a general availability follows the source of its day, a
# path below pages/dkp of mesosphere/dcos-docs-site with its commit. Minors of BasePlatformServices have no days: they are
# as well off as the best of their Kubernetes minors.
#
# Written by: go test ./internal/support -run TestTimeline -update
`

// The whole history of the shipped policies as a story. Every day is asked for by itself: nothing here knows when
// something is going to change.
func TestTimeline(t *testing.T) {
	t.Parallel()
	s := loadShipped(t)
	names := slices.SortedFunc(maps.Keys(s.objects), func(a, b string) int {
		return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), strings.Compare(a, b))
	})
	sources := map[string]map[string]string{}
	for _, name := range names {
		sources[name] = sourcesOfDays(t, name)
	}
	var story strings.Builder
	fmt.Fprintf(&story, timelineHead, timelineFrom, timelineTo)
	before := map[string][]v1alpha1.ReleaseStatus{}
	for now := range daysBetween(timelineFrom, timelineTo) {
		for _, name := range names {
			description, _ := s.set.describePolicy(name, now)
			if now.Format(time.DateOnly) != timelineFrom && stagesText(description.Releases) == stagesText(before[name]) {
				continue
			}
			spec := &s.objects[name].Spec
			fmt.Fprintf(&story, "\n%s %s: %s\n", now.Format(time.DateOnly), spec.Product, supportedSet(spec, description.Releases))
			for _, event := range eventsOf(spec, before[name], description.Releases, sources[name]) {
				fmt.Fprintf(&story, "  %s\n", event)
			}
			before[name] = description.Releases
		}
	}
	golden.Expect(t, filepath.Join("testdata", "timeline.golden"), story.String())
}

// rankOf puts the products with a window of their own first, and what rests on them behind.
func rankOf(policy string) int {
	order := []string{"konvoy", "kommander", "kubernetes", "base-platform-services", "kaptain"}
	if i := slices.Index(order, policy); i >= 0 {
		return i
	}
	return len(order)
}

// daysBetween yields the first instant of each day, both ends included; the shipped policies count in UTC.
func daysBetween(from, to string) func(func(time.Time) bool) {
	first, last := instantsOf(from)[0], instantsOf(to)[0]
	return func(yield func(time.Time) bool) {
		for now := first; !now.After(last); now = now.AddDate(0, 0, 1) {
			if !yield(now) {
				return
			}
		}
	}
}

func stagesText(releases []v1alpha1.ReleaseStatus) string {
	var text strings.Builder
	for i := range releases {
		fmt.Fprintf(&text, "%s %s, ", releases[i].Version, releases[i].Stage)
	}
	return text.String()
}

func isSupported(stage v1alpha1.Stage) bool {
	return stage == v1alpha1.StageSupported || stage == v1alpha1.StageLastInWindow
}

// supportedSet is "1.8, 1.7, 1.6* [1.6 ends on 2021-08-26 with 2.0]"; a minor of a window without a day has a
// question mark.
func supportedSet(spec *v1alpha1.SupportPolicySpec, releases []v1alpha1.ReleaseStatus) string {
	var minors []string
	var next *v1alpha1.ReleaseStatus
	for i := range releases {
		r := &releases[i]
		if !isSupported(r.Stage) {
			continue
		}
		mark := ""
		if spec.Lifecycle.Window != nil && slices.ContainsFunc(spec.Releases, func(one v1alpha1.Release) bool { return one.Version == r.Version && one.GeneralAvailability == "" }) {
			mark = "?"
		}
		if r.Stage == v1alpha1.StageLastInWindow {
			mark += "*"
		}
		minors = append(minors, r.Version+mark)
		if r.SupportEndTime != nil && (next == nil || !next.SupportEndTime.Before(r.SupportEndTime)) {
			next = r
		}
	}
	if len(minors) == 0 {
		return "nothing"
	}
	set := strings.Join(minors, ", ")
	if next != nil {
		set += " [" + next.Version + " ends on " + next.SupportEndTime.UTC().Format(time.DateOnly) + with(next) + "]"
	}
	return set
}

func with(r *v1alpha1.ReleaseStatus) string {
	if r.EndsWith == "" {
		return ""
	}
	return " with " + r.EndsWith
}

// eventsOf are the differences between two days: what happened, and to which minors, newest first.
func eventsOf(spec *v1alpha1.SupportPolicySpec, before, now []v1alpha1.ReleaseStatus, sources map[string]string) []string {
	stages := map[string]v1alpha1.Stage{}
	for i := range before {
		stages[before[i].Version] = before[i].Stage
	}
	var order []string
	minors := map[string][]string{}
	happened := func(what, minor string) {
		if minors[what] == nil {
			order = append(order, what)
		}
		minors[what] = append(minors[what], minor)
	}
	for i := range now {
		r := &now[i]
		was := stages[r.Version]
		delete(stages, r.Version)
		switch {
		case r.Stage == was || (was == "" && !isSupported(r.Stage)) || (isSupported(was) && isSupported(r.Stage)):
		case r.Stage == v1alpha1.StageEnded:
			happened("ended"+with(r), r.Version)
		case r.Stage == v1alpha1.StageWithdrawn:
			happened("withdrawn", r.Version)
		case spec.Lifecycle.Window == nil:
			happened("supported", r.Version)
		case sources[r.Version] == "":
			happened("out since a day that is not known", r.Version)
		default:
			happened("generally available, "+sources[r.Version], r.Version)
		}
	}
	for _, gone := range slices.Sorted(maps.Keys(stages)) {
		happened("no longer described", gone)
	}
	events := make([]string, 0, len(order))
	for _, what := range order {
		events = append(events, strings.Join(minors[what], ", ")+" "+what)
	}
	return events
}

// The lines of a policy that tell a minor, and its day with the source beside it.
var (
	minorLine = regexp.MustCompile(`^  - version: "([0-9]+\.[0-9]+)"$`)
	dayLine   = regexp.MustCompile(`^    generalAvailability: "[0-9-]+"(?: # ([a-z]+/.+/index\.md at [0-9a-f]{12}))?$`)
)

// sourcesOfDays reads the comments beside the days of the minors in a shipped policy. A minor with a day has to have one.
func sourcesOfDays(t *testing.T, name string) map[string]string {
	t.Helper()
	content := testfile.Read(t, filepath.Join(shippedFolder, name+".yaml"))
	sources := map[string]string{}
	minor := ""
	for line := range strings.Lines(content) {
		line = strings.TrimSuffix(line, "\n")
		if match := minorLine.FindStringSubmatch(line); match != nil {
			minor = match[1]
		}
		if match := dayLine.FindStringSubmatch(line); match != nil {
			sources[minor] = match[1]
		}
	}
	return sources
}

func TestEveryDayHasItsSource(t *testing.T) {
	for name, object := range loadShipped(t).objects {
		sources := sourcesOfDays(t, name)
		for i := range object.Spec.Releases {
			if r := &object.Spec.Releases[i]; (r.GeneralAvailability != "") != (sources[r.Version] != "") {
				t.Errorf("%s.yaml: %s has the day %q and the source %q; write the source beside the day", name, r.Version,
					r.GeneralAvailability, sources[r.Version])
			}
		}
	}
}
