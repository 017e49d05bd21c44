// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
)

// relay stands for the API servers of many clusters: each has a port of its own on the loopback interface, a connection
// of its own, and a few things that tell it from the others (see member). Behind all of them are a few real API servers.
type relay struct {
	// ca verifies all of them.
	ca      []byte
	members []*member
	// at has them by port.
	at map[int]*member

	server     *http.Server
	transports []http.RoundTripper
	serving    sync.WaitGroup
}

// member is one of the clusters. What every cluster has in a way of its own it has, too: the UID of kube-system, and what
// is in the namespace konvoy. Its version it tells by itself. All else is that of the API server behind it.
type member struct {
	name string
	// konvoy is the namespace, behind the relay, that the cluster shows as konvoy.
	konvoy string
	uid    string
	port   int
	// version is Konvoy's.
	version string
	// kind is which of the API servers is behind it.
	kind int

	forward http.Handler
	// requests are all since the start, connections too; watching are the watches that are open.
	requests, connections, watching atomic.Int64
	journal                         journal
}

// asked is a request that can be made again.
type asked struct {
	Path, Query, Accept string
	// Compressed tells that the answer may be.
	Compressed bool
}

func (a asked) isWatch() bool { return strings.Contains(a.Query, "watch=true") }

// journal has each request once.
type journal struct {
	mu   sync.Mutex
	all  []asked
	seen map[asked]bool
}

func (j *journal) add(request asked) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.seen == nil {
		j.seen = map[asked]bool{}
	}
	if !j.seen[request] {
		j.seen[request] = true
		j.all = append(j.all, request)
	}
}

// kubernetesVersion is what all clusters claim to be.
const kubernetesVersion = "v1.20.13"

const konvoyNamespace = "konvoy"

// startRelay puts n clusters before the API servers, in turn.
func startRelay(upstreams []*rest.Config, n int) (*relay, error) {
	// RSA, as kubeadm has it.
	certificate, key, err := certutil.GenerateSelfSignedCertKey("127.0.0.1", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	r := &relay{ca: certificate, at: map[int]*member{}}
	r.server = &http.Server{
		Handler:           http.HandlerFunc(serve),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			m := r.at[portOf(conn.LocalAddr())]
			m.connections.Add(1)
			return context.WithValue(ctx, memberKey{}, m)
		},
	}
	var forwards []http.Handler
	for _, upstream := range upstreams {
		forward, err := r.forward(upstream)
		if err != nil {
			return nil, err
		}
		forwards = append(forwards, forward)
	}
	var listeners []net.Listener
	for i := range n {
		var listen net.ListenConfig
		listener, err := listen.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen for cluster %d: %w", i, err), r.close())
		}
		r.add(i, portOf(listener.Addr()), i%len(upstreams), forwards)
		listeners = append(listeners, listener)
	}
	for _, listener := range listeners {
		r.serving.Go(func() { _ = r.server.ServeTLS(listener, "", "") })
	}
	return r, nil
}

func (r *relay) add(i, port, kind int, forwards []http.Handler) {
	m := &member{
		name: fmt.Sprintf("cluster-%04d", i), konvoy: fmt.Sprintf("konvoy-%04d", i),
		uid:  fmt.Sprintf("00000000-0000-4000-8000-%012d", i),
		port: port, version: konvoyVersion, kind: kind, forward: forwards[kind],
	}
	r.members = append(r.members, m)
	r.at[port] = m
}

func portOf(address net.Addr) int { return address.(*net.TCPAddr).Port } //nolint:forcetypeassert // TCP was asked for

func (r *relay) close() error {
	err := r.server.Close()
	r.serving.Wait()
	for _, transport := range r.transports {
		utilnet.CloseIdleConnectionsFor(transport)
	}
	return err
}

type memberKey struct{}

func memberOf(ctx context.Context) *member { return ctx.Value(memberKey{}).(*member) } //nolint:forcetypeassert // every connection has one

