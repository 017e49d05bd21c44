// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// TestNetworkPolicyComponent wants every operator behind the policy, with the port of its metrics open to namespaces with the
// label, and nothing said about what it connects to.
func TestNetworkPolicyComponent(t *testing.T) {
	for base, deployments := range map[string]int{"config/default": 1, "config/fleet": 1, "config/sharded": 3} {
		for _, in := range []string{namespace, "elsewhere"} {
			t.Run(filepath.Base(base)+" in "+in, func(t *testing.T) {
				found := build(t, overlay(in, base, "monitoring/prometheus-operator", "config/network-policy"))
				policy := decode[networkingv1.NetworkPolicy](t, found, "NetworkPolicy/"+metrics)
				want := networkingv1.NetworkPolicySpec{
					PodSelector: policy.Spec.PodSelector, // see below
					PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
					Ingress: []networkingv1.NetworkPolicyIngressRule{{
						From: []networkingv1.NetworkPolicyPeer{{
							NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"metrics": "enabled"}},
						}},
						Ports: []networkingv1.NetworkPolicyPort{{
							Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(metricsPort(t, found))),
						}},
					}},
				}
				if diff := cmp.Diff(want, policy.Spec); diff != "" || policy.Namespace != in {
					t.Errorf("in %s (-want +got):\n%s", policy.Namespace, diff)
				}
				expect.Equal(t, deployments, selected(t, found, policy.Spec.PodSelector),
					"Deployments whose pods it protects")
			})
		}
	}
}

// metricsPort is the port to which the Service of the metrics leads.
func metricsPort(t *testing.T, found manifests) int32 {
	t.Helper()
	service := decode[corev1.Service](t, found, "Service/"+metrics)
	for _, deployment := range deploymentsOf(t, found) {
		for _, port := range deployment.Spec.Template.Spec.Containers[0].Ports {
			if port.Name == service.Spec.Ports[0].TargetPort.StrVal {
				return port.ContainerPort
			}
		}
	}
	t.Fatal("the Service leads to no port")
	return 0
}

// selected is the number of Deployments whose pods a selector has.
func selected(t *testing.T, found manifests, pods metav1.LabelSelector) int {
	t.Helper()
	selector, err := metav1.LabelSelectorAsSelector(&pods)
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	for _, deployment := range deploymentsOf(t, found) {
		if selector.Matches(labels.Set(deployment.Spec.Template.Labels)) {
			number++
		}
	}
	return number
}
