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

// mailbox is whom Alertmanager tells: somebody who is on call, and remembers everything.
type mailbox struct {
	url string

	mu       sync.Mutex
	received map[string][]string
}

// What Alertmanager says of an alert.
const (
	firing   = "firing"
	resolved = "resolved"
)

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{received: map[string][]string{}}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

// ServeHTTP takes a message.
func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status string            `json:"status"`
			Labels map[string]string `json:"labels"`
		} `json:"alerts"`
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, alert := range message.Alerts {
		name := called(alert.Labels)
		m.received[name] = append(m.received[name], alert.Status)
	}
}

// messages are what was said of each alert, in order.
func (m *mailbox) messages() map[string][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string][]string{}
	for name, statuses := range m.received {
		all[name] = append(all[name], statuses...)
	}
	return all
}

// called is the name of an alert and what it is about, such as "SupportEndingSoon 30d Sooner on host".
func called(labels map[string]string) string {
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
