// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// The clusters that need the operator most are old ones, and so may its own be. Everything is installed as people do it.
func TestOldServers(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs control planes")
	}
	crds, err := sandbox.CRDs()
	must(t, err)
	others, err := sandbox.RemoteCRDs()
	must(t, err)
	// The garbage collector of this one would else know the kinds only after half a minute.
	hub := controlplane.ForTest(t, controlplane.Options{Version: controlplane.Old, ControllerManager: true, CRDs: crds})
	cluster := controlplane.ForTest(t, controlplane.Options{Version: controlplane.Old, CRDs: others})
	w := newWorldOn(t, hub, sandbox.Options{KubernetesVersion: "v1.20.13", Now: at(t, "2021-10-01"), Manifests: "config/fleet", ClientSideApply: true})
	elsewhere := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(elsewhere))
	// Again, as GitOps does all the time. They have been applied once here, and never there.
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"apply", "-k", "config/crd", "--kubeconfig", elsewhere}, "created"},
		{[]string{"apply", "-k", "config/crd", "--kubeconfig", elsewhere}, "unchanged"},
		{[]string{"apply", "-k", "config/fleet"}, "unchanged"},
		{[]string{"apply", "-k", "config/policies"}, "created"},
		{[]string{"apply", "-k", "config/policies"}, "unchanged"},
	} {
		for line := range strings.Lines(w.kubectl(test.arguments...)) {
			if strings.Contains(line, "d2iq.io") && !strings.HasSuffix(strings.TrimSpace(line), test.want) {
				t.Errorf("kubectl %v says %s", test.arguments, line)
			}
		}
	}
	w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	w.apply(kommander14)
	first := w.newRemoteOn(cluster, "v1.19.9")
	first.apply(konvoy17)
	w.start(attaching)

	w.run("a cluster is attached", func(t *testing.T) {
		first.lend("one-kubeconfig", "kubeconfig", "first")
		w.attach("one")
		w.awaitConnected("one")
		got := w.awaitKonvoy("one", "1.7.2")
		check(t, w.isOwned(got), hasVersion(got, facts.Kubernetes, "v1.19.9"),
			expect(got.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported))
		w.settle()
	})

	w.run("a change costs one patch", func(t *testing.T) {
		w.Front.Reset()
		first.apply(strings.ReplaceAll(konvoy17, "1.7.2", "1.7.5"))
		w.awaitKonvoy("one", "1.7.5")
		w.settle()
		w.expectOnePatchOf("clustersupports", "one", "the change")
	})

	w.run("it breaks, time passes, and it heals", func(t *testing.T) {
		before := w.mustCluster("one")
		must(t, first.Front.StopServing())
		got := w.await("one", v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonConnectionRefused)
		check(t, sameVerdict(before, got))
		w.Clock.SetTime(at(t, "2022-04-08"))
		got = w.await("one", v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
		w.expectEvents("the day on which support ended", got,
			"Normal ExpiringSoon is False, was True", "Normal Supported is True, was Unknown",
			"Warning ExpiringSoon is True, was Unknown", "Warning Supported is False, was True")
		must(t, first.Front.StartServing())
		w.awaitConnected("one")
		w.settle()
	})

	w.run("the policies say so", func(*testing.T) {
		w.awaitPolicy("konvoy", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated)
		w.awaitPolicy("konvoy", v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
		if summary := w.mustPolicy("konvoy").Status.Summary; *summary.Unsupported != 1 {
			w.t.Errorf("the summary is %+v", summary)
		}
	})

	w.run("a restart writes nothing", func(*testing.T) {
		w.halt()
		w.Front.Reset()
		w.start(attaching)
		w.expectNoWrites("a restart")
	})

	w.run("it is detached", func(*testing.T) {
		w.detach("one")
		w.awaitGone("one")
		w.settle()
	})
}
