// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/support"
)

// consistent says how a status differs from what the policies say now about the facts that the statuses hold.
func (w *world) consistent() error {
	var policies v1alpha1.SupportPolicyList
	var exceptions v1alpha1.SupportExceptionList
	var clusters v1alpha1.ClusterSupportList
	ctx := w.t.Context()
	if err := errors.Join(w.Client.List(ctx, &policies), w.Client.List(ctx, &exceptions), w.Client.List(ctx, &clusters)); err != nil {
		return err
	}
	compiled := make([]*support.Policy, 0, len(policies.Items))
	for i := range policies.Items {
		compiled = append(compiled, support.Compile(&policies.Items[i]))
	}
	covering := make([]*support.Exception, 0, len(exceptions.Items))
	for i := range exceptions.Items {
		covering = append(covering, support.CompileException(&exceptions.Items[i]))
	}
	set, now := support.NewSet(compiled, covering...), w.Clock.Now()
	for i := range clusters.Items {
		c := &clusters.Items[i]
		if meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionStalled) != nil {
			continue
		}
		// Without a new contact the status keeps what it says of the contact, and is evaluated again.
		want, _ := set.ClusterStatus(support.ClusterInput{Object: c, DuplicateOf: c.Status.DuplicateOf}, now)
		if diff := cmp.Diff(want, c.Status, cmpopts.EquateEmpty()); diff != "" {
			return fmt.Errorf("the status of cluster %s/%s is out of date (-engine +status):\n%s", c.Namespace, c.Name, diff)
		}
	}
	for i := range policies.Items {
		p := &policies.Items[i]
		want, _ := set.PolicyStatus(p, clusters.Items, now)
		if diff := cmp.Diff(want, p.Status, cmpopts.EquateEmpty()); diff != "" {
			return fmt.Errorf("the status of policy %s is out of date (-engine +status):\n%s", p.Name, diff)
		}
	}
	for i := range exceptions.Items {
		e := &exceptions.Items[i]
		want, _ := covering[i].Status(e, clusters.Items, now)
		if diff := cmp.Diff(want, e.Status, cmpopts.EquateEmpty()); diff != "" {
			return fmt.Errorf("the status of exception %s is out of date (-engine +status):\n%s", e.Name, diff)
		}
	}
	return nil
}
