// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/d2iq-labs/support-policy-operator/test/process"
)

// Alertmanager is a running Alertmanager without peers.
type Alertmanager struct {
	// URL is the address of its API.
	URL string
	// Address is the host and port, for the configuration of Prometheus.
	Address string
}

// StartAlertmanager starts an Alertmanager without alerts, with the text of an alertmanager.yml, and returns when it is ready.
// It ends with the test. Where Alertmanager is missing, the test is skipped, or fails with CI=true.
func StartAlertmanager(t testing.TB, config string) *Alertmanager {
	t.Helper()
	path, err := program(alertmanager, upstreamAlertmanager)
	process.Need(t, err, ErrMissing)
	folder := t.TempDir()
	address := run(t, path,
		"--config.file="+writeConfig(t, folder, "alertmanager.yml", config),
		"--storage.path="+filepath.Join(folder, "data"),
		"--cluster.listen-address=",
	)
	return &Alertmanager{URL: "http://" + address, Address: address}
}

// Alert is an alert of Alertmanager that is not resolved.
type Alert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	// StartsAt is when it began, according to the first message about it.
	StartsAt time.Time `json:"startsAt"`
	// EndsAt is when it counts as resolved unless it is sent again.
	EndsAt time.Time `json:"endsAt"`
	// UpdatedAt is when it was sent the last time.
	UpdatedAt time.Time   `json:"updatedAt"`
	Status    AlertStatus `json:"status"`
}

// AlertStatus is the state of an alert in Alertmanager.
type AlertStatus struct {
	// State is unprocessed, active or suppressed.
	State string `json:"state"`
}

// Alerts returns the alerts that are not resolved.
func (a *Alertmanager) Alerts(ctx context.Context) ([]Alert, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/api/v2/alerts", nil)
	if err != nil {
		return nil, fmt.Errorf("prometheus: asking Alertmanager: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("prometheus: asking Alertmanager: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("prometheus: Alertmanager answered %s", response.Status)
	}
	var alerts []Alert
	if err := json.NewDecoder(response.Body).Decode(&alerts); err != nil {
		return nil, fmt.Errorf("prometheus: reading Alertmanager's answer: %w", err)
	}
	return alerts, nil
}
