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

// shortened is the shipped timing in seconds. In a window there is room for a restart of the operator on a busy machine.
func shortened() alerts.Timing { return alerts.Default().Shortened(10 * time.Second) }

// day is today, so many days on.
func day(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// far ahead nothing is about to end.
const farAhead = 400

// policy is one of whose product this is the specification.
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

// supported is a policy by which 1.0 is supported through a day, seen from today.
func supported(product string, through int) string {
	return policy(product, fmt.Sprintf(`lifecycle: {listed: {}}
releases: [{version: "1.0", generalAvailability: "2021-01-01", supportedThrough: %q}]`, day(through)))
}

// exception covers all releases of a product through a day.
func exception(product string, through int) string {
	return fmt.Sprintf(`
apiVersion: support.d2iq.io/v1alpha1
kind: SupportException
metadata: {name: %s}
spec: {product: %s, through: %q, reference: contract 7, reason: it is replaced}
`, strings.ToLower(product), product, day(through))
}

// host is the operator's own cluster.
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

// addon is one with an annotation below the vendor's domain.
func addon(name, group, annotation string) string {
	return fmt.Sprintf(`
apiVersion: kubeaddons.mesosphere.io/v1beta2
kind: Addon
metadata: {name: %[1]s, namespace: kubeaddons, annotations: {%[2]s.kubeaddons.mesosphere.io/%[3]s}}
spec: {chartReference: {chart: %[1]s, version: 0.0.1}}
`, name, group, annotation)
}

// experimental is a policy of which 1.0 is supported through a day, and experimental as a whole. Its product is found on the
// cluster, since only that tells which parts it has.
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

// What is installed while all is well.
func installed() map[string]string {
	return map[string]string{
		"Lapsed": "1.0.3", "Pardoned": "1.0.3", "Lent": "1.0.3", "Sooner": "1.0.3", "Later": "1.0.3",
		"Edge": "1.1.0", "Tenant": "1.0.3", "Neighbour": "2.0.1", "Orphan": "1.0.3",
	}
}

// Every alert of the source reaches whoever is on call when its cause comes, once, and is over when its cause is.
func TestEveryAlertFiresAndResolves(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs control planes and takes minutes")
	}
	timing := shortened()
	w := newWorld(t, timing)
	told := &history{messages: map[string][]string{}}

	for _, product := range []string{"Lapsed", "Pardoned", "Lent", "Sooner", "Later", "Orphan", "Misspelt"} {
		w.apply(supported(product, farAhead))
	}
	for product, spec := range map[string]string{
		"Edge": edgePolicy, "Tenant": tenantPolicy, "Neighbour": neighbourPolicy,
	} {
		w.apply(policy(product, spec))
	}
	w.apply(exception("Pardoned", farAhead))
	w.apply(exception("Lent", farAhead))
	w.apply(experimental("Trial", farAhead))
	w.apply(experimental("Relic", farAhead))
	w.apply(addon("trial", "catalog", "addon-revision: 1.0.3-1"))
	w.apply(addon("relic", "catalog", "addon-revision: 1.0.3-1"))
	// It belongs to no product.
	w.apply(addon("stray", "stage", "stray: Preview"))
	w.apply(host("NonProduction", installed()))
	w.apply(remoteCluster)
	w.startOperator()
	w.awaitWell(11)
	w.await(told, "all is well")
	w.exclusive()
	w.wellFormed()

	for _, product := range []string{"Lapsed", "Pardoned", "Lent"} {
		w.apply(supported(product, -5))
	}
	w.apply(experimental("Relic", -5))
	w.apply(exception("Lent", 10))
	w.apply(supported("Sooner", 10))
	w.apply(supported("Later", 60))
	w.remove(supported("Orphan", farAhead))
	w.apply(strings.Replace(supported("Misspelt", farAhead), "product:", "timeZone: Europe/Nowhere\n  product:", 1))
	worse := installed()
	worse["Edge"], worse["Neighbour"] = "1.0.7", "1.0.1"
	w.apply(host("Production", worse))
	if err := w.remote.Front.Sever(); err != nil {
		t.Fatal(err)
	}
	w.await(told, "all goes wrong, and two exceptions run of which one ends soon",
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
	w.legible(timing)
	w.restartUnnoticed(told, timing)

	w.apply(exception("Lapsed", farAhead))
	w.apply(exception("Pardoned", -2))
	w.apply(exception("Lent", farAhead))
	w.apply(experimental("Relic", farAhead))
	w.apply(supported("Sooner", farAhead))
	w.apply(supported("Later", farAhead))
	w.apply(supported("Orphan", farAhead))
	w.apply(supported("Misspelt", farAhead))
	w.apply(host("NonProduction", installed()))
	if err := w.remote.Front.Heal(); err != nil {
		t.Fatal(err)
	}
	w.await(told, "all is mended, one exception begins and one has ended",
		"SupportEnded Pardoned on host")

	// Nobody knows any more what the operator has known.
	w.halt()
	w.await(told, "the operator stops", "OperatorAbsent")
	w.startOperator()
	w.await(told, "the operator is back", "SupportEnded Pardoned on host")

	w.eventually("the messages", func() error {
		if diff := cmp.Diff(told.messages, w.onCall.messages()); diff != "" {
			return fmt.Errorf("who is on call was told something else (-want +got):\n%s", diff)
		}
		return nil
	})
	for _, alert := range alerts.Alerts(timing) {
		if name := strings.TrimSpace(alert.Name + " " + alert.Horizon); !told.covers(name) {
			t.Errorf("the test does not have %s both fire and be over: extend it", name)
		}
	}
}

// history is what whoever is on call ought to have been told.
type history struct {
	now      []string
	messages map[string][]string
}

// next is told when these alerts, and no others, are there.
func (h *history) next(names []string) {
	slices.Sort(names)
	for _, name := range names {
		if !slices.Contains(h.now, name) {
			h.messages[name] = append(h.messages[name], firing)
		}
	}
	for _, name := range h.now {
		if !slices.Contains(names, name) {
			h.messages[name] = append(h.messages[name], resolved)
		}
	}
	h.now = names
}

// covers tells whether an alert, by its name and horizon, was there and went.
func (h *history) covers(alert string) bool {
	for name, messages := range h.messages {
		if (name == alert || strings.HasPrefix(name, alert+" ")) && slices.Contains(messages, resolved) {
			return true
		}
	}
	return false
}

// await waits until Alertmanager has these alerts and no others.
func (w *world) await(told *history, stage string, names ...string) {
	w.t.Helper()
	told.next(names)
	start := time.Now()
	w.eventually("the alerts while "+stage, func() error {
		found, err := w.alerts(w.t.Context())
		if err != nil {
			return err
		}
		if diff := cmp.Diff(told.now, slices.Sorted(maps.Keys(found))); diff != "" {
			return fmt.Errorf("alerts (-want +got):\n%s", diff)
		}
		return nil
	})
	w.t.Logf("%s: %d alerts after %s", stage, len(names), time.Since(start).Round(time.Second))
}

// awaitWell waits until Prometheus knows so many releases, all supported, and that both clusters answer.
func (w *world) awaitWell(releases int) {
	w.t.Helper()
	w.eventually("the operator to be scraped", w.sees)
	for expr, want := range map[string]int{
		`supportpolicy_release_state{state="Supported"} == 1`:                       releases,
		`supportpolicy_release_info`:                                                releases,
		`supportpolicy_cluster_condition{condition="Reachable",status="True"} == 1`: 2,
		`supportpolicy_policy_condition{condition="Ready",status="True"} == 1`:      releases + 1,
		`supportpolicy_release_exception_end_timestamp_seconds`:                     2,
	} {
		w.eventually("all to be well", func() error {
			if found := w.prometheus.Query(w.t, expr); len(found) != want {
				return fmt.Errorf("%s: %d, want %d: %v", expr, len(found), want, found)
			}
			return nil
		})
	}
}

// exclusive shows that the endpoint is known by its certificate, and that it lets nobody in whom it does not know.
func (w *world) exclusive() {
	w.t.Helper()
	for job, want := range map[string]string{
		"stranger": "401 Unauthorized",
		"deceived": "certificate signed by unknown authority",
	} {
		w.eventually("the job "+job+" to be refused", func() error {
			last, err := w.scrape(job)
			if err == nil && !strings.Contains(last.LastError, want) {
				err = fmt.Errorf("the last scrape is %s: %q, want %q", last.Health, last.LastError, want)
			}
			return err
		})
	}
}

// wellFormed shows that what the operator exports is as Prometheus' authors want it.
func (w *world) wellFormed() {
	w.t.Helper()
	var exposition []byte
	w.eventually("the metrics", func() (err error) {
		exposition, err = w.exposition()
		return err
	})
	check := exec.CommandContext(w.t.Context(), prometheus.Promtool(w.t), "check", "metrics")
	check.Stdin = bytes.NewReader(exposition)
	if output, err := check.CombinedOutput(); err != nil {
		w.t.Errorf("promtool check metrics: %v\n%s", err, output)
	}
}

// legible shows that the alerts say what they are about, how grave it is and what to do.
func (w *world) legible(timing alerts.Timing) {
	w.t.Helper()
	found, err := w.alerts(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for name, alert := range found {
		i := slices.IndexFunc(alerts.Alerts(timing), func(a alerts.Alert) bool {
			return a.Name == alert.Labels["alertname"] && a.Horizon == alert.Labels["horizon"]
		})
		if i < 0 {
			w.t.Errorf("%s is none of the source: %v", name, alert.Labels)
			continue
		}
		source := alerts.Alerts(timing)[i]
		if alert.Labels["severity"] != string(source.Severity) || alert.Annotations["runbook_url"] != source.RunbookURL() {
			w.t.Errorf("%s has labels %v and annotations %v, want severity %s and runbook_url %s",
				name, alert.Labels, alert.Annotations, source.Severity, source.RunbookURL())
		}
		for _, text := range []string{alert.Annotations["summary"], alert.Annotations["description"]} {
			if text == "" || strings.ContainsAny(text, "{}<>") {
				w.t.Errorf("%s says %q", name, text)
			}
		}
	}
	want := "Lapsed 1.0.3 on " + sandbox.Namespace + "/host is not supported"
	if diff := cmp.Diff(want, found["SupportEnded Lapsed on host"].Annotations["summary"]); diff != "" {
		w.t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// restartUnnoticed restarts the operator, while Prometheus sees that it is away, and shows that no alert ends, begins or
// is sent again: neither meanwhile nor when what was there before has left the window.
func (w *world) restartUnnoticed(told *history, timing alerts.Timing) {
	w.t.Helper()
	w.eventually("the messages before the restart", func() error {
		if diff := cmp.Diff(told.messages, w.onCall.messages()); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
	before := w.starts()
	unchanged := func() {
		w.t.Helper()
		if diff := cmp.Diff(before, w.starts()); diff != "" {
			w.t.Fatalf("a restart changes when alerts began (-before +after):\n%s", diff)
		}
	}
	stopped := time.Now()
	w.halt()
	w.eventually("Prometheus to miss the operator", func() error {
		unchanged()
		if w.sees() == nil {
			return errors.New("the last scrape was good")
		}
		return nil
	})
	w.startOperator()
	w.eventually("the operator to be back", func() error {
		unchanged()
		return w.sees()
	})
	away := time.Since(stopped)
	if away > timing.Window {
		w.t.Fatalf("the operator was away for %s, longer than the window of %s: the machine is too busy for this test", away, timing.Window)
	}
	w.t.Logf("the operator was away for %s of a window of %s", away.Round(100*time.Millisecond), timing.Window)
	// By then what was exported before has left the window, and what would be new has waited long enough.
	for end := time.Now().Add(max(timing.Window, timing.Settle) + 2*time.Second); time.Now().Before(end); time.Sleep(between) {
		unchanged()
	}
	if diff := cmp.Diff(told.messages, w.onCall.messages()); diff != "" {
		w.t.Errorf("a restart sends messages (-before +after):\n%s", diff)
	}
}

// starts are when the alerts began that Alertmanager has.
func (w *world) starts() map[string]time.Time {
	w.t.Helper()
	found, err := w.alerts(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]time.Time{}
	for name, alert := range found {
		all[name] = alert.StartsAt
	}
	return all
}
