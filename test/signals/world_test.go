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
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/controllers"
	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

func TestMain(m *testing.M) {
	// What the operator logs has a place of its own; what goes past it is about connections that end on purpose.
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

const (
	// patience is for what takes at most twice the window, far more than that.
	patience = 3 * time.Minute
	// between is how long to wait before looking again.
	between = 200 * time.Millisecond

	// workspace has what is on the hub of the other cluster, and who scrapes.
	workspace = "workspace-a"
	// remoteName is the name of the other cluster.
	remoteName = "far"
	// job is Prometheus' name for the operator.
	job = "support-policy-operator"
	// server is the name in the endpoint's certificate: that of its Service.
	server = "support-policy-operator-metrics." + sandbox.Namespace + ".svc"
)

// world is all that there is: two clusters, the operator in the first, Prometheus, Alertmanager and who is on call.
type world struct {
	*sandbox.Sandbox

	t       *testing.T
	plane   *controlplane.ControlPlane
	remote  *sandbox.Remote
	address string
	certs   string
	// authority is who has signed the endpoint's certificate, token what Prometheus is known by.
	authority *authority
	token     string
	// stop ends the operator; nil while it does not run.
	stop func() error

	prometheus   *prometheus.Server
	alertmanager *prometheus.Alertmanager
	onCall       *mailbox
}

// newWorld makes a world in which the operator does not run yet.
func newWorld(t *testing.T, timing alerts.Timing) *world {
	t.Helper()
	w := &world{t: t, address: process.FreeAddress(t), certs: t.TempDir(), onCall: newMailbox(t)}
	// Before the control planes, which take longer: without it the test is skipped.
	w.alertmanager = prometheus.StartAlertmanager(t, fmt.Sprintf(`
# Each alert is a message of its own, at once, and is not repeated.
route: {receiver: on-call, group_by: [...], group_wait: 0s, group_interval: 1s, repeat_interval: 24h}
receivers: [{name: on-call, webhook_configs: [{url: %q, send_resolved: true}]}]
`, w.onCall.url))
	w.newClusters()
	w.watch(timing)
	return w
}

// newClusters makes a hub with another cluster.
func (w *world) newClusters() {
	w.t.Helper()
	crds, err := sandbox.CRDs()
	if err != nil {
		w.t.Fatal(err)
	}
	remoteCRDs, err := sandbox.RemoteCRDs()
	if err != nil {
		w.t.Fatal(err)
	}
	var logged strings.Builder
	lines := &process.SerialWriter{To: &logged}
	// It runs when the operator has ended.
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Logf("what the operator logged:\n%s", logged.String())
		}
	})
	w.plane = controlplane.ForTest(w.t, controlplane.Options{CRDs: crds})
	w.Sandbox, err = sandbox.New(w.t.Context(), w.plane, w.t.TempDir(), sandbox.Options{
		KubernetesVersion: "v1.20.15", Manifests: "config/fleet", Now: time.Now(),
		Log: funcr.New(func(prefix, line string) { fmt.Fprintln(lines, prefix, line) }, funcr.Options{}),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.cleanUp(w.Close)
	w.remote, err = sandbox.NewRemote(controlplane.ForTest(w.t, controlplane.Options{CRDs: remoteCRDs}), "v1.19.16")
	if err != nil {
		w.t.Fatal(err)
	}
	w.cleanUp(w.remote.Close)
	w.cleanUp(w.stopOperator)
	w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ` + workspace + `}}`)
	w.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: kubeaddons}}`)
	kubeconfig, err := w.remote.Kubeconfig(w.t.Context(), "hub")
	if err != nil {
		w.t.Fatal(err)
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: workspace, Name: remoteName}, Data: map[string][]byte{"kubeconfig": kubeconfig},
	}
	if err := w.Client.Create(w.t.Context(), secret); err != nil {
		w.t.Fatal(err)
	}
}

// cleanUp ends something with the test.
func (w *world) cleanUp(end func() error) {
	w.t.Cleanup(func() {
		if err := end(); err != nil {
			w.t.Error(err)
		}
	})
}

// scraper may read metrics, by the role that is shipped for that, and nothing else.
var scraper = []string{
	`{apiVersion: v1, kind: ServiceAccount, metadata: {name: prometheus, namespace: ` + workspace + `}}`,
	`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: support-policy-metrics-reader}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: ` + workspace + `}]
`}

