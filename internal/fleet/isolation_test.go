// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// swallow reads for as long as something comes, and says nothing.
func swallow(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// hang answers nothing.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// hostile is a cluster that may do harm to itself only.
type hostile struct {
	name       string
	kubeconfig func(testing.TB) []byte
	// want is what is to be told of it. What takes longer on a busy machine than anybody waits can be either of two.
	want []string
}

func (h hostile) isTold(problem *facts.Problem) bool {
	return problem != nil && slices.Contains(h.want, problem.Reason)
}

// unreadable is for answers of many megabytes.
var unreadable = []string{v1alpha1.ReasonGarbage, v1alpha1.ReasonUnreachable}

// plenty is what a hostile cluster sends where a few bytes are in order.
const plenty = 100 << 20

// flood repeats the text until there was plenty of it.
func flood(to io.Writer, text string) {
	chunk := []byte(strings.Repeat(text, 64<<10/len(text)))
	for sent := 0; sent < plenty; sent += len(chunk) {
		if _, err := to.Write(chunk); err != nil {
			return
		}
	}
}

// drip writes a byte a second.
func drip(ctx context.Context, to io.Writer, text string) {
	for ctx.Err() == nil {
		for _, b := range []byte(text) {
			if _, err := to.Write([]byte{b}); err != nil {
				return
			}
			if flusher, is := to.(http.Flusher); is {
				flusher.Flush()
			}
			time.Sleep(time.Second)
		}
	}
}

// raw serves by connections, before TLS.
func raw(use func(net.Conn)) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return kubeconfig(t, "https://"+listen(t, use), nil) }
}

// serving serves over TLS, by an authority that the kubeconfig trusts.
func serving(answer http.HandlerFunc, change ...func(*httptest.Server)) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		server := serve(t, answer, change...)
		return trusted(t, server, server.URL)
	}
}

// encrypted has the connection to itself, after TLS and the first request.
func encrypted(use func(net.Conn)) func(testing.TB) []byte {
	return serving(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		use(conn)
	}, withoutHTTP2)
}

