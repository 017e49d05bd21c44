// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

func TestContact(t *testing.T) {
	failure := &observe.ContactError{Reason: observe.Unanswered}
	connected := []metav1.Condition{{
		Type: v1alpha1.ConditionReachable, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonConnected, Message: "the cluster answers",
	}}
	for name, test := range map[string]struct {
		snapshot observe.Snapshot
		old      []metav1.Condition
		status   metav1.ConditionStatus
		reason   string
	}{
		"never":                   {observe.Snapshot{}, nil, metav1.ConditionUnknown, v1alpha1.ReasonNotContacted},
		"not yet since a start":   {observe.Snapshot{}, connected, metav1.ConditionTrue, v1alpha1.ReasonConnected},
		"now":                     {observe.Snapshot{Complete: true}, nil, metav1.ConditionTrue, v1alpha1.ReasonConnected},
		"no longer":               {observe.Snapshot{Complete: true, Err: failure}, connected, metav1.ConditionFalse, v1alpha1.ReasonUnreachable},
		"in vain, from the start": {observe.Snapshot{Err: failure}, nil, metav1.ConditionFalse, v1alpha1.ReasonUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			known := seen(test.snapshot, nil)
			got := known.reachable(test.old)
			if got.Type != v1alpha1.ConditionReachable || got.Status != test.status || got.Reason != test.reason || got.Message == "" {
				t.Errorf("it is %+v, expected is %s because of %s", got, test.status, test.reason)
			}
		})
	}
}
