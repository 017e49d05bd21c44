// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package endpoint serves metrics over TLS to users whom the API server lets read them.
//
// Anybody who reaches the port can make requests, so what a client can make the operator spend is limited before it is
// known who it is: connections, and with them memory, for each address and in all; seconds for each step; requests to the
// API server for each second. Requests queue instead of being refused, so that guessed tokens delay a scrape and do not fail
// it. The time that TLS handshakes take is not limited.
//
//	endpoint.go    the server: its certificate, its start and its end
//	connections.go the limit of connections
//	authorizer.go  which requests are let through
//	limiter.go     how often the API server is asked
package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// Path is where the metrics are.
const Path = "/metrics"

// limits are what clients can take of the endpoint.
type limits struct {
	// connections is the number of connections at a time, perAddress that of each address.
	connections, perAddress int
	// allRequests and addressRequests limit the requests with a token that get to the API server, in all and for each address.
	allRequests, addressRequests rateLimit
	// review is how long a request waits for its turn and for the API server. Prometheus waits ten seconds.
	review time.Duration
	// request is for the TLS handshake, and once more for the header of a request and its body, which nobody reads. answer is
	// for all that comes after the header.
	request, answer time.Duration
	// idle is how long a connection is kept for the next scrape. That of a refused request is not kept.
	idle time.Duration
	// scrapes are how many are answered at a time. Each one of a large fleet takes some megabytes for a moment.
	scrapes int
	// shutdown is how long the end waits for scrapes that are being answered.
	shutdown time.Duration
}

// rateLimit is so many a second, with a burst after a rest.
type rateLimit struct{ perSecond, burst int }

var defaultLimits = limits{
	connections: 256, perAddress: 16,
	allRequests: rateLimit{100, 100}, addressRequests: rateLimit{10, 20},
	review:  5 * time.Second,
	request: 5 * time.Second, answer: time.Minute,
	idle:     2 * time.Minute,
	scrapes:  4,
	shutdown: 2 * time.Second,
}

// maxHeader is enough for a token of maxToken and whatever is beside it.
const maxHeader = 32 << 10

// Options are what is served, where and to whom.
type Options struct {
	// Address is where to listen, such as ":8443". Required.
	Address string
	// CertDir is a folder with tls.crt and tls.key, which are read again when they change. Empty: a certificate is made,
	// which nobody can verify.
	CertDir string
	// Config and Client lead to the API server that knows who may read the metrics. Required.
	Config *rest.Config
	Client *http.Client
	// Gatherer has the metrics. Required.
	Gatherer prometheus.Gatherer
	// Log receives everything that is logged. No token is.
	Log logr.Logger
}

// Endpoint is a server of metrics.
type Endpoint struct {
	options    Options
	limits     limits
	authorizer *authorizer
	// certificate is that of watcher, or without one a certificate that does not change.
	certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	watcher     *certwatcher.CertWatcher
}

// New makes an endpoint, which Start then opens. A CertDir without a certificate is an error: one that was made in its place
// would prove nothing to a client that verifies it.
func New(options Options) (*Endpoint, error) { return newEndpoint(options, defaultLimits) }

func newEndpoint(options Options, limits limits) (*Endpoint, error) {
	metrics := promhttp.HandlerFor(options.Gatherer, promhttp.HandlerOpts{
		ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: limits.scrapes,
	})
	authorizer, err := newAuthorizer(options, limits, metrics)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{options: options, limits: limits, authorizer: authorizer}
	if err := e.loadCertificate(); err != nil {
		return nil, fmt.Errorf("the certificate of the metrics endpoint: %w", err)
	}
	return e, nil
}

// NeedLeaderElection tells that a replica which is not the leader serves, too.
func (*Endpoint) NeedLeaderElection() bool { return false }

// Start serves until the context ends.
func (e *Endpoint) Start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", e.options.Address)
	if err != nil {
		return fmt.Errorf("serve metrics at %s, which --metrics-bind-address says: %w", e.options.Address, err)
	}
	return e.serve(ctx, listener)
}

// serve is Start on a listener, which it closes.
func (e *Endpoint) serve(ctx context.Context, listener net.Listener) error {
	var background sync.WaitGroup
	defer background.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()
	if e.watcher != nil {
		background.Go(func() { e.watchCertificate(ctx) })
	}
	server := e.server()
	background.Go(func() {
		<-ctx.Done()
		e.shutdown(context.WithoutCancel(ctx), server)
	})
	e.options.Log.Info("Serving metrics", "address", listener.Addr().String())
	err := server.Serve(tls.NewListener(limitConnections(listener, e.limits), &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: e.certificate,
	}))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve metrics: %w", err)
}

// server speaks HTTP/1.1 only: each request takes a connection, so that the bounds of these are the bounds of those.
func (e *Endpoint) server() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler: e, Protocols: &protocols, DisableGeneralOptionsHandler: true, MaxHeaderBytes: maxHeader,
		ReadTimeout: e.limits.request, WriteTimeout: e.limits.answer, IdleTimeout: e.limits.idle,
		// Clients that connect without TLS could fill the log.
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(e.options.Log), slog.LevelDebug),
	}
}

// shutdown waits for short scrapes. Another replica may be waiting for this one to be gone.
func (e *Endpoint) shutdown(ctx context.Context, server *http.Server) {
	ctx, cancel := context.WithTimeout(ctx, e.limits.shutdown)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
	}
}

// loadCertificate reads the certificate, or makes one.
func (e *Endpoint) loadCertificate() error {
	if e.options.CertDir == "" {
		certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
		if err != nil {
			return err
		}
		pair, err := tls.X509KeyPair(certificate, key)
		e.certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }
		return err
	}
	watcher, err := certwatcher.New(filepath.Join(e.options.CertDir, "tls.crt"), filepath.Join(e.options.CertDir, "tls.key"))
	if err != nil {
		return err
	}
	e.watcher, e.certificate = watcher, watcher.GetCertificate
	return nil
}

// watchCertificate reads the certificate again when it changes, as long as the context lasts.
func (e *Endpoint) watchCertificate(ctx context.Context) {
	if err := e.watcher.Start(ctx); err != nil {
		e.options.Log.Error(err, "The certificate of the metrics endpoint is not watched: restart the operator when it is renewed")
	}
}

// ServeHTTP serves the metrics and nothing else.
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != Path {
		refuse(w, http.StatusNotFound)
		return
	}
	e.authorizer.ServeHTTP(w, r)
}
