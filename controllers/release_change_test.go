// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// konvoy17 is a cluster that Konvoy 1.7.2 made, with the base addons of its release.
const konvoy17 = `
apiVersion: v1
kind: Node
metadata:
  name: worker-0
  labels: {konvoy.mesosphere.com/node_pool: worker}
---
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: konvoy}
spec:
  cluster: {version: v1.7.2}
  provisioner: {provider: aws, version: v1.7.2}
  cloudProviderAccountRef: {name: aws}
---
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: cert-manager
  labels:
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.4.1
spec: {namespace: cert-manager, chartReference: {chart: cert-manager-setup, version: 0.2.7}}
`

// kommanderAddon is ClusterAddon kommander with all its evidence.
func kommanderAddon(version, revision, chart, ref string) string {
	return fmt.Sprintf(`
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: kommander
  labels:
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubeaddons-kommander
    kubeaddons.mesosphere.io/repository-ref: %[4]s
  annotations:
    appversion.kubeaddons.mesosphere.io/kommander: %[1]s
    catalog.kubeaddons.mesosphere.io/addon-revision: %[2]s
spec: {namespace: kommander, chartReference: {chart: kommander, version: %[3]s}}
`, version, revision, chart, ref)
}

var (
	kommander122 = kommanderAddon("1.2.2", "1.2.2-1", "0.12.20", "stable-1.18-1.2.2")
	kommander131 = kommanderAddon("1.3.1", "1.3.1-5", "0.15.3", "stable-1.19-1.3.1")
)

// The promise of the whole operator: a change costs one request, and without one there are none.
func TestReleaseChange(t *testing.T) {
	// Kommander 2.0 came out a week ago, and with it the support of 1.2 has ended.
	w := newShippedWorld(t, "v1.19.9", "2021-09-01", konvoy17, kommander122)
	w.start()
	host := w.mustHost()
	check(t,
		expect(host.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded),
		expect(host.Status.Conditions, v1alpha1.ConditionCompatible, metav1.ConditionFalse, v1alpha1.ReasonProhibitedCombination),
	)

	w.run("costs one status patch", func(t *testing.T) {
		w.Front.Reset()
		w.apply(kommander131)
		w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
		w.settle()
		time.Sleep(quiet)
		host := w.mustHost()
		check(t, expect(host.Status.Conditions, v1alpha1.ConditionCompatible, metav1.ConditionTrue, v1alpha1.ReasonCompatible))
		if got := row(host, facts.Kommander, "kommander").Version; got != "1.3.1" {
			t.Errorf("Kommander is %q, expected is 1.3.1", got)
		}
		w.expectOnePatch("the change")
		others := w.Front.Recent(func(r front.Request) bool {
			return r.Writes() && !statusPatch("clustersupports", "host")(r) && r.Resource != "events" && r.Resource != "supportpolicies"
		})
		if len(others) > 0 {
			t.Errorf("it also wrote %v", others)
		}
		// One transition: False to True. What expires soon did so before.
		if got := w.Front.Requests(func(r front.Request) bool { return r.Resource == "events" && r.Namespace == sandbox.Namespace }); got != 1 {
			t.Errorf("%d events about the host, expected is one: %v", got, w.Front.Recent(front.Request.Writes))
		}
		// The counters of one policy are about this: no others are written.
		w.expectOnePatchOf("supportpolicies", "kommander", "the change")
		if got := w.Front.Requests(func(r front.Request) bool { return r.Writes() && r.Resource == "supportpolicies" }); got != 1 {
			t.Errorf("%d patches of policies, expected is one: %v", got, w.Front.Recent(front.Request.Writes))
		}
	})

	w.run("what has nothing to do with support costs nothing", func(t *testing.T) {
		w.Front.Reset()
		for _, change := range []struct{ name, manifest string }{
			{"a label on the addon", strings.Replace(kommander131, "labels:", "labels:\n    team: fleet", 1)},
			{"an annotation on the addon", strings.Replace(kommander131, "annotations:",
				"annotations:\n    catalog.kubeaddons.mesosphere.io/values-chart: some text", 1)},
			{"a field of the addon", strings.Replace(kommander131, "namespace: kommander,",
				"namespace: kommander, cloudProvider: [{name: aws, enabled: true}],", 1)},
			{"a label on the ClusterSupport", hostManifest("labels: {team: fleet}", "")},
			{"an annotation on a policy", policyNote},
			{"nodes that come and change", nodes},
		} {
			w.apply(change.manifest)
			time.Sleep(200 * time.Millisecond)
			if written := w.Front.Recent(front.Request.Writes); len(written) > 0 {
				t.Errorf("%s makes it write %v", change.name, written)
				w.Front.Reset()
			}
		}
		w.expectNoWrites("all of these")
		// The nodes are listed again after a restart.
		if err := w.Client.Delete(t.Context(), w.decode(newNode)); err != nil {
			t.Error(err)
		}
	})

	w.run("another addon of the same release is put on record, which is one patch", func(t *testing.T) {
		w.Front.Reset()
		w.apply(prometheus)
		w.eventually("the record", func() error {
			if components := w.mustHost().Status.Components; len(components) != 2 {
				return fmt.Errorf("the components are %+v", components)
			}
			return nil
		})
		time.Sleep(quiet)
		if written := w.Front.Recent(front.Request.Writes); len(written) != 1 {
			t.Errorf("it wrote %v", written)
		}
	})

	w.run("an hour of rest costs nothing", func(t *testing.T) {
		w.Front.Reset()
		for range 60 {
			w.Clock.Step(time.Minute)
			time.Sleep(2 * time.Millisecond)
		}
		w.expectNoWrites("60 minutes, one by one,")
		w.Clock.Step(time.Hour)
		w.expectNoWrites("an hour at once")
		if asked := w.Front.Recent(polls); len(asked) > 0 {
			t.Errorf("time alone makes it ask the API server: %v", asked)
		}
	})

	w.run("a restart costs nothing", func(t *testing.T) {
		before := w.statuses()
		w.halt()
		w.Front.Reset()
		w.start()
		w.expectNoWrites("a restart")
		w.expectStatuses(before, "a restart")
	})
}

