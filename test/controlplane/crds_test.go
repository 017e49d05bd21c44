// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const widgetCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.test.d2iq.io
spec:
  group: test.d2iq.io
  names: {kind: Widget, listKind: WidgetList, plural: widgets, singular: widget}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object}
`

// TestGivenKindsAreCollectedFromTheStart: the garbage collector discovers new kinds every 30 s, but knows at once those that
// exist when it starts.
func TestGivenKindsAreCollectedFromTheStart(t *testing.T) {
	givenKindsAreCollectedFromTheStart(t,
		controlplane.ForTest(t, controlplane.Options{ControllerManager: true, CRDs: widgetCRDs(t)}))
}

// widgetCRDs returns the Options.CRDs for widgets.
func widgetCRDs(t *testing.T) []string {
	t.Helper()
	folder := t.TempDir()
	testfile.Write(t, filepath.Join(folder, "widgets.yaml"), widgetCRD)
	return []string{folder}
}

func givenKindsAreCollectedFromTheStart(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	client, err := dynamic.NewForConfig(plane.Config())
	if err != nil {
		t.Fatal(err)
	}
	widgets := client.Resource(schema.GroupVersionResource{Group: "test.d2iq.io", Version: "v1", Resource: "widgets"}).
		Namespace(metav1.NamespaceDefault)
	widget := func(name string, owners ...metav1.OwnerReference) *unstructured.Unstructured {
		object := &unstructured.Unstructured{}
		object.SetAPIVersion("test.d2iq.io/v1")
		object.SetKind("Widget")
		object.SetName(name)
		object.SetOwnerReferences(owners)
		made, err := widgets.Create(t.Context(), object, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	owner := widget("owner")
	widget("owned", metav1.OwnerReference{
		APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(),
	})
	start := time.Now()
	if err := widgets.Delete(t.Context(), "owner", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the owned widget to go", func(ctx context.Context) (bool, error) {
		_, err := widgets.Get(ctx, "owned", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
