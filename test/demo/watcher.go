// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// breath is how long a day lasts: enough for the operator to wake, evaluate and write. Where something changed the day
// lasts a policyPause, since a policy's status is written at most once a second.
const (
	breath      = 15 * time.Millisecond
	policyPause = 1200 * time.Millisecond
	patience    = 30 * time.Second
	// refreshInterval is how soon the operator notices that a cluster has gone or that a Secret has changed.
	refreshInterval = 2 * time.Second
)

// watcher prints what changed in the answers since it last looked.
type watcher struct {
	world *sandbox.Sandbox
	out   io.Writer
	// seen is the last answer to each question, by "kind name question".
	seen map[string]string
}

func newWatcher(world *sandbox.Sandbox, out io.Writer) *watcher {
	return &watcher{world: world, out: out, seen: map[string]string{}}
}

func (w *watcher) line(day time.Time, what, text string) {
	fmt.Fprintf(w.out, "%s  %-8s %s\n", day.Format(time.DateOnly), what, text)
}

// look lets the operator breathe and prints what it changed.
func (w *watcher) look(ctx context.Context, changed bool) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	printed, err := w.report(ctx)
	if err != nil || (!changed && !printed) {
		return err
	}
	if err := pause(ctx, policyPause); err != nil {
		return err
	}
	_, err = w.report(ctx)
	return err
}

// settle waits until the alarms have looked at the clock, and for a breath.
func (w *watcher) settle(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return w.world.Clock.HasWaiters(), nil
	})
	if err != nil {
		return fmt.Errorf("the operator does not look at its clock: %w", err)
	}
	return pause(ctx, breath)
}

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}

// clusters reads the answers about all clusters, by name.
func (w *watcher) clusters(ctx context.Context) (map[string]*v1alpha1.ClusterSupport, error) {
	var all v1alpha1.ClusterSupportList
	if err := w.world.Client.List(ctx, &all); err != nil {
		return nil, err
	}
	clusters := map[string]*v1alpha1.ClusterSupport{}
	for i := range all.Items {
		clusters[all.Items[i].Name] = &all.Items[i]
	}
	return clusters, nil
}

// questions are the conditions of a cluster that the demo follows.
var questions = []string{
	v1alpha1.ConditionReachable, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible, v1alpha1.ConditionExpiringSoon,
	v1alpha1.ConditionUpgradeRecommended,
}

// report prints every answer that is not what it was, and tells whether there was any.
func (w *watcher) report(ctx context.Context) (bool, error) {
	clusters, err := w.clusters(ctx)
	if err != nil {
		return false, err
	}
	var policies v1alpha1.SupportPolicyList
	if err := w.world.Client.List(ctx, &policies); err != nil {
		return false, err
	}
	printed := false
	for _, name := range slices.Sorted(maps.Keys(clusters)) {
		for _, question := range questions {
			printed = w.condition("cluster", name, clusters[name].Status.Conditions, question) || printed
		}
	}
	for i := range policies.Items {
		printed = w.policy(&policies.Items[i]) || printed
	}
	return printed, nil
}

// condition prints a condition whose status or reason is not what it was.
func (w *watcher) condition(kind, name string, conditions []metav1.Condition, question string) bool {
	found := meta.FindStatusCondition(conditions, question)
	if found == nil {
		return false
	}
	answer := string(found.Status) + " " + found.Reason
	before, changed := w.changed(kind+" "+name+" "+question, answer)
	if !changed {
		return false
	}
	w.line(w.world.Clock.Now(), kind, fmt.Sprintf("%s: %s is %s (was %s): %s", name, question, answer, before, found.Message))
	return true
}

// policy prints the minors of a policy whose stage is not what it was.
func (w *watcher) policy(policy *v1alpha1.SupportPolicy) bool {
	if policy.Name == "base-platform-services" {
		return false // its minors go with those of Kubernetes
	}
	printed := false
	for _, r := range policy.Status.Releases {
		before, changed := w.changed("policy "+policy.Name+" "+r.Version, string(r.Stage))
		if changed && before != "nothing" {
			w.line(w.world.Clock.Now(), "policy", fmt.Sprintf("%s %s is %s (was %s)", policy.Spec.Product, r.Version, r.Stage, before))
			printed = true
		}
	}
	return printed
}

func (w *watcher) changed(question, answer string) (before string, changed bool) {
	before, known := w.seen[question]
	w.seen[question] = answer
	if !known {
		before = "nothing"
	}
	return before, before != answer
}

// await waits until the operator says what the chapter expects, and prints what changed on the way.
func (w *watcher) await(ctx context.Context, c chapter) error {
	var missing string
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		clusters, err := w.clusters(ctx)
		if err != nil {
			return false, err
		}
		missing = c.unmet(clusters)
		return missing == "", nil
	})
	if err != nil {
		return fmt.Errorf("%s, %s: %s: %w", c.day, c.title, missing, err)
	}
	if err := pause(ctx, policyPause); err != nil {
		return err
	}
	_, err = w.report(ctx)
	return err
}

// unmet says which expectation is not met; empty when all are.
func (c chapter) unmet(clusters map[string]*v1alpha1.ClusterSupport) string {
	if clusters[c.gone] != nil {
		return c.gone + " is still there"
	}
	for _, e := range c.expect {
		name := cmp.Or(e.cluster, v1alpha1.HostName)
		if clusters[name] == nil {
			return "there is no cluster " + name
		}
		found := meta.FindStatusCondition(clusters[name].Status.Conditions, e.condition)
		if found == nil {
			return name + " has no " + e.condition
		}
		if found.Status != e.status || found.Reason != e.reason {
			return fmt.Sprintf("%s: %s is %s (%s: %s), not %s (%s)", name, e.condition, found.Status, found.Reason, found.Message, e.status, e.reason)
		}
	}
	return ""
}

// tables shows what kubectl shows.
func (w *watcher) tables(ctx context.Context, day time.Time, title string) error {
	fmt.Fprintf(w.out, "\n━━ %s: %s\n", day.Format(time.DateOnly), title)
	for _, arguments := range [][]string{{"get", "supportpolicy"}, {"get", "supportexception"}, {"get", "clustersupport", "-A"}} {
		table, err := w.world.Kubectl(ctx, arguments...)
		if err != nil {
			return err
		}
		if strings.TrimSpace(table) == "" {
			continue // none of them
		}
		fmt.Fprintf(w.out, "\n$ kubectl %s\n%s", strings.Join(arguments, " "), table)
	}
	fmt.Fprintln(w.out)
	return nil
}
