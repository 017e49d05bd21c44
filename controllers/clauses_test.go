// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

const istio = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: ClusterAddon
metadata:
  name: istio
  labels:
    kubeaddons.mesosphere.io/repository-name: mesosphere-kubernetes-base-addons
    kubeaddons.mesosphere.io/repository-ref: stable-1.19-3.2.0
spec: {namespace: istio-system, chartReference: {chart: istio, version: 0.0.1}}
`

// What is experimental is evaluated by what the cluster is used for, which its owner declares.
func TestExperimentalByEnvironment(t *testing.T) {
	w := newShippedWorld(t, "v1.19.9", "2021-06-01", istio)
	w.start()
	w.awaitFinding(facts.BasePlatformServices, v1alpha1.ReasonExperimentalUndeclared, "")
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)

	w.apply(hostManifest("", "environment: Production"))
	w.awaitFinding(facts.BasePlatformServices, v1alpha1.ReasonExperimentalInProduction, "")
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonExperimentalInProduction)
	w.awaitPolicy("base-platform-services", v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonExperimentalInProduction)

	w.apply(hostManifest("", "environment: NonProduction"))
	w.awaitFinding(facts.BasePlatformServices, v1alpha1.ReasonExperimental, "")
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
}

const widgets = `
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: widgets}
spec:
  product: Widgets
  lifecycle: {window: {supportedMinors: 1}}
  releases:
  - {version: "2.1", generalAvailability: "2021-05-05"}
  - {version: "2.0", generalAvailability: "2021-01-01"}
  detection: {addon: {name: widgets}}
`

const widgetsAddon = `
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: Addon
metadata:
  name: widgets
  namespace: kubeaddons
  annotations: {catalog.kubeaddons.mesosphere.io/addon-revision: 2.0.3-1}
spec: {chartReference: {chart: widgets, version: 0.0.1}}
`

// A product without a built-in detector is found by the rule of its policy as soon as there is one, and evaluated as any
// other. A restart does not take it for new.
func TestDetectionByPolicy(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-06-01")
	w.apply(widgetsAddon)
	w.start()
	if installed := row(w.mustHost(), "Widgets", "widgets"); installed.Product != "" {
		t.Errorf("without a policy it is found: %+v", installed)
	}
	w.apply(widgets)
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		installed := row(host, "Widgets", "widgets")
		if installed.Version != "2.0.3" || installed.State != v1alpha1.StateUnsupported {
			return fmt.Errorf("its row is %+v", installed)
		}
		return expect(host.Status.Conditions, v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)
	})
	w.settle()

	w.halt()
	w.Front.Reset()
	w.start()
	w.expectNoWrites("a restart")

	// A mistake elsewhere in the policy makes what is found Unknown; it does not make it vanish.
	ended := len(w.mustHost().Status.History)
	w.apply(strings.Replace(widgets, "product: Widgets", "product: Widgets\n  timeZone: Berlin", 1))
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionUnknown, v1alpha1.ReasonPolicyInvalid)
	w.settle()
	if installed := row(w.mustHost(), "Widgets", "widgets"); installed.State != v1alpha1.StateUnknown || len(w.mustHost().Status.History) != ended {
		t.Errorf("with an invalid policy the row is %+v, the history %v", installed, w.mustHost().Status.History)
	}
	w.apply(widgets)
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionFalse, v1alpha1.ReasonSupportEnded)

	w.removeAll("support.d2iq.io/v1alpha1", "SupportPolicy")
	w.awaitKey(hostKey, func(host *v1alpha1.ClusterSupport) error {
		if row(host, "Widgets", "widgets").Product != "" {
			return errors.New("it is still there")
		}
		return nil
	})
}
