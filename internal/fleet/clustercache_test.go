// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

func TestClusterIsObserved(t *testing.T) {
	cluster, h, one := newObserved(t, slowly)
	cluster.upgrade("v1.19.9")
	h.awaitVersion(one, "v1.19.9")
	before := observe.Snapshot{}
	for _, snapshot := range h.changes(one) {
		if snapshot.Equal(before) {
			t.Errorf("a change was told that is none: %+v", snapshot)
		}
		before = snapshot
	}
	cluster.want(t, "of one observer", 1, 1)
	if reads := h.secrets.count(); reads != 1 {
		t.Errorf("the Secret was read %d times", reads)
	}

	if h.LastAnswerTime(one).IsZero() {
		t.Error("it has answered, and nobody knows when")
	}

	h.Forget(one)
	if diff := cmp.Diff(observe.Snapshot{}, h.Snapshot(one)); diff != "" {
		t.Errorf("it is still known: %s", diff)
	}
	if at := h.LastAnswerTime(one); !at.IsZero() {
		t.Errorf("it is still known that it answered at %s", at)
	}
	eventually(t, "the connection ends", func() bool { return cluster.open.Load() == 0 })
}

// Whatever is wrong with a Secret is told, and once it is mended the cluster is observed.
func TestSecretProblems(t *testing.T) {
	cluster := newPlain(t, "v1.19.7")
	good := cluster.lend(t, secretToken)
	exec := kubeconfig(t, cluster.URL, func(_ *api.Cluster, u *api.AuthInfo) {
		u.Exec = &api.ExecConfig{Command: "SECRET-program", APIVersion: "client.authentication.k8s.io/v1"}
	})
	for _, row := range []struct {
		name   string
		set    func(*secrets, types.NamespacedName)
		want   facts.Problem
		reason string
	}{
		{"missing", func(*secrets, types.NamespacedName) {}, facts.Problem{Reason: v1alpha1.ReasonSecretMissing, Message: "" +
			"there is no Secret with a kubeconfig: create it, or refer to another one (Secret allowed/missing)"},
			"the API server says 404"},
		{"forbidden", func(s *secrets, _ types.NamespacedName) { s.fail(errForbidden) }, facts.Problem{Reason: v1alpha1.ReasonSecretUnreadable, Message: "" +
			"the Secret with the kubeconfig cannot be read: grant the operator get on it (Secret allowed/forbidden)"},
			"the API server says 403"},
		{"away", func(s *secrets, _ types.NamespacedName) { s.fail(errors.New("SECRET")) }, facts.Problem{Reason: v1alpha1.ReasonSecretUnreadable, Message: "" +
			"the Secret with the kubeconfig cannot be read: grant the operator get on it (Secret allowed/away)"},
			"the API server says nothing"},
		{"elsewhere", func(s *secrets, k types.NamespacedName) { s.put(k, "other", good) }, facts.Problem{Reason: v1alpha1.ReasonKubeconfigMissing, Message: "" +
			"the Secret has no kubeconfig under the keys where one may be: add it there (Secret allowed/elsewhere, value)"},
			"it is under another key"},
		{"empty", func(s *secrets, k types.NamespacedName) { s.put(k, "value", []byte{}) }, facts.Problem{Reason: v1alpha1.ReasonKubeconfigMissing, Message: "" +
			"the Secret has no kubeconfig under the keys where one may be: add it there (Secret allowed/empty, value)"},
			"somebody has not filled it in yet"},
		{"insecure", func(s *secrets, k types.NamespacedName) { s.put(k, "value", exec) },
			facts.Problem{Reason: v1alpha1.ReasonInsecureKubeconfig, Message: refusedExec.Error()}, "it was screened"},
		{"invalid", func(s *secrets, k types.NamespacedName) { s.put(k, "value", []byte("SECRET")) },
			facts.Problem{Reason: v1alpha1.ReasonInvalidKubeconfig, Message: refusedFormat.Error()}, "it was screened"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			row.set(h.secrets, key(row.name))
			h.Connect(key(row.name), target(key(row.name)), nil)
			snapshot := h.awaitProblem(key(row.name), row.want.Reason)
			if diff := cmp.Diff(observe.Snapshot{Problem: &row.want}, snapshot); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", row.reason, diff)
			}
			h.secrets.fail(nil)
			h.secrets.put(key(row.name), "value", good)
			h.awaitVersion(key(row.name), "v1.19.7")
			if told := h.changes(key(row.name)); told[0].Problem == nil || told[0].Problem.Reason != row.want.Reason {
				t.Errorf("it was told otherwise at first: %+v", told[0].Problem)
			}
			h.nothingLeaks(nil)
		})
	}
}