// hostiles are all at once beside a cluster that is well.
func hostiles() []hostile {
	// normal is in order but for its lists and watches.
	normal := func(list, watch http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case r.URL.Path == "/version":
				_, _ = io.WriteString(w, `{"gitVersion": "v1.19.7"}`)
			case r.URL.Query().Get("watch") != "":
				watch(w, r)
			case strings.HasSuffix(r.URL.Path, "/customresourcedefinitions"):
				list(w, r)
			default:
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`)
			}
		}
	}
	empty := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}`)
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	return []hostile{
		{"a black hole", raw(swallow), []string{v1alpha1.ReasonUnreachable}},
		{"hangs up", raw(func(net.Conn) {}), []string{v1alpha1.ReasonUnreachable}},
		{"refuses", func(t testing.TB) []byte {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer listener.Close()
			return kubeconfig(t, "https://"+listener.Addr().String(), nil)
		}, []string{v1alpha1.ReasonConnectionRefused}},
		{"garbage before TLS", raw(func(conn net.Conn) { flood(conn, "REMOTE") }), []string{v1alpha1.ReasonGarbage}},
		{"a byte a second before TLS", raw(func(conn net.Conn) {
			drip(context.Background(), conn, "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")
		}), []string{v1alpha1.ReasonUnreachable}},
		{"wrong certificate", func(t testing.TB) []byte { return kubeconfig(t, serve(t, ok).URL, nil) }, []string{v1alpha1.ReasonCertificateInvalid}},
		{"silent after TLS", serving(hang), []string{v1alpha1.ReasonUnreachable}},
		{"silent after TLS, HTTP/1", serving(hang, withoutHTTP2), []string{v1alpha1.ReasonUnreachable}},
		{"a byte a second of the header", encrypted(func(conn net.Conn) {
			drip(context.Background(), conn, "HTTP/1.1 200 OK\r\nX-REMOTE: REMOTE\r\n")
		}), []string{v1alpha1.ReasonUnreachable}},
		{"a byte a second of the body", serving(func(w http.ResponseWriter, r *http.Request) {
			drip(r.Context(), w, `{"gitVersion": "v1.19.7",                    `)
		}), []string{v1alpha1.ReasonUnreachable}},
		{"garbage", encrypted(func(conn net.Conn) { flood(conn, "REMOTE REMOTE\r\n") }), []string{v1alpha1.ReasonGarbage}},
		{"a web page", serving(func(w http.ResponseWriter, _ *http.Request) { flood(w, "<html>REMOTE") }), unreadable},
		{"a header without end", encrypted(func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-REMOTE: ")
			flood(conn, "REMOTE")
		}), []string{v1alpha1.ReasonGarbage}},
		{"a body without header", encrypted(func(conn net.Conn) { flood(conn, "\x00") }), []string{v1alpha1.ReasonGarbage}},
		{"a version without end", serving(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"gitVersion": "`)
			flood(w, "REMOTE")
		}), unreadable},
		{"a list without end", serving(normal(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"metadata": {"resourceVersion": "1"}, "items": [{}`)
			flood(w, `,{"metadata":{"name":"REMOTE"}}`)
		}, hang)), []string{v1alpha1.ReasonFailing}},
		{"an object without end", serving(normal(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"metadata": {"resourceVersion": "1"}, "items": [{"x": [0`)
			flood(w, `,[]`)
		}, hang)), []string{v1alpha1.ReasonFailing}},
		{"an event without end", serving(normal(empty, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"type": "ADDED", "object": {"x": "`)
			flood(w, "REMOTE")
		})), nil},
		{"an error without end", serving(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			flood(w, "REMOTE")
		}), unreadable},
		{"redirects without end", serving(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"/REMOTE", http.StatusFound)
		}), []string{v1alpha1.ReasonRedirected}},
		{"404, a page", serving(webPage(http.StatusNotFound)), []string{v1alpha1.ReasonFailing}},
		{"403, a page", serving(webPage(http.StatusForbidden)), []string{v1alpha1.ReasonFailing}},
		{"410, a page", serving(webPage(http.StatusGone)), []string{v1alpha1.ReasonFailing}},
		{"401", serving(status(http.StatusUnauthorized)), []string{v1alpha1.ReasonUnauthorized}},
		{"500", serving(status(http.StatusInternalServerError)), []string{v1alpha1.ReasonFailing}},
		{"resets", encrypted(func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"gitVersion\": \"REMOTE")
			if wrapped, is := conn.(interface{ NetConn() net.Conn }); is {
				if tcp, is := wrapped.NetConn().(*net.TCPConn); is {
					_ = tcp.SetLinger(0)
				}
			}
		}), []string{v1alpha1.ReasonUnreachable}},
	}
}

// administrator is a kubeconfig with all rights, and with a certificate instead of a token.
func administrator(t testing.TB, config *rest.Config) []byte {
	t.Helper()
	return kubeconfig(t, config.Host, func(c *api.Cluster, u *api.AuthInfo) {
		c.CertificateAuthorityData = config.CAData
		u.Token, u.ClientCertificateData, u.ClientKeyData = "", config.CertData, config.KeyData
	})
}

// install creates a CustomResourceDefinition, and returns how to create objects of it.
func install(t *testing.T, config *rest.Config, file string) func(name string, annotations map[string]string) {
	t.Helper()
	clients, err := dynamic.NewForConfig(config)
	must(t, err)
	text, err := os.ReadFile(file)
	must(t, err)
	var definition unstructured.Unstructured
	must(t, yaml.Unmarshal(text, &definition.Object))
	var typed apiextensionsv1.CustomResourceDefinition
	must(t, yaml.Unmarshal(text, &typed))
	definitions := clients.Resource(apiextensionsv1.SchemeGroupVersion.WithResource("customresourcedefinitions"))
	if _, err := definitions.Create(t.Context(), &definition, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = definitions.Delete(context.Background(), typed.Name, metav1.DeleteOptions{}) })
	version := schema.GroupVersion{Group: typed.Spec.Group, Version: typed.Spec.Versions[0].Name}
	return func(name string, annotations map[string]string) {
		t.Helper()
		object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
			"chartReference": map[string]any{"chart": "c", "version": "1"}}}}
		object.SetGroupVersionKind(version.WithKind(typed.Spec.Names.Kind))
		object.SetName(name)
		object.SetAnnotations(annotations)
		var err error
		eventually(t, "the object is made", func() bool {
			_, err = clients.Resource(version.WithResource(typed.Spec.Names.Plural)).
				Create(t.Context(), object, metav1.CreateOptions{})
			return err == nil
		})
	}
}

