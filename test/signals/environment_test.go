// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package signals

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

func TestMain(m *testing.M) {
	// controllers.Options.Log receives the operator's log. The global logger gets only connections that end on purpose.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

const (
	// timeout is far longer than anything here takes, which is at most twice the window.
	timeout = 3 * time.Minute
	// pollInterval is the time between two polls.
	pollInterval = 200 * time.Millisecond

	// workspace is the namespace on the hub of the other cluster, and of Prometheus' service account.
	workspace = "workspace-a"
	// remoteName is the name of the other cluster.
	remoteName = "far"
	// job is the scrape job of the operator.
	job = "support-policy-operator"
	// server is the name in the endpoint's certificate, that of its Service.
	server = "support-policy-operator-metrics." + sandbox.Namespace + ".svc"
)

// environment is two clusters with the operator on the first, Prometheus, Alertmanager and its receiver.
type environment struct {
	*sandbox.Sandbox

	t       *testing.T
	plane   *controlplane.ControlPlane
	remote  *sandbox.Remote
	address string
	certs   string
	// authority has signed the endpoint's certificate. token is Prometheus' bearer token.
	authority *authority
	token     string
	// stop stops the operator; nil while it does not run.
	stop func() error

	prometheus   *prometheus.Server
	alertmanager *prometheus.Alertmanager
	receiver     *webhookReceiver
}

// newEnvironment starts all but the operator.
func newEnvironment(t *testing.T, timing alerts.Timing) *environment {
	t.Helper()
	e := &environment{t: t, address: process.FreeAddress(t), certs: t.TempDir(), receiver: newWebhookReceiver(t)}
	// It comes before the control planes, which take longer: where it is missing the test is skipped.
	e.alertmanager = prometheus.StartAlertmanager(t, fmt.Sprintf(`
# Each alert has a notification of its own, at once, which is not repeated.
route: {receiver: on-call, group_by: [...], group_wait: 0s, group_interval: 1s, repeat_interval: 24h}
receivers: [{name: on-call, webhook_configs: [{url: %q, send_resolved: true}]}]
`, e.receiver.url))
	e.newClusters()
	e.startPrometheus(timing)
	return e
}

// newClusters starts the hub and another cluster.
func (e *environment) newClusters() {
	e.t.Helper()
	crds, err := sandbox.CRDs()
	if err != nil {
		e.t.Fatal(err)
	}
	remoteCRDs, err := sandbox.RemoteCRDs()
	if err != nil {
		e.t.Fatal(err)
	}
	var logged strings.Builder
	lines := &process.SerialWriter{To: &logged}
	// This runs after the operator has ended.
	e.t.Cleanup(func() {
		if e.t.Failed() {
			e.t.Logf("what the operator logged:\n%s", logged.String())
		}
	})
	e.plane = controlplane.ForTest(e.t, controlplane.Options{CRDs: crds})
	e.Sandbox, err = sandbox.New(e.t.Context(), e.plane, e.t.TempDir(), sandbox.Options{
		KubernetesVersion: "v1.20.15", Manifests: "config/fleet", Now: time.Now(),
		Log: funcr.New(func(prefix, line string) { fmt.Fprintln(lines, prefix, line) }, funcr.Options{}),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.cleanUp(e.Close)
	e.remote, err = sandbox.NewRemote(controlplane.ForTest(e.t, controlplane.Options{CRDs: remoteCRDs}), "v1.19.16")
	if err != nil {
		e.t.Fatal(err)
	}
	e.cleanUp(e.remote.Close)
	e.cleanUp(e.stopOperator)
	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	e.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: kubeaddons}}`)
	kubeconfig, err := e.remote.Kubeconfig(e.t.Context(), "hub")
	if err != nil {
		e.t.Fatal(err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: remoteName}, Data: map[string][]byte{"kubeconfig": kubeconfig},
	}
	if err := e.Client.Create(e.t.Context(), secret); err != nil {
		e.t.Fatal(err)
	}
}

// cleanUp calls a function at the end of the test, and reports its error.
func (e *environment) cleanUp(end func() error) {
	e.t.Cleanup(func() {
		if err := end(); err != nil {
			e.t.Error(err)
		}
	})
}

// scraper is a service account that may read metrics, by the shipped role, and nothing else.
var scraper = []string{
	`{apiVersion: v1, kind: ServiceAccount, metadata: {name: prometheus, namespace: ` + workspace + `}}`,
	`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: support-policy-metrics-reader}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: ` + workspace + `}]