// A Secret of a namespace that was not released is not read, not even once.
func TestNamespaceIsNotAllowed(t *testing.T) {
	for name, allowed := range map[string]func(string) bool{
		"others":  func(namespace string) bool { return namespace == "allowed" },
		"nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHub(t, func(o *ClusterCacheOptions) { o.IsAllowed = allowed })
				secret := types.NamespacedName{Namespace: "kube-system", Name: "s"}
				h.Connect(key("one"), target(secret), nil)
				want := observe.Snapshot{Problem: &facts.Problem{Reason: v1alpha1.ReasonSecretNotAllowed, Message: "kubeconfigs are not read from that namespace: add it to " +
					"--kubeconfig-namespaces of the operator (Secret kube-system/s)"}}
				time.Sleep(24 * time.Hour)
				if diff := cmp.Diff(want, h.Snapshot(key("one"))); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if reads := h.secrets.count(); reads > 0 {
					t.Errorf("the Secret was read %d times", reads)
				}
			})
		})
	}
}

func TestNamesInProblemsAreHarmless(t *testing.T) {
	long := strings.Repeat("x", 1000)
	problem := Target{
		Secret: types.NamespacedName{Namespace: "a\nb", Name: long}, Keys: []string{"\x1b[31m", long, long, long, long, long},
	}.secretProblem(v1alpha1.ReasonKubeconfigMissing)
	if strings.ContainsAny(problem.Message, "\n\x1b") || strings.Count(problem.Message, " or ") > 3 {
		t.Errorf("the message has foreign text, or much of it: %q", problem.Message)
	}
}

func TestFirstKeyThatIsThereCounts(t *testing.T) {
	cluster := newPlain(t, "v1.19.7")
	h := newHub(t)
	h.secrets.data[key("one")] = map[string][]byte{
		"a": nil, "b": cluster.lend(t, secretToken), "c": []byte("no kubeconfig"),
	}
	h.Connect(key("one"), Target{Secret: key("one"), Keys: []string{"missing", "a", "b", "c"}}, nil)
	h.awaitVersion(key("one"), "v1.19.7")
}

// An answer of the operator's own cluster that fails to come once is no news.
func TestSecretIsUnreadableForAMoment(t *testing.T) {
	cluster := newPlain(t, "v1.19.7")
	var failed sync.Once
	h := newHub(t, patiently, func(o *ClusterCacheOptions) {
		read := o.Secret
		o.Secret = func(ctx context.Context, name types.NamespacedName) (data map[string][]byte, err error) {
			failed.Do(func() { err = errors.New("the server is busy") })
			if err != nil {
				return nil, err
			}
			return read(ctx, name)
		}
	})
	one := h.join("one", cluster.lend(t, secretToken))
	h.awaitVersion(one, "v1.19.7")
	h.expectNoProblem(one)
}

