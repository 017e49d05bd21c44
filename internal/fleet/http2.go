// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
)

// errNoHTTP2 is for an API server that speaks HTTP/1 only.
var errNoHTTP2 = errors.New("the API server does not speak HTTP/2")

// http2Transport makes all requests to an API server over one connection, if it speaks HTTP/2. The pool of net/http makes as
// many connections as there are requests while there is none, and keeps one of them.
type http2Transport struct {
	address   string
	transport *http.Transport
	// lifetime ends when there may be no connections any more.
	lifetime context.Context
	// connectTimeout is for a connection to come up, proxy and TLS included.
	connectTimeout time.Duration
	// protocol is that of the last handshake. One dialAttempt at a time writes it.
	protocol string

	mu      sync.Mutex
	attempt *dialAttempt
	// current takes requests; nil before the first, and after it has turned out to take no more.
	current *http.ClientConn
	// draining takes no requests, and still answers some. There is one at most.
	draining  *http.ClientConn
	onlyHTTP1 bool
}

// dialAttempt is one attempt to connect, for whose outcome all requests wait meanwhile.
type dialAttempt struct {
	done chan struct{}
	conn *http.ClientConn
	err  error
}

func newHTTP2Transport(server *url.URL, dial *http.Transport, alive context.Context, patience time.Duration) *http2Transport {
	port := server.Port()
	if port == "" {
		port = "443"
	}
	t := &http2Transport{address: net.JoinHostPort(server.Hostname(), port), transport: dial, lifetime: alive, connectTimeout: patience}
	// A proxy's handshake comes first, if it has one.
	dial.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		t.protocol = state.NegotiatedProtocol
		return nil
	}
	return t
}

// RoundTrip makes the request. The error is errNoHTTP2 when only HTTP/1 is left.
func (t *http2Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	for again := false; ; again = true {
		conn, err := t.connect(request.Context())
		if err != nil {
			return nil, err
		}
		response, err := conn.RoundTrip(request)
		if err == nil {
			return response, nil
		}
		if request.Context().Err() != nil || !isGoingAway(conn, err) {
			return nil, err
		}
		// The API server was about to end the connection.
		t.drain(conn)
		if again || request.Method != http.MethodGet {
			return nil, err
		}
	}
}

// connect returns the connection, and makes one if there is none.
func (t *http2Transport) connect(ctx context.Context) (*http.ClientConn, error) {
	t.mu.Lock()
	if t.onlyHTTP1 {
		t.mu.Unlock()
		return nil, errNoHTTP2
	}
	if conn := t.current; conn != nil && conn.Err() == nil {
		t.mu.Unlock()
		return conn, nil
	}
	if t.attempt == nil {
		t.attempt = &dialAttempt{done: make(chan struct{})}
		go t.dial(t.attempt) //nolint:contextcheck // It is for all requests, and can outlive this one.
	}
	attempt := t.attempt
	t.mu.Unlock()
	select {
	case <-attempt.done:
		return attempt.conn, attempt.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dial connects. It goes on when no request waits any more: the next one comes soon.
func (t *http2Transport) dial(attempt *dialAttempt) {
	ctx, cancel := context.WithTimeout(t.lifetime, t.connectTimeout)
	defer cancel()
	conn, err := t.transport.NewClientConn(ctx, "https", t.address)
	switch {
	case err != nil && ctx.Err() != nil:
		// A request would take a plain timeout for the end of its own time.
		err = &contact.Failure{Reason: v1alpha1.ReasonUnreachable, Cause: err}
	case err == nil && t.protocol != "h2":
		_ = conn.Close()
		conn, err = nil, errNoHTTP2
	}
	attempt.conn, attempt.err = conn, err

	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempt, t.current, t.onlyHTTP1 = nil, conn, errors.Is(err, errNoHTTP2)
	close(attempt.done)
}

// isGoingAway tells whether a connection on which a request has failed takes no more: it is closed, or the API server has
// announced that it will be (GOAWAY). A connection with as many requests as the API server allows takes more later.
func isGoingAway(conn *http.ClientConn, err error) bool {
	return conn.Err() != nil || conn.Available() == 0 && !contact.IsTimeout(err) && !contact.IsStreamError(err)
}

// drain has further requests go over another connection.
func (t *http2Transport) drain(conn *http.ClientConn) {
	if conn.InFlight() == 0 {
		_ = conn.Close()
	}
	t.mu.Lock()
	var before *http.ClientConn
	if t.current == conn {
		t.current = nil
		if conn.Err() == nil {
			before, t.draining = t.draining, conn
		}
	}
	t.mu.Unlock()
	if before != nil {
		_ = before.Close()
	}
}

// closeIfIdle closes a connection without requests.
func (t *http2Transport) closeIfIdle() {
	t.mu.Lock()
	conn := t.current
	if conn == nil || conn.InFlight() > 0 {
		t.mu.Unlock()
		return
	}
	t.current = nil
	t.mu.Unlock()
	_ = conn.Close()
}
