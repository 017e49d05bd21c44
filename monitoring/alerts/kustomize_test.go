// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package alerts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const (
	namespace = "support-policy-system"
	reader    = "support-policy-metrics-reader"
	metrics   = "support-policy-operator-metrics"
	operators = "support-policy-operator"
)

// manifests are the objects of an overlay as YAML, by kind and name.
type manifests map[string]string

// overlay returns an overlay of folders of this repository, in a namespace unless that is empty.
func overlay(namespace, base string, components ...string) repository.Overlay {
	kustomization := "resources: [ROOT/" + base + "]\ncomponents:\n"
	for _, component := range components {
		kustomization += "- ROOT/" + component + "\n"
	}
	if namespace != "" {
		kustomization += "namespace: " + namespace + "\n"
	}
	return repository.Overlay{Kustomization: kustomization}
}

// build returns what kustomize makes of an overlay.
func build(t *testing.T, overlay repository.Overlay) manifests {
	t.Helper()
	found := manifests{}
	for document := range strings.SplitSeq(repository.Build(t, overlay), "\n---\n") {
		var object metav1.PartialObjectMetadata
		testfile.Decode(t, document, &object)
		found[object.Kind+"/"+object.Name] = document
	}
	return found
}

// decode reads an object. An unknown field is an error.
func decode[T any](t *testing.T, from manifests, name string) T {
	t.Helper()
	var object T
	if from[name] == "" {
		t.Fatalf("there is no %s", name)
	}
	testfile.DecodeStrict(t, from[name], &object)
	return object
}

// deploymentsOf are the operators of an overlay.
func deploymentsOf(t *testing.T, found manifests) []appsv1.Deployment {
	t.Helper()
	var deployments []appsv1.Deployment
	for name := range found {
		if strings.HasPrefix(name, "Deployment/") {
			deployments = append(deployments, decode[appsv1.Deployment](t, found, name))
		}
	}
	return deployments
}

// TestPrometheusComponent: config/prometheus is another name of monitoring/prometheus-operator.
func TestPrometheusComponent(t *testing.T) {
	want := repository.Build(t, overlay("", "config/default", "monitoring/prometheus-operator"))
	expect.Equal(t, want, repository.Build(t, overlay("", "config/default", "config/prometheus")))
}

// TestPrometheusOperatorComponent builds the component with each form of the operator.
func TestPrometheusOperatorComponent(t *testing.T) {
	for _, base := range []string{"config/default", "config/sharded"} {
		t.Run(filepath.Base(base), func(t *testing.T) {
			found := build(t, overlay("", base, "monitoring/prometheus-operator"))
			rule := decode[monitoringv1.PrometheusRule](t, found, "PrometheusRule/"+operators)
			expect.Equal(t, alerts.Rules(alerts.Default()), rule.Spec, "other rules are applied")
			expect.Equal(t, "disabled", rule.Annotations["kustomize.toolkit.fluxcd.io/substitute"],
				"Flux would substitute $labels")
			checkScrape(t, found)
			checkToken(t, found)
		})
	}
}

// checkScrape compares the ServiceMonitor with the Service that it selects, and the Service with the operators.
func checkScrape(t *testing.T, found manifests) {
	t.Helper()
	monitor := decode[monitoringv1.ServiceMonitor](t, found, "ServiceMonitor/"+operators)
	service := decode[corev1.Service](t, found, "Service/"+metrics)
	if monitor.Namespace != namespace || service.Namespace != namespace {
		t.Errorf("ServiceMonitor and Service are in %q and %q", monitor.Namespace, service.Namespace)
	}
	for key, value := range monitor.Spec.Selector.MatchLabels {
		expect.Equal(t, value, service.Labels[key], "the Service's label", key)
	}
	if len(monitor.Spec.Endpoints) != 1 {
		t.Fatalf("the ServiceMonitor has %d endpoints", len(monitor.Spec.Endpoints))
	}
	endpoint := monitor.Spec.Endpoints[0]
	if len(service.Spec.Ports) != 1 || service.Spec.Ports[0].Name != endpoint.Port {
		t.Errorf("the Service has no port %q: %v", endpoint.Port, service.Spec.Ports)
	}
	if scheme := endpoint.Scheme; scheme == nil || *scheme != "https" || endpoint.Path != "/metrics" {
		t.Errorf("scraped is %v %s", scheme, endpoint.Path)
	}
	if endpoint.HonorLabels {
		t.Error("a replica could put on the labels of others")
	}
	for _, deployment := range deploymentsOf(t, found) {
		for key, value := range service.Spec.Selector {
			expect.Equal(t, value, deployment.Spec.Template.Labels[key],
				"the Service does not select the pods of", deployment.Name)
		}
	}
}

