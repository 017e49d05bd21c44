// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package prometheus_test checks the example for a plain Prometheus with Prometheus itself, and with the manifests of the
// operator.
package prometheus_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
	"github.com/d2iq-labs/support-policy-operator/test/repository"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

const (
	configFile = "prometheus.yml"
	namespace  = "support-policy-system"
	// serverName is the name in the certificate that cert-manager issues.
	serverName = "support-policy-operator-metrics.support-policy-system.svc"
	token      = "a-token"
)

// config has the fields of prometheus.yml. An unknown field is an error.
type config struct {
	Global    map[string]string `json:"global"`
	RuleFiles []string          `json:"rule_files"`
	Scrape    []struct {
		Job    string            `json:"job_name"`
		Scheme string            `json:"scheme"`
		Token  string            `json:"bearer_token_file"`
		TLS    map[string]string `json:"tls_config"`
		DNS    []struct {
			Names []string `json:"names"`
			Type  string   `json:"type"`
			Port  int32    `json:"port"`
		} `json:"dns_sd_configs"`
	} `json:"scrape_configs"`
}

// folder returns a copy of this folder with a token and a trusted certificate.
func folder(t *testing.T, trusted []byte) string {
	t.Helper()
	made := t.TempDir()
	for name, content := range map[string]string{
		configFile: testfile.Read(t, configFile), "rules.yaml": testfile.Read(t, "rules.yaml"),
		"token": token, "ca.crt": string(trusted),
	} {
		testfile.Write(t, filepath.Join(made, name), content)
	}
	return made
}

// insecure returns the configuration that its comment describes for an operator without a certificate.
func insecure(t *testing.T, text string) string {
	t.Helper()
	text = regexp.MustCompile(`(?m)^ *(ca_file|server_name): .*\n`).ReplaceAllString(text, "")
	before, after, found := strings.Cut(text, "# insecure_skip_verify")
	if !found {
		t.Fatalf("%s does not say how to do without a certificate", configFile)
	}
	return before + "insecure_skip_verify" + after
}

// TestPromtoolAccepts checks the configuration, the rules and the files that they name, with promtool.
func TestPromtoolAccepts(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"as it is": func(text string) string { return text },
		"insecure": func(text string) string { return insecure(t, text) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder(t, []byte("none")), configFile)
			testfile.Write(t, path, change(testfile.Read(t, configFile)))
			output, err := exec.CommandContext(t.Context(), prometheus.Promtool(t), "check", "config", path).CombinedOutput()
			if err != nil || !strings.Contains(string(output), "rules found") {
				t.Errorf("promtool: %v\n%s", err, output)
			}
		})
	}
}

// TestScrape runs Prometheus with the configuration against a server in place of the operator, at an address that is not in its
// certificate.
func TestScrape(t *testing.T) {
	own, other := selfSigned(t), selfSigned(t)
	for name, test := range map[string]struct {
		reason  string
		serves  tls.Certificate
		change  func(string) string
		scraped bool
	}{
		"as it is": {
			"the certificate is its own authority, and the name is compared with it and never looked up",
			own, func(text string) string { return text }, true,
		},
		"another certificate": {
			"another server answers in place of the operator",
			other, func(text string) string { return text }, false,
		},
		"insecure": {
			"nothing is verified",
			other, func(text string) string { return insecure(t, text) }, true,
		},
		"another token": {
			"the API server does not know it",
			own, func(text string) string { return strings.ReplaceAll(text, "token_file: token", "token_file: ca.crt") }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // a server looks for its targets five seconds after its start
			made := folder(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}))
			text := test.change(testfile.Read(t, configFile))
			text, _, found := strings.Cut(text, "  dns_sd_configs:")
			if !found {
				t.Fatal("there are no dns_sd_configs to be replaced")
			}
			text += fmt.Sprintf("  static_configs: [{targets: [%q]}]\n", operator(t, test.serves))
			text = strings.ReplaceAll(text, "interval: 30s", "interval: 1s")
			// Prometheus takes the text and has it in a folder of its own.
			for _, file := range []string{"rules.yaml", "token", "ca.crt"} {
				text = strings.ReplaceAll(text, ": "+file+"\n", ": "+filepath.Join(made, file)+"\n")
				text = strings.ReplaceAll(text, "- "+file+"\n", "- "+filepath.Join(made, file)+"\n")
			}
			server := prometheus.StartServer(t, text)
			// A scrape can take too long on a busy machine, and is then followed by another.
			deadline := time.Now().Add(2 * time.Minute)
			for {
				up := server.Query(t, `up{job="support-policy-operator"}`)
				if len(up) == 1 && (up[0].Value == 1) == test.scraped {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s: %v after two minutes, want scraped %t", test.reason, up, test.scraped)
				}
				time.Sleep(50 * time.Millisecond)
			}
			if rules, err := server.API().Rules(t.Context(), nil); err != nil || len(rules.Groups) != 1 {
				t.Errorf("rules %+v, error %v, want one group", rules, err)
			}
		})
	}
}

