// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// newTestClient makes a client of the API server at an address. The client's own rate limit is out of the way.
func newTestClient(t testing.TB, address string) apiClient {
	t.Helper()
	made, err := newAPIClient(&rest.Config{Host: address, QPS: -1})
	must(t, err)
	t.Cleanup(made.closeIdleConnections)
	return made
}

func TestAnswersAreBounded(t *testing.T) {
	for _, row := range []struct {
		name, query string
		status      int
		bytes       int64
		err         error
	}{
		{"list", "?limit=500", 200, maxAnswerBytes, errTooLarge},
		{"not a watch", "?watch=0", 200, maxAnswerBytes, errTooLarge},
		{"watch", "?watch=true", 200, 2 * maxAnswerBytes, nil},
		{"watch, written otherwise", "?watch=1", 200, 2 * maxAnswerBytes, nil},
		{"error", "", 500, maxErrorBytes, errTooLarge},
		{"error in place of a watch, which is read as a whole", "?watch=true", 403, maxErrorBytes, errTooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			endless := boundedTransport{roundTripper(func(*http.Request) (*http.Response, error) {
				body := io.LimitReader(zeros{}, 2*maxAnswerBytes)
				return &http.Response{StatusCode: row.status, Body: io.NopCloser(body)}, nil
			})}
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/apis/x"+row.query, nil)
			response, err := endless.RoundTrip(request)
			must(t, err)
			defer response.Body.Close()
			read, err := io.Copy(io.Discard, response.Body)
			if read != row.bytes || !errors.Is(err, row.err) {
				t.Errorf("read %d bytes, then %v; want %d, then %v", read, err, row.bytes, row.err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{0}, len(p))), nil }

func TestNewRefusesConfiguration(t *testing.T) {
	config := &rest.Config{Host: "https://x", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("no certificate")}}
	if _, err := New(config, Options{}); err == nil {
		t.Error("a configuration that no client can use is accepted")
	}
}

type warnings []string

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) { *w = append(*w, text) }

func TestWarningsAreNotLogged(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Warning", `299 - "v2beta1 is deprecated"`)
		_, _ = io.WriteString(w, `{"gitVersion":"v1.19.7"}`)
	}))
	defer server.Close()
	var logged warnings
	rest.SetDefaultWarningHandler(&logged)
	defer rest.SetDefaultWarningHandler(rest.WarningLogger{})

	client := newTestClient(t, server.URL)
	if version, err := client.kubernetesVersion(t.Context()); err != nil || version != "v1.19.7" {
		t.Fatalf("the version is %q, %v", version, err)
	}
	if len(logged) > 0 {
		t.Errorf("text of the API server gets into the log: %q", logged)
	}
}

func TestKubernetesVersionOfGarbage(t *testing.T) {
	for _, body := range []string{"<html>", "{}", `{"gitVersion":""}`, "[]"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, body)
		}))
		client := newTestClient(t, server.URL)
		if version, err := client.kubernetesVersion(t.Context()); err == nil || outcomeOf(err) != outcomeFailed {
			t.Errorf("%s is taken for the version %q, %v", body, version, err)
		}
		server.Close()
	}
}
