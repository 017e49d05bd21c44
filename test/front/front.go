// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package front makes a current API server pass for one of the past.
//
// A front is a TLS reverse proxy on the loopback interface. It forwards every request, watches included, and changes
// one thing only: the version that `GET /version` reports. It also counts what passes through it, so that a test can
// say how many requests something cost. It adds no credentials: whoever talks through it brings a bearer token.
//
// It is for the demo and the tests; product code has no way to be told another version.
package front

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
	"net/url"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// Front is a running reverse proxy. Its methods may be called from several goroutines.
type Front struct {
	// Requests that came through, whether the API server liked them or not.
	ledger

	version     atomic.Pointer[string]
	target      *url.URL
	address     string
	certificate tls.Certificate
	ca          []byte
	severed     bool
	server      *http.Server
	transport   http.RoundTripper
	served      chan error
}

// Start runs a front before the API server that upstream names, reporting gitVersion (such as v1.19.7) as its version;
// see SetVersion. Of upstream only the address and what is needed to verify the server are used: its credentials are
// not. The error says what is wrong with upstream, or that no loopback port could be had.
func Start(upstream *rest.Config, gitVersion string) (*Front, error) {
	target, transport, err := reach(upstream)
	if err != nil {
		return nil, err
	}
	ca, certificate, err := newIdentity()
	if err != nil {
		return nil, err
	}
	f := &Front{
		target:      target,
		certificate: certificate,
		ca:          ca,
		transport:   transport,
		served:      make(chan error, 1),
	}
	f.SetVersion(gitVersion)
	return f, f.serve("127.0.0.1:0")
}

// serve listens, at the address at which it listened before if there is one.
func (f *Front) serve(address string) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(context.Background(), "tcp", address)
	if err != nil {
		return fmt.Errorf("front: no port to listen on: %w", err)
	}
	f.address = listener.Addr().String()
	f.server = &http.Server{
		Handler:           f.handler(f.target),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{f.certificate}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          silent(),
	}
	server := f.server
	go func() { f.served <- server.ServeTLS(listener, "", "") }()
	return nil
}

// Sever ends all connections and refuses new ones, as an API server does that was killed, until Heal.
func (f *Front) Sever() error {
	err := f.server.Close()
	if served := <-f.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	f.severed = true
	return err
}

// Heal has a front that was severed serve again, at the same address.
func (f *Front) Heal() error {
	f.severed = false
	return f.serve(f.address)
}

// reach returns the address of the API server and a transport that verifies it and carries no credentials.
func reach(upstream *rest.Config) (*url.URL, http.RoundTripper, error) {
	target, _, err := rest.DefaultServerUrlFor(upstream)
	if err != nil {
		return nil, nil, fmt.Errorf("front: the API server's address %q is not a URL: %w", upstream.Host, err)
	}
	config := rest.AnonymousClientConfig(upstream)
	// The client's own user agent and encodings are to arrive as they were sent.
	config.UserAgent = ""
	config.DisableCompression = true
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("front: cannot verify the API server %s: %w", target, err)
	}
	return target, transport, nil
}

func (f *Front) handler(target *url.URL) http.Handler {
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: f.transport,
		// An event of a watch must not wait for the next one.
		FlushInterval: -1,
		ErrorHandler:  unreachable,
		ErrorLog:      silent(),
	}
	version := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// The answer has to be readable to be replaced.
			r.Out.Header.Del("Accept-Encoding")
		},
		Transport:      f.transport,
		ModifyResponse: f.replaceVersion,
		ErrorHandler:   unreachable,
		ErrorLog:       silent(),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.record(describe(r))
		if asksVersion(r) {
			version.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
}

// unreachable answers for an API server that did not. A client that has gone away does not see it.
func unreachable(w http.ResponseWriter, r *http.Request, err error) {
	http.Error(w, fmt.Sprintf("front: no answer from the API server to %s %s: %v", r.Method, r.URL.Path, err),
		http.StatusBadGateway)
}

// silent drops what net/http says about connections that tests end on purpose.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// Config returns a configuration for a client that talks through the front as the bearer of token. With an empty
// token the client is anonymous. The client's own rate limit is out of the way.
func (f *Front) Config(token string) *rest.Config {
	return &rest.Config{
		Host:            "https://" + f.address,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{CAData: append([]byte(nil), f.ca...)},
		QPS:             1000,
		Burst:           2000,
	}
}

// Close stops listening and ends all connections, open watches too.
func (f *Front) Close() error {
	var err error
	if !f.severed {
		err = f.Sever()
	}
	utilnet.CloseIdleConnectionsFor(f.transport)
	if err != nil {
		return fmt.Errorf("front: closing: %w", err)
	}
	return nil
}
