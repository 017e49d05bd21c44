// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// secrets are those of the operator's own cluster.
type secrets struct {
	mu    sync.Mutex
	data  map[types.NamespacedName]map[string][]byte
	err   error
	reads int
}

func (s *secrets) get(ctx context.Context, name types.NamespacedName) (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	switch data, is := s.data[name]; {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case s.err != nil:
		return nil, s.err
	case is:
		return data, nil
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name.Name)
}

func (s *secrets) put(name types.NamespacedName, key string, kubeconfig []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[name] = map[string][]byte{key: kubeconfig}
}

func (s *secrets) remove(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, name)
}

func (s *secrets) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *secrets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

var errForbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "s", nil)

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) logger() logr.Logger {
	return funcr.New(func(prefix, text string) {
		j.mu.Lock()
		defer j.mu.Unlock()
		fmt.Fprintln(&j.text, prefix, text)
	}, funcr.Options{Verbosity: 9})
}

func (j *journal) read() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// hub is connections at work, with all that they have told.
type hub struct {
	*ClusterCache

	t       *testing.T
	secrets *secrets
	clock   *fastClock
	stop    func()
	log     journal

	mu sync.Mutex
	// told are the snapshots at each call of Changed.
	told map[types.NamespacedName][]observe.Snapshot
}

// quick is in a hurry where that changes nothing but the time that a test takes.
var quick = intervals{
	secretTimeout: patience,
	firstRetry:    5 * time.Millisecond, lastRetry: 50 * time.Millisecond,
	firstRenewal: 5 * time.Millisecond, nextRenewal: 20 * time.Millisecond,
}

// newHub starts connections that end with the test.
func newHub(t *testing.T, change ...func(*ClusterCacheOptions)) *hub {
	t.Helper()
	h := &hub{
		t:       t,
		clock:   newFastClock(),
		secrets: &secrets{data: map[types.NamespacedName]map[string][]byte{}},
		told:    map[types.NamespacedName][]observe.Snapshot{},
	}
	options := ClusterCacheOptions{
		Options:   permissive(),
		Secret:    h.secrets.get,
		IsAllowed: func(namespace string) bool { return namespace == "allowed" },
		Changed:   h.note,
		Observe: observe.Options{
			Log: h.log.logger(), Clock: h.clock, VersionInterval: time.Second, RequestTimeout: patience,
		},
		RefreshInterval: 50 * time.Millisecond,
	}
	for _, change := range change {
		change(&options)
	}
	h.ClusterCache = NewClusterCache(options)
	h.intervals = quick
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Start(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the connections do not end")
		}
	})
	t.Cleanup(h.stop)
	return h
}

// slowly has the Secrets looked at once, unless there is a reason.
func slowly(options *ClusterCacheOptions) { options.RefreshInterval = time.Hour }

// patiently has no failure told, as none of a moment is, however long that moment takes on a busy machine.
func patiently(options *ClusterCacheOptions) { options.Observe.GracePeriod = 1000 * time.Hour }

// inRealTime has an observer wait for as long as it does.
func inRealTime(options *ClusterCacheOptions) { options.Observe.Clock = nil }

func (h *hub) note(key types.NamespacedName) {
	snapshot := h.Snapshot(key)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[key] = append(h.told[key], snapshot)
}

func (h *hub) changes(key types.NamespacedName) []observe.Snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.told[key])
}

// key of a cluster, and of its Secret.
func key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "allowed", Name: name}
}

func target(key types.NamespacedName) Target { return Target{Secret: key, Keys: []string{"value"}} }

// join puts the kubeconfig into a Secret, and connects with it.
func (h *hub) join(name string, kubeconfig []byte) types.NamespacedName {
	h.secrets.put(key(name), "value", kubeconfig)
	h.Connect(key(name), target(key(name)), nil)
	return key(name)
}

// newObserved is a cluster, and a hub that observes it under the key.
func newObserved(t *testing.T, change ...func(*ClusterCacheOptions)) (*plain, *hub, types.NamespacedName) {
	t.Helper()
	cluster := newPlain(t, "v1.19.7")
	h := newHub(t, change...)
	one := h.join("one", cluster.lend(t, secretToken))
	h.awaitVersion(one, "v1.19.7")
	return cluster, h, one
}

// expectNoProblem checks all that was told of a cluster.
func (h *hub) expectNoProblem(key types.NamespacedName) {
	h.t.Helper()
	for _, snapshot := range h.changes(key) {
		if snapshot.Problem != nil {
			h.t.Errorf("a problem was told: %+v", snapshot.Problem)
		}
	}
}

// await waits until the snapshot is as wanted.
func (h *hub) await(key types.NamespacedName, what string, is func(observe.Snapshot) bool) observe.Snapshot {
	h.t.Helper()
	snapshot := h.Snapshot(key)
	for deadline := time.Now().Add(patience); !is(snapshot); snapshot = h.Snapshot(key) {
		if time.Now().After(deadline) {
			h.t.Fatalf("it does not come about that %s: %s\nits problem is %+v, and it is %+v",
				what, key.Name, snapshot.Problem, snapshot)
		}
		time.Sleep(time.Millisecond)
	}
	return snapshot
}

func (h *hub) awaitVersion(key types.NamespacedName, version string) {
	h.t.Helper()
	h.await(key, "it is of version "+version, func(v observe.Snapshot) bool {
		return v.Complete && v.Problem == nil && v.Facts.KubernetesVersion == version
	})
}

func (h *hub) awaitProblem(key types.NamespacedName, reason string) observe.Snapshot {
	h.t.Helper()
	return h.await(key, "its problem is "+string(reason), func(v observe.Snapshot) bool {
		return v.Problem != nil && v.Problem.Reason == reason
	})
}

// plain is a cluster that tells its version to those whose token it accepts, and forbids everything else.
type plain struct {
	*httptest.Server
	counter

	token, version atomic.Pointer[string]
}

func newPlain(t testing.TB, version string) *plain {
	t.Helper()
	p := &plain{}
	p.accept(secretToken)
	p.upgrade(version)
	p.Server = serve(t, p.answer, counting(&p.counter))
	return p
}

func (p *plain) accept(token string)    { p.token.Store(&token) }
func (p *plain) upgrade(version string) { p.version.Store(&version) }

func (p *plain) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+*p.token.Load():
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Unauthorized", "code": 401}`)
	case r.URL.Path == "/version":
		fmt.Fprintf(w, `{"gitVersion": %q}`, *p.version.Load())
	default:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`)
	}
}

// lend writes a kubeconfig for the cluster with the token.
func (p *plain) lend(t testing.TB, token string) []byte {
	t.Helper()
	return kubeconfig(t, p.URL, func(c *api.Cluster, u *api.AuthInfo) {
		c.CertificateAuthorityData = certificatePEM(p.Certificate().Raw)
		u.Token = token
	})
}