// highest measures how much memory is in use at most, until it is asked. What the collector is about to free is not: how
// much that is depends on when it gets to it.
func highest(t *testing.T) func() (mebibytes int64) {
	live := func() int64 {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	before := live()
	most := before
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			most = max(most, live())
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() int64 {
		cancel()
		<-done
		return (most - before) >> 20
	}
}

// maxGrowth is how much memory, in MiB, all the hostile clusters together may cost, with the servers that play them and
// with what is garbage already.
const maxGrowth = 200

// Every kind of hostile cluster at once, and one that is well: to that one, nothing happens.
func TestIsolation(t *testing.T) {
	plane := shared.ForTest(t)
	config := plane.Config()
	h := newHub(t, slowly, inRealTime, func(o *ClusterCacheOptions) {
		o.Observe.RequestTimeout, o.Observe.GracePeriod = 5*time.Second, 2*time.Second
		o.Observe.VersionInterval = 500 * time.Millisecond
	})
	growth := highest(t)
	all := hostiles()
	for i, one := range all {
		h.join(fmt.Sprint(i), one.kubeconfig(t))
	}
	well := h.join("well", administrator(t, config))
	h.await(well, "it is known", func(v observe.Snapshot) bool { return v.Complete && v.Problem == nil })
	if open := h.open(well); open != 1 {
		t.Errorf("its observer has %d connections, want one", open)
	}
	create := install(t, config, "../../test/crds/kubeaddons.mesosphere.io_clusteraddons.yaml")
	if finds(h.Snapshot(well), facts.Kommander) {
		t.Error("what is about to come is there already")
	}
	create("kommander", map[string]string{"appversion.kubeaddons.mesosphere.io/kommander": "1.3.0"})
	h.await(well, "a change is seen", func(v observe.Snapshot) bool { return finds(v, facts.Kommander) })

	for i, one := range all {
		if len(one.want) > 0 {
			h.await(key(fmt.Sprint(i)), one.name+" is told of", func(v observe.Snapshot) bool { return one.isTold(v.Problem) })
		}
	}
	answered := h.LastAnswerTime(well)
	h.await(well, "the cluster that is well still is, and answers", func(v observe.Snapshot) bool {
		return v.Problem == nil && v.Complete && finds(v, facts.Kommander) && h.LastAnswerTime(well).After(answered)
	})
	for i, one := range all {
		snapshot := h.Snapshot(key(fmt.Sprint(i)))
		t.Logf("%s: %+v", one.name, snapshot.Problem)
		if snapshot.Problem != nil && !one.isTold(snapshot.Problem) {
			t.Errorf("%s: the problem is %s, want %v", one.name, snapshot.Problem.Reason, one.want)
		}
	}
	mebibytes := growth()
	t.Logf("the memory in use grew by %d MiB", mebibytes)
	if mebibytes > maxGrowth {
		t.Errorf("the memory in use grew by %d MiB, may by %d", mebibytes, maxGrowth)
	}
	h.stop()
	h.nothingLeaks(config)
}

// Clusters that keep whoever waits for them for ever hold up neither another one nor the end.
func TestHangingClustersHoldNobodyUp(t *testing.T) {
	h := newHub(t, slowly, patiently, endlessly)
	var hanging atomic.Int32
	swallows := func(conn net.Conn) { hanging.Add(1); swallow(conn) }
	hangs := func(w http.ResponseWriter, r *http.Request) { hanging.Add(1); hang(w, r) }
	h.join("before TLS", raw(swallows)(t))
	h.join("the proxy", behind(t, "http://"+listen(t, swallows), "https://api.example.com", nil))
	h.join("over HTTP/2", serving(hangs)(t))
	h.join("over HTTP/1", serving(hangs, withoutHTTP2)(t))
	eventually(t, "they hang", func() bool { return hanging.Load() >= 4 })
	cluster := newPlain(t, "v1.19.7")
	well := h.join("well", cluster.lend(t, secretToken))
	h.awaitVersion(well, "v1.19.7")
	cluster.upgrade("v1.19.9")
	h.awaitVersion(well, "v1.19.9")
	h.stop()
}

// webPage is what a load balancer or an ingress answers to everything that it does not know.
func webPage(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "<html>default backend</html>")
	}
}

// coresCluster has KommanderCores and nothing else, until something comes into its place.
type coresCluster struct {
	instead     atomic.Pointer[http.HandlerFunc]
	list, watch http.HandlerFunc
}

