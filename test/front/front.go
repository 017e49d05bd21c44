// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package front runs a proxy that makes a current API server report an old version.
//
// A front is a TLS reverse proxy on the loopback interface. It forwards every request, watches included, and changes one
// thing only: the answer to `GET /version`. It counts the requests, so that a test can say how many something takes. It
// adds no credentials: the client has a bearer token.
//
// It is for the demo and the tests. Product code cannot be given another version.
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
	// All requests that arrived, whatever the API server answered.
	requestLog

	version     atomic.Pointer[string]
	target      *url.URL
	address     string
	certificate tls.Certificate
	ca          []byte
	stopped     bool
	server      *http.Server
	transport   http.RoundTripper
	served      chan error
}

// Start starts a front for the API server of upstream, which reports gitVersion, such as v1.19.7 (see SetVersion). Of upstream
// it uses the address and what verifies the server, but no credentials. The error says what is wrong with upstream, or
// that no loopback port is free.
func Start(upstream *rest.Config, gitVersion string) (*Front, error) {
	target, transport, err := upstreamTransport(upstream)
	if err != nil {
		return nil, err
	}
	ca, certificate, err := newCertificates()
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

// serve listens at an address and starts to serve.
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
		ErrorLog:          discardLog(),
	}
	server := f.server
	go func() { f.served <- server.ServeTLS(listener, "", "") }()
	return nil
}

// StopServing ends all connections and refuses new ones until StartServing, as if the API server were gone.
func (f *Front) StopServing() error {
	err := f.server.Close()
	if served := <-f.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	f.stopped = true
	return err
}

// StartServing serves again after StopServing, at the same address.
func (f *Front) StartServing() error {
	f.stopped = false
	return f.serve(f.address)
}

// upstreamTransport returns the address of the API server, and a transport that verifies it and adds no credentials.
func upstreamTransport(upstream *rest.Config) (*url.URL, http.RoundTripper, error) {
	target, _, err := rest.DefaultServerUrlFor(upstream)
	if err != nil {
		return nil, nil, fmt.Errorf("front: the API server's address %q is not a URL: %w", upstream.Host, err)
	}
	config := rest.AnonymousClientConfig(upstream)
	// The client's user agent and encodings are forwarded as they are.
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
		// Each event of a watch is forwarded at once.
		FlushInterval: -1,
		ErrorHandler:  badGateway,
		ErrorLog:      discardLog(),
	}
	version := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// A compressed answer cannot be replaced.
			r.Out.Header.Del("Accept-Encoding")
		},
		Transport:      f.transport,
		ModifyResponse: f.replaceVersion,
		ErrorHandler:   badGateway,
		ErrorLog:       discardLog(),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.record(parseRequest(r))
		if isVersionRequest(r) {
			version.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
}

// badGateway answers a request to which the API server did not answer.
func badGateway(w http.ResponseWriter, r *http.Request, err error) {
	http.Error(w, fmt.Sprintf("front: no answer from the API server to %s %s: %v", r.Method, r.URL.Path, err),
		http.StatusBadGateway)
}

// discardLog drops the messages of net/http about connections that tests end on purpose.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// Config returns a configuration for a client of the front with a bearer token, and practically without a rate limit. With
// an empty token the client is anonymous.
func (f *Front) Config(token string) *rest.Config {
	return &rest.Config{
		Host:            "https://" + f.address,
		BearerToken:     token,
		TLSClientConfig: rest.TLSClientConfig{CAData: append([]byte(nil), f.ca...)},
		QPS:             1000,
		Burst:           2000,
	}
}

// Close stops the front for good and ends all connections, open watches included.
func (f *Front) Close() error {
	var err error
	if !f.stopped {
		err = f.StopServing()
	}
	utilnet.CloseIdleConnectionsFor(f.transport)
	if err != nil {
		return fmt.Errorf("front: closing: %w", err)
	}
	return nil
}
