// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

// apply makes the API server have the objects of a manifest, in one request for each.
func (w *world) apply(manifest string) {
	w.t.Helper()
	applyTo(w.t, w.Client, manifest)
}

func applyTo(t *testing.T, to client.Client, manifest string) {
	t.Helper()
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		err := to.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(decode(t, document)),
			client.FieldOwner("gitops"), client.ForceOwnership)
		if err != nil {
			t.Fatalf("%v: %s", err, document)
		}
		if object := decode(t, document); object.GetKind() == "Node" {
			report(t, to, object.GetName(), "Ubuntu 18.04.6 LTS", "5.4.0-1080-aws")
		}
	}
}

// report has a node report its operating system, as its kubelet would.
func report(t *testing.T, to client.Client, node, image, kernel string) {
	t.Helper()
	patch := fmt.Sprintf(`{"status": {"nodeInfo": {"osImage": %q, "kernelVersion": %q}}}`, image, kernel)
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	must(t, to.Status().Patch(t.Context(), object, client.RawPatch(types.StrategicMergePatchType, []byte(patch))))
}

func (w *world) decode(document string) *unstructured.Unstructured {
	w.t.Helper()
	return decode(w.t, document)
}

func decode(t *testing.T, document string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(document), &object.Object); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return object
}

// must ends the test with an error, if there is one.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// check fails the test with all that is wrong, and goes on.
func check(t *testing.T, wrong ...error) {
	t.Helper()
	if err := errors.Join(wrong...); err != nil {
		t.Error(err)
	}
}

// kubectl runs it where it has to succeed, and returns what it prints.
func (w *world) kubectl(arguments ...string) string {
	w.t.Helper()
	printed, err := w.Kubectl(w.t.Context(), arguments...)
	must(w.t, err)
	return printed
}

// delete deletes an object that is there.
func (w *world) delete(object client.Object, options ...client.DeleteOption) {
	w.t.Helper()
	must(w.t, w.Client.Delete(w.t.Context(), object, options...))
}

// applyShipped applies the policies that come with the operator.
func (w *world) applyShipped() {
	w.t.Helper()
	w.kubectl("apply", "--server-side", "-k", "config/policies")
}

func (w *world) clusterSupport(key types.NamespacedName) (*v1alpha1.ClusterSupport, error) {
	var object v1alpha1.ClusterSupport
	err := w.Client.Get(w.t.Context(), key, &object)
	return &object, err
}

func (w *world) host() (*v1alpha1.ClusterSupport, error) { return w.clusterSupport(hostKey) }

func (w *world) policy(name string) (*v1alpha1.SupportPolicy, error) {
	var object v1alpha1.SupportPolicy
	err := w.Client.Get(w.t.Context(), types.NamespacedName{Name: name}, &object)
	return &object, err
}

// mustHost is the host's object where it is certain to be there.
func (w *world) mustHost() *v1alpha1.ClusterSupport {
	w.t.Helper()
	host, err := w.host()
	must(w.t, err)
	return host
}

func (w *world) mustPolicy(name string) *v1alpha1.SupportPolicy {
	w.t.Helper()
	policy, err := w.policy(name)
	must(w.t, err)
	return policy
}

// awaitHost waits until a condition of the host has a status and a reason.
func (w *world) awaitHost(kind string, status metav1.ConditionStatus, reason string) {
	w.t.Helper()
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		return expect(host.Status.Conditions, kind, status, reason)
	})
}

// awaitPolicy is the same for a policy.
func (w *world) awaitPolicy(name, kind string, status metav1.ConditionStatus, reason string) {
	w.t.Helper()
	w.awaitPolicyThat(name, func(policy *v1alpha1.SupportPolicy) error {
		return expect(policy.Status.Conditions, kind, status, reason)
	})
}

// awaitPolicyThat waits until a policy was evaluated as it is and nothing is wrong with it.
func (w *world) awaitPolicyThat(name string, wrong func(*v1alpha1.SupportPolicy) error) {
	w.t.Helper()
	w.eventually("policy "+name, func() error {
		policy, err := w.policy(name)
		if err != nil {
			return err
		}
		if observed := policy.Status.ObservedGeneration; observed == nil || *observed != policy.Generation {
			return fmt.Errorf("generation %d is not observed", policy.Generation)
		}
		return wrong(policy)
	})
}

// expect says how a condition differs from what is expected.
func expect(conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason string) error {
	found := meta.FindStatusCondition(conditions, kind)
	switch {
	case found == nil:
		return fmt.Errorf("there is no condition %s", kind)
	case found.Status != status || found.Reason != reason:
		return fmt.Errorf("%s is %s because of %s, expected is %s because of %s: %s",
			kind, found.Status, found.Reason, status, reason, found.Message)
	}
	return nil
}

// row finds an installed release.
func row(host *v1alpha1.ClusterSupport, product, name string) *v1alpha1.InstalledRelease {
	for i := range host.Status.Releases {
		if r := &host.Status.Releases[i]; r.Product == product && r.Name == name {
			return r
		}
	}
	return &v1alpha1.InstalledRelease{}
}

// at reads an instant; a day means its beginning in UTC.
func at(t *testing.T, text string) time.Time {
	t.Helper()
	layout := time.RFC3339Nano
	if len(text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	instant, err := time.Parse(layout, text)
	must(t, err)
	return instant
}

// statusPatch matches what writes the status of an object.
func statusPatch(resource, name string) func(front.Request) bool {
	return func(r front.Request) bool {
		return r.Writes() && r.Resource == resource && r.Name == name && r.Subresource == "status"
	}
}

// events are the events of a namespace about one object.
func (w *world) events(object client.Object) []corev1.Event {
	w.t.Helper()
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	var all corev1.EventList
	must(w.t, w.Client.List(w.t.Context(), &all, client.InNamespace(namespace)))
	var about []corev1.Event
	for i := range all.Items {
		if all.Items[i].InvolvedObject.UID == object.GetUID() {
			about = append(about, all.Items[i])
		}
	}
	return about
}
