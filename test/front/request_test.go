// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/d2iq-labs/support-policy-operator/test/expect"
)

func TestParseRequest(t *testing.T) {
	tests := map[string]struct {
		method, target string
		want           Request
	}{
		"a list of all namespaces": {
			method: http.MethodGet, target: "/api/v1/nodes?limit=500",
			want: Request{Verb: "list", Version: "v1", Resource: "nodes"},
		},
		"a watch in a namespace": {
			method: http.MethodGet, target: "/apis/apps/v1/namespaces/kommander/deployments?watch=true",
			want: Request{Verb: "watch", Group: "apps", Version: "v1", Resource: "deployments", Namespace: "kommander"},
		},
		"a watch as other clients write it": {
			method: http.MethodGet, target: "/api/v1/pods?watch=1",
			want: Request{Verb: "watch", Version: "v1", Resource: "pods"},
		},
		"watch=false": {
			method: http.MethodGet, target: "/api/v1/pods?watch=false",
			want: Request{Verb: "list", Version: "v1", Resource: "pods"},
		},
		"a patch of a status": {
			method: http.MethodPatch,
			target: "/apis/support.d2iq.io/v1alpha1/namespaces/fleet/clustersupports/prod/status?fieldManager=x",
			want: Request{
				Verb: "patch", Group: "support.d2iq.io", Version: "v1alpha1", Resource: "clustersupports",
				Subresource: "status", Namespace: "fleet", Name: "prod",
			},
		},
		"an update of a cluster-scoped object": {
			method: http.MethodPut, target: "/apis/support.d2iq.io/v1alpha1/supportpolicies/konvoy",
			want: Request{
				Verb: "update", Group: "support.d2iq.io", Version: "v1alpha1", Resource: "supportpolicies", Name: "konvoy",
			},
		},
		"one namespace": {
			method: http.MethodGet, target: "/api/v1/namespaces/kubeaddons",
			want: Request{Verb: "get", Version: "v1", Resource: "namespaces", Name: "kubeaddons"},
		},
		"a namespace's own subresource": {
			method: http.MethodPut, target: "/api/v1/namespaces/kubeaddons/finalize",
			want: Request{
				Verb: "update", Version: "v1", Resource: "namespaces", Name: "kubeaddons", Subresource: "finalize",
			},
		},
		"an event": {
			method: http.MethodPost, target: "/api/v1/namespaces/fleet/events",
			want: Request{Verb: "create", Version: "v1", Resource: "events", Namespace: "fleet"},
		},
		"a deletion": {
			method: http.MethodDelete, target: "/api/v1/namespaces/fleet/secrets/a",
			want: Request{Verb: "delete", Version: "v1", Resource: "secrets", Namespace: "fleet", Name: "a"},
		},
		"a deletion of all": {
			method: http.MethodDelete, target: "/api/v1/namespaces/fleet/secrets",
			want: Request{Verb: "deletecollection", Version: "v1", Resource: "secrets", Namespace: "fleet"},
		},
		"a proxied path": {
			method: http.MethodGet, target: "/api/v1/namespaces/fleet/services/x/proxy/metrics/all",
			want: Request{
				Verb: "get", Version: "v1", Resource: "services", Namespace: "fleet", Name: "x",
				Subresource: "proxy/metrics/all",
			},
		},
		"discovery of all groups": {method: http.MethodGet, target: "/apis", want: Request{Verb: "get"}},
		"discovery of one group":  {method: http.MethodGet, target: "/apis/apps/v1", want: Request{Verb: "get"}},
		"discovery of core":       {method: http.MethodGet, target: "/api/v1", want: Request{Verb: "get"}},
		"the version":             {method: http.MethodGet, target: "/version", want: Request{Verb: "get"}},
		"the root":                {method: http.MethodGet, target: "/", want: Request{Verb: "get"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			asked := httptest.NewRequestWithContext(t.Context(), test.method, test.target, nil)
			asked.Header.Set("User-Agent", "someone/1.0")
			test.want.Method, test.want.Path, test.want.UserAgent = test.method, asked.URL.Path, "someone/1.0"
			expect.Equal(t, test.want, parseRequest(asked), "request")
		})
	}
}

func TestWrites(t *testing.T) {
	for method, want := range map[string]bool{
		http.MethodGet: false, http.MethodHead: false, http.MethodPost: true, http.MethodPut: true,
		http.MethodPatch: true, http.MethodDelete: true,
	} {
		expect.Equal(t, want, (Request{Method: method}).Writes(), method, "writes")
	}
}

func TestRequestLogIsBounded(t *testing.T) {
	var l requestLog
	const asked = maxDistinct + 500
	for i := range asked {
		l.record(Request{Verb: "get", Resource: "pods", Path: strconv.Itoa(i), UserAgent: "someone"})
	}
	pods := func(r Request) bool { return r.Resource == "pods" }
	expect.Equal(t, asked, l.Requests(pods), "requests for pods")
	expect.Equal(t, maxDistinct+1, len(l.counts), "counters, one of them for the rest")
	recent := l.Recent(nil)
	if len(recent) != maxRecent {
		t.Fatalf("%d recent requests, want %d", len(recent), maxRecent)
	}
	oldest, newest := strconv.Itoa(asked-maxRecent), strconv.Itoa(asked-1)
	expect.Equal(t, []string{oldest, newest}, []string{recent[0].Path, recent[maxRecent-1].Path}, "oldest and newest")
	l.Reset()
	if diff := cmp.Diff([]Request{}, l.Recent(nil), cmpopts.EquateEmpty()); diff != "" || l.Requests(nil) != 0 {
		t.Errorf("after the reset there are %d requests (-want +got):\n%s", l.Requests(nil), diff)
	}
}