// operator starts a server of metrics that requires the token, and returns its address.
func operator(t *testing.T, certificate tls.Certificate) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/metrics" || r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you", http.StatusUnauthorized)
			return
		}
		fmt.Fprintln(w, "supportpolicy_operator_shards 1")
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes are meant to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// selfSigned returns a certificate as cert-manager issues it: self-signed, no authority, for one name.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{serverName},
		KeyUsage:  x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestNamesExist: the manifests have the names in the configuration and in the commands of its comment.
func TestNamesExist(t *testing.T) {
	found := map[string]string{}
	manifest := repository.Build(t, repository.Overlay{Kustomization: "resources: [ROOT/config/default]\n" +
		"components: [ROOT/monitoring/reader, ROOT/monitoring/cert-manager/certificate]"})
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		var object metav1.PartialObjectMetadata
		testfile.Decode(t, document, &object)
		found[object.Kind+"/"+object.Name] = document
	}
	var certificate struct {
		Spec struct {
			SecretName string   `json:"secretName"`
			DNSNames   []string `json:"dnsNames"`
		} `json:"spec"`
	}
	var service corev1.Service
	for name, into := range map[string]any{
		"Certificate/support-policy-operator-metrics": &certificate, "Service/support-policy-operator-metrics": &service,
	} {
		if err := yaml.Unmarshal([]byte(found[name]), into); err != nil || found[name] == "" {
			t.Fatalf("%s: %v in %s", name, err, found[name])
		}
	}

	text := testfile.Read(t, configFile)
	var c config
	testfile.DecodeStrict(t, text, &c)
	if len(c.Scrape) != 1 || len(c.Scrape[0].DNS) != 1 {
		t.Fatalf("%d jobs", len(c.Scrape))
	}
	scrape := c.Scrape[0]
	// A headless Service has the addresses and ports of its pods.
	name := service.Name + "." + service.Namespace + ".svc"
	if dns := scrape.DNS[0]; service.Spec.ClusterIP != corev1.ClusterIPNone || !cmp.Equal(dns.Names, []string{name}) ||
		dns.Port != service.Spec.Ports[0].Port || dns.Type != "A" {
		t.Errorf("%+v is looked up, and the Service is %s with %+v", dns, name, service.Spec.Ports)
	}
	want := map[string]string{"ca_file": "ca.crt", "server_name": serverName}
	if diff := cmp.Diff(want, scrape.TLS); diff != "" || !cmp.Equal(certificate.Spec.DNSNames, []string{serverName}) {
		t.Errorf("the certificate is for %q; verified is (-want +got):\n%s", certificate.Spec.DNSNames, diff)
	}
	secrets := map[string]bool{certificate.Spec.SecretName: true}
	for object := range found {
		if secret, is := strings.CutPrefix(object, "Secret/"); is {
			secrets[secret] = true
		}
	}
	commands := regexp.MustCompile(`kubectl get secret (\S+) -n (\S+) `).FindAllStringSubmatch(text, -1)
	for _, command := range commands {
		if !secrets[command[1]] || command[2] != namespace {
			t.Errorf("there is no Secret %s in %s", command[1], command[2])
		}
	}
	expect.Equal(t, len(secrets), len(commands), "a command for each Secret")
}