const (
	prometheus = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: Addon
metadata:
  name: prometheus
  namespace: kubeaddons
  labels:
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.4.1
spec: {chartReference: {chart: kube-prometheus-stack, version: 9.5.0}}
`
	policyNote = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: kommander, annotations: {note: reviewed}}
`
	newNode = `{apiVersion: v1, kind: Node, metadata: {name: worker-1, labels: {konvoy.mesosphere.com/node_pool: worker}}}`
	nodes   = newNode + "\n---\n{apiVersion: v1, kind: Node, metadata: {name: worker-0, labels: {konvoy.mesosphere.com/node_pool: worker, zone: a}}}"
)

// polls matches what asks for objects of which the API server would tell by itself. GET /version and discovery are left
// out: they cannot be watched, and are asked in real time.
func polls(r front.Request) bool { return r.Verb != "watch" && r.Resource != "" }

// hostManifest is the host's object as a user writes it: without what is the operator's.
func hostManifest(metadata, spec string) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata:
  name: host
  namespace: %s
  %s
spec:
  cluster: {host: {}}
  %s
`, sandbox.Namespace, metadata, spec)
}

// statuses are the status of all objects as the API server stores them, after the version of the object.
func (w *world) statuses() map[string]string {
	w.t.Helper()
	found := map[string]string{}
	for _, kind := range []string{"SupportPolicy", "ClusterSupport"} {
		var all unstructured.UnstructuredList
		all.SetAPIVersion(v1alpha1.GroupVersion.String())
		all.SetKind(kind + "List")
		must(w.t, w.Client.List(w.t.Context(), &all))
		for _, object := range all.Items {
			status, err := json.MarshalIndent(object.Object["status"], "", " ")
			must(w.t, err)
			found[kind+"/"+object.GetName()] = "resourceVersion " + object.GetResourceVersion() + "\n" + string(status)
		}
	}
	return found
}
