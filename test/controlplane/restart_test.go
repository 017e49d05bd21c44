// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// TestServerComesBack: an API server starts again at the same address, with its data.
func TestServerComesBack(t *testing.T) {
	plane := ForTest(t, Options{})
	clients, err := kubernetes.NewForConfig(plane.Config())
	if err != nil {
		t.Fatal(err)
	}
	name := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}
	if _, err := clients.CoreV1().Namespaces().Create(t.Context(), name, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := plane.StopServer(); err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{}); err == nil {
		t.Error("an API server that was stopped answers")
	}
	if err := plane.StartServer(); err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("what was in it: %v", err)
	}
}
