// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/internal/verdict"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

const path = "/apis/support.d2iq.io/v1alpha1/namespaces/own/clustersupports/host"

// host is the object as JSON, with its conditions.
func host(observedGeneration int, conditions string) string {
	return fmt.Sprintf(`{"kind":"ClusterSupport","apiVersion":"support.d2iq.io/v1alpha1",
"metadata":{"name":"host","namespace":"own","generation":2},"status":{"observedGeneration":%d,"conditions":[%s]}}`, observedGeneration, conditions)
}

func condition(name, status, reason string) string {
	return fmt.Sprintf(`{"type":%q,"status":%q,"reason":%q,"message":"it is %s"}`, name, status, reason, status)
}

// run runs the command against an API server that answers each request for the object with the code and the body.
func run(t *testing.T, code int, body string, arguments ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != path {
			t.Errorf("unexpected request %s %s: the command may only get the object", r.Method, r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(kubeconfig, &rest.Config{Host: server.URL}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	t.Setenv("POD_NAMESPACE", "own")
	var out strings.Builder
	err := verdict.Run(t.Context(), append([]string{"--timeout=1ms"}, arguments...), &out)
	return out.String(), err
}

// TestVerdict: a verdict is one whatever it says.
func TestVerdict(t *testing.T) {
	out, err := run(t, http.StatusOK, host(2, strings.Join([]string{
		condition("Ready", "True", "Evaluated"), condition("Reachable", "True", "Connected"), condition("Supported", "False", "SupportEnded"),
	}, ",")))
	const want = "Ready True, Evaluated: it is True\nReachable True, Connected: it is True\nSupported False, SupportEnded: it is False\n"
	if err != nil || out != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
}

func TestNoVerdict(t *testing.T) {
	ready := condition("Ready", "True", "Evaluated")
	for reason, test := range map[string]struct {
		code       int
		body, want string
	}{
		"there is no object": {
			http.StatusNotFound, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"not there"}`,
			"there is no ClusterSupport own/host, which the operator creates: see whether it runs in this namespace, and its log",
		},
		"it must not be read": {
			http.StatusForbidden, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"not you"}`,
			"get ClusterSupport own/host: not you",
		},
		"it was never evaluated":         {http.StatusOK, host(0, ""), "the operator has not evaluated the spec of ClusterSupport own/host"},
		"its spec is newer":              {http.StatusOK, host(1, ready), "the operator has not evaluated the spec of ClusterSupport own/host"},
		"nothing was said of it":         {http.StatusOK, host(2, ""), "ClusterSupport own/host has no condition Ready"},
		"nobody has asked the cluster":   {http.StatusOK, host(2, ready), "ClusterSupport own/host has no condition Reachable"},
		"its spec is refused":            {http.StatusOK, host(2, condition("Ready", "False", "InvalidSpec")), "Ready of ClusterSupport own/host is False, InvalidSpec: it is False"},
		"the cluster does not answer":    {http.StatusOK, host(2, ready+","+condition("Reachable", "False", "Timeout")), "Reachable of ClusterSupport own/host is False, Timeout: it is False"},
		"the first contact is under way": {http.StatusOK, host(2, ready+","+condition("Reachable", "Unknown", "NotContacted")), "Reachable of ClusterSupport own/host is Unknown, NotContacted"},
	} {
		t.Run(reason, func(t *testing.T) {
			out, err := run(t, test.code, test.body)
			if err == nil || !strings.Contains(err.Error(), "no verdict within 1ms: "+test.want) || out != "" {
				t.Errorf("got %q, %v; want nothing, and an error with %q", out, err, test.want)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	for _, test := range []struct{ arguments, want string }{
		{"--namespace=", "the operator's own namespace is not known: set POD_NAMESPACE or --namespace"},
		{"host", `unexpected argument "host"`},
		{"--wait", "flag provided but not defined: -wait"},
	} {
		if _, err := run(t, http.StatusOK, "", test.arguments); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", test.arguments, err, test.want)
		}
	}
}
