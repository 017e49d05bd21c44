// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/features"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// scrapers are a ServiceAccount that may read metrics, by the role that is shipped for that, and one that may not.
const scrapers = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: scraper, namespace: team-a}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: stranger, namespace: team-a}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: scraper}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: support-policy-metrics-reader}
subjects: [{kind: ServiceAccount, name: scraper, namespace: team-a}]
`

// endpoint is the operator's metrics, over TLS with a certificate that the test has made.
type endpoint struct {
	w       *world
	address string
	folder  string
}

// newEndpoint chooses an address, and makes a certificate and the accounts of clients.
func newEndpoint(w *world) *endpoint {
	w.t.Helper()
	w.apply(scrapers)
	e := &endpoint{w: w, address: process.FreeAddress(w.t), folder: w.t.TempDir()}
	e.certify()
	return e
}

// certify makes another certificate.
func (e *endpoint) certify() {
	e.w.t.Helper()
	certificate, key, err := certutil.GenerateSelfSignedCertKey("127.0.0.1", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	must(e.w.t, err)
	for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		must(e.w.t, os.WriteFile(filepath.Join(e.folder, name), content, 0o600))
	}
}

func (e *endpoint) serving(_ *rest.Config, options *controllers.Options) {
	options.MetricsAddress, options.MetricsCertDir = e.address, e.folder
}

// token is one of a ServiceAccount, as Prometheus has it.
func (e *endpoint) token(account string) string {
	e.w.t.Helper()
	config, err := shared.ForTest(e.w.t).ServiceAccountConfig(e.w.t.Context(), "team-a", account)
	must(e.w.t, err)
	return config.BearerToken
}

// ask asks over a connection of its own, verifies the certificate that is in the folder, and returns the status and the
// body.
func (e *endpoint) ask(ctx context.Context, method, path, token string) (int, string, error) {
	authorities := x509.NewCertPool()
	certificate, err := os.ReadFile(filepath.Join(e.folder, "tls.crt"))
	if err != nil {
		return 0, "", err
	}
	authorities.AppendCertsFromPEM(certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, method, "https://"+e.address+path, nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// await asks until the answer is what it ought to be, and returns it.
func (e *endpoint) await(token string, texts ...string) string {
	e.w.t.Helper()
	var answer string
	e.w.eventually("the metrics", func() error {
		code, body, err := e.ask(e.w.t.Context(), http.MethodGet, "/metrics", token)
		if err != nil {
			return err
		}
		if code != http.StatusOK {
			return fmt.Errorf("%d: %s", code, body)
		}
		answer = body
		for _, text := range texts {
			if !strings.Contains(body, text) {
				return fmt.Errorf("they lack %s", text)
			}
		}
		return nil
	})
	return answer
}

// Only clients that the API server authorizes can read the metrics.
func TestMetricsAreProtected(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	e := newEndpoint(w)
	w.start(e.serving)
	allowed := e.token("scraper")
	e.await(allowed)
	for name, test := range map[string]struct {
		method, path, token string
		want                int
		reason              string
	}{
		"no token":                       {http.MethodGet, "/metrics", "", http.StatusUnauthorized, "the client is not known"},
		"what is no token":               {http.MethodGet, "/metrics", "guessed", http.StatusUnauthorized, "the API server does not know it"},
		"a token that was changed":       {http.MethodGet, "/metrics", allowed + "x", http.StatusUnauthorized, "its signature is wrong"},
		"a token without the right":      {http.MethodGet, "/metrics", e.token("stranger"), http.StatusForbidden, "the client is known, and has no right to it"},
		"a token with the right":         {http.MethodGet, "/metrics", allowed, http.StatusOK, "that is what the role is for"},
		"a token with another right":     {http.MethodPost, "/metrics", allowed, http.StatusForbidden, "the role lets get"},
		"a path that there is not":       {http.MethodGet, "/debug/pprof/", allowed, http.StatusNotFound, "nothing else is served"},
		"a path beside, without a token": {http.MethodGet, "/metrics/", "", http.StatusNotFound, "nothing is there to be protected"},
	} {
		w.run(name, func(t *testing.T) {
			code, body, err := e.ask(t.Context(), test.method, test.path, test.token)
			must(t, err)
			if code != test.want {
				t.Errorf("the answer is %d, want %d, as %s: %.200s", code, test.want, test.reason, body)
			}
			if code != http.StatusOK && strings.Contains(body, "supportpolicy_") {
				t.Errorf("the refusal tells: %.200s", body)
			}
		})
	}
	w.run("a right that is taken away", func(t *testing.T) {
		e.w.t = t
		const binding = "clusterrolebinding/scraper"
		w.kubectl("delete", binding)
		w.eventually("the refusal", func() error {
			if code, _, err := e.ask(t.Context(), http.MethodGet, "/metrics", allowed); err != nil || code != http.StatusForbidden {
				return fmt.Errorf("the answer is %d, %w", code, err)
			}
			return nil
		})
		w.apply(scrapers)
		e.await(allowed)
	})
	w.run("without TLS", func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.address+"/metrics", nil)
		must(t, err)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("the answer is %d", response.StatusCode)
		}
	})
	w.run("a certificate that is renewed", func(t *testing.T) {
		e.w.t = t
		e.certify()
		e.await(allowed)
	})
}

// What is scraped is what the statuses say, with when the cluster last answered.
func TestMetricsOfOperator(t *testing.T) {
	w := newExampleWorld(t, "2021-03-01")
	e := newEndpoint(w)
	before := time.Now()
	w.start(e.serving)
	w.awaitHost(v1alpha1.ConditionSupported, metav1.ConditionTrue, v1alpha1.ReasonSupported)
	token := e.token("scraper")
	const release = `{cluster_name="host",cluster_namespace="support-policy-system",installation="default",policy="example",product="Example",`
	metrics := e.await(token,
		`supportpolicy_release_state`+release+`state="Supported",version="1.0.3"} 1`,
		`supportpolicy_operator_active{shard="0"} 1`, "supportpolicy_operator_shards 1",
		`supportpolicy_policy_condition{condition="Ready",policy="example",status="True"} 1`,
		"controller_runtime_reconcile_total", "workqueue_depth", "rest_client_requests_total",
		`supportpolicy_cluster_observed_timestamp_seconds{`,
	)
	_, rest, _ := strings.Cut(metrics, `supportpolicy_cluster_observed_timestamp_seconds{cluster_name="host",cluster_namespace="support-policy-system"} `)
	var answered float64
	if _, err := fmt.Sscan(rest, &answered); err != nil || answered < float64(before.Unix()) || answered > float64(time.Now().Unix()) {
		t.Errorf("the host answered at %f (%v), and is asked since %s", answered, err, before)
	}
	w.Clock.SetTime(at(t, exampleEnd))
	e.await(token, `supportpolicy_release_state`+release+`state="Unsupported",version="1.0.3"} 1`)
	// Another operator of the process exports the same: what the first one registered is gone with it.
	w.halt()
	w.start(e.serving)
	e.await(token, `supportpolicy_release_state`+release+`state="Unsupported",version="1.0.3"} 1`)
}

// A configured certificate that is missing is no reason to serve one that no client can verify.
func TestMetricsNeedTheirCertificate(t *testing.T) {
	w := newWorld(t, "v1.19.9", "2021-03-01")
	_, err := w.StartOperator(t.Context(), func(_ *rest.Config, options *controllers.Options) {
		options.MetricsAddress, options.MetricsCertDir = "127.0.0.1:0", t.TempDir()
	})
	if err == nil || !strings.Contains(err.Error(), "tls.crt") {
		t.Errorf("the operator starts without a certificate: %v", err)
	}
}

// Whatever is linked in, such as the parts of an API server that check tokens, streaming lists stay off.
func TestStreamingListsAreOff(t *testing.T) {
	must(t, controllers.DisableStreamingLists())
	if features.FeatureGates().Enabled(features.WatchListClient) {
		t.Error("client-go would use streaming lists, which API servers of Kubernetes 1.17 never answer")
	}
}