func (c *coresCluster) answer(w http.ResponseWriter, r *http.Request) {
	if instead := c.instead.Load(); instead != nil {
		(*instead)(w, r)
		return
	}
	switch cores := strings.HasSuffix(r.URL.Path, "/kommandercores"); {
	case cores && r.URL.Query().Get("watch") != "":
		c.watch(w, r)
	case cores:
		c.list(w, r)
	case r.URL.Path == "/version":
		_, _ = io.WriteString(w, `{"gitVersion": "v1.19.7"}`)
	case r.URL.Path == "/apis/dkp.d2iq.io":
		_, _ = io.WriteString(w, `{"preferredVersion": {"version": "v1alpha1"}}`)
	case r.URL.Path == "/apis/dkp.d2iq.io/v1alpha1":
		_, _ = io.WriteString(w, `{"resources": [{"name": "kommandercores"}]}`)
	default:
		http.NotFound(w, r)
	}
}

// oneCore is a list of one KommanderCore.
func oneCore(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, `{"metadata": {"resourceVersion": "1"}, "items": [
		{"metadata": {"name": "kommander-core", "resourceVersion": "1"}, "status": {"version": "2.7.0"}}]}`)
}

// endable is a watch without changes, until all are ended.
func endable(ended <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-ended:
		case <-r.Context().Done():
		}
	}
}

// longer is more than a failure has to last to be believed.
const longer = 30 * time.Second

// TestReplaced has something else come into the place of a cluster, and the cluster come back.
func TestReplaced(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		answer       http.HandlerFunc
	}{
		{"404", "such as an ingress whose backend is gone", webPage(http.StatusNotFound)},
		{"404 in the words of an API server", "other servers say the same", http.NotFound},
		{"410", "such as a load balancer", webPage(http.StatusGone)},
		{"403", "such as a firewall", webPage(http.StatusForbidden)},
		{"nothing", "such as a web server of somebody else", func(http.ResponseWriter, *http.Request) {}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{})
			cluster := &coresCluster{list: oneCore, watch: endable(ended)}
			h := newHub(t, slowly)
			server := serve(t, cluster.answer)
			one := h.join("one", trusted(t, server, server.URL))
			h.await(one, "it is known", func(v observe.Snapshot) bool {
				return v.Complete && v.Problem == nil && finds(v, facts.Kommander)
			})
			cluster.instead.Store(&row.answer)
			close(ended)
			h.await(one, "it is told of", func(v observe.Snapshot) bool { return v.Problem != nil })
			h.clock.Sleep(longer)
			view := h.Snapshot(one)
			if view.Problem == nil || !finds(view, facts.Kommander) || view.Facts.KubernetesVersion == "" {
				t.Errorf("what was known is lost, or the problem is: %+v, %+v; %s", view.Problem, view, row.reason)
			}
			cluster.instead.Store(nil)
			h.await(one, "it is well again", func(v observe.Snapshot) bool { return v.Problem == nil && finds(v, facts.Kommander) })
			h.clock.Sleep(longer)
			if view := h.Snapshot(one); view.Problem != nil || !finds(view, facts.Kommander) {
				t.Errorf("it does not stay well: %+v", view)
			}
		})
	}
}

// maxBloat is how much memory, in MiB, a cluster may cost that does all it can to cost more, with the server that plays it.
const maxBloat = 250