`}

// startPrometheus starts Prometheus, which scrapes the operator over TLS with a token, and evaluates the rules.
func (e *environment) startPrometheus(timing alerts.Timing) {
	e.t.Helper()
	folder := e.t.TempDir()
	for _, manifest := range scraper {
		e.apply(manifest)
	}
	account, err := e.plane.ServiceAccountConfig(e.t.Context(), workspace, "prometheus")
	if err != nil {
		e.t.Fatal(err)
	}
	rules, err := alerts.RuleFile(timing)
	if err != nil {
		e.t.Fatal(err)
	}
	e.token = account.BearerToken
	e.authority = newAuthority(e.t, "authority")
	e.authority.issue(e.t, e.certs, server)
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%[1]q]
alerting: {alertmanagers: [{static_configs: [{targets: [%[2]q]}]}]}
scrape_configs:
- job_name: %[3]s
  scheme: https
  tls_config: {ca_file: %[4]q, server_name: %[5]s}
  authorization: {credentials_file: %[6]q}
  static_configs: [{targets: [%[7]q]}]
# The operator, or Prometheus, refuses the connections of these.
- job_name: without-token
  scrape_interval: 2s
  scheme: https
  tls_config: {ca_file: %[4]q, server_name: %[5]s}
  static_configs: [{targets: [%[7]q]}]
- job_name: wrong-authority
  scrape_interval: 2s
  scheme: https
  tls_config: {ca_file: %[8]q, server_name: %[5]s}
  authorization: {credentials_file: %[6]q}
  static_configs: [{targets: [%[7]q]}]
`,
		write(e.t, folder, "rules.yaml", rules), e.alertmanager.Address, job,
		write(e.t, folder, "ca.crt", e.authority.pem()), server, write(e.t, folder, "token", []byte(e.token)), e.address,
		write(e.t, folder, "other-ca.crt", newAuthority(e.t, "another authority").pem()))
	check := exec.CommandContext(e.t.Context(), prometheus.Promtool(e.t), "check", "config", write(e.t, folder, "prometheus.yml", []byte(config)))
	if output, err := check.CombinedOutput(); err != nil {
		e.t.Fatalf("promtool refuses the configuration: %v\n%s", err, output)
	}
	e.prometheus = prometheus.StartServer(e.t, config)
}

// startOperator starts the operator with the real clock, as Prometheus has it.
func (e *environment) startOperator() {
	e.t.Helper()
	stop, err := e.StartOperator(e.t.Context(), func(_ *rest.Config, options *controllers.Options) {
		options.Clock = nil
		options.MetricsAddress, options.MetricsCertDir = e.address, e.certs
		options.KubeconfigNamespaces, options.AllowLoopback = []string{workspace}, true
		options.Patience = time.Second
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.stop = stop
}

// stopOperator stops the operator, if it runs.
func (e *environment) stopOperator() error {
	if e.stop == nil {
		return nil
	}
	stop := e.stop
	e.stop = nil
	return stop()
}

// mustStopOperator stops the operator, and fails the test after an error.
func (e *environment) mustStopOperator() {
	e.t.Helper()
	if err := e.stopOperator(); err != nil {
		e.t.Fatal(err)
	}
}

// apply applies an object to the hub.
func (e *environment) apply(manifest string) {
	e.t.Helper()
	object := decode(e.t, manifest)
	err := e.Client.Apply(e.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"), client.ForceOwnership)
	if err != nil {
		e.t.Fatalf("%v: %s", err, manifest)
	}
}

// remove deletes an object from the hub.
func (e *environment) remove(manifest string) {
	e.t.Helper()
	if err := e.Client.Delete(e.t.Context(), decode(e.t, manifest)); err != nil {
		e.t.Fatal(err)
	}
}

func decode(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	testfile.DecodeStrict(t, manifest, &object.Object)
	return object
}

// eventually polls until check returns no error, and fails the test with the last error after the timeout.
func (e *environment) eventually(what string, check func() error) {
	e.t.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(pollInterval) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("waited %s for %s: %v", timeout, what, err)
		}
	}
}

// alerts returns the alerts in Alertmanager, by alertName.
func (e *environment) alerts(ctx context.Context) (map[string]prometheus.Alert, error) {
	all, err := e.alertmanager.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]prometheus.Alert{}
	for _, alert := range all {
		name := alertName(alert.Labels)
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("%s is there twice: %v", name, alert.Labels)
		}
		found[name] = alert
	}
	return found, nil
}

// lastScrape returns the target of a job, with its last scrape.
func (e *environment) lastScrape(job string) (v1.ActiveTarget, error) {
	targets, err := e.prometheus.API().Targets(e.t.Context())
	if err != nil {
		return v1.ActiveTarget{}, err
	}
	for _, target := range targets.Active {
		if string(target.Labels["job"]) == job {
			return target, nil
		}
	}
	return v1.ActiveTarget{}, fmt.Errorf("there is no job %s yet", job)
}

// checkScrape returns the error of the last scrape of the operator.
func (e *environment) checkScrape() error {
	last, err := e.lastScrape(job)
	if err == nil && last.Health != v1.HealthGood {
		err = fmt.Errorf("the last scrape is %s: %s", last.Health, last.LastError)
	}
	return err
}

// exposition returns the operator's metrics, as Prometheus scrapes them.
func (e *environment) exposition() ([]byte, error) {
	trusted := x509.NewCertPool()
	trusted.AddCert(e.authority.certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: server, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(e.t.Context(), http.MethodGet, "https://"+e.address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+e.token)
	response, err := (&http.Client{Transport: transport, Timeout: timeout}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the endpoint answers %s", response.Status)
	}
	return io.ReadAll(response.Body)
}