// A look at a Secret that is never answered ends, and is repeated.
func TestSecretHangs(t *testing.T) {
	h := newHub(t, func(o *ClusterCacheOptions) {
		o.Secret = func(ctx context.Context, _ types.NamespacedName) (map[string][]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	h.intervals.secretTimeout = 20 * time.Millisecond
	h.Connect(key("one"), target(key("one")), nil)
	h.awaitProblem(key("one"), v1alpha1.ReasonSecretUnreadable)
}

const newToken = "SECRET-token-new-91c2"

func TestRotation(t *testing.T) {
	cluster, h, one := newObserved(t, patiently)
	known := len(h.changes(one))

	// The old one is accepted no more, and would be a problem if that lasted.
	h.secrets.put(one, "value", cluster.lend(t, newToken))
	cluster.accept(newToken)
	eventually(t, "there is another connection", func() bool { return cluster.accepted.Load() == 2 })
	cluster.upgrade("v1.19.9")
	h.awaitVersion(one, "v1.19.9")
	// The server sees the end of the first one a moment later.
	cluster.want(t, "after a rotation", 2, 2)
	for _, snapshot := range h.changes(one)[known:] {
		if !snapshot.Complete || snapshot.Problem != nil || snapshot.Facts.KubernetesVersion == "" {
			t.Errorf("there was a gap: %+v", snapshot)
		}
	}
	// Whoever writes the same again changes nothing.
	h.secrets.put(one, "value", cluster.lend(t, newToken))
	reads := h.secrets.count()
	eventually(t, "the Secret was read again", func() bool { return h.secrets.count() > reads+2 })
	cluster.want(t, "after the same was written again", 2, 2)
	h.nothingLeaks(nil)
}

// The Secret is read again soon after its credentials were refused, and not only when it is time.
func TestRevokedCredentials(t *testing.T) {
	cluster, h, one := newObserved(t, slowly)

	cluster.accept(newToken)
	snapshot := h.awaitProblem(one, v1alpha1.ReasonUnauthorized)
	if !snapshot.Complete || snapshot.Facts.KubernetesVersion != "v1.19.7" {
		t.Errorf("what was known is lost: %+v", snapshot)
	}
	refused := len(h.changes(one))
	// Others that are refused, too, are no better, for no moment.
	h.secrets.put(one, "value", cluster.lend(t, "SECRET-token-bad"))
	eventually(t, "it was tried", func() bool { return cluster.accepted.Load() == 2 })
	looks := h.secrets.count()
	eventually(t, "others were looked for, again and again", func() bool { return h.secrets.count() > looks+2 })
	for _, view := range h.changes(one)[refused:] {
		if !isUnauthorized(view) || !view.Complete {
			t.Errorf("other credentials that are refused are news: %+v", view)
		}
	}
	h.secrets.put(one, "value", cluster.lend(t, newToken))
	h.awaitVersion(one, "v1.19.7")
	cluster.want(t, "one for each credentials", 3, 2)
	reads := h.secrets.count()
	time.Sleep(5 * quick.nextRenewal)
	if more := h.secrets.count() - reads; more > 1 {
		t.Errorf("the Secret was read %d times after all was well", more)
	}

	// What was wrong with credentials that are gone is not told any more.
	cluster.accept(secretToken)
	h.awaitProblem(one, v1alpha1.ReasonUnauthorized)
	h.secrets.remove(one)
	h.awaitProblem(one, v1alpha1.ReasonSecretMissing)
	withdrawn := len(h.changes(one))
	h.secrets.put(one, "value", cluster.lend(t, secretToken))
	h.awaitVersion(one, "v1.19.7")
	for _, snapshot := range h.changes(one)[withdrawn:] {
		if isUnauthorized(snapshot) {
			t.Errorf("what was wrong with other credentials is told again: %v", snapshot.Problem)
		}
	}
	h.nothingLeaks(nil)
}

func TestSecretIsWithdrawn(t *testing.T) {
	for _, row := range []struct {
		name     string
		withdraw func(*secrets, types.NamespacedName)
		want     string
	}{
		{"deleted", (*secrets).remove, v1alpha1.ReasonSecretMissing},
		{"emptied", func(s *secrets, k types.NamespacedName) { s.put(k, "value", nil) }, v1alpha1.ReasonKubeconfigMissing},
		{"replaced by what is refused", func(s *secrets, k types.NamespacedName) {
			s.put(k, "value", []byte("SECRET"))
		}, v1alpha1.ReasonInvalidKubeconfig},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cluster, h, one := newObserved(t)

			row.withdraw(h.secrets, one)
			snapshot := h.awaitProblem(one, row.want)
			if !snapshot.Complete || snapshot.Facts.KubernetesVersion != "v1.19.7" {
				t.Errorf("what was known is lost: %+v", snapshot)
			}
			eventually(t, "the connection ends", func() bool { return cluster.open.Load() == 0 })
			if h.LastAnswerTime(one).IsZero() {
				t.Error("it has answered before, and nobody knows when")
			}

			cluster.upgrade("v1.19.9")
			h.secrets.put(one, "value", cluster.lend(t, secretToken))
			h.awaitVersion(one, "v1.19.9")
		})
	}
}

// While the operator's own cluster is away, those of the fleet are not.
func TestConnectionOutlivesTheHub(t *testing.T) {
	for name, err := range map[string]error{"away": errors.New("connection refused"), "403": errForbidden} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, h, one := newObserved(t, patiently)
			h.secrets.fail(err)
			reads := h.secrets.count()
			eventually(t, "the Secret was read again", func() bool { return h.secrets.count() > reads+5 })
			cluster.upgrade("v1.19.9")
			h.awaitVersion(one, "v1.19.9")
			cluster.want(t, "while the hub is away", 1, 1)
			h.expectNoProblem(one)
		})
	}
}

