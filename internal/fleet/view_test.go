// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"testing"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"

	"github.com/d2iq-labs/support-policy-operator/internal/facts"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

func TestFollow(t *testing.T) {
	var (
		old    = facts.Facts{KubernetesVersion: "v1.19.7"}
		now    = facts.Facts{KubernetesVersion: "v1.19.9"}
		failed = &observe.ContactError{Reason: observe.Unauthorized}
		silent = &observe.ContactError{Reason: observe.Unanswered}
	)
	for _, row := range []struct {
		name                string
		before, after, want observe.Snapshot
		reason              string
	}{
		{"first", observe.Snapshot{}, observe.Snapshot{Facts: now}, observe.Snapshot{Facts: now}, "there was nothing before"},
		{"nothing yet", observe.Snapshot{Facts: old, Complete: true, Err: failed}, observe.Snapshot{},
			observe.Snapshot{Facts: old, Complete: true, Err: failed}, "the new observer does not know better"},
		{"an answer", observe.Snapshot{Facts: old, Complete: true, Err: failed}, observe.Snapshot{Facts: now},
			observe.Snapshot{Facts: old, Complete: true}, "the new credentials are good, and half of the facts are none"},
		{"another failure", observe.Snapshot{Facts: old, Complete: true, Err: failed}, observe.Snapshot{Err: silent},
			observe.Snapshot{Facts: old, Complete: true, Err: silent}, "it is what is wrong now"},
		{"everything", observe.Snapshot{Facts: old, Complete: true, Err: failed}, observe.Snapshot{Facts: now, Complete: true},
			observe.Snapshot{Facts: now, Complete: true}, "the old one is of no interest any more"},
		{"never anything", observe.Snapshot{Err: failed}, observe.Snapshot{}, observe.Snapshot{Err: failed},
			"it is still not known whether the new credentials are good"},
		{"half and half", observe.Snapshot{Facts: old}, observe.Snapshot{Facts: now}, observe.Snapshot{Facts: now},
			"neither is complete, and the later one is right"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := follow(row.before, row.after)
			if diff := cmp.Diff(row.want, got, cmpopts.IgnoreUnexported(observe.ContactError{})); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}

func TestViewsDiffer(t *testing.T) {
	view := func(change func(*View)) View {
		v := View{
			Snapshot: observe.Snapshot{
				Complete: true, Facts: facts.Facts{KubernetesVersion: "v1.19.7"},
				Err: &observe.ContactError{Reason: observe.Failing, Object: "nodes"}, Fleet: &detect.Descriptions{},
			},
			Problem: &Problem{Reason: Failing, Message: "m"},
		}
		change(&v)
		return v
	}
	same := view(func(*View) {})
	if !same.equal(view(func(*View) {})) || !(View{}).equal(View{}) {
		t.Error("the same is not the same")
	}
	for name, change := range map[string]func(*View){
		"complete": func(v *View) { v.Snapshot.Complete = false },
		"facts":    func(v *View) { v.Snapshot.Facts.KubernetesVersion = "" },
		"error":    func(v *View) { v.Snapshot.Err = nil },
		"kind":     func(v *View) { v.Snapshot.Err = &observe.ContactError{Reason: observe.Unanswered, Object: "nodes"} },
		"object":   func(v *View) { v.Snapshot.Err = &observe.ContactError{Reason: observe.Failing} },
		"fleet":    func(v *View) { v.Snapshot.Fleet = &detect.Descriptions{Forbidden: []string{"x"}} },
		"problem":  func(v *View) { v.Problem = nil },
		"reason":   func(v *View) { v.Problem = &Problem{Reason: Garbage, Message: "m"} },
		"message":  func(v *View) { v.Problem = &Problem{Reason: Failing, Message: "n"} },
	} {
		if other := view(change); same.equal(other) || other.equal(same) {
			t.Errorf("another %s is no difference", name)
		}
	}
}

func TestProblemOf(t *testing.T) {
	for _, row := range []struct {
		name   string
		err    error
		want   Problem
		reason string
	}{
		{"refusal", &refusedExec, Problem{InsecureKubeconfig, refusedExec.Error()}, "it says which field"},
		{"all", &observe.ContactError{Reason: observe.Unanswered}, Problem{Unanswered, Unanswered.Sentence()}, "one for all"},
		{"one resource", &observe.ContactError{Reason: observe.Failing, Object: "nodes"},
			Problem{Failing, (&observe.ContactError{Reason: observe.Failing, Object: "nodes"}).Error()}, "it says which one"},
		{"credentials", &observe.ContactError{Reason: observe.Unauthorized, Object: "nodes"},
			Problem{Unauthorized, Unauthorized.Sentence()}, "they are not good for others either"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(&row.want, problemOf(row.err)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
		})
	}
}
