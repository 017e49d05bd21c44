// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// The example policy supports the newest minor. Its days are those of Berlin, where summer time began on 2021-03-28.
//
//	2021-04-04T22:00:00Z  the warning for 1.0 begins, 30 days before
//	2021-05-04T22:00:00Z  1.1 becomes generally available, and 1.0 ends
func examplePolicy(name, product string) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: %s}
spec:
  product: %s
  timeZone: Europe/Berlin
  expiringSoonDays: 30
  lifecycle: {window: {supportedMinors: 1}}
  releases:
  - {version: "1.1", generalAvailability: "2021-05-05"}
  - {version: "1.0", generalAvailability: "2021-01-01"}
`, name, product)
}

const (
	exampleWarning = "2021-04-04T22:00:00Z"
	exampleEnd     = "2021-05-04T22:00:00Z"
)

// exampleHost has version 1.0.3 of the example installed, by its user's word.
var exampleHost = hostManifest("", `declaredReleases: [{product: Example, name: default, version: 1.0.3}]`)

// touch has the host evaluated again without changing anything that matters.
func (w *world) touch() {
	w.t.Helper()
	w.apply(strings.Replace(exampleHost, "namespace:", fmt.Sprintf("annotations: {touched: %q}\n  namespace:", time.Now()), 1))
}

// expectStages says how the stages in a policy's status, such as "1.1 Planned", or the next transition differ.
func expectStages(policy *v1alpha1.SupportPolicy, next string, want ...string) error {
	var got []string
	for _, r := range policy.Status.Releases {
		got = append(got, r.Version+" "+string(r.Stage))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("the stages of %s differ (-want +got):\n%s", policy.Name, diff)
	}
	instant := ""
	if policy.Status.NextTransitionTime != nil {
		instant = policy.Status.NextTransitionTime.UTC().Format(time.RFC3339)
	}
	if instant != next {
		return fmt.Errorf("the next transition of %s is %q, expected is %q", policy.Name, instant, next)
	}
	return nil
}

// checkExample compares what is said about the example. End is whether 1.0 has ended, warned whether it is about to.
func (w *world) checkExample(when string, warned, ended bool) {
	w.t.Helper()
	supported, expiring := metav1.ConditionTrue, metav1.ConditionFalse
	reason, why := v1alpha1.ReasonSupported, v1alpha1.ReasonEndNotNear
	stages, next := []string{"1.1 Planned", "1.0 LastInWindow"}, exampleEnd
	switch {
	case ended:
		supported, reason, why = metav1.ConditionFalse, v1alpha1.ReasonSupportEnded, v1alpha1.ReasonSupportEnded
		stages, next = []string{"1.1 LastInWindow", "1.0 Ended"}, ""
	case warned:
		expiring, why = metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon
	}
	end := metav1.NewTime(at(w.t, exampleEnd))
	w.eventually("the right answers "+when, func() error {
		host, err := w.host()
		if err != nil {
			return err
		}
		wrong := []error{
			expect(host.Status.Conditions, v1alpha1.ConditionSupported, supported, reason),
			expect(host.Status.Conditions, v1alpha1.ConditionExpiringSoon, expiring, why),
		}
		if !end.Equal(row(host, "Example", "default").SupportEndTime) {
			wrong = append(wrong, fmt.Errorf("the end is %v", row(host, "Example", "default").SupportEndTime))
		}
		policy, err := w.policy("example")
		if err != nil {
			return err
		}
		wrong = append(wrong,
			expect(policy.Status.Conditions, v1alpha1.ConditionSupported, supported, reason),
			expect(policy.Status.Conditions, v1alpha1.ConditionExpiringSoon, expiring, why),
			expectStages(policy, next, stages...))
		return errors.Join(wrong...)
	})
}

// Nothing but the clock moves here: the operator wakes by itself.
func TestBoundaries(t *testing.T) {
	w := newWorld(t, "v1.19.9", exampleWarning)
	w.Clock.Step(-time.Nanosecond)
	w.apply(examplePolicy("example", "Example"))
	// No cluster has the product of this one, and its days are its own: no cluster's change wakes it.
	w.apply(strings.Replace(examplePolicy("lonely", "Lonely"), "2021-05-05", "2021-04-20", 1))
	w.apply(exampleHost)
	w.start()
	w.checkExample("a nanosecond before the warning", false, false)

	w.Front.Reset()
	w.Clock.Step(time.Nanosecond)
	w.checkExample("when the warning begins", true, false)
	w.settle()
	w.expectOnePatch("the warning")

	lonelyDay := "2021-04-19T22:00:00Z"
	w.Clock.SetTime(at(t, lonelyDay).Add(-time.Nanosecond))
	w.Front.Reset()
	w.touch()
	w.expectNoWrites("an evaluation a nanosecond before the day of the policy without clusters")
	check(t, expectStages(w.mustPolicy("lonely"), lonelyDay, "1.1 Planned", "1.0 LastInWindow"))
	w.Clock.Step(time.Nanosecond)
	w.eventually("the stages of the policy without clusters", func() error {
		return expectStages(w.mustPolicy("lonely"), "", "1.1 LastInWindow", "1.0 Ended")
	})
	w.expectOnePatchOf("supportpolicies", "lonely", "its day")

	w.Clock.SetTime(at(t, exampleEnd).Add(-time.Nanosecond))
	w.Front.Reset()
	w.touch()
	w.expectNoWrites("an evaluation a nanosecond before the end")
	w.checkExample("a nanosecond before the end", true, false)

	w.Front.Reset()
	w.Clock.Step(time.Nanosecond)
	w.checkExample("at the end", true, true)
	w.settle()
	w.expectOnePatch("the end")
	if since := since(w.mustHost(), v1alpha1.ConditionSupported); since != exampleEnd {
		t.Errorf("Supported is False since %s, expected is %s", since, exampleEnd)
	}

	w.Front.Reset()
	w.Clock.Step(10 * 365 * 24 * time.Hour)
	w.expectNoWrites("ten years in which nothing happens")
}

func TestClockJumps(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	w.start()
	w.checkExample("at first", false, false)

	w.Front.Reset()
	w.Clock.SetTime(at(t, "2031-03-01"))
	w.checkExample("ten years later", true, true)
	w.settle()
	w.expectOnePatch("a jump over two boundaries")

	// A fake clock's timers do not ring when it is set back; those of a machine do within a minute. The touch stands for
	// that: it is about one object, and all are right afterwards.
	w.Clock.SetTime(at(t, "2021-04-20"))
	w.touch()
	w.checkExample("ten years earlier", true, false)
	w.Clock.SetTime(at(t, exampleEnd))
	w.checkExample("at the end, which comes again", true, true)

	w.halt()
	w.Clock.SetTime(at(t, "2021-03-01"))
	w.start()
	w.checkExample("after a restart with an earlier clock", false, false)
}

// What happened while no operator ran is noticed by the next one.
func TestBoundaryBetweenTwoOperators(t *testing.T) {
	w := newExampleWorld(t, "2021-05-01")
	w.start()
	w.checkExample("before the end", true, false)
	w.halt()
	w.Clock.SetTime(at(t, "2021-06-01"))
	w.Front.Reset()
	w.start()
	w.checkExample("after the end", true, true)
	w.expectOnePatch("the end between two operators")
	if since := since(w.mustHost(), v1alpha1.ConditionSupported); since != "2021-06-01T00:00:00Z" {
		t.Errorf("Supported is False since %s, expected is the instant of the evaluation", since)
	}
}

// expectOnePatch counts how often the host's status was written.
func (w *world) expectOnePatch(what string) {
	w.t.Helper()
	w.expectOnePatchOf("clustersupports", "host", what)
}

// expectOnePatchOf counts how often the status of an object was written.
func (w *world) expectOnePatchOf(resource, name, what string) {
	w.t.Helper()
	if got := w.Front.Requests(statusPatch(resource, name)); got != 1 {
		w.t.Errorf("%s cost %d patches of the status of %s %s, expected is one: %v",
			what, got, resource, name, w.Front.Recent(front.Request.Writes))
	}
}

// since is when a condition changed last.
func since(host *v1alpha1.ClusterSupport, kind string) string {
	for _, c := range host.Status.Conditions {
		if c.Type == kind {
			return c.LastTransitionTime.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// Status and messages hold nothing relative: time that changes no answer changes no byte.
func TestStatusIsTheSameEveryDay(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-10-01", konvoy17, kommander122, exampleHost)
	w.start()
	before := w.statuses()
	// The next minors, and patches, come out in the middle of November. The warning of that has begun.
	for range 30 {
		w.Clock.Step(24 * time.Hour)
		time.Sleep(2 * time.Millisecond)
	}
	w.halt()
	w.start()
	w.expectStatuses(before, "a month")
	for key, status := range before {
		for _, word := range []string{" ago", " left", " days", "today", "tomorrow", "yesterday", "in 4", "in 1"} {
			if strings.Contains(status, word) {
				t.Errorf("%s says %q: %s", key, word, status)
			}
		}
	}
}
