// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// fakeEventClient is an API server that knows events only.
type fakeEventClient struct {
	client.Writer

	created []*corev1.Event
	// fails is what it answers instead of taking the next event.
	fails error
}

func (w *fakeEventClient) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	if err := w.fails; err != nil {
		w.fails = nil
		return err
	}
	event, ok := object.(*corev1.Event)
	if !ok {
		return fmt.Errorf("%T is no event", object)
	}
	for _, known := range w.created {
		if known.Namespace == event.Namespace && known.Name == event.Name {
			return apierrors.NewAlreadyExists(schema.GroupResource{Resource: "events"}, event.Name)
		}
	}
	w.created = append(w.created, event)
	return nil
}

// transitions are the events, such as "Warning Supported is False, was True", in the order of their creation.
func (w *fakeEventClient) transitions() []string {
	var transitions []string
	for _, event := range w.created {
		transition, _, _ := strings.Cut(event.Message, ":")
		transitions = append(transitions, event.Type+" "+transition)
	}
	return transitions
}

func (w *fakeEventClient) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.transitions()); diff != "" {
		t.Errorf("the events differ (-want +got):\n%s", diff)
	}
}

var someCluster = &v1alpha1.ClusterSupport{
	ObjectMeta: metav1.ObjectMeta{Name: "host", Namespace: sandbox.Namespace, UID: "a-cluster"},
}

// conditionsAt are conditions since an instant, written as "Supported=True".
func conditionsAt(instant time.Time, texts ...string) []metav1.Condition {
	var conditions []metav1.Condition
	for _, text := range texts {
		kind, status, _ := strings.Cut(text, "=")
		conditions = append(conditions, metav1.Condition{
			Type: kind, Status: metav1.ConditionStatus(status), Reason: "Because", Message: "it is so",
			LastTransitionTime: metav1.NewTime(instant),
		})
	}
	return conditions
}

func TestEventWriter(t *testing.T) {
	noon := at(t, "2021-05-05T12:00:00Z")
	for name, test := range map[string]struct{ old, desired, want []string }{
		"the first time, all well": {
			nil, []string{"Supported=True", "ExpiringSoon=False"},
			[]string{"Normal Supported is True, was Unknown", "Normal ExpiringSoon is False, was Unknown"},
		},
		"the first time, nothing known": {nil, []string{"Supported=Unknown", "ExpiringSoon=Unknown"}, nil},
		"nothing new":                   {[]string{"Supported=False", "ExpiringSoon=True"}, []string{"Supported=False", "ExpiringSoon=True"}, nil},
		"the end": {
			[]string{"Supported=True", "ExpiringSoon=True"}, []string{"Supported=False", "ExpiringSoon=False"},
			[]string{"Warning Supported is False, was True", "Normal ExpiringSoon is False, was True"},
		},
		"the warning": {
			[]string{"Supported=True", "ExpiringSoon=False"}, []string{"Supported=True", "ExpiringSoon=True"},
			[]string{"Warning ExpiringSoon is True, was False"},
		},
		"no longer known": {
			[]string{"Supported=True", "ExpiringSoon=False"}, []string{"Supported=Unknown", "ExpiringSoon=Unknown"},
			[]string{"Warning Supported is Unknown, was True", "Warning ExpiringSoon is Unknown, was False"},
		},
		"conditions without events": {
			[]string{"Ready=True", "Reachable=True", "Compatible=True", "UpgradeRecommended=False"},
			[]string{"Ready=False", "Stalled=True", "Reachable=False", "Compatible=False", "UpgradeRecommended=True", "Conflicting=True"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			writer := &fakeEventClient{}
			check(t, controllers.NewEventWriter(writer).WriteTransitions(t.Context(), someCluster,
				conditionsAt(noon.Add(-time.Hour), test.old...), conditionsAt(noon, test.desired...), noon))
			writer.expect(t, test.want...)
		})
	}
}

