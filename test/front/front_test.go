// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
	"github.com/d2iq-labs/support-policy-operator/test/expect"
	"github.com/d2iq-labs/support-policy-operator/test/front"
)

var shared controlplane.Shared

func TestMain(m *testing.M) { os.Exit(shared.Run(m)) }

// old is the version of Konvoy 1.7's API servers.
const old = "v1.19.7"

func start(t *testing.T) (*front.Front, *controlplane.ControlPlane) {
	t.Helper()
	plane := shared.ForTest(t)
	f, err := front.Start(plane.Config(), old)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, plane
}

// token makes a service account that may do everything, and returns its token and its namespace.
func token(t *testing.T, plane *controlplane.ControlPlane) (token, namespace string) {
	t.Helper()
	admin := clientsFor(t, plane.Config())
	made, err := admin.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "front-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	name := metav1.ObjectMeta{Name: made.Name}
	_, err = admin.CoreV1().ServiceAccounts(made.Name).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: name}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: name,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: made.Name, Namespace: made.Name}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := plane.ServiceAccountConfig(t.Context(), made.Name, made.Name)
	if err != nil {
		t.Fatal(err)
	}
	return config.BearerToken, made.Name
}

func clientsFor(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return clients
}

// get asks as config's user, without any client library between.
func get(t *testing.T, config *rest.Config, path string) (*http.Response, string) {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(config.Host, "/")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestVersionIsTheChosenOne(t *testing.T) {
	f, plane := start(t)
	bearer, _ := token(t, plane)
	clients := clientsFor(t, f.Config(bearer))
	served, err := clientsFor(t, plane.Config()).ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		set          string
		major, minor string
	}{
		{set: old, major: "1", minor: "19"},
		{set: "v1.17.17", major: "1", minor: "17"},
		{set: "v1.20.11+vendor.1", major: "1", minor: "20"},
		{set: "v1.18.9-eks-d1db3c", major: "1", minor: "18"},
		{set: "nonsense"},
	}
	for _, test := range tests {
		f.SetVersion(test.set)
		got, err := clients.ServerVersion()
		if err != nil {
			t.Fatal(err)
		}
		want := &version.Info{
			Major: test.major, Minor: test.minor, GitVersion: test.set, GitTreeState: "clean",
			BuildDate: served.BuildDate, GoVersion: served.GoVersion, Compiler: served.Compiler, Platform: served.Platform,
		}
		expect.Equal(t, want, got, "with", test.set)
	}
	t.Run("unchanged when none is chosen", func(t *testing.T) {
		f.SetVersion("")
		got, err := clients.ServerVersion()
		if err != nil {
			t.Fatal(err)
		}
		expect.Equal(t, served, got, "version")
	})
}

// What the API server refuses, and how it says so, must look the same through the front: the front has no rights of
// its own, although it was started with an administrator's configuration.
func TestCredentialsAreTheClientsOwn(t *testing.T) {
	f, plane := start(t)
	tests := map[string]struct {
		token, path string
		wantStatus  int
	}{
		"anonymous, forbidden":              {path: "/api/v1/nodes", wantStatus: http.StatusForbidden},
		"a token that nobody issued":        {token: "invented", path: "/api/v1/nodes", wantStatus: http.StatusUnauthorized},
		"such a token, asking the version":  {token: "invented", path: "/version", wantStatus: http.StatusUnauthorized},
		"anonymous, where that is allowed":  {path: "/readyz", wantStatus: http.StatusOK},
		"anonymous, what there is not":      {path: "/nothing", wantStatus: http.StatusForbidden},
		"anonymous, a name with characters": {path: "/api/v1/namespaces/a%2Fb", wantStatus: http.StatusForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			direct := rest.AnonymousClientConfig(plane.Config())
			direct.BearerToken = test.token
			want, wantBody := get(t, direct, test.path)
			got, gotBody := get(t, f.Config(test.token), test.path)
			if got.StatusCode != test.wantStatus || want.StatusCode != test.wantStatus {
				t.Errorf("status %d, and %d without the front; want %d", got.StatusCode, want.StatusCode, test.wantStatus)
			}
			expect.Equal(t, wantBody, gotBody, "body")
			expect.Equal(t, want.Header.Get("Content-Type"), got.Header.Get("Content-Type"), "content type")
		})
	}
}

func TestSpeaksHTTP2(t *testing.T) {
	f, _ := start(t)
	response, _ := get(t, f.Config(""), "/readyz")
	expect.Equal(t, 2, response.ProtoMajor,
		"HTTP: clients have all their watches on one connection")
}

