// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// The example exception covers what examplePolicy supports no longer. Its last day is one of Berlin.
//
//	2021-05-20T22:00:00Z  the warning begins, 10 days before
//	2021-05-30T22:00:00Z  the end
const exampleException = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportException
metadata: {name: migration}
spec:
  product: Example
  versions: [1.0.x]
  through: "2021-05-30"
  timeZone: Europe/Berlin
  expiringSoonDays: 10
  reference: CHG-4711
  reason: the migration ends in May
`

const (
	exceptionWarning = "2021-05-20T22:00:00Z"
	exceptionEnd     = "2021-05-30T22:00:00Z"
)

// expectException says how the exception's own status, or what the host's row says of it, differs.
func (w *world) expectException(active metav1.ConditionStatus, finding string, clusters int32) error {
	var object v1alpha1.SupportException
	if err := w.Client.Get(w.t.Context(), types.NamespacedName{Name: "migration"}, &object); err != nil {
		return err
	}
	host, err := w.host()
	if err != nil {
		return err
	}
	installed := row(host, "Example", "default")
	expiring, why := metav1.ConditionFalse, v1alpha1.ReasonEndNotNear
	activeReason := v1alpha1.ReasonExceptionRunning
	var covering *v1alpha1.CoveringException
	if active == metav1.ConditionTrue {
		end := metav1.NewTime(at(w.t, exceptionEnd))
		covering = &v1alpha1.CoveringException{Name: "migration", EndTime: &end}
	}
	switch finding {
	case v1alpha1.ReasonExceptionEndsSoon:
		expiring, why = metav1.ConditionTrue, v1alpha1.ReasonExceptionEndsSoon
	case v1alpha1.ReasonExceptionEnded:
		activeReason, why = v1alpha1.ReasonExceptionEnded, v1alpha1.ReasonExceptionEnded
	}
	wrong := []error{
		expect(object.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
		expect(object.Status.Conditions, v1alpha1.ConditionActive, active, activeReason),
		expect(object.Status.Conditions, v1alpha1.ConditionExpiringSoon, expiring, why),
		// What the vendor says is not changed by it.
		expect(host.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded),
	}
	if installed.State != v1alpha1.StateUnsupported {
		wrong = append(wrong, fmt.Errorf("the state is %s", installed.State))
	}
	if diff := cmp.Diff(covering, installed.Exception); diff != "" {
		wrong = append(wrong, fmt.Errorf("the row's exception differs (-want +got):\n%s", diff))
	}
	if object.Status.Clusters == nil || *object.Status.Clusters != clusters {
		wrong = append(wrong, fmt.Errorf("it counts %v clusters, expected are %d", object.Status.Clusters, clusters))
	}
	last := installed.Findings[len(installed.Findings)-1]
	if last.Type != v1alpha1.FindingException || last.Reason != finding {
		wrong = append(wrong, fmt.Errorf("the last finding is %+v, expected is one with the reason %s", last, finding))
	}
	return errors.Join(wrong...)
}

// expectTable compares what kubectl prints.
func (w *world) expectTable(want string, arguments ...string) {
	w.t.Helper()
	table, err := w.Kubectl(w.t.Context(), arguments...)
	if err != nil {
		w.t.Error(err)
	}
	if !strings.Contains(table, want) {
		w.t.Errorf("kubectl %v does not print %q:\n%s", arguments, want, table)
	}
}

// An exception counts from when it is valid until its end, in the cluster's status and in its own.
func TestException(t *testing.T) {
	w := newExampleWorld(t, "2021-05-06")
	w.apply(strings.Replace(exampleException, "Europe/Berlin", "Mars/Base", 1))
	w.start()
	w.eventually("the exception to be refused", func() error {
		if covering := row(w.mustHost(), "Example", "default").Exception; covering != nil {
			return fmt.Errorf("an invalid exception covers: %+v", covering)
		}
		var object v1alpha1.SupportException
		must(t, w.Client.Get(t.Context(), types.NamespacedName{Name: "migration"}, &object))
		return expect(object.Status.Conditions,
			v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidException)
	})
	w.apply(exampleException)
	check := func(when string, active metav1.ConditionStatus, finding string, clusters int32) {
		t.Helper()
		w.eventually("the right answers "+when, func() error { return w.expectException(active, finding, clusters) })
		w.settle()
	}
	check("at first", metav1.ConditionTrue, v1alpha1.ReasonExceptionRunning, 1)
	w.expectTable("migration  ", "get", "clustersupport", "-A", "-o", "wide")
	w.expectTable("exceptions: migration until "+exceptionEnd, "get", "clustersupport", "-A")
	w.expectTable("1.0.x      2021-05-30   True    True     False      1          CHG-4711", "get", "sexc")
	w.Front.Reset()
	w.expectNoWrites("an exception that runs")

	w.Clock.SetTime(at(t, exceptionWarning).Add(-time.Nanosecond))
	w.expectNoWrites("the nanosecond before the warning")
	w.Clock.Step(time.Nanosecond)
	check("when the warning begins", metav1.ConditionTrue, v1alpha1.ReasonExceptionEndsSoon, 1)
	w.awaitHost(v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue, v1alpha1.ReasonExceptionEndsSoon)

	w.Clock.SetTime(at(t, exceptionEnd).Add(-time.Nanosecond))
	check("the nanosecond before the end", metav1.ConditionTrue, v1alpha1.ReasonExceptionEndsSoon, 1)
	w.Clock.Step(time.Nanosecond)
	check("at the end", metav1.ConditionFalse, v1alpha1.ReasonExceptionEnded, 0)
	w.awaitHost(v1alpha1.ConditionExpiringSoon, metav1.ConditionFalse, v1alpha1.ReasonExceptionEnded)
	ended := slices.ContainsFunc(w.events(w.mustHost()), func(e corev1.Event) bool {
		return e.Reason == v1alpha1.ReasonExceptionEnded && e.Type == corev1.EventTypeWarning
	})
	if !ended {
		t.Errorf("that the cover has lapsed is no warning: %v", w.events(w.mustHost()))
	}

	w.removeAll("support.d2iq.io/v1alpha1", "SupportException")
	w.eventually("the finding to go with the exception", func() error {
		for _, f := range row(w.mustHost(), "Example", "default").Findings {
			if f.Type == v1alpha1.FindingException {
				return fmt.Errorf("there is still %+v", f)
			}
		}
		return nil
	})
}