// That a product is installed nowhere any more is no bad news.
func TestTransitionToNoClusters(t *testing.T) {
	noon := at(t, "2021-05-05T12:00:00Z")
	desired := conditionsAt(noon, "Supported=Unknown", "ExpiringSoon=Unknown")
	for i := range desired {
		desired[i].Reason = v1alpha1.ReasonNoClusters
	}
	writer := &fakeEventClient{}
	check(t, controllers.NewEventWriter(writer).WriteTransitions(t.Context(), someCluster,
		conditionsAt(noon, "Supported=False", "ExpiringSoon=True"), desired, noon))
	want := []string{"Normal Supported is Unknown, was False", "Normal ExpiringSoon is Unknown, was True"}
	writer.expect(t, want...)
}

// However often the status patch fails, an event that was written is not written again, whatever the time, and one that was
// not written is.
func TestEventWriterRetries(t *testing.T) {
	noon := at(t, "2021-05-05T12:00:00Z")
	writer := &fakeEventClient{fails: errors.New("the API server is away")}
	old := conditionsAt(noon.Add(-time.Hour), "Supported=True", "ExpiringSoon=True")
	record := func(now time.Time) error {
		return controllers.NewEventWriter(writer).WriteTransitions(t.Context(), someCluster, old,
			conditionsAt(now, "Supported=False", "ExpiringSoon=False"), now)
	}
	if err := record(noon); err == nil || !strings.Contains(err.Error(), "the API server is away") ||
		!strings.Contains(err.Error(), sandbox.Namespace+"/host.") {
		t.Errorf("the error is %v", err)
	}
	for i := range 3 {
		if err := record(noon.Add(time.Duration(i) * time.Minute)); err != nil {
			t.Error(err)
		}
	}
	want := []string{"Warning Supported is False, was True", "Normal ExpiringSoon is False, was True"}
	writer.expect(t, want...)
}

// Different transitions have different names, or one of them would be lost.
func TestEventNames(t *testing.T) {
	noon := at(t, "2021-05-05T12:00:00Z")
	writer := &fakeEventClient{}
	record := func(object client.Object, since time.Time, old, desired string) {
		t.Helper()
		check(t, controllers.NewEventWriter(writer).WriteTransitions(t.Context(), object,
			conditionsAt(since, old), conditionsAt(noon, desired), noon))
	}
	again := someCluster.DeepCopy()
	again.UID = "the-same-name-later"
	policy := &v1alpha1.SupportPolicy{ObjectMeta: metav1.ObjectMeta{Name: "host", UID: types.UID("a-policy")}}
	record(someCluster, noon, "Supported=True", "Supported=False")
	record(someCluster, noon.Add(-time.Second), "Supported=True", "Supported=False")
	record(someCluster, noon, "Supported=True", "Supported=Unknown")
	record(someCluster, noon, "ExpiringSoon=True", "ExpiringSoon=False")
	record(again, noon, "Supported=True", "Supported=False")
	record(policy, noon, "Supported=True", "Supported=False")
	if len(writer.created) != 6 {
		t.Errorf("%d events, expected are 6", len(writer.created))
	}
}

// Names of objects can be as long as names of events.
func TestEventNamesAreBounded(t *testing.T) {
	noon := at(t, "2021-05-05T12:00:00Z")
	names := map[string]string{}
	for _, name := range []string{
		strings.Repeat("a", 253),
		strings.Repeat("a", 252) + "b",
		strings.Repeat("a", 235) + "." + strings.Repeat("c", 17),
		strings.Repeat("a", 230) + "--------" + strings.Repeat("d", 15),
		strings.Repeat("e", 236),
		strings.Repeat("e", 237),
	} {
		writer := &fakeEventClient{}
		policy := &v1alpha1.SupportPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
		if problems := apivalidation.NameIsDNSSubdomain(name, false); len(problems) > 0 {
			t.Fatalf("%s is no name: %v", name, problems)
		}
		must(t, controllers.NewEventWriter(writer).WriteTransitions(t.Context(), policy, nil, conditionsAt(noon, "Supported=True"), noon))
		got := writer.created[0].Name
		if problems := apivalidation.NameIsDNSSubdomain(got, false); len(problems) > 0 {
			t.Errorf("the event about %s cannot be called %s: %v", name, got, problems)
		}
		if other := names[got]; other != "" {
			t.Errorf("the events about %s and %s have the same name", name, other)
		}
		names[got] = name
	}
}
