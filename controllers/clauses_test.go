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
	w := newWorld(t, "v1.19.9", "2021-06-01")
	w.applyShipped()
	w.apply(istio)
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

const cassandra = `
apiVersion: kudo.dev/v1beta1
kind: OperatorVersion
metadata: {name: cassandra-3.11.7-1.0.2, namespace: team-a}
spec: {operator: {name: cassandra, kind: Operator}, version: 1.0.2, appVersion: 3.11.7}
---
apiVersion: kudo.dev/v1beta1
kind: Instance
metadata: {name: cassandra, namespace: team-a, labels: {kudo.dev/operator: cassandra}}
spec: {operatorVersion: {name: cassandra-3.11.7-1.0.2}}
status: {planStatus: {deploy: {name: deploy, status: COMPLETE}}}
`

// A KUDO operator is supported at a level of its own, and the status has the sentence that can be quoted.
func TestSecondarySupport(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-07-01")
	w.applyShipped()
	w.start()
	w.apply(cassandra)
	w.eventually("Cassandra", func() error {
		host, err := w.host()
		if err != nil {
			return err
		}
		installed := row(host, facts.Cassandra, "team-a.cassandra")
		const terms = "Cassandra is supported at level Secondary: configuration at Severity 4"
		if installed.State != v1alpha1.StateSupported || installed.Version != "1.0.2" || len(installed.Terms) < len(terms) ||
			installed.Terms[:len(terms)] != terms {
			return fmt.Errorf("its row is %+v", installed)
		}
		return nil
	})
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
	w.eventually("Widgets", func() error {
		host, err := w.host()
		if err != nil {
			return err
		}
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
	w.eventually("Widgets to go with the policy", func() error {
		host, err := w.host()
		if err != nil {
			return err
		}
		if row(host, "Widgets", "widgets").Product != "" {
			return errors.New("it is still there")
		}
		return nil
	})
}

// The nodes of a cluster are evaluated when the operator connects to it.
func TestOperatingSystems(t *testing.T) {
	w := newWorld(t, "v1.20.13", "2022-03-01")
	w.applyShipped()
	for i, image := range []string{"CentOS Linux 8", "CentOS Linux 8", "CentOS Linux 8", "Ubuntu 18.04.6 LTS"} {
		w.apply(fmt.Sprintf(`
apiVersion: v1
kind: Node
metadata: {name: node-%d, labels: {konvoy.mesosphere.com/node_pool: worker}}
`, i))
		w.report(fmt.Sprintf("node-%d", i), image, "4.18.0-193.28.1.el8_2.x86_64")
	}
	w.apply(hostManifest("", "declaredReleases: [{product: Konvoy, name: default, version: 1.8.5}]"))
	w.start()
	w.awaitFinding(facts.Konvoy, v1alpha1.ReasonUnsupportedOperatingSystem,
		"Konvoy 1.8.5 does not support what some nodes run: 3 nodes run CentOS 8.2, supported until 1.8.4; replace these nodes (policy konvoy)")
	w.awaitHost(v1alpha1.ConditionCompatible, metav1.ConditionFalse, v1alpha1.ReasonUnsupportedOperatingSystem)
}
