// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

func TestMerge(t *testing.T) {
	var (
		old    = facts.Facts{KubernetesVersion: "v1.19.7"}
		now    = facts.Facts{KubernetesVersion: "v1.19.9"}
		failed = told(v1alpha1.ReasonUnauthorized)
		silent = told(v1alpha1.ReasonUnreachable)
	)
	for _, row := range []struct {
		name                string
		before, after, want observe.Snapshot
		reason              string
	}{
		{"first", observe.Snapshot{}, observe.Snapshot{Facts: now}, observe.Snapshot{Facts: now}, "there was nothing before"},
		{"nothing yet", observe.Snapshot{Facts: old, Complete: true, Problem: failed}, observe.Snapshot{},
			observe.Snapshot{Facts: old, Complete: true, Problem: failed}, "the new observer does not know better"},
		{"an answer", observe.Snapshot{Facts: old, Complete: true, Problem: failed}, observe.Snapshot{Facts: now},
			observe.Snapshot{Facts: old, Complete: true}, "the new credentials are good, and half of the facts are none"},
		{"another failure", observe.Snapshot{Facts: old, Complete: true, Problem: failed}, observe.Snapshot{Problem: silent},
			observe.Snapshot{Facts: old, Complete: true, Problem: silent}, "it is what is wrong now"},
		{"everything", observe.Snapshot{Facts: old, Complete: true, Problem: failed}, observe.Snapshot{Facts: now, Complete: true},
			observe.Snapshot{Facts: now, Complete: true}, "the old one is of no interest any more"},
		{"never anything", observe.Snapshot{Problem: failed}, observe.Snapshot{}, observe.Snapshot{Problem: failed},
			"it is still not known whether the new credentials are good"},
		{"half and half", observe.Snapshot{Facts: old}, observe.Snapshot{Facts: now}, observe.Snapshot{Facts: now},
			"neither is complete, and the later one is right"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := merge(row.before, row.after)
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

// told is the problem of an API server as a whole.
func told(reason string) *facts.Problem { return contact.ProblemOf(&contact.Failure{Reason: reason}) }

func TestProblemOfARefusalSaysWhichField(t *testing.T) {
	want := &facts.Problem{Reason: v1alpha1.ReasonInsecureKubeconfig, Message: refusedExec.Error()}
	if diff := cmp.Diff(want, contact.ProblemOf(fmt.Errorf("wrapped: %w", &refusedExec))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
