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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/front"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// konvoyNode shows that Konvoy made the cluster, and no version of it.
const konvoyNode = `{apiVersion: v1, kind: Node, metadata: {name: worker-0, labels: {konvoy.mesosphere.com/node_pool: worker}}}`

// declareKonvoy is what a user adds to the host's object, without what the operator has put there.
const declareKonvoy = `
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {name: host, namespace: ` + sandbox.Namespace + `, labels: {stage: prod}}
spec:
  declaredReleases: [{product: Konvoy, name: default, version: 1.7.2}]
`

// managersOf are the fields of an object by manager, operation and subresource.
func managersOf(host *v1alpha1.ClusterSupport) map[string]string {
	owned := map[string]string{}
	for _, entry := range host.ManagedFields {
		key := strings.TrimSpace(fmt.Sprintf("%s %s %s", entry.Manager, entry.Operation, entry.Subresource))
		owned[key] = entry.FieldsV1.GetRawString()
		if entry.Subresource == "status" && strings.HasPrefix(owned[key], `{"f:status":`) {
			owned[key] = "status"
		}
	}
	return owned
}

func TestHostIsKept(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-03-01", konvoyNode)
	w.start()

	w.run("it is made", func(t *testing.T) {
		host := w.mustHost()
		want := v1alpha1.ClusterSupportSpec{Cluster: v1alpha1.ClusterReference{Host: &v1alpha1.HostReference{}}}
		if diff := cmp.Diff(want, host.Spec); diff != "" {
			t.Errorf("its spec differs (-want +got):\n%s", diff)
		}
		if len(host.Labels)+len(host.Annotations)+len(host.Finalizers)+len(host.OwnerReferences) > 0 {
			t.Errorf("it has more than a spec: %+v", host.ObjectMeta)
		}
		owned := map[string]string{
			controllers.Name + " Apply":         `{"f:spec":{"f:cluster":{"f:host":{}}}}`,
			controllers.Name + " Update status": "status",
		}
		if diff := cmp.Diff(owned, managersOf(host)); diff != "" {
			t.Errorf("the operator owns other fields than expected (-want +got):\n%s", diff)
		}
		w.awaitRow(facts.Konvoy, v1alpha1.StateUnknown, v1alpha1.ReasonVersionUnknown, "nothing in the cluster tells its version")
	})

	w.run("what is declared fills what is not detected", func(t *testing.T) {
		w.apply(declareKonvoy)
		w.awaitRow(facts.Konvoy, v1alpha1.StateSupported, v1alpha1.ReasonSupported, "Konvoy 1.7.2 is supported")
		konvoy := row(w.mustHost(), facts.Konvoy, facts.DefaultInstallation)
		if konvoy.Evidence.Source != v1alpha1.SourceDeclared || len(konvoy.OtherEvidence) != 1 ||
			konvoy.OtherEvidence[0].Source != v1alpha1.SourceLabel {
			t.Errorf("the evidence is %+v, besides %+v; expected is Declared besides Label", konvoy.Evidence, konvoy.OtherEvidence)
		}
	})

	w.run("what is detected wins", func(t *testing.T) {
		w.apply(strings.ReplaceAll(konvoyCluster, "VERSION", "v1.8.5"))
		w.awaitRow(facts.Konvoy, v1alpha1.StateUnknown, v1alpha1.ReasonNotYetAvailable, "Konvoy 1.8.5 is installed although")
		konvoy := row(w.mustHost(), facts.Konvoy, facts.DefaultInstallation)
		if konvoy.Evidence.Source != v1alpha1.SourceCustomResource {
			t.Errorf("the evidence is %+v, expected is CustomResource", konvoy.Evidence)
		}
		w.awaitFinding(facts.Konvoy, v1alpha1.ReasonConflictingEvidence, "spec.declaredReleases says 1.7.2 (Declared)")
	})

	w.run("a restart leaves alone what is the user's", func(t *testing.T) {
		w.settle()
		w.halt()
		before := w.mustHost()
		w.Front.Reset()
		w.start()
		if diff := cmp.Diff(before, w.mustHost()); diff != "" {
			t.Errorf("it is not the same (-before +after):\n%s", diff)
		}
		if got := w.Front.Requests(front.Request.Writes); got != 0 {
			t.Errorf("it wrote %v", w.Front.Recent(front.Request.Writes))
		}
	})

	w.run("it is made again", func(t *testing.T) {
		old := w.mustHost()
		w.delete(old)
		w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
			if host.UID == old.UID {
				return errors.New("it is the old one")
			}
			return expect(host.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated)
		})
		w.awaitRow(facts.Konvoy, v1alpha1.StateUnknown, v1alpha1.ReasonNotYetAvailable, "Konvoy 1.8.5 is installed although")
	})

	w.run("it is made at the start when it was deleted before", func(t *testing.T) {
		w.halt()
		w.delete(w.mustHost())
		w.start()
		w.awaitRow(facts.Konvoy, v1alpha1.StateUnknown, v1alpha1.ReasonNotYetAvailable, "Konvoy 1.8.5 is installed although")
	})
}

