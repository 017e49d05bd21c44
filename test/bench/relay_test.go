// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

// Clusters behind one API server have what tells them apart, and share the rest.
func TestRelay(t *testing.T) {
	upstream := serveTLS(t, func(w http.ResponseWriter, request *http.Request) {
		namespace := strings.TrimSuffix(strings.TrimPrefix(request.URL.Path, "/namespaces/"), "/konvoyclusters")
		fmt.Fprintf(w, `{"path":%q,"token":%q,"namespace":%q}`+"\n", request.URL.Path, request.Header.Get("Authorization"), namespace)
	})
	relay, err := startRelay([]*rest.Config{{Host: upstream.URL, TLSClientConfig: rest.TLSClientConfig{CAData: caOf(upstream)}}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relay.close(); err != nil {
			t.Error(err)
		}
	})
	for _, test := range []struct {
		member     int
		path, want string
	}{
		{0, "/version", `{"major": "1", "minor": "20", "gitVersion": "v1.20.13"}`},
		{1, "/api/v1/namespaces/kube-system", `{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", ` +
			`"metadata": {"name": "kube-system", "uid": "00000000-0000-4000-8000-000000000001"}}`},
		{0, "/namespaces/konvoy/konvoyclusters", `{"path":"/namespaces/konvoy-0000/konvoyclusters","token":"","namespace":"konvoy"}` + "\n"},
		{1, "/namespaces/konvoy/konvoyclusters", `{"path":"/namespaces/konvoy-0001/konvoyclusters","token":"","namespace":"konvoy"}` + "\n"},
		{1, "/namespaces/kubeaddons", `{"path":"/namespaces/kubeaddons","token":"","namespace":"kubeaddons"}` + "\n"},
	} {
		m := relay.members[test.member]
		client, err := rest.HTTPClientFor(&rest.Config{Host: m.address(), BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: relay.ca}})
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Get(m.address() + test.path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		if err != nil {
			t.Error(err)
		}
		response.Body.Close()
		expect.Equal(t, test.want, string(got), m.name, "answers to", test.path)
	}
	expect.Equal(t, 2, relay.members[0].requests.Load(), "requests to the first cluster")
}

func TestRename(t *testing.T) {
	from := `{"object":{"metadata":{"namespace":"konvoy-0007","name":"prod"}}}` + "\n"
	to := `{"object":{"metadata":{"namespace":"konvoy","name":"prod"}}}` + "\n"
	for name, body := range map[string]io.Reader{
		"at once":     strings.NewReader(from + from),
		"in pieces":   iotest.OneByteReader(strings.NewReader(from + from)),
		"broken off":  strings.NewReader(from + strings.TrimSuffix(from, "\n")),
		"with an end": iotest.DataErrReader(strings.NewReader(from + from)),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(iotest.HalfReader(newRename(io.NopCloser(body), "konvoy-0007", "konvoy")))
			if err != nil {
				t.Error(err)
			}
			if want := to + strings.TrimSuffix(to, "\n"); strings.TrimSuffix(string(got), "\n") != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