// Credentials that are replaced by bad ones are a problem as bad ones are, whatever is still known.
func TestRotationToBadCredentials(t *testing.T) {
	cluster, h, one := newObserved(t)
	h.secrets.put(one, "value", cluster.lend(t, newToken))
	if snapshot := h.awaitProblem(one, v1alpha1.ReasonUnauthorized); !snapshot.Complete || snapshot.Problem == nil {
		t.Errorf("it is %+v", snapshot)
	}
}

func TestAnotherTarget(t *testing.T) {
	first, second := newPlain(t, "v1.19.7"), newPlain(t, "v1.20.1")
	h := newHub(t, slowly)
	one := h.join("one", first.lend(t, secretToken))
	h.awaitVersion(one, "v1.19.7")
	h.secrets.put(key("two"), "value", second.lend(t, secretToken))
	h.Connect(one, target(key("two")), nil)
	if snapshot := h.Snapshot(one); snapshot.Complete && snapshot.Facts.KubernetesVersion == "v1.19.7" {
		t.Error("another cluster has what the first one had")
	}
	h.awaitVersion(one, "v1.20.1")
	eventually(t, "the first connection ends", func() bool { return first.open.Load() == 0 })

	h.Connect(one, target(key("two")), nil)
	second.upgrade("v1.20.2")
	h.awaitVersion(one, "v1.20.2")
	second.want(t, "of the same target again", 1, 1)
}

func TestRulesArePassedOn(t *testing.T) {
	cluster := newPlain(t, "v1.19.7")
	h := newHub(t)
	rules := func(product string) []facts.DetectionRule {
		return []facts.DetectionRule{{Product: product, Detection: v1alpha1.Detection{
			HelmChart: &v1alpha1.HelmChartDetection{Name: "x"}}}}
	}
	shows := func(product string) func(observe.Snapshot) bool {
		return func(v observe.Snapshot) bool { return v.Complete && finds(v, product) }
	}
	h.secrets.put(key("one"), "value", cluster.lend(t, secretToken))
	h.Connect(key("one"), target(key("one")), rules("First"))
	// Of what may not be looked at (403) the observer says so, product by product.
	h.await(key("one"), "the first rule counts", shows("First"))
	h.Connect(key("one"), target(key("one")), rules("Second"))
	h.await(key("one"), "the second rule counts", shows("Second"))
	h.secrets.put(key("one"), "value", append(cluster.lend(t, secretToken), "\n# another"...))
	eventually(t, "there is another connection", func() bool { return cluster.accepted.Load() == 2 })
	cluster.upgrade("v1.19.9")
	h.awaitVersion(key("one"), "v1.19.9")
	if snapshot := h.Snapshot(key("one")); !finds(snapshot, "Second") {
		t.Errorf("the next observer does not know the second rule: %+v", snapshot)
	}
	cluster.want(t, "rules are no reason for a connection", 2, 2)
}

