// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package support

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// TestRulesNotKnown: what is not known to be allowed must not read as allowed.
func TestRulesNotKnown(t *testing.T) {
	ruled := func() policyBuilder {
		return policy("kommander").window(3).minor("1.3", ga("2021-02-10"), needs("Konvoy", "1.7.x"))
	}
	for _, test := range []struct {
		name     string
		policies []policyBuilder
		cluster  clusterBuilder
		want     metav1.ConditionStatus
		because  string
		reason   string
	}{
		{
			"version unknown", []policyBuilder{ruled()}, cluster().on("v1.19.9").with(found(facts.Kommander, "kommander", sign(v1alpha1.SourceLabel, ""))),
			metav1.ConditionUnknown, v1alpha1.ReasonVersionUnknown, "some minor of it may be prohibited on this cluster",
		},
		{
			"unreadable version", []policyBuilder{ruled()}, cluster().on("v1.19.9").with(kommander("one")),
			metav1.ConditionUnknown, v1alpha1.ReasonUnreadableVersion, "the same",
		},
		{
			"minor not listed", []policyBuilder{ruled()}, cluster().on("v1.19.9").with(kommander("1.9.0")),
			metav1.ConditionUnknown, v1alpha1.ReasonNotInPolicy, "its rules are not in the policy",
		},
		{
			"no rules at all", []policyBuilder{policy("kommander").window(3).minor("1.3", ga("2021-02-10"))},
			cluster().on("v1.19.9").with(kommander("1.9.0")),
			metav1.ConditionTrue, v1alpha1.ReasonNothingToCheck, "a policy without rules prohibits nothing",
		},
		{
			"no policy", nil, cluster().on("v1.19.9").with(kommander("1.3.0")),
			metav1.ConditionTrue, v1alpha1.ReasonNothingToCheck, "nobody has rules; Supported is Unknown and says so",
		},
		{
			"invalid policy", []policyBuilder{policy("kommander").window(0).minor("1.3", needs("Konvoy", "1.7.x"))},
			cluster().on("v1.19.9").with(kommander("1.3.0")),
			metav1.ConditionUnknown, v1alpha1.ReasonPolicyInvalid, "its rules hold for nothing until it is mended",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			assessment, _ := set(test.policies...).evaluate(test.cluster.evaluationInput, at("2021-06-01"))
			want := string(test.want) + " " + test.because
			expect.Equal(t, want, conditionOf(t, assessment, v1alpha1.ConditionCompatible), test.reason)
		})
	}
}
