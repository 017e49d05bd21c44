// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// The commands that users and pipelines run.
func TestKubectlWait(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-03-01", konvoy17, kommander131)
	waiting := make(chan error, 1)
	w.start()
	for _, arguments := range [][]string{
		{"clustersupport/host", "-n", sandbox.Namespace, "--for=condition=Supported"},
		{"csup/host", "-n", sandbox.Namespace, "--for=condition=Compatible"},
		{"supportpolicy/kommander", "--for=condition=Ready"},
		{"spol", "konvoy", "kommander", "kubernetes", "base-platform-services", "--for=condition=Supported"},
		{"spol", "--all", "--for=condition=Ready"},
	} {
		if _, err := w.Kubectl(t.Context(), append([]string{"wait", "--timeout=10s"}, arguments...)...); err != nil {
			t.Error(err)
		}
	}
	// This kubectl wait ends when support ends.
	go func() {
		_, err := w.Kubectl(t.Context(), "wait", "clustersupport/host", "-n", sandbox.Namespace,
			"--for=condition=Supported=False", "--timeout=30s")
		waiting <- err
	}()
	if _, err := w.Kubectl(t.Context(), "wait", "clustersupport/host", "-n", sandbox.Namespace,
		"--for=condition=Supported=False", "--timeout=1s"); err == nil {
		t.Error("Supported is False on 2021-03-01")
	}
	w.Clock.SetTime(at(t, "2021-11-18"))
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	table := w.kubectl("get", "support", "-A")
	for _, want := range []string{"Kommander 1.3.1", "Konvoy 1.7.2 is not supported: support of 1.7 ended on 2021-11-18"} {
		if !strings.Contains(table, want) {
			t.Errorf("kubectl get support -A does not print %q:\n%s", want, table)
		}
	}
}

// The status of a policy follows all clusters, with at most one write per RollupInterval.
func TestPolicyRollupsAreLimited(t *testing.T) {
	const changes, interval = 20, 500 * time.Millisecond
	w := newExampleWorld(t, "2021-03-01")
	w.start(func(_ *rest.Config, options *controllers.Options) { options.RollupInterval = interval })
	w.Front.Reset()
	begin := time.Now()
	for i := range changes {
		version := fmt.Sprintf("1.0.%d", i+10)
		w.apply(exampleRunning(version))
		w.eventually("the version in the host's status", func() error { return hasVersion(w.mustHost(), "Example", version) })
	}
	w.awaitPolicyThat("example", func(policy *v1alpha1.SupportPolicy) error {
		clusters := policy.Status.Clusters
		if len(clusters) != 1 || clusters[0].Version != fmt.Sprintf("1.0.%d", changes+9) {
			return fmt.Errorf("its clusters are %+v", clusters)
		}
		return nil
	})
	// The changes take longer on a slow machine, and that allows more writes.
	most := int(time.Since(begin)/interval) + 1
	if got := w.Front.Requests(statusPatch("supportpolicies", "example")); got > most {
		t.Errorf("%d changes of the host cost %d patches of the policy's status, expected are %d at most", changes, got, most)
	}
	w.settle()
}

const conflicting = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: %s}
spec:
  product: Example
  priority: %d
  lifecycle: {window: {supportedMinors: 1}}
  releases: [{version: "1.0", generalAvailability: "2021-01-01"}%s]
