// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// RestrictedLabels are those by which a namespace takes only Pods that keep to the Pod Security Standard restricted.
func RestrictedLabels() map[string]string {
	labels := map[string]string{}
	for _, mode := range []string{"enforce", "warn", "audit"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = "latest"
	}
	return labels
}

// warnings collects what an API server warns of.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

// HandleWarningHeader is called by client-go.
func (w *warnings) HandleWarningHeader(code int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, fmt.Sprintf("%d %s", code, text))
}

// take returns what was collected, and forgets it.
func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	texts := w.texts
	w.texts = nil
	return texts
}

// Restricted is a namespace that enforces the Pod Security Standard restricted.
type Restricted struct {
	namespace string
	clients   kubernetes.Interface
	warnings  *warnings
}

// NewRestricted makes a namespace with labels, those of RestrictedLabels or of a manifest.
func NewRestricted(t *testing.T, config *rest.Config, labels map[string]string) *Restricted {
	t.Helper()
	r := &Restricted{warnings: &warnings{}}
	config = rest.CopyConfig(config)
	config.WarningHandler = r.warnings
	var err error
	if r.clients, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	made, err := r.clients.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "restricted-", Labels: labels},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.namespace = made.Name
	return r
}

// Takes has the API server admit each Pod that a manifest makes, and returns their names. What it refuses or warns of fails the
// test. Nothing is stored.
func (r *Restricted) Takes(t *testing.T, manifest string) []string {
	t.Helper()
	pods, err := Pods(manifest)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(pods))
	for _, name := range names {
		if err := r.Admit(t, pods[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return names
}

// Admit asks the API server whether it would take a Pod. The error says why not, or what it warns of.
func (r *Restricted) Admit(t *testing.T, pod *corev1.Pod) error {
	t.Helper()
	pod = pod.DeepCopy()
	pod.Namespace, pod.Name, pod.GenerateName = r.namespace, "", "admitted-"
	// Whether an account or a class is there is not the question.
	pod.Spec.ServiceAccountName, pod.Spec.PriorityClassName = "", ""
	r.warnings.take()
	_, err := r.clients.CoreV1().Pods(r.namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return fmt.Errorf("a restricted namespace refuses it: %w", err)
	}
	if texts := r.warnings.take(); len(texts) > 0 {
		return fmt.Errorf("the API server warns: %s", strings.Join(texts, "; "))
	}
	return nil
}