// Nothing is looked at before Start, nor after its end.
func TestBeforeAndAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := secrets{}
		c := NewClusterCache(ClusterCacheOptions{IsAllowed: func(string) bool { return true }, Secret: known.get})
		expect := func(when string, want int) {
			t.Helper()
			time.Sleep(time.Minute)
			if looks := known.count(); looks != want {
				t.Fatalf("there were %d looks %s, want %d", looks, when, want)
			}
		}
		c.Connect(key("before"), target(key("before")), nil)
		c.Connect(key("forgotten"), target(key("forgotten")), nil)
		c.Forget(key("forgotten"))
		expect("before Start", 0)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Start(ctx) }()
		synctest.Wait()
		if looks := known.count(); looks != 1 {
			t.Errorf("there were %d looks at what was not forgotten, want one", looks)
		}
		if err := c.Start(ctx); err == nil {
			t.Error("they started again")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		c.Connect(key("after"), target(key("before")), nil)
		c.Forget(key("before"))
		expect("after the end", 1)
	})
}

func TestEnd(t *testing.T) {
	cluster := newPlain(t, "v1.19.7")
	h := newHub(t)
	h.awaitVersion(h.join("one", cluster.lend(t, secretToken)), "v1.19.7")
	h.stop()
	if all := stacks(); strings.Contains(all, "(*Observer).Run") {
		t.Errorf("an observer still runs:\n%s", all)
	}
	eventually(t, "the connection has ended", func() bool { return cluster.open.Load() == 0 })
}

// Whoever waits for the end of Start can be sure that nothing goes on.
func TestStartWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan struct{})
		var ended atomic.Bool
		c := NewClusterCache(ClusterCacheOptions{
			IsAllowed: func(string) bool { return true },
			Secret: func(ctx context.Context, _ types.NamespacedName) (map[string][]byte, error) {
				close(begun)
				<-ctx.Done()
				time.Sleep(time.Minute)
				ended.Store(true)
				return nil, ctx.Err()
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		c.Connect(key("one"), target(key("one")), nil)
		go func() { <-begun; cancel() }()
		if err := c.Start(ctx); err != nil || !ended.Load() {
			t.Errorf("Start has returned before all had ended: %v", err)
		}
	})
}

// Nobody waits for what does not end when it is told to.
func TestForgetDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, func(o *ClusterCacheOptions) {
			o.Secret = func(context.Context, types.NamespacedName) (map[string][]byte, error) {
				time.Sleep(time.Minute)
				return nil, errForbidden
			}
		})
		h.Connect(key("one"), target(key("one")), nil)
		synctest.Wait()
		begin := time.Now()
		h.Forget(key("one"))
		if took := time.Since(begin); took > 0 {
			t.Errorf("it took %s", took)
		}
	})
}

// stacks are those of all goroutines.
func stacks() string {
	text := make([]byte, 1<<20)
	return string(text[:runtime.Stack(text, true)])
}

// goroutines waits for their number to be no more than it was.
func goroutines(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there are %d goroutines, and were %d:\n%s", runtime.NumGoroutine(), before, stacks())
		}
	}
}

// What hangs ends when it is forgotten, and nothing of it stays. By itself none of it would end.
func TestForgetHanging(t *testing.T) {
	begun := make(chan struct{}, 1000)
	swallows := func(conn net.Conn) { begun <- struct{}{}; swallow(conn) }
	hangs := func(w http.ResponseWriter, r *http.Request) { begun <- struct{}{}; hang(w, r) }
	hanging := map[string][]byte{
		"before TLS":  raw(swallows)(t),
		"over HTTP/2": serving(hangs)(t),
		"over HTTP/1": serving(hangs, withoutHTTP2)(t),
		"the proxy":   behind(t, "socks5://"+listen(t, swallows), "https://api.example.com", nil),
	}
	for name, content := range hanging {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, endlessly)
			h.Connect(key("allowed"), Target{Secret: types.NamespacedName{Namespace: "other"}}, nil) // has it started
			h.awaitProblem(key("allowed"), v1alpha1.ReasonSecretNotAllowed)
			before := runtime.NumGoroutine()
			one := h.join("one", content)
			<-begun
			h.Forget(one)
			// Those of the test's own server end, too, once their connection does.
			goroutines(t, before)
		})
	}
}

// endlessly gives a cluster more time than any test takes.
func endlessly(o *ClusterCacheOptions) {
	const never = time.Hour
	o.AllowProxy = true
	o.DialTimeout, o.HandshakeTimeout, o.AnswerTimeout, o.PingInterval, o.Observe.RequestTimeout = never, never, never, never, never
}