// checkToken follows the token from the ServiceMonitor to its Secret, and to its rights.
func checkToken(t *testing.T, found manifests) {
	t.Helper()
	var monitor struct {
		Spec struct {
			Endpoints []struct {
				BearerTokenSecret corev1.SecretKeySelector `json:"bearerTokenSecret"`
			} `json:"endpoints"`
		} `json:"spec"`
	}
	testfile.Decode(t, found["ServiceMonitor/"+operators], &monitor)
	token := monitor.Spec.Endpoints[0].BearerTokenSecret
	expect.Equal(t, corev1.ServiceAccountTokenKey, token.Key, "the key of the token")
	checkReader(t, found, namespace, token.Name)
}

// checkReader follows the token from its Secret to the role that allows to read metrics.
func checkReader(t *testing.T, found manifests, in, name string) {
	t.Helper()
	secret := decode[corev1.Secret](t, found, "Secret/"+name)
	if secret.Type != corev1.SecretTypeServiceAccountToken || secret.Namespace != in {
		t.Errorf("there is no token in a Secret of type %s in %q", secret.Type, secret.Namespace)
	}
	account := decode[corev1.ServiceAccount](t, found, "ServiceAccount/"+secret.Annotations[corev1.ServiceAccountNameKey])
	binding := decode[rbacv1.ClusterRoleBinding](t, found, "ClusterRoleBinding/"+reader)
	want := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account.Name, Namespace: account.Namespace}}
	if diff := cmp.Diff(want, binding.Subjects); diff != "" || account.Namespace != in {
		t.Errorf("the account is not the one that may read (-account +binding):\n%s", diff)
	}
	role := decode[rbacv1.ClusterRole](t, found, binding.RoleRef.Kind+"/"+binding.RoleRef.Name)
	rules := []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}
	expect.Equal(t, rules, role.Rules, "the token is good for something else")
}

// TestCertManagerComponent: the issued certificate, the one that the operator serves, the one that Prometheus verifies, and the
// name that it verifies, all agree.
func TestCertManagerComponent(t *testing.T) {
	for base, deployments := range map[string]int{"config/default": 1, "config/fleet": 1, "config/sharded": 3} {
		for _, in := range []string{namespace, "elsewhere"} {
			t.Run(filepath.Base(base)+" in "+in, func(t *testing.T) {
				found := build(t, overlay(in, base, "monitoring/prometheus-operator", "monitoring/cert-manager"))
				certificate := checkCertificate(t, found, in, deployments)
				monitor := decode[monitoringv1.ServiceMonitor](t, found, "ServiceMonitor/"+operators)
				tls := monitor.Spec.Endpoints[0].TLSConfig
				switch {
				case tls == nil || tls.CA.Secret == nil || tls.ServerName == nil || tls.InsecureSkipVerify != nil:
					t.Errorf("Prometheus does not verify: %+v", tls)
				case tls.CA.Secret.Name != certificate.Spec.SecretName || tls.CA.Secret.Key != "ca.crt" || monitor.Namespace != in:
					t.Errorf("Prometheus trusts %v in %s, and the certificate is in %s", tls.CA.Secret, monitor.Namespace, certificate.Spec.SecretName)
				// The text is compared; it need not be an address.
				case !cmp.Equal(certificate.Spec.DNSNames, []string{*tls.ServerName}):
					t.Errorf("the certificate is for %q, and Prometheus asks for %s", certificate.Spec.DNSNames, *tls.ServerName)
				}
			})
		}
	}
}