const konvoyCluster = `
apiVersion: kommander.mesosphere.io/v1beta1
kind: KonvoyCluster
metadata: {name: prod, namespace: konvoy}
spec:
  cluster: {version: VERSION}
  provisioner: {provider: aws, version: VERSION}
  cloudProviderAccountRef: {name: aws}
`

// awaitFinding waits until a release of a product on the host has a finding.
func (w *world) awaitFinding(product, reason, message string) {
	w.t.Helper()
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		for _, r := range host.Status.Releases {
			for _, f := range r.Findings {
				if r.Product == product && f.Reason == reason && strings.Contains(f.Message, message) {
					return nil
				}
			}
		}
		return fmt.Errorf("%s has no finding %s with %q: %+v", product, reason, message, host.Status.Releases)
	})
}

// A host object that a user has made before the operator came is taken as it is.
func TestHostOfAUser(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	w.start()
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
	if _, applied := managersOf(w.mustHost())[controllers.Name+" Apply"]; applied {
		t.Error("the operator has applied an object that was there")
	}
	// Even so, it is made again without what was the user's.
	w.delete(w.mustHost())
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonNothingToCheck)
}

// Only one object may stand for the operator's own cluster: a second one would count the cluster twice.
func TestHostNotAllowedElsewhere(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-03-01", konvoy17, kommander131)
	w.start()
	own := w.mustPolicy("kommander").Status

	others := []types.NamespacedName{
		{Namespace: sandbox.Namespace, Name: "host-2"},
		{Namespace: "team-a", Name: v1alpha1.HostName},
		{Namespace: "team-a", Name: "prod"},
	}
	for _, key := range others {
		w.apply(fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {name: %s, namespace: %s}
spec:
  cluster: {host: {}}
  declaredReleases: [{product: Kommander, name: kommander, version: 1.0.0}]
`, key.Name, key.Namespace))
	}
	for _, key := range others {
		w.run(key.String(), func(t *testing.T) {
			w.awaitKey(key, func(object *v1alpha1.ClusterSupport) error {
				conditions := object.Status.Conditions
				if len(object.Status.Releases) > 0 || object.Status.KubernetesVersion != "" {
					return fmt.Errorf("it has facts: %+v", object.Status)
				}
				return errors.Join(
					expect(conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonHostNotAllowed),
					says(conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonHostNotAllowed,
						"spec.cluster.host: Forbidden", sandbox.Namespace+"/host"),
					expect(conditions, v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonHostNotAllowed),
				)
			})
		})
	}
	w.settle()
	if diff := cmp.Diff(own, w.mustPolicy("kommander").Status); diff != "" {
		t.Errorf("they count in a policy (-before +after):\n%s", diff)
	}
	w.Front.Reset()
	w.Clock.Step(24 * time.Hour)
	w.expectNoWrites("a day")
}

// Two operators in one cluster, each with a host of its own, do not take each other's for a mistake.
func TestTwoOperators(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-03-01", konvoy17, kommander131)
	w.start()
	first := w.stop
	defer func() {
		check(t, first())
	}()
	w.launch(func(_ *rest.Config, options *controllers.Options) { options.Namespace = "team-a" })
	other := types.NamespacedName{Namespace: "team-a", Name: v1alpha1.HostName}
	for _, key := range []types.NamespacedName{hostKey, other} {
		w.awaitKey(key, func(object *v1alpha1.ClusterSupport) error {
			return errors.Join(
				expect(object.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
				expect(object.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported),
			)
		})
	}
	w.settle()
	w.Front.Reset()
	w.expectNoWrites("coming to rest, two operators")
}