// An observer that has news while it ends has nobody to tell them.
func TestForgottenChangesNothing(t *testing.T) {
	h := newHub(t)
	var told atomic.Int32
	options := h.options
	options.Changed = func(types.NamespacedName) { told.Add(1) }
	one := newAccessor(key("one"), target(key("one")), nil, &options, quick, h.screen)
	one.setProblem(&facts.Problem{Reason: v1alpha1.ReasonSecretMissing})
	if told.Load() != 1 {
		t.Fatalf("a change was told %d times", told.Load())
	}
	one.start(t.Context())
	one.stop()
	one.setProblem(&facts.Problem{Reason: v1alpha1.ReasonSecretUnreadable})
	if told.Load() != 1 {
		t.Error("a change was told after the end")
	}
}

// What is forgotten and connected again and again ends up as was said last.
func TestForgetAndConnectRace(t *testing.T) {
	first, second := newPlain(t, "v1.19.7"), newPlain(t, "v1.20.1")
	h := newHub(t)
	h.secrets.put(key("first"), "value", first.lend(t, secretToken))
	h.secrets.put(key("second"), "value", second.lend(t, secretToken))
	const clusters = 4
	var busy sync.WaitGroup
	for i := range clusters {
		for range 2 {
			busy.Go(func() {
				one := key(fmt.Sprint(i))
				for range 50 {
					h.Connect(one, target(key("first")), nil)
					h.Snapshot(one)
					h.Forget(one)
					h.Connect(one, target(key("second")), nil)
					time.Sleep(time.Millisecond)
				}
			})
		}
	}
	busy.Wait()
	for i := range clusters {
		one := key(fmt.Sprint(i))
		h.Connect(one, target(key("first")), nil)
		h.Connect(one, target(key("second")), nil)
		h.awaitVersion(one, "v1.20.1")
	}
	eventually(t, "only the last connections stay", func() bool {
		return first.open.Load() == 0 && second.open.Load() == clusters
	})
	h.stop()
	eventually(t, "and none after the end", func() bool { return second.open.Load() == 0 })
}

// Many begin at once, and are read again at different times, ever more rarely while nothing is found.
func TestIntervalsOfMany(t *testing.T) {
	const clusters = 1000
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		looks := map[types.NamespacedName][]time.Duration{}
		begin := time.Now()
		c := NewClusterCache(ClusterCacheOptions{
			IsAllowed: func(string) bool { return true },
			Secret: func(_ context.Context, name types.NamespacedName) (map[string][]byte, error) {
				mu.Lock()
				defer mu.Unlock()
				looks[name] = append(looks[name], time.Since(begin))
				if strings.HasPrefix(name.Name, "refused") {
					return map[string][]byte{"value": []byte("no kubeconfig")}, nil
				}
				return nil, apierrors.NewNotFound(schema.GroupResource{}, name.Name)
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = c.Start(ctx) })
		for i := range clusters {
			for _, name := range []string{"missing", "refused"} {
				one := key(fmt.Sprint(name, i))
				c.Connect(one, target(one), nil)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		for _, row := range []struct {
			name        string
			least, most int
			waits       []time.Duration
			reason      string
		}{
			{"missing", 30, 40, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, "up to 2 minutes"},
			{"refused", 5, 7, []time.Duration{10 * time.Minute}, "it has to change"},
		} {
			at := map[time.Duration]bool{}
			for i := range clusters {
				times := looks[key(fmt.Sprint(row.name, i))]
				if len(times) < row.least || len(times) > row.most || times[0] != 0 {
					t.Fatalf("%s: there were %d looks in an hour, at %v: %s", row.name, len(times), times, row.reason)
				}
				for i, want := range row.waits {
					if wait := times[i+1] - times[i]; wait < want || float64(wait) > float64(want)*(1+jitter) {
						t.Fatalf("%s: look %d is %s after the one before, want %s: %s", row.name, i+1, wait, want, row.reason)
					}
				}
				at[times[1]] = true
			}
			if len(at) < clusters*9/10 {
				t.Errorf("%s: the second looks are at %d different times only", row.name, len(at))
			}
		}
		cancel()
		running.Wait()
	})
}