// watch has Prometheus look at the operator, over TLS and with a token, and evaluate the rules.
func (w *world) watch(timing alerts.Timing) {
	w.t.Helper()
	folder := w.t.TempDir()
	for _, manifest := range scraper {
		w.apply(manifest)
	}
	account, err := w.plane.ServiceAccountConfig(w.t.Context(), workspace, "prometheus")
	if err != nil {
		w.t.Fatal(err)
	}
	rules, err := alerts.File(timing)
	if err != nil {
		w.t.Fatal(err)
	}
	w.token = account.BearerToken
	w.authority = newAuthority(w.t, "authority")
	w.authority.issue(w.t, w.certs, server)
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
# These see nothing.
- job_name: stranger
  scrape_interval: 2s
  scheme: https
  tls_config: {ca_file: %[4]q, server_name: %[5]s}
  static_configs: [{targets: [%[7]q]}]
- job_name: deceived
  scrape_interval: 2s
  scheme: https
  tls_config: {ca_file: %[8]q, server_name: %[5]s}
  authorization: {credentials_file: %[6]q}
  static_configs: [{targets: [%[7]q]}]
`,
		write(w.t, folder, "rules.yaml", rules), w.alertmanager.Address, job,
		write(w.t, folder, "ca.crt", w.authority.pem()), server, write(w.t, folder, "token", []byte(w.token)), w.address,
		write(w.t, folder, "other-ca.crt", newAuthority(w.t, "another authority").pem()))
	check := exec.CommandContext(w.t.Context(), prometheus.Promtool(w.t), "check", "config", write(w.t, folder, "prometheus.yml", []byte(config)))
	if output, err := check.CombinedOutput(); err != nil {
		w.t.Fatalf("promtool refuses the configuration: %v\n%s", err, output)
	}
	w.prometheus = prometheus.StartServer(w.t, config)
}

// startOperator runs the operator with the machine's clock, which is also Prometheus'.
func (w *world) startOperator() {
	w.t.Helper()
	stop, err := w.StartOperator(w.t.Context(), func(_ *rest.Config, options *controllers.Options) {
		options.Clock = nil
		options.MetricsAddress, options.MetricsCertDir = w.address, w.certs
		options.KubeconfigNamespaces, options.AllowLoopback = []string{workspace}, true
		options.Patience = time.Second
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop = stop
}

// stopOperator ends it, if it runs.
func (w *world) stopOperator() error {
	if w.stop == nil {
		return nil
	}
	stop := w.stop
	w.stop = nil
	return stop()
}

// halt ends the operator.
func (w *world) halt() {
	w.t.Helper()
	if err := w.stopOperator(); err != nil {
		w.t.Fatal(err)
	}
}

// apply makes the hub have an object.
func (w *world) apply(manifest string) {
	w.t.Helper()
	object := decode(w.t, manifest)
	err := w.Client.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("gitops"), client.ForceOwnership)
	if err != nil {
		w.t.Fatalf("%v: %s", err, manifest)
	}
}

// remove takes an object away.
func (w *world) remove(manifest string) {
	w.t.Helper()
	if err := w.Client.Delete(w.t.Context(), decode(w.t, manifest)); err != nil {
		w.t.Fatal(err)
	}
}

func decode(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(manifest), &object.Object); err != nil {
		t.Fatalf("%v: %s", err, manifest)
	}
	return object
}

// eventually polls until nothing is wrong any more, and fails the test with what is wrong last.
func (w *world) eventually(what string, wrong func() error) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(between) {
		err := wrong()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("waited %s for %s: %v", patience, what, err)
		}
	}
}

// alerts are what Alertmanager has, by what it is called, and active.
func (w *world) alerts(ctx context.Context) (map[string]prometheus.Alert, error) {
	all, err := w.alertmanager.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]prometheus.Alert{}
	for _, alert := range all {
		name := called(alert.Labels)
		if _, twice := found[name]; twice {
			return nil, fmt.Errorf("%s is there twice: %v", name, alert.Labels)
		}
		found[name] = alert
	}
	return found, nil
}

// scrape is the last scrape by a job.
func (w *world) scrape(job string) (v1.ActiveTarget, error) {
	targets, err := w.prometheus.API().Targets(w.t.Context())
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

// sees tells what was wrong with the last scrape of the operator.
func (w *world) sees() error {
	last, err := w.scrape(job)
	if err == nil && last.Health != v1.HealthGood {
		err = fmt.Errorf("the last scrape is %s: %s", last.Health, last.LastError)
	}
	return err
}

// exposition is what the operator serves to Prometheus.
func (w *world) exposition() ([]byte, error) {
	trusted := x509.NewCertPool()
	trusted.AddCert(w.authority.certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: server, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "https://"+w.address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the endpoint answers %s", response.Status)
	}
	return io.ReadAll(response.Body)
}
