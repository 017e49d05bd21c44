// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// eventsAbout are the transitions of the events about an object, such as "Supported is True, was Unknown", sorted.
func (w *world) eventsAbout(object client.Object) []string {
	w.t.Helper()
	var transitions []string
	for _, event := range w.events(object) {
		transition, _, _ := strings.Cut(event.Message, ":")
		transitions = append(transitions, event.Type+" "+transition)
	}
	slices.Sort(transitions)
	return transitions
}

func (w *world) expectEvents(what string, object client.Object, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.eventsAbout(object)); diff != "" {
		w.t.Errorf("%s: the events about %s differ (-want +got):\n%s", what, object.GetName(), diff)
	}
}

func TestEvents(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	w.start()
	host, policy := w.mustHost(), w.mustPolicy("example")
	want := []string{
		"Normal ExpiringSoon is False, was Unknown",
		"Normal Supported is True, was Unknown",
	}
	w.expectEvents("the first evaluation", host, want...)
	w.expectEvents("the first evaluation", policy, want...)

	w.Clock.SetTime(at(t, exampleWarning))
	w.awaitPolicy("example", v1alpha1.ConditionExpiringSoon, metav1.ConditionTrue, v1alpha1.ReasonSupportEndsSoon)
	w.settle()
	want = append(want, "Warning ExpiringSoon is True, was False")
	w.expectEvents("the warning", host, want...)
	w.expectEvents("the warning", policy, want...)

	w.Clock.SetTime(at(t, exampleEnd))
	w.awaitPolicy("example", v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
	w.settle()
	want = append(want, "Normal ExpiringSoon is False, was True", "Warning Supported is False, was True")
	slices.Sort(want)
	w.expectEvents("the end", host, want...)
	w.expectEvents("the end", policy, want...)

	for _, object := range []client.Object{host, policy} {
		for _, event := range w.events(object) {
			if event.Type != corev1.EventTypeWarning || !strings.HasPrefix(event.Message, "Supported") {
				continue
			}
			checkEvent(t, object, event)
		}
	}
	w.halt()
	w.start()
	w.expectEvents("a restart", w.mustHost(), want...)
}

// checkEvent looks at all that kubectl and others show of an event.
func checkEvent(t *testing.T, about client.Object, got corev1.Event) {
	t.Helper()
	kind, namespace := "ClusterSupport", sandbox.Namespace
	message := "Supported is False, was True: Example 1.0.3 is not supported: support of 1.0 ended on 2021-05-05" +
		" (Europe/Berlin), when 1.1 became generally available (policy example)"
	if about.GetNamespace() == "" {
		kind, namespace = "SupportPolicy", metav1.NamespaceDefault
		message = "Supported is False, was True: 1 of 1 cluster is not supported: " + sandbox.Namespace +
			"/host (Example 1.0.3, SupportEnded, " + exampleEnd + ")"
	}
	instant := metav1.NewTime(at(t, exampleEnd))
	want := corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: "support.d2iq.io/v1alpha1", Kind: kind,
			Namespace: about.GetNamespace(), Name: about.GetName(), UID: about.GetUID(),
		},
		Type: corev1.EventTypeWarning, Reason: v1alpha1.ReasonSupportEnded, Message: message,
		FirstTimestamp: instant, LastTimestamp: instant, Count: 1,
		Source: corev1.EventSource{Component: controllers.Name}, ReportingController: controllers.Name,
	}
	ignored := cmpopts.IgnoreFields(metav1.ObjectMeta{}, "Name", "UID", "ResourceVersion", "CreationTimestamp", "ManagedFields")
	if diff := cmp.Diff(want, got, ignored, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("the event about %s differs (-want +got):\n%s", kind, diff)
	}
	if name := regexp.MustCompile(`^` + about.GetName() + `\.[0-9a-f]{16}$`); !name.MatchString(got.Name) {
		t.Errorf("the event about %s is called %s", kind, got.Name)
	}
}

