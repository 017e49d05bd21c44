// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// The least of a change is one request, which waits for its event. Beside it, a cluster is asked for a list and a watch.
func TestBareClientMakesNoOtherRequestThanThePatch(t *testing.T) {
	events, asked := make(chan string), make(chan string, 100)
	record := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- strings.TrimSpace(r.Method + " " + r.URL.String() + " " + r.Header.Get("Content-Type") + " " + string(body))
	}
	cluster := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		record(r)
		if !r.URL.Query().Has("watch") {
			fmt.Fprint(w, `{"items":[],"metadata":{"resourceVersion":"42"}}`)
			return
		}
		for {
			if err := http.NewResponseController(w).Flush(); err != nil {
				return
			}
			select {
			case event := <-events:
				fmt.Fprint(w, event)
			case <-r.Context().Done():
				return
			}
		}
	})
	hub := serveTLS(t, func(_ http.ResponseWriter, r *http.Request) { record(r) })

	input, in := io.Pipe()
	out, output := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- bare(t.Context(), input, output) }()
	told := json.NewEncoder(in)
	tell := func(what any) {
		t.Helper()
		if err := told.Encode(what); err != nil {
			t.Fatal(err)
		}
	}
	tell(order{CA: slices.Concat(caOf(cluster), caOf(hub)), Clusters: []bareCluster{{Address: cluster.URL, Asked: konvoyRequests}}})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-asked:
			if got != want {
				t.Fatalf("asked was %s, want %s", got, want)
			}
		case err := <-ended:
			t.Fatalf("it ended (%v) and did not ask %s", err, want)
		}
	}
	expect("GET " + konvoyRequests[0].Path + "?")
	expect("GET " + konvoyRequests[1].Path + "?watch=true&resourceVersion=42")
	// An event is one, short or long.
	for i, event := range []string{"{}", strings.Repeat("long", 1000), "{}"} {
		body := fmt.Sprintf(`{"change":%d}`, i)
		tell(patch{URL: hub.URL + "/status?a=b", Body: []byte(body)})
		events <- event
		time.Sleep(50 * time.Millisecond)
		if len(asked) > 0 {
			t.Fatalf("before event %d was complete: %s", i, <-asked)
		}
		events <- "\n"
		expect("PATCH /status?a=b application/merge-patch+json " + body)
	}
	in.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(asked) > 0 {
		t.Errorf("asked was, besides, %s", <-asked)
	}
}

func serveTLS(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func caOf(server *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

// A list of custom resources has its version at its end, other lists at their beginning.
func TestDrop(t *testing.T) {
	items := `"items":[` + strings.Repeat(`{"metadata":{"resourceVersion":"7","name":"a"}},`, 500) + `{}]`
	for name, test := range map[string]struct{ answer, want string }{
		"at the beginning":   {`{"kind":"List","metadata":{"resourceVersion":"42"},` + items + `}`, "42"},
		"at the end":         {`{"apiVersion":"v1",` + items + `,"kind":"List","metadata":{"continue":"","resourceVersion":"42"}}`, "42"},
		"of an empty list":   {`{"apiVersion":"v1","items":[],"kind":"List","metadata":{"resourceVersion":"42"}}`, "42"},
		"of what is no list": {`{"gitVersion":"v1.20.13"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := drop(io.NopCloser(strings.NewReader(test.answer)))
			if err != nil || got != test.want {
				t.Errorf("the version is %q, want %q (error %v)", got, test.want, err)
			}
		})
	}
}
