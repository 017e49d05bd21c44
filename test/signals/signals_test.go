// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package signals

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/d2iq-labs/support-policy-operator/monitoring/alerts"
	"github.com/d2iq-labs/support-policy-operator/test/prometheus"
	"github.com/d2iq-labs/support-policy-operator/test/sandbox"
)

// shortTiming is the shipped timing, in seconds. A window has room for a restart of the operator on a busy machine.
func shortTiming() alerts.Timing { return alerts.Default().Shortened(10 * time.Second) }

// day returns the day so many days after today.
func day(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// farAhead is in so many days that no warning is due.
const farAhead = 400

// policy returns a policy for a product, with the rest of its spec.
func policy(product, spec string) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: SupportPolicy
metadata: {name: %s}
spec:
  product: %s
  %s
`, strings.ToLower(product), product, strings.ReplaceAll(spec, "\n", "\n  "))
}

// supported returns a policy by which 1.0 is supported through a day, counted from today.
func supported(product string, through int) string {
	return policy(product, fmt.Sprintf(`lifecycle: {listed: {}}
releases: [{version: "1.0", generalAvailability: "2021-01-01", supportedThrough: %q}]`, day(through)))
}

// exception returns an exception for all releases of a product through a day.
func exception(product string, through int) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: SupportException
metadata: {name: %s}
spec: {product: %s, through: %q, reference: contract 7, reason: it is replaced}
`, strings.ToLower(product), product, day(through))
}