// TestBloat has lists and changes that are small as text and large in memory, all at once.
func TestBloat(t *testing.T) {
	blob := `{"metadata":{"name":"x","resourceVersion":"2"},"a":[{}` + strings.Repeat(`,{}`, (5<<19)/3) + `]}`
	groups := map[string][]string{
		"kubeaddons.mesosphere.io": {"clusteraddons", "addons"}, "kommander.mesosphere.io": {"konvoyclusters"},
		"helm.toolkit.fluxcd.io": {"helmreleases"}, "dkp.d2iq.io": {"kommandercores"},
		"kudo.dev": {"instances", "operatorversions"},
	}
	// Of each resource so many come in its list, and as many again as changes.
	each := 4
	if testing.Short() {
		each = 2
	}
	var read atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
		var group string
		if len(parts) > 1 {
			group = parts[1]
		}
		switch {
		case r.URL.Path == "/version":
			_, _ = io.WriteString(w, `{"gitVersion":"v1.19.7"}`)
		case r.URL.Query().Get("watch") != "":
			for range each {
				_, _ = io.WriteString(w, `{"type":"MODIFIED","object":`+blob+`}`)
				read.Add(1)
			}
			hang(w, r)
		case len(groups[group]) == 0:
			http.NotFound(w, r)
		case len(parts) == 2:
			_, _ = io.WriteString(w, `{"preferredVersion":{"version":"v1"}}`)
		case len(parts) == 3:
			_, _ = fmt.Fprintf(w, `{"resources":[{"name":%q},{"name":%q}]}`, groups[group][0], groups[group][len(groups[group])-1])
		default:
			_, _ = io.WriteString(w, `{"metadata":{"resourceVersion":"1"},"items":[`+blob+strings.Repeat(","+blob, each-1)+`]}`)
			read.Add(int64(each))
		}
	})
	h := newHub(t, slowly, inRealTime)
	growth := highest(t)
	one := h.join("one", trusted(t, server, server.URL))
	h.await(one, "it is known", func(v observe.Snapshot) bool { return v.Complete })
	eventually(t, "all is read", func() bool { return read.Load() >= int64(7*2*each) })
	mebibytes := growth()
	t.Logf("the memory in use grew by %d MiB at most", mebibytes)
	if mebibytes > maxBloat {
		t.Errorf("the memory in use grew by %d MiB, may by %d", mebibytes, maxBloat)
	}
}

// TestNamesAreBounded has objects with names of megabytes, which nobody keeps.
func TestNamesAreBounded(t *testing.T) {
	long, names := strings.Repeat("x", 2<<20), 150
	if testing.Short() {
		names = 50
	}
	var sent atomic.Int64
	cluster := &coresCluster{list: oneCore, watch: func(w http.ResponseWriter, r *http.Request) {
		for i := range names {
			_, _ = fmt.Fprintf(w, `{"type":"ADDED","object":{"metadata":{"name":"%d%s","resourceVersion":"%d"}}}`, i, long, i+2)
			sent.Add(1)
		}
		hang(w, r)
	}}
	h := newHub(t, slowly, inRealTime)
	growth := highest(t)
	server := serve(t, cluster.answer)
	one := h.join("one", trusted(t, server, server.URL))
	h.await(one, "it is known", func(v observe.Snapshot) bool { return v.Complete && finds(v, facts.Kommander) })
	eventually(t, "all is sent", func() bool { return sent.Load() >= int64(names) })
	mebibytes := growth()
	t.Logf("the memory in use grew by %d MiB at most", mebibytes)
	if mebibytes > int64(names) {
		t.Errorf("the memory in use grew by %d MiB for names of %d", mebibytes, 2*names)
	}
}

// open is how many connections the observer of a cluster has.
func (h *hub) open(key types.NamespacedName) int {
	h.ClusterCache.mu.Lock()
	entry := h.accessors[key]
	h.ClusterCache.mu.Unlock()
	entry.mu.Lock()
	defer entry.mu.Unlock()
	return connections(own(h.t, entry.observer.config).dialer)
}

func finds(v observe.Snapshot, product string) bool {
	for _, installation := range v.Facts.Installations {
		if installation.Product == product {
			return true
		}
	}
	return false
}

// nothingLeaks looks into all that was logged or told for credentials, and for what clusters have said.
func (h *hub) nothingLeaks(config *rest.Config) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	var all strings.Builder
	all.WriteString(h.log.read() + spoken.read())
	for key, snapshots := range h.told {
		for _, snapshot := range snapshots {
			fmt.Fprintf(&all, "%s: %+v %+v\n", key, snapshot, snapshot.Problem)
		}
	}
	foreign := map[string]string{"a secret": "SECRET", "what a cluster says": "REMOTE"}
	if config != nil {
		foreign["a key"], foreign["an authority"] = string(config.KeyData), string(config.CAData)
		foreign["an encoded key"] = base64.StdEncoding.EncodeToString(config.KeyData)[:100]
		foreign["a line of a key"] = strings.Split(string(config.KeyData), "\n")[1]
	}
	for what, text := range foreign {
		if at := strings.Index(all.String(), text); at >= 0 {
			h.t.Errorf("there is %s in what was told: …%s…", what, all.String()[max(0, at-200):min(all.Len(), at+100)])
		}
	}
	if !strings.Contains(all.String(), "allowed/") {
		h.t.Errorf("nothing was told at all: %q", all.String())
	}
}
