// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/process"
	"github.com/d2iq-labs/support-policy-operator/test/testfile"
)

// timeout is far longer than anything here takes.
const timeout = 30 * time.Second

// eventually waits until done returns true, and fails the test after the timeout.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(timeout); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", timeout, what)
		}
	}
}

// firing returns the names of the alerts in Alertmanager.
func firing(t *testing.T, a *Alertmanager) []string {
	t.Helper()
	alerts, err := a.Alerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, alert := range alerts {
		names = append(names, alert.Labels["alertname"])
	}
	return names
}

const silentReceiver = "route: {receiver: none}\nreceivers: [{name: none}]\n"

// TestAlertIsSentAndResolved scrapes a target, evaluates a rule, and waits for an alert and its end.
func TestAlertIsSentAndResolved(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `temperature{room="kitchen"} 23.5`)
	}))
	defer target.Close()
	manager := StartAlertmanager(t, silentReceiver)
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	testfile.Write(t, rules, `groups:
- name: rooms
  rules:
  - {alert: Warm, expr: temperature > 20, annotations: {summary: "{{ $labels.room }}"}}
`)
	server := StartServer(t, fmt.Sprintf(`
global: {scrape_interval: 200ms, evaluation_interval: 200ms}
rule_files: [%q]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs:
- {job_name: rooms, static_configs: [{targets: [%q]}]}
`, rules, manager.Address, target.Listener.Addr()))

	var got model.Vector
	eventually(t, "the target to be scraped", func() bool {
		got = server.Query(t, "temperature")
		return len(got) > 0
	})
	if got[0].Value != 23.5 || got[0].Metric["room"] != "kitchen" || got[0].Metric["job"] != "rooms" {
		t.Errorf("scraped %v", got)
	}
	if before := server.QueryAt(t, "temperature", time.Now().Add(-time.Hour)); len(before) != 0 {
		t.Errorf("an hour ago: %v, want nothing", before)
	}
	eventually(t, "the alert", func() bool { return cmp.Equal(firing(t, manager), []string{"Warm"}) })
	alerts, err := manager.Alerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := alerts[0]; got.Annotations["summary"] != "kitchen" || got.Labels["room"] != "kitchen" || got.StartsAt.IsZero() {
		t.Errorf("alert %+v", got)
	}
	eventually(t, "the alert to be active", func() bool {
		alerts, err := manager.Alerts(t.Context())
		return err == nil && len(alerts) == 1 && alerts[0].Status.State == "active"
	})

	target.Close()
	eventually(t, "the alert to be resolved", func() bool { return len(firing(t, manager)) == 0 })
	if rules, err := server.API().Rules(t.Context(), nil); err != nil || len(rules.Groups) != 1 {
		t.Errorf("rules %+v, error %v, want one group", rules, err)
	}
}

func TestAlertmanagerTakesAlerts(t *testing.T) {
	manager := StartAlertmanager(t, silentReceiver)
	if got := firing(t, manager); len(got) != 0 {
		t.Errorf("alerts %q at first, want none", got)
	}
	body, err := json.Marshal([]map[string]any{{"labels": map[string]string{"alertname": "Sent"}}})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(manager.URL+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	eventually(t, "the alert", func() bool { return cmp.Equal(firing(t, manager), []string{"Sent"}) })
}

func TestPromtoolRuns(t *testing.T) {
	command := exec.CommandContext(t.Context(), Promtool(t), "check", "metrics")
	command.Stdin = strings.NewReader("# HELP rooms How many there are.\n# TYPE rooms gauge\nrooms 3\n")
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

// TestProgramThatEndsIsReported: a program that refuses its configuration ends the wait, and its message is kept.
func TestProgramThatEndsIsReported(t *testing.T) {
	path, err := program(server)
	process.Need(t, err, ErrMissing)
	config := writeConfig(t, t.TempDir(), "prometheus.yml", "no: such\n")
	logs := &output{}
	_, _, err = start(t.Context(), t.TempDir(), logs, path, "--config.file="+config)
	if err == nil || !strings.Contains(err.Error(), "prometheus had ended by itself") {
		t.Errorf("error %v, want that it had ended by itself", err)
	}
	if !strings.Contains(logs.String(), "field no not found") {
		t.Errorf("printed %s, want what is wrong with the configuration", logs)
	}
}

func TestProgramNamesWhatIsMissing(t *testing.T) {
	empty := t.TempDir()
	t.Setenv(assetsVariable, empty)
	_, err := program(alertmanager, upstreamAlertmanager)
	if !errors.Is(err, ErrMissing) {
		t.Fatalf("error %v, want ErrMissing", err)
	}
	for _, want := range []string{filepath.Join(empty, "prometheus-alertmanager"), "make prometheus", assetsVariable} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	// The name in Alertmanager's own releases.
	path := filepath.Join(empty, "alertmanager")
	if err := os.WriteFile(path, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	got, err := program(alertmanager, upstreamAlertmanager)
	if err != nil {
		t.Fatal(err)
	}
	expect.Equal(t, path, got, "path")
}

func TestProgramOutsideOfTheRepository(t *testing.T) {
	t.Setenv(assetsVariable, "")
	t.Chdir(t.TempDir())
	if _, err := program(server); !errors.Is(err, ErrMissing) {
		t.Fatalf("error %v, want ErrMissing", err)
	}
}
