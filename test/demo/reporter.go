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

// dayLength is how long a day lasts: enough for the operator to wake, evaluate and write. After a change it is policyPause,
// since the operator writes the status of a policy at most once a second.
const (
	dayLength   = 15 * time.Millisecond
	policyPause = 1200 * time.Millisecond
	timeout     = 30 * time.Second
	// refreshInterval is how soon the operator notices that a cluster has gone or that a Secret has changed.
	refreshInterval = 2 * time.Second
)

// reporter prints what changed since the last report.
type reporter struct {
	sandbox *sandbox.Sandbox
	out     io.Writer
	// seen has the last value by its key: kind, name, and condition or minor.
	seen map[string]string
}

func newReporter(hub *sandbox.Sandbox, out io.Writer) *reporter {
	return &reporter{sandbox: hub, out: out, seen: map[string]string{}}
}

func (r *reporter) printLine(day time.Time, what, text string) {
	fmt.Fprintf(r.out, "%s  %-8s %s\n", day.Format(time.DateOnly), what, text)
}

// reportDay waits for the operator, and prints what it changed.
func (r *reporter) reportDay(ctx context.Context, changed bool) error {
	if err := pause(ctx, dayLength); err != nil {
		return err
	}
	printed, err := r.report(ctx)
	if err != nil || (!changed && !printed) {
		return err
	}
	if err := pause(ctx, policyPause); err != nil {
		return err
	}
	_, err = r.report(ctx)
	return err
}

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(long):
		return nil
	}
}

// clusters returns all ClusterSupports by name.
func (r *reporter) clusters(ctx context.Context) (map[string]*v1alpha1.ClusterSupport, error) {
	var all v1alpha1.ClusterSupportList
	if err := r.sandbox.Client.List(ctx, &all); err != nil {
		return nil, err
	}
	clusters := map[string]*v1alpha1.ClusterSupport{}
	for i := range all.Items {
		clusters[all.Items[i].Name] = &all.Items[i]
	}
	return clusters, nil
}

// conditions are the conditions of a cluster that the demo follows.
var conditions = []string{
	v1alpha1.ConditionReachable, v1alpha1.ConditionSupported, v1alpha1.ConditionCompatible, v1alpha1.ConditionExpiringSoon,
	v1alpha1.ConditionUpgradeRecommended,
}

// report prints what changed, and tells whether anything did.
func (r *reporter) report(ctx context.Context) (bool, error) {
	clusters, err := r.clusters(ctx)
	if err != nil {
		return false, err
	}
	var policies v1alpha1.SupportPolicyList
	if err := r.sandbox.Client.List(ctx, &policies); err != nil {
		return false, err
	}
	printed := false
	for _, name := range slices.Sorted(maps.Keys(clusters)) {
		for _, condition := range conditions {
			printed = r.reportCondition("cluster", name, clusters[name].Status.Conditions, condition) || printed
		}
	}
	for i := range policies.Items {
		printed = r.reportPolicy(&policies.Items[i]) || printed
	}
	return printed, nil
}

// reportCondition prints a condition whose status or reason changed.
func (r *reporter) reportCondition(kind, name string, conditions []metav1.Condition, condition string) bool {
	found := meta.FindStatusCondition(conditions, condition)
	if found == nil {
		return false
	}
	value := string(found.Status) + " " + found.Reason
	before, changed := r.changed(kind+" "+name+" "+condition, value)
	if !changed {
		return false
	}
	r.printLine(r.sandbox.Clock.Now(), kind, fmt.Sprintf("%s: %s is %s (was %s): %s", name, condition, value, before, found.Message))
	return true
}

// reportPolicy prints the minors of a policy whose stage changed.
func (r *reporter) reportPolicy(policy *v1alpha1.SupportPolicy) bool {
	if policy.Name == "base-platform-services" {
		return false // its minors follow Kubernetes
	}
	printed := false
	for _, release := range policy.Status.Releases {
		before, changed := r.changed("policy "+policy.Name+" "+release.Version, string(release.Stage))
		if changed && before != "nothing" {
			r.printLine(r.sandbox.Clock.Now(), "policy", fmt.Sprintf("%s %s is %s (was %s)", policy.Spec.Product, release.Version, release.Stage, before))
			printed = true
		}
	}
	return printed
}

func (r *reporter) changed(key, value string) (before string, changed bool) {
	before, known := r.seen[key]
	r.seen[key] = value
	if !known {
		before = "nothing"
	}
	return before, before != value
}

// await waits until the conditions are what the step wants, and prints what changed on the way.
func (r *reporter) await(ctx context.Context, s step) error {
	var missing string
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, timeout, true, func(ctx context.Context) (bool, error) {
		clusters, err := r.clusters(ctx)
		if err != nil {
			return false, err
		}
		missing = s.unmet(clusters)
		return missing == "", nil
	})
	if err != nil {
		return fmt.Errorf("%s, %s: %s: %w", s.day, s.title, missing, err)
	}
	if err := pause(ctx, policyPause); err != nil {
		return err
	}
	_, err = r.report(ctx)
	return err
}

// unmet says which condition is not as wanted; empty where all are.
func (s step) unmet(clusters map[string]*v1alpha1.ClusterSupport) string {
	if clusters[s.gone] != nil {
		return s.gone + " is still there"
	}
	for _, e := range s.want {
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

// printTables prints what kubectl get prints.
func (r *reporter) printTables(ctx context.Context, day time.Time, title string) error {
	fmt.Fprintf(r.out, "\n━━ %s: %s\n", day.Format(time.DateOnly), title)
	for _, arguments := range [][]string{{"get", "supportpolicy"}, {"get", "supportexception"}, {"get", "clustersupport", "-A"}} {
		table, err := r.sandbox.Kubectl(ctx, arguments...)
		if err != nil {
			return err
		}
		if strings.TrimSpace(table) == "" {
			continue // none of them
		}
		fmt.Fprintf(r.out, "\n$ kubectl %s\n%s", strings.Join(arguments, " "), table)
	}
	fmt.Fprintln(r.out)
	return nil
}