// Each case is one transition of Supported on the host, with something in the way between its event and its status.
func TestEventsWhenTheStatusIsNotWritten(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	w.start()
	transitions := w.eventsAbout(w.mustHost())

	version := "1.0.3"
	// flip changes the installed release, and with it whether it is supported.
	flip := func() (status metav1.ConditionStatus, reason string) {
		if version == "1.0.3" {
			version, status, reason = "0.9.0", metav1.ConditionFalse, v1alpha1.ReasonSupportEnded
		} else {
			version, status, reason = "1.0.3", metav1.ConditionTrue, v1alpha1.ReasonSupported
		}
		w.Clock.Step(time.Hour)
		w.apply(strings.ReplaceAll(exampleHost, "1.0.3", version))
		return status, reason
	}
	// wrote matches the patch of the host's status, and says that once.
	wrote := func() func(*http.Request) bool {
		var once sync.Once
		return func(r *http.Request) (first bool) {
			if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/clustersupports/host/status") {
				once.Do(func() { first = true })
			}
			return first
		}
	}
	w.log.expects("Reconciler error")

	for _, test := range []struct {
		name string
		// matches are the requests with which something happens; nil: the first patch of the host's status.
		matches func(*http.Request) bool
		// happens is what happens in place of such a request.
		happens fault
		// between is done once the event is there.
		between func()
		// repeated tells whether the event is created a second time, in vain.
		repeated bool
	}{
		{
			name: "the API server answers with an error",
			happens: func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
				// The second try is later, by the clock too.
				w.Clock.Step(5 * time.Second)
				return refused(r, http.StatusInternalServerError), nil
			},
			repeated: true,
		},
		{
			name: "the connection breaks before the request",
			happens: func(http.RoundTripper, *http.Request) (*http.Response, error) {
				return nil, errors.New("the connection is broken")
			},
			repeated: true,
		},
		{
			name: "the answer is lost",
			happens: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				if response, err := next.RoundTrip(r); err == nil {
					_ = response.Body.Close()
				}
				return nil, errors.New("the answer is lost")
			},
		},
		{
			name: "another client was faster",
			happens: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				w.label(fmt.Sprint(time.Now().UnixNano()))
				return next.RoundTrip(r)
			},
			repeated: true,
		},
		{
			name:    "the operator ends in between",
			matches: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/status") },
			happens: func(_ http.RoundTripper, r *http.Request) (*http.Response, error) {
				return refused(r, http.StatusServiceUnavailable), nil
			},
			between: func() {
				w.halt()
				w.wire.breaks(nil)
				w.Clock.Step(10 * time.Minute)
				w.start()
			},
			repeated: true,
		},
	} {
		w.run(test.name, func(t *testing.T) {
			doubled := len(w.wire.answered(exists))
			matches := test.matches
			if matches == nil {
				matches = wrote()
			}
			w.wire.breaks(func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
				if matches(r) {
					return test.happens(next, r)
				}
				return next.RoundTrip(r)
			})
			before := len(w.events(w.mustHost()))
			status, reason := flip()
			if test.between != nil {
				w.eventually("the event", func() error {
					if len(w.events(w.mustHost())) == before {
						return errors.New("there is none")
					}
					return nil
				})
				test.between()
			}
			w.awaitHost(v1alpha1.ConditionSupported, status, reason)
			w.settle()
			w.wire.breaks(nil)

			transition := "Warning Supported is False, was True"
			if status == metav1.ConditionTrue {
				transition = "Normal Supported is True, was False"
			}
			transitions = append(transitions, transition)
			slices.Sort(transitions)
			w.expectEvents(test.name, w.mustHost(), transitions...)
			if got := len(w.wire.answered(exists)) > doubled; got != test.repeated {
				t.Errorf("that the event exists already was answered: %t, expected is %t", got, test.repeated)
			}
		})
	}
}

// A status that is set back by hand is written again, and the events, which exist, are not.
func TestEventsWhenTheStatusIsSetBack(t *testing.T) {
	w := newExampleWorld(t, "2021-05-01")
	w.start()
	before := w.mustHost()
	w.Clock.SetTime(at(t, exampleEnd))
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
	w.settle()
	transitions := w.eventsAbout(before)

	w.Clock.Step(time.Hour)
	after := w.mustHost()
	after.Status = before.Status
	must(t, w.Client.Status().Update(t.Context(), after))
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
	w.settle()
	w.expectEvents("a status that was set back", before, transitions...)
	if len(w.wire.answered(exists)) != 2 {
		t.Errorf("expected are two events that exist already: %v", w.wire.answered(exists))
	}
}

// exists matches the answer to an event that was created before.
func exists(a answer) bool {
	return a.method == http.MethodPost && strings.HasSuffix(a.path, "/events") && a.code == http.StatusConflict
}

// refused is an answer that did not come from the API server.
func refused(r *http.Request, code int) *http.Response {
	return &http.Response{
		StatusCode: code, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(strings.NewReader("no")),
	}
}

// label changes the host's metadata, as any user may at any time.
func (w *world) label(value string) {
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"metadata":{"labels":{"changed":%q}}}`, value))
	host := &v1alpha1.ClusterSupport{ObjectMeta: metav1.ObjectMeta{Namespace: hostKey.Namespace, Name: hostKey.Name}}
	if err := w.Client.Patch(w.t.Context(), host, patch); err != nil {
		w.t.Error(err)
	}
}
