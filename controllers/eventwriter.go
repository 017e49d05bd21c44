// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// +kubebuilder:rbac:groups="",resources=events,verbs=create

// EventWriter writes one event for each transition of Supported and ExpiringSoon.
//
// It creates the event before the status is patched, under a name that follows from the object's UID, the condition, the
// time of the transition before and the new status. A crash between the two loses no event, and the second attempt finds
// that the event exists, so that none is doubled. The events are core events because API servers up to 1.18 know no others.
type EventWriter struct {
	writer client.Writer
	scheme *runtime.Scheme
}

// NewEventWriter writes events with a client.
func NewEventWriter(writer client.Writer) *EventWriter {
	return &EventWriter{writer: writer, scheme: Scheme()}
}

// reportedConditions are the conditions whose transitions are events, each with the status that is good news.
var reportedConditions = map[string]metav1.ConditionStatus{
	v1alpha1.ConditionSupported:    metav1.ConditionTrue,
	v1alpha1.ConditionExpiringSoon: metav1.ConditionFalse,
}

// WriteTransitions writes the events for the transitions between two lists of conditions of an object. Errors of the API
// server name the event.
func (w *EventWriter) WriteTransitions(ctx context.Context, object client.Object, old, desired []metav1.Condition, now time.Time) error {
	for i := range desired {
		next := &desired[i]
		good, ok := reportedConditions[next.Type]
		if !ok {
			continue
		}
		before := metav1.Condition{Status: metav1.ConditionUnknown}
		if found := meta.FindStatusCondition(old, next.Type); found != nil {
			before = *found
		}
		if before.Status == next.Status {
			continue
		}
		// It is no bad news that the last installation of a product has gone. It is bad news that an exception has ended:
		// nothing expires any more because nothing covers what is not supported.
		isGood := next.Status == good && next.Reason != v1alpha1.ReasonExceptionEnded || next.Reason == v1alpha1.ReasonNoClusters
		event, err := w.event(object, before, next, isGood, now)
		if err != nil {
			return err
		}
		err = w.writer.Create(ctx, event, client.DisableReadYourWritesConsistency)
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create event %s/%s for %s: %w", event.Namespace, event.Name, next.Type, err)
		}
	}
	return nil
}

// event is the event for one transition.
func (w *EventWriter) event(object client.Object, before metav1.Condition, next *metav1.Condition, good bool, now time.Time) (*corev1.Event, error) {
	kind, err := apiutil.GVKForObject(object, w.scheme)
	if err != nil {
		return nil, fmt.Errorf("find the kind of %T: %w", object, err)
	}
	namespace := object.GetNamespace()
	if namespace == "" {
		// The API server accepts the events of cluster-scoped objects there.
		namespace = metav1.NamespaceDefault
	}
	eventType := corev1.EventTypeWarning
	if good {
		eventType = corev1.EventTypeNormal
	}
	at := metav1.NewTime(now)
	return &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: eventName(object, before, next)},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: kind.GroupVersion().String(), Kind: kind.Kind,
			Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
		},
		Type: eventType, Reason: next.Reason,
		Message:        fmt.Sprintf("%s is %s, was %s: %s", next.Type, next.Status, before.Status, next.Message),
		FirstTimestamp: at, LastTimestamp: at, Count: 1,
		Source:              corev1.EventSource{Component: Name},
		ReportingController: Name,
	}, nil
}

// eventName is the same for each attempt to write the event of a transition.
func eventName(object client.Object, before metav1.Condition, next *metav1.Condition) string {
	since := before.LastTransitionTime.UTC().Format(time.RFC3339)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%s/%s", object.GetUID(), next.Type, since, next.Status))
	// The object's own name can be as long as any name may be.
	suffix := "." + hex.EncodeToString(sum[:8])
	name := object.GetName()
	name = name[:min(len(name), validation.DNS1123SubdomainMaxLength-len(suffix))]
	return strings.TrimRight(name, ".-") + suffix
}
