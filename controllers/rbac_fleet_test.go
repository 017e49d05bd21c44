// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
)

// The operator reports a Secret that it may not read. The right can be granted in a single namespace, with the command
// that the component documents.
func TestKubeconfigsOfOneNamespace(t *testing.T) {
	w := newFleetWorld(t, "v1.20.13", "2021-10-01")
	w.applyShipped()
	w.deniable = func(a answer) bool { return strings.Contains(a.path, "/secrets/") }
	w.kubectl("delete", "clusterrolebinding", kubeconfigsRole)
	first := w.newRemote(0, "v1.19.9")
	here, elsewhere := in("one"), types.NamespacedName{Namespace: "team-a", Name: "one"}
	for _, key := range []types.NamespacedName{here, elsewhere} {
		w.store(key, map[string][]byte{"kubeconfig": first.kubeconfig("one-namespace", nil)})
		w.apply(byHand(key.Namespace, key.Name, "{kubeconfigSecret: {name: one}}"))
	}
	w.start(attaching, func(_ *rest.Config, options *controllers.Options) {
		options.KubeconfigNamespaces = []string{workspace, "team-a"}
	})
	isUnreadable := func(key types.NamespacedName) {
		t.Helper()
		w.awaitKey(key, func(object *v1alpha1.ClusterSupport) error {
			return errors.Join(
				says(object.Status.Conditions, v1alpha1.ConditionReachable, metav1.ConditionFalse, v1alpha1.ReasonSecretUnreadable,
					"grant the operator get on it (Secret "+key.String()+")"),
				expect(object.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonEvaluated),
			)
		})
	}
	isUnreadable(here)
	isUnreadable(elsewhere)

	w.kubectl(documentedCommand(t)...)
	w.awaitConnected("one")
	isUnreadable(elsewhere)
	clients, err := kubernetes.NewForConfig(shared.ForTest(t).Config())
	must(t, err)
	for _, test := range []struct {
		verb, namespace string
		want            bool
		reason          string
	}{
		{"get", workspace, true, "it was granted"},
		{"list", workspace, false, "that would show all Secrets"},
		{"watch", workspace, false, "that would show them as well"},
		{"get", "team-a", false, "it was granted elsewhere"},
		{"get", "", false, "the role is not bound for all namespaces"},
	} {
		got := mayOperator(t, clients, authorizationv1.SubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: test.verb, Resource: "secrets", Namespace: test.namespace, Name: "one",
		}})
		if got != test.want {
			t.Errorf("%s secrets in %q is %t: %s", test.verb, test.namespace, got, test.reason)
		}
	}
}

// documentedCommand are the arguments of the kubectl command that config/components/fleet documents.
func documentedCommand(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "config", "components", "fleet", "kustomization.yaml"))
	must(t, err)
	_, command, is := strings.Cut(string(content), "#   kubectl ")
	if !is {
		t.Fatal("there is no command")
	}
	var arguments []string
	for line := range strings.Lines(command) {
		words := strings.Fields(strings.TrimPrefix(line, "#"))
		if len(words) == 0 || words[len(words)-1] != "\\" {
			return append(arguments, words...)
		}
		arguments = append(arguments, words[:len(words)-1]...)
	}
	t.Fatal("the command has no end")
	return nil
}