// TestPlainComponents builds what a Prometheus without the Prometheus Operator needs, and nothing for the latter.
func TestPlainComponents(t *testing.T) {
	for base, deployments := range map[string]int{"config/default": 1, "config/sharded": 3} {
		for _, in := range []string{namespace, "elsewhere"} {
			t.Run(filepath.Base(base)+" in "+in, func(t *testing.T) {
				found := build(t, overlay(in, base, "monitoring/reader", "monitoring/cert-manager/certificate"))
				checkCertificate(t, found, in, deployments)
				checkReader(t, found, in, reader)
				for name, document := range found {
					if strings.Contains(document, monitoringv1.SchemeGroupVersion.Group) {
						t.Errorf("%s is for the Prometheus Operator", name)
					}
				}
			})
		}
	}
}

// TestWrongComponents: kustomize fails where the ServiceMonitor would not get the certificate.
func TestWrongComponents(t *testing.T) {
	for name, test := range map[string]struct {
		reason     string
		components []string
	}{
		"the wrong order": {
			"the patch comes before the ServiceMonitor, and would find nothing",
			[]string{"monitoring/cert-manager", "monitoring/prometheus-operator"},
		},
		"no ServiceMonitor": {
			"nobody verifies the certificate; who scrapes otherwise takes monitoring/cert-manager/certificate",
			[]string{"monitoring/cert-manager"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, in := range []string{"", "elsewhere"} {
				_, err := repository.TryBuild(t, overlay(in, "config/default", test.components...))
				if err == nil || !strings.Contains(err.Error(), "no matches for Id ServiceMonitor") {
					t.Errorf("%s: got %v, want that there is no ServiceMonitor to patch", test.reason, err)
				}
			}
		})
	}
}

// checkCertificate checks that every operator serves the certificate, and returns it.
func checkCertificate(t *testing.T, found manifests, in string, deployments int) certificate {
	t.Helper()
	made := decode[certificate](t, found, "Certificate/"+metrics)
	issuer := decode[issuer](t, found, "Issuer/"+made.Spec.IssuerRef.Name)
	if made.Namespace != in || issuer.Namespace != in {
		t.Errorf("certificate and issuer are in %s and %s, want %s", made.Namespace, issuer.Namespace, in)
	}
	served := deploymentsOf(t, found)
	for _, deployment := range served {
		checkServes(t, deployment, made.Spec.SecretName)
	}
	expect.Equal(t, deployments, len(served), "operators")
	return made
}

// checkServes checks that the Secret is mounted where the operator reads its certificate, and that its other arguments stay.
func checkServes(t *testing.T, deployment appsv1.Deployment, secret string) {
	t.Helper()
	pod := deployment.Spec.Template.Spec
	mounted := map[string]string{}
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			mounted[volume.Name] = volume.Secret.SecretName
		}
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if mounted[mount.Name] != secret {
			continue
		}
		arguments := strings.Join(pod.Containers[0].Args, " ")
		if !strings.Contains(arguments, "--metrics-cert-dir="+mount.MountPath) || !strings.Contains(arguments, "--leader-elect") {
			t.Errorf("%s has the certificate in %s and is started with %s", deployment.Name, mount.MountPath, arguments)
		}
		return
	}
	t.Errorf("%s does not have the Secret %s", deployment.Name, secret)
}

// The fields of cert-manager.io/v1 that the component uses.
type (
	certificate struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			SecretName string   `json:"secretName"`
			CommonName string   `json:"commonName"`
			DNSNames   []string `json:"dnsNames"`
			IssuerRef  struct {
				Name string `json:"name"`
			} `json:"issuerRef"`
		} `json:"spec"`
	}
	issuer struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              struct {
			SelfSigned *struct{} `json:"selfSigned"`
		} `json:"spec"`
	}
)
