// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestReadList(t *testing.T) {
	// What has been read ahead of an object does not count.
	large := strings.Repeat(" ", 2*maxObjectBytes)
	for _, row := range []struct {
		name, reason, text string
		items              int
		fails              error
	}{
		{"items last", "as API servers write it", `{"kind":"L","metadata":{"resourceVersion":"7"},"items":[{},{}]}`, 2, nil},
		{"items first", "the order of fields has no meaning", `{"items":[{},{}],"metadata":{"resourceVersion":"7"}}`, 2, nil},
		{"null", "an empty list can be so", `{"metadata":{"resourceVersion":"7"},"items":null}`, 0, nil},
		{"unknown fields", "they are skipped", `{"metadata":{"resourceVersion":"7"},"x":{"y":[1]},"items":[{}]}`, 1, nil},
		{"large in all", "each object counts by itself", `{"metadata":{"resourceVersion":"7"},"items":[` +
			strings.Repeat(`{"x":"`+large[:maxObjectBytes/2]+`"},`, 4) + `{}]}`, 5, nil},
		{"large object", "no API server stores it", `{"metadata":{"resourceVersion":"7"},"items":[{"x":"` + large + `"}]}`, 0, errTooLarge},
		{"large field", "no API server has it", `{"x":"` + large + `"}`, 0, errTooLarge},
		{"large nothing", "no API server writes so many blanks", `{` + large, 0, errTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			items := 0
			list, err := readList(strings.NewReader(row.text), func(list decoder) error {
				items++
				var any ignored
				return list.next(&any)
			})
			if !errors.Is(err, row.fails) {
				t.Fatalf("%v, want %v: %s", err, row.fails, row.reason)
			}
			if err == nil && (items != row.items || list.ResourceVersion != "7") {
				t.Errorf("%d items as of %q, want %d as of 7: %s", items, list.ResourceVersion, row.items, row.reason)
			}
		})
	}
}

func TestGetIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, err := io.WriteString(w, `{"gitVersion":"`)
		for err == nil {
			_, err = io.WriteString(w, strings.Repeat("a", 1<<20))
		}
	}))
	defer server.Close()
	client := newTestClient(t, server.URL)
	if _, err := client.kubernetesVersion(t.Context()); !errors.Is(err, errTooLarge) {
		t.Errorf("%v, want that it is too large", err)
	}
}

// TestConnectionsAreUsedAgain has an API server without HTTP/2, which ends its answers with a line feed.
func TestConnectionsAreUsedAgain(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"gitVersion":"v1.19.7"}`)
		w.(http.Flusher).Flush() //nolint:forcetypeassert // of the server of a test
		_, _ = io.WriteString(w, "\n")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	client := newTestClient(t, server.URL)
	for range 5 {
		if _, err := client.kubernetesVersion(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for requests one after the other", n)
	}
}