`

func TestConflictingPolicies(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	// Each policy gives another verdict.
	ours := func(priority int) string { return fmt.Sprintf(conflicting, "ours", priority, "") }
	theirs := func(priority int) string {
		return fmt.Sprintf(conflicting, "theirs", priority, `, {version: "1.1", generalAvailability: "2021-02-01"}`)
	}
	w.apply(ours(5))
	w.apply(theirs(5))
	w.apply(exampleHost)
	w.start()

	expectConflict := func(when string) {
		t.Helper()
		w.awaitRow("Example", v1alpha1.StateUnknown, v1alpha1.ReasonConflictingPolicies, "policies ours, theirs speak about Example")
		w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonConflictingPolicies)
		for name, other := range map[string]string{"ours": "theirs", "theirs": "ours"} {
			// The count follows the status of the cluster, which may be evaluated after the policy.
			w.awaitPolicyThat(name, func(policy *v1alpha1.SupportPolicy) error {
				if got := *policy.Status.Summary.Unknown; got != 1 {
					return fmt.Errorf("%s it counts %d unknown clusters", when, got)
				}
				conditions := policy.Status.Conditions
				return errors.Join(
					says(conditions, v1alpha1.ConditionConflicting, metav1.ConditionTrue, v1alpha1.ReasonConflictingPolicies, other),
					expect(conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated))
			})
		}
	}
	expectPeace := func(state v1alpha1.State, reason, deciding string) {
		t.Helper()
		w.awaitRow("Example", state, reason, "(policy "+deciding+")")
		for _, name := range []string{"ours", "theirs"} {
			w.awaitPolicyThat(name, func(policy *v1alpha1.SupportPolicy) error {
				status := policy.Status
				if err := lacks(status.Conditions, v1alpha1.ConditionConflicting); err != nil {
					return err
				}
				if decides := *status.Summary.Clusters == 1; decides != (name == deciding) {
					return fmt.Errorf("that it decides about the host is %t", decides)
				}
				return nil
			})
		}
	}

	expectConflict("at first")
	w.apply(theirs(6))
	expectPeace(v1alpha1.StateUnsupported, v1alpha1.ReasonSupportEnded, "theirs")
	w.apply(ours(6))
	expectConflict("again")
	w.apply(ours(7))
	expectPeace(v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "ours")
	w.delete(w.mustPolicy("ours"))
	w.awaitRow("Example", v1alpha1.StateUnsupported, v1alpha1.ReasonSupportEnded, "(policy theirs)")
}

func TestClusterSelector(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	w.apply(fmt.Sprintf(conflicting, "everywhere", 0, ""))
	w.apply(fmt.Sprintf(conflicting, "strict", 10, `, {version: "1.1", generalAvailability: "2021-02-01"}`) +
		"  clusterSelector: {matchExpressions: [{key: stage, operator: In, values: [prod, staging]}]}\n")
	w.apply(exampleHost)
	w.start()
	labelled := func(stage string) string {
		return strings.Replace(exampleHost, "namespace:", "labels: {stage: "+stage+"}\n  namespace:", 1)
	}
	counts := func() map[string]int32 {
		return map[string]int32{
			"everywhere": *w.mustPolicy("everywhere").Status.Summary.Clusters,
			"strict":     *w.mustPolicy("strict").Status.Summary.Clusters,
		}
	}
	for _, test := range []struct {
		name, manifest string
		state          v1alpha1.State
		reason         string
		deciding       string
	}{
		{"without a label", exampleHost, v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "everywhere"},
		{"with its label", labelled("prod"), v1alpha1.StateUnsupported, v1alpha1.ReasonSupportEnded, "strict"},
		{"with another one", labelled("test"), v1alpha1.StateSupported, v1alpha1.ReasonLastInWindow, "everywhere"},
		{"with its other one", labelled("staging"), v1alpha1.StateUnsupported, v1alpha1.ReasonSupportEnded, "strict"},
	} {
		w.run(test.name, func(*testing.T) {
			w.apply(test.manifest)
			w.awaitRow("Example", test.state, test.reason, "(policy "+test.deciding+")")
			want := map[string]int32{"everywhere": 0, "strict": 0}
			want[test.deciding] = 1
			w.eventually("the policies to count", func() error {
				if diff := cmp.Diff(want, counts()); diff != "" {
					return fmt.Errorf("the counts differ (-want +got):\n%s", diff)
				}
				return nil
			})
		})
	}
}

// A new policy, and a deleted one, cost one patch of the host's status each.
func TestPolicyComesAndGoes(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	w.apply(exampleHost)
	w.start()
	w.awaitRow("Example", v1alpha1.StateUnknown, v1alpha1.ReasonNoPolicy, "no policy speaks about Example on this cluster")

	w.Front.Reset()
	w.apply(examplePolicy("example", "Example"))
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
	w.settle()
	w.expectOnePatch("a new policy")

	w.Front.Reset()
	w.delete(w.mustPolicy("example"))
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonNoPolicy)
	w.settle()
	w.expectOnePatch("a policy that goes")
	if got := w.Front.Requests(func(r front.Request) bool { return r.Writes() && r.Resource == "supportpolicies" }); got != 0 {
		t.Errorf("%d writes to a policy that is gone", got)
	}
}