// patience bounds how long a test hangs that would never end. No outcome depends on it.
const patience = 2 * time.Minute

// next returns the next event.
func next(t *testing.T, events watch.Interface) watch.Event {
	t.Helper()
	select {
	case event, open := <-events.ResultChan():
		if !open {
			t.Fatal("the watch has ended")
		}
		return event
	case <-time.After(patience):
		t.Fatalf("no event within %s: is something waiting for more of them?", patience)
	}
	panic("not reached")
}

// Nothing waits for what comes next: neither the header of a watch for its first event, nor an event for the one after it.
func TestEventsArriveAtOnce(t *testing.T) {
	f, plane := start(t)
	bearer, ns := token(t, plane)
	maps := clientsFor(t, f.Config(bearer)).CoreV1().ConfigMaps(ns)

	ctx, cancel := context.WithCancelCause(t.Context())
	hangs := time.AfterFunc(patience, func() { cancel(errors.New("the watch does not open before its first event")) })
	events, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=watched"})
	if err != nil {
		t.Fatal(err, context.Cause(ctx))
	}
	hangs.Stop()
	defer events.Stop()
	for i := range 3 {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched"}}
		if _, err := maps.Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if event := next(t, events); event.Type != watch.Added {
			t.Errorf("round %d: event %s, want %s", i, event.Type, watch.Added)
		}
		if err := maps.Delete(t.Context(), "watched", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		if event := next(t, events); event.Type != watch.Deleted {
			t.Errorf("round %d: event %s, want %s", i, event.Type, watch.Deleted)
		}
	}
}

func TestRequestsAreCounted(t *testing.T) {
	f, plane := start(t)
	bearer, ns := token(t, plane)
	config := f.Config(bearer)
	config.UserAgent = "counted/1.0"
	maps := clientsFor(t, config).CoreV1().ConfigMaps(ns)

	ctx := t.Context()
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counted"}}
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(maps.Create(ctx, object, metav1.CreateOptions{}))
	for range 3 {
		do(maps.Get(ctx, "counted", metav1.GetOptions{}))
	}
	do(maps.List(ctx, metav1.ListOptions{}))
	if _, err := maps.Get(ctx, "absent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Fatalf("error %v, want not found", err)
	}

	got := map[string]int{}
	for _, verb := range []string{"create", "get", "list", "watch", "delete"} {
		got[verb] = f.Requests(func(r front.Request) bool {
			return r.Verb == verb && r.Resource == "configmaps" && r.Namespace == ns && r.UserAgent == "counted/1.0"
		})
	}
	want := map[string]int{"create": 1, "get": 4, "list": 1, "watch": 0, "delete": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests by verb (-want +got):\n%s\nall: %v", diff, f.Recent(nil))
	}
	expect.Equal(t, 1, f.Requests(front.Request.Writes), "writes", f.Recent(front.Request.Writes))
	expect.Equal(t, 6, f.Requests(nil), "requests", f.Recent(nil))
	f.Reset()
	expect.Equal(t, 0, f.Requests(nil), "requests after the reset")
}

func TestCloseEndsWatches(t *testing.T) {
	plane := shared.ForTest(t)
	f, err := front.Start(plane.Config(), old)
	if err != nil {
		t.Fatal(err)
	}
	bearer, ns := token(t, plane)
	events, err := clientsFor(t, f.Config(bearer)).CoreV1().ConfigMaps(ns).Watch(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-events.ResultChan():
	case <-time.After(patience):
		t.Error("the watch goes on")
	}
}

func TestUpstreamIsVerified(t *testing.T) {
	plane := shared.ForTest(t)
	first, err := front.Start(plane.Config(), old)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	// A front of another authority: one's certificate does not do for the other.
	wrong := plane.Config()
	wrong.CAData = first.Config("").CAData
	second, err := front.Start(wrong, old)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	response, body := get(t, second.Config(""), "/readyz")
	if response.StatusCode != http.StatusBadGateway || !strings.Contains(body, "certificate") {
		t.Errorf("status %d and %q, want %d and that the certificate is not good",
			response.StatusCode, body, http.StatusBadGateway)
	}
}

func TestVersionAnswerIsJSONOfItsLength(t *testing.T) {
	f, _ := start(t)
	response, body := get(t, f.Config(""), "/version")
	expect.Equal(t, int64(len(body)), response.ContentLength, "content length")
	var got version.Info
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.GitVersion != old {
		t.Errorf("%q is not the version %s: %v", body, old, err)
	}
}
