// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/d2iq-labs/support-policy-operator/internal/detect"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/test/fixtures"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

func TestClusterID(t *testing.T) {
	const uid = "5b1b9a5e-94c1-4a0f-a0b5-3a0a9b4a4b1f"
	for _, row := range []struct {
		name, reason string
		status       int
		body         string
		want         string
		fails        bool
	}{
		{"metadata", "what API servers from 1.15 on answer", 200,
			`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"kube-system","uid":"` + uid + `"}}`, uid, false},
		{"whole object", "what those answer that do not know how to leave the rest out", 200,
			`{"kind":"Namespace","apiVersion":"v1","metadata":{"uid":"` + uid + `"},"status":{"phase":"Active"}}`, uid, false},
		{"none", "a cluster that has just been made, and no failure", 404,
			`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`, "", false},
		{"a page", "whatever answers so knows no namespaces", 404, `<html>default backend - 404</html>`, "", true},
		{"without UID", "nothing tells the cluster from others", 200, `{"metadata":{}}`, "", false},
		{"too long", "a part of it would be taken for the same as another's part", 200,
			`{"metadata":{"uid":"` + strings.Repeat("a", 65) + `"}}`, "", false},
		{"as long as may be", "the status has room for it", 200,
			`{"metadata":{"uid":"` + strings.Repeat("a", 64) + `"}}`, strings.Repeat("a", 64), false},
		{"not printable", "it gets into the status and the log", 200, `{"metadata":{"uid":"a\u001b[31m"}}`, "", false},
		{"of another type", "no API server answers so", 200, `{"metadata":{"uid":7}}`, "", true},
		{"garbage", "no API server answers so", 200, `<html>`, "", true},
		{"error", "the API server is not well", 500, `{"kind":"Status","reason":"InternalError","code":500}`, "", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/namespaces/kube-system" {
					t.Errorf("asks for %s", r.URL.Path)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(row.status)
				_, _ = io.WriteString(w, row.body)
			}))
			defer server.Close()
			client := newTestClient(t, server.URL)
			got, err := client.clusterID(t.Context())
			if got != row.want || (err != nil) != row.fails {
				t.Errorf("the cluster is %q, %v; want %q: %s", got, err, row.want, row.reason)
			}
		})
	}
}

// TestClusterIDIsAskedForAgain has a namespace that is not there yet, and then for good.
func TestClusterIDIsAskedForAgain(t *testing.T) {
	const every = 4 * time.Hour
	o, err := New(&rest.Config{Host: "https://127.0.0.1:1"}, Options{NodesInterval: every})
	must(t, err)
	probe := o.namespaces
	id, failure := "", error(nil)
	probe.fetch = func(context.Context) (string, error) { return id, failure }
	expect := func(what, want string, shortest time.Duration) {
		t.Helper()
		if got := probe.run(t.Context(), o.state); got < shortest || got > shortest*6/5 {
			t.Errorf("%s: asks again after %s, want from %s to %s", what, got, shortest, shortest*6/5)
		}
		if got := o.state.snapshot().Facts.ClusterID; got != want {
			t.Errorf("%s: the cluster is %q, want %q", what, got, want)
		}
	}
	expect("the namespace is still to come", "", firstProvisionalRetry)
	id = "a"
	expect("there", "a", every)
	id = "b"
	expect("a cluster made anew at the same address", "b", every)
	id, failure = "", errors.New("refused")
	expect("a failure changes nothing", "b", firstRetry)
}

func TestObserverKnowsTheCluster(t *testing.T) {
	cluster := newCluster(t, "v1.16.15")
	var kubeSystem corev1.Namespace
	must(t, cluster.Get(t.Context(), client.ObjectKey{Name: "kube-system"}, &kubeSystem))

	o := observe(t, cluster.config(), Options{DiscoveryInterval: 200 * time.Millisecond})
	o.await("which cluster it is may not be seen, and nothing else is missing",
		shows("v1.16.15", fixtures.Found(facts.Konvoy, "default", "Forbidden", detect.Nodes, "")))
	if id := o.Snapshot().Facts.ClusterID; id != "" {
		t.Errorf("the cluster is %q, which may not be seen", id)
	}
	cluster.permit(rbacv1.PolicyRule{
		APIGroups: []string{""}, Resources: []string{"namespaces"}, ResourceNames: []string{"kube-system"}, Verbs: []string{"get"},
	})
	cluster.eventually("see which cluster it is", func() error {
		if got := o.Snapshot().Facts.ClusterID; got != string(kubeSystem.UID) {
			return errors.New("it is " + got)
		}
		return nil
	})
	asks := func(r front.Request) bool { return r.Resource == "namespaces" }
	cluster.front.Reset()
	time.Sleep(calm)
	cluster.expectNoRequests("for what does not change", asks)
}