func serve(w http.ResponseWriter, request *http.Request) {
	m := memberOf(request.Context())
	m.requests.Add(1)
	m.journal.add(asked{
		Path: request.URL.Path, Query: withoutNumbers(request), Accept: request.Header.Get("Accept"),
		Compressed: strings.Contains(request.Header.Get("Accept-Encoding"), "gzip"),
	})
	if request.URL.Query().Get("watch") == "true" {
		m.watching.Add(1)
		defer m.watching.Add(-1)
	}
	switch request.URL.Path {
	case "/version":
		answer(w, `{"major": "1", "minor": "20", "gitVersion": %q}`, kubernetesVersion)
	case "/api/v1/namespaces/kube-system":
		answer(w, `{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "kube-system", "uid": %q}}`, m.uid)
	default:
		m.forward.ServeHTTP(w, request)
	}
}

// withoutNumbers is the query without what differs from time to time.
func withoutNumbers(request *http.Request) string {
	query := request.URL.Query()
	query.Del("resourceVersion")
	query.Del("timeoutSeconds")
	return query.Encode()
}

func answer(w http.ResponseWriter, text, value string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, text, value)
}

// forward passes requests on to an API server, as an administrator: what the API server thinks of priorities among the
// clusters that it stands for is not what is measured.
func (r *relay) forward(upstream *rest.Config) (http.Handler, error) {
	target, _, err := rest.DefaultServerUrlFor(upstream)
	if err != nil {
		return nil, fmt.Errorf("the API server's address %q is not a URL: %w", upstream.Host, err)
	}
	config := rest.CopyConfig(upstream)
	config.UserAgent, config.DisableCompression = "", true
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("make a transport: %w", err)
	}
	r.transports = append(r.transports, transport)
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Header.Del("Authorization")
			if isKonvoy(p.In) {
				p.Out.URL.Path = strings.Replace(p.Out.URL.Path, konvoyPath, "/namespaces/"+memberOf(p.In.Context()).konvoy+"/", 1)
				p.Out.Header.Del("Accept-Encoding")
			}
		},
		ModifyResponse: func(response *http.Response) error {
			// The path of the request is by now the one behind the relay.
			m := memberOf(response.Request.Context())
			if strings.Contains(response.Request.URL.Path, "/"+m.konvoy+"/") {
				response.Body = newRename(response.Body, m.konvoy, konvoyNamespace)
				response.ContentLength = -1
				response.Header.Del("Content-Length")
			}
			return nil
		},
		Transport:     transport,
		FlushInterval: -1,
		BufferPool:    &buffers,
		ErrorLog:      log.New(io.Discard, "", 0),
	}, nil
}

const konvoyPath = "/namespaces/" + konvoyNamespace + "/"

func isKonvoy(request *http.Request) bool { return strings.Contains(request.URL.Path, konvoyPath) }

// buffers are smaller than those that a proxy makes by itself: every open watch holds one.
var buffers bufferPool

type bufferPool struct{ pool sync.Pool }

// Get returns a buffer.
func (p *bufferPool) Get() []byte {
	if buffer, is := p.pool.Get().(*[]byte); is {
		return *buffer
	}
	return make([]byte, 8<<10)
}

// Put takes it back.
func (p *bufferPool) Put(buffer []byte) { p.pool.Put(&buffer) }

// address is where the cluster is.
func (m *member) address() string {
	return "https://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(m.port))
}

// sum adds up a counter of all clusters.
func (r *relay) sum(counter func(*member) *atomic.Int64) (n int64) {
	for _, m := range r.members {
		n += counter(m).Load()
	}
	return n
}

func requestsOf(m *member) *atomic.Int64    { return &m.requests }
func connectionsOf(m *member) *atomic.Int64 { return &m.connections }
func watchesOf(m *member) *atomic.Int64     { return &m.watching }
