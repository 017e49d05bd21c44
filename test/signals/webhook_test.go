// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package signals

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// webhookReceiver is the receiver of Alertmanager's notifications. It keeps them all.
type webhookReceiver struct {
	url string

	mu sync.Mutex
	// statuses are those of each alert, in the order of arrival.
	statuses map[string][]string
}

// The statuses of an alert in a notification.
const (
	firing   = "firing"
	resolved = "resolved"
)

func newWebhookReceiver(t *testing.T) *webhookReceiver {
	t.Helper()
	r := &webhookReceiver{statuses: map[string][]string{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// ServeHTTP receives a notification.
func (r *webhookReceiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var message struct {
		Alerts []struct {
			Status string            `json:"status"`
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	if err := json.NewDecoder(request.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alert := range message.Alerts {
		name := alertName(alert.Labels)
		r.statuses[name] = append(r.statuses[name], alert.Status)
	}
}

// notifications returns the statuses that were sent of each alert, in order.
func (r *webhookReceiver) notifications() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string][]string{}
	for name, statuses := range r.statuses {
		all[name] = append(all[name], statuses...)
	}
	return all
}

// alertName returns the name of an alert and what it is about, such as "SupportEndingSoon 30d Sooner on host".
func alertName(labels map[string]string) string {
	name := labels["alertname"]
	if horizon := labels["horizon"]; horizon != "" {
		name += " " + horizon
	}
	switch cluster, product := labels["cluster_name"], labels["product"]; {
	case product != "":
		return name + " " + product + " on " + cluster
	case cluster != "":
		return name + " " + cluster
	case labels["policy"] != "":
		return name + " " + labels["policy"]
	}
	return name
}