// host returns the ClusterSupport of the operator's own cluster.
func host(environment string, versions map[string]string) string {
	var declared []string
	for _, product := range slices.Sorted(maps.Keys(versions)) {
		declared = append(declared, fmt.Sprintf("{product: %s, name: default, version: %s}", product, versions[product]))
	}
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {name: host, namespace: %s}
spec: {cluster: {host: {}}, environment: %s, declaredReleases: [%s]}
`, sandbox.Namespace, environment, strings.Join(declared, ", "))
}

const remoteCluster = `
apiVersion: support.d2iq.io/v1alpha1
kind: ClusterSupport
metadata: {name: ` + remoteName + `, namespace: ` + workspace + `}
spec: {cluster: {kubeconfigSecret: {name: ` + remoteName + `}}}
`

// addon returns an addon with an annotation in a group of the vendor's domain.
func addon(name, group, annotation string) string {
	return fmt.Sprintf(`
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: Addon
metadata: {name: %[1]s, namespace: kubeaddons, annotations: {%[2]s.kubeaddons.mesosphere.io/%[3]s}}
spec: {chartReference: {chart: %[1]s, version: 0.0.1}}
`, name, group, annotation)
}

// experimental returns a policy by which 1.0 is supported through a day, and experimental as a whole. Its product is detected,
// not declared: only a detected product has components.
func experimental(product string, through int) string {
	name := strings.ToLower(product)
	return supported(product, through) + fmt.Sprintf("  detection: {addon: {name: %s}}\n  experimental: {components: [{name: %s}]}\n", name, name)
}

const (
	edgePolicy = `lifecycle: {window: {supportedMinors: 2}}
releases:
- {version: "1.1", generalAvailability: "2021-05-05"}
- {version: "1.0", generalAvailability: "2021-01-01"}`

	tenantPolicy = `lifecycle: {listed: {}}
releases: [{version: "1.0", requires: [{product: Neighbour, versions: [2.0.x]}]}]`

	neighbourPolicy = `lifecycle: {listed: {}}
releases: [{version: "1.0"}, {version: "2.0"}]`
)

// healthyVersions are the declared versions while no alert fires.
func healthyVersions() map[string]string {
	return map[string]string{
		"Lapsed": "1.0.3", "Pardoned": "1.0.3", "Lent": "1.0.3", "Sooner": "1.0.3", "Later": "1.0.3",
		"Edge": "1.1.0", "Tenant": "1.0.3", "Neighbour": "2.0.1", "Orphan": "1.0.3",
	}
}

// TestEveryAlertFiresAndResolves: each alert of the rules fires once with its cause, reaches the receiver, and resolves.
func TestEveryAlertFiresAndResolves(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs control planes and takes minutes")
	}
	timing := shortTiming()
	e := newEnvironment(t, timing)
	expected := &expectation{notifications: map[string][]string{}}

	for _, product := range []string{"Lapsed", "Pardoned", "Lent", "Sooner", "Later", "Orphan", "Misspelt"} {
		e.apply(supported(product, farAhead))
	}
	for product, spec := range map[string]string{
		"Edge": edgePolicy, "Tenant": tenantPolicy, "Neighbour": neighbourPolicy,
	} {
		e.apply(policy(product, spec))
	}
	e.apply(exception("Pardoned", farAhead))
	e.apply(exception("Lent", farAhead))
	e.apply(experimental("Trial", farAhead))
	e.apply(experimental("Relic", farAhead))
	e.apply(addon("trial", "catalog", "addon-revision: 1.0.3-1"))
	e.apply(addon("relic", "catalog", "addon-revision: 1.0.3-1"))
	// This one is a part of no product.
	e.apply(addon("stray", "stage", "stray: Preview"))
	e.apply(host("NonProduction", healthyVersions()))
	e.apply(remoteCluster)
	e.startOperator()
	e.awaitHealthy(11)
	e.awaitAlerts(expected, "all is well")
	e.checkAccess()
	e.checkMetricNames()

	for _, product := range []string{"Lapsed", "Pardoned", "Lent"} {
		e.apply(supported(product, -5))
	}
	e.apply(experimental("Relic", -5))
	e.apply(exception("Lent", 10))
	e.apply(supported("Sooner", 10))
	e.apply(supported("Later", 60))
	e.remove(supported("Orphan", farAhead))
	e.apply(strings.Replace(supported("Misspelt", farAhead), "product:", "timeZone: Europe/Nowhere\n  product:", 1))
	versions := healthyVersions()
	versions["Edge"], versions["Neighbour"] = "1.0.7", "1.0.1"
	e.apply(host("Production", versions))
	if err := e.remote.Front.StopServing(); err != nil {
		t.Fatal(err)
	}
	e.awaitAlerts(expected, "all goes wrong, and two exceptions run of which one ends soon",
		"SupportEnded Lapsed on host",
		"SupportEndingSoon 90d Lent on host", "SupportEndingSoon 30d Lent on host",
		"SupportEndingSoon 90d Sooner on host", "SupportEndingSoon 30d Sooner on host",
		"SupportEndingSoon 90d Later on host",
		"LastInWindow Edge on host",
		"ProhibitedCombination Tenant on host",
		"ExperimentalInProduction Trial on host",
		"ExperimentalInProduction Relic on host", "SupportEnded Relic on host",
		"ExperimentalInProduction host",
		"SupportUnknown Orphan on host",
		"ClusterUnobserved far",
		"PolicyStalled misspelt",
	)
	e.checkTexts(timing)
	e.checkRestart(expected, timing)

	e.apply(exception("Lapsed", farAhead))
	e.apply(exception("Pardoned", -2))
	e.apply(exception("Lent", farAhead))
	e.apply(experimental("Relic", farAhead))
	e.apply(supported("Sooner", farAhead))
	e.apply(supported("Later", farAhead))
	e.apply(supported("Orphan", farAhead))
	e.apply(supported("Misspelt", farAhead))
	e.apply(host("NonProduction", healthyVersions()))
	if err := e.remote.Front.StartServing(); err != nil {
		t.Fatal(err)
	}
	e.awaitAlerts(expected, "all is mended, one exception begins and one has ended",
		"SupportEnded Pardoned on host")

	// Without the operator there are no metrics but for their absence.
	e.mustStopOperator()
	e.awaitAlerts(expected, "the operator stops", "OperatorAbsent")
	e.startOperator()
	e.awaitAlerts(expected, "the operator is back", "SupportEnded Pardoned on host")

	e.eventually("the notifications", func() error {
		if diff := cmp.Diff(expected.notifications, e.receiver.notifications()); diff != "" {
			return fmt.Errorf("the receiver got other notifications (-want +got):\n%s", diff)
		}
		return nil
	})
	for _, alert := range alerts.Alerts(timing) {
		if name := strings.TrimSpace(alert.Name + " " + alert.Horizon); !expected.covers(name) {
			t.Errorf("the test does not have %s both fire and be over: extend it", name)
		}
	}
}

// expectation is the alerts, and all notifications, that should have arrived.
type expectation struct {
	now           []string
	notifications map[string][]string
}

// expect sets the alerts that should be active, and adds the notifications of the change.
func (x *expectation) expect(names []string) {
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(x.now, name) {
			x.notifications[name] = append(x.notifications[name], firing)
		}
	}
	for _, name := range x.now {
		if !slices.Contains(names, name) {
			x.notifications[name] = append(x.notifications[name], resolved)
		}
	}
	x.now = names
}

// covers tells whether an alert, given by its name and horizon, has fired and resolved.
func (x *expectation) covers(alert string) bool {
	for name, messages := range x.notifications {
		if (name == alert || strings.HasPrefix(name, alert+" ")) && slices.Contains(messages, resolved) {
			return true
		}
	}
	return false
}

// awaitAlerts waits until Alertmanager has exactly these alerts.
func (e *environment) awaitAlerts(expected *expectation, stage string, names ...string) {
	e.t.Helper()
	expected.expect(names)
	start := time.Now()
	e.eventually("the alerts while "+stage, func() error {
		found, err := e.alerts(e.t.Context())
		if err != nil {
			return err
		}
		if diff := cmp.Diff(expected.now, slices.Sorted(maps.Keys(found))); diff != "" {
			return fmt.Errorf("alerts (-want +got):\n%s", diff)
		}
		return nil
	})
	e.t.Logf("%s: %d alerts after %s", stage, len(names), time.Since(start).Round(time.Second))
}

// awaitHealthy waits until Prometheus has so many releases, all supported, and both clusters reachable.
func (e *environment) awaitHealthy(releases int) {
	e.t.Helper()
	e.eventually("the operator to be scraped", e.checkScrape)
	for expr, want := range map[string]int{
		`supportpolicy_release_state{state="Supported"} == 1`:                       releases,
		`supportpolicy_release_info`:                                                releases,
		`supportpolicy_cluster_condition{condition="Reachable",status="True"} == 1`: 2,
		`supportpolicy_policy_condition{condition="Ready",status="True"} == 1`:      releases + 1,
		`supportpolicy_release_exception_end_timestamp_seconds`:                     2,
	} {
		e.eventually("all to be supported", func() error {
			if found := e.prometheus.Query(e.t, expr); len(found) != want {
				return fmt.Errorf("%s: %d, want %d: %v", expr, len(found), want, found)
			}
			return nil
		})
	}
}

// checkAccess checks that the endpoint refuses a client without a token, and that Prometheus refuses another certificate.
func (e *environment) checkAccess() {
	e.t.Helper()
	for job, want := range map[string]string{
		"without-token":   "401 Unauthorized",
		"wrong-authority": "certificate signed by unknown authority",
	} {
		e.eventually("the job "+job+" to be refused", func() error {
			last, err := e.lastScrape(job)
			if err == nil && !strings.Contains(last.LastError, want) {
				err = fmt.Errorf("the last scrape is %s: %q, want %q", last.Health, last.LastError, want)
			}
			return err
		})
	}
}

// checkMetricNames checks the metrics against Prometheus' conventions.
func (e *environment) checkMetricNames() {
	e.t.Helper()
	var exposition []byte
	e.eventually("the metrics", func() (err error) {
		exposition, err = e.exposition()
		return err
	})
	check := exec.CommandContext(e.t.Context(), prometheus.Promtool(e.t), "check", "metrics")
	check.Stdin = bytes.NewReader(exposition)
	if output, err := check.CombinedOutput(); err != nil {
		e.t.Errorf("promtool check metrics: %v\n%s", err, output)
	}
}

// checkTexts checks the texts, severities and runbooks of the alerts.
func (e *environment) checkTexts(timing alerts.Timing) {
	e.t.Helper()
	found, err := e.alerts(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	for name, alert := range found {
		i := slices.IndexFunc(alerts.Alerts(timing), func(a alerts.Alert) bool {
			return a.Name == alert.Labels["alertname"] && a.Horizon == alert.Labels["horizon"]
		})
		if i < 0 {
			e.t.Errorf("%s is none of the source: %v", name, alert.Labels)
			continue
		}
		source := alerts.Alerts(timing)[i]
		if alert.Labels["severity"] != string(source.Severity) || alert.Annotations["runbook_url"] != source.RunbookURL() {
			e.t.Errorf("%s has labels %v and annotations %v, want severity %s and runbook_url %s",
				name, alert.Labels, alert.Annotations, source.Severity, source.RunbookURL())
		}
		for _, text := range []string{alert.Annotations["summary"], alert.Annotations["description"]} {
			if text == "" || strings.ContainsAny(text, "{}<>") {
				e.t.Errorf("%s says %q", name, text)
			}
		}
	}
	want := "Lapsed 1.0.3 on " + sandbox.Namespace + "/host is not supported"
	if diff := cmp.Diff(want, found["SupportEnded Lapsed on host"].Annotations["summary"]); diff != "" {
		e.t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// checkRestart restarts the operator, and Prometheus misses a scrape. No alert ends, begins or is sent again: neither meanwhile
// nor when the older samples have left the window.
func (e *environment) checkRestart(expected *expectation, timing alerts.Timing) {
	e.t.Helper()
	e.eventually("the notifications before the restart", func() error {
		if diff := cmp.Diff(expected.notifications, e.receiver.notifications()); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	before := e.startTimes()
	unchanged := func() {
		e.t.Helper()
		if diff := cmp.Diff(before, e.startTimes()); diff != "" {
			e.t.Fatalf("a restart changes when alerts began (-before +after):\n%s", diff)
		}
	}
	stopped := time.Now()
	e.mustStopOperator()
	e.eventually("Prometheus to miss the operator", func() error {
		unchanged()
		if e.checkScrape() == nil {
			return errors.New("the last scrape was good")
		}
		return nil
	})
	e.startOperator()
	e.eventually("the operator to be back", func() error {
		unchanged()
		return e.checkScrape()
	})
	away := time.Since(stopped)
	if away > timing.Window {
		e.t.Fatalf("the operator was away for %s, longer than the window of %s: the machine is too busy for this test", away, timing.Window)
	}
	e.t.Logf("the operator was away for %s of a window of %s", away.Round(100*time.Millisecond), timing.Window)
	// After this time the older samples have left the window, and a new alert would fire.
	for end := time.Now().Add(max(timing.Window, timing.Settle) + 2*time.Second); time.Now().Before(end); time.Sleep(pollInterval) {
		unchanged()
	}
	if diff := cmp.Diff(expected.notifications, e.receiver.notifications()); diff != "" {
		e.t.Errorf("a restart sends notifications (-before +after):\n%s", diff)
	}
}

// startTimes returns when each alert in Alertmanager began.
func (e *environment) startTimes() map[string]time.Time {
	e.t.Helper()
	found, err := e.alerts(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	all := map[string]time.Time{}
	for name, alert := range found {
		all[name] = alert.StartsAt
	}
	return all
}
