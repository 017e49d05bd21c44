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

// errNoHTTP2 tells that the API server speaks HTTP/1 only.
var errNoHTTP2 = errors.New("the API server does not speak HTTP/2")

// http2Transport is the one connection over which all requests to an API server go, if that speaks HTTP/2. The pool of net/http
// makes as many as there are requests while there is none, and keeps one of them.
type http2Transport struct {
	address   string
	transport *http.Transport
	// alive ends when there may be no connections any more.
	lifetime context.Context
	// patience is for a connection to come up, with all that it takes.
	connectTimeout time.Duration
	// protocol is what was agreed on in the last handshake. One attempt at a time writes it.
	protocol string

	mu      sync.Mutex
	attempt *dialAttempt
	// current takes requests; nil before the first, and after it has turned out not to do so any more.
	current *http.ClientConn
	// leaving takes none, and still answers some. There is one at most: an API server can tell us to leave any time.
	draining  *http.ClientConn
	onlyHTTP1 bool
}

// dialAttempt is one try to connect. Whoever needs a connection meanwhile waits for its outcome.
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
	l := &http2Transport{address: net.JoinHostPort(server.Hostname(), port), transport: dial, lifetime: alive, connectTimeout: patience}
	// A proxy's handshake comes first, if it has one.
	dial.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		l.protocol = state.NegotiatedProtocol
		return nil
	}
	return l
}

// RoundTrip makes the request. The error is errNoHTTP2 when it has to be made otherwise.
func (l *http2Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	for again := false; ; again = true {
		conn, err := l.connect(request.Context())
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
		// The connection was about to end when it was chosen.
		l.drain(conn)
		if again || request.Method != http.MethodGet {
			return nil, err
		}
	}
}

// connect returns the connection, and makes one if there is none.
func (l *http2Transport) connect(ctx context.Context) (*http.ClientConn, error) {
	l.mu.Lock()
	if l.onlyHTTP1 {
		l.mu.Unlock()
		return nil, errNoHTTP2
	}
	if conn := l.current; conn != nil && conn.Err() == nil {
		l.mu.Unlock()
		return conn, nil
	}
	if l.attempt == nil {
		l.attempt = &dialAttempt{done: make(chan struct{})}
		go l.dial(l.attempt) //nolint:contextcheck // It is for all requests, and can outlive this one.
	}
	attempt := l.attempt
	l.mu.Unlock()
	select {
	case <-attempt.done:
		return attempt.conn, attempt.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dial connects. It goes on when nobody waits any more: the next request is to come soon.
func (l *http2Transport) dial(attempt *dialAttempt) {
	ctx, cancel := context.WithTimeout(l.lifetime, l.connectTimeout)
	defer cancel()
	conn, err := l.transport.NewClientConn(ctx, "https", l.address)
	switch {
	case err != nil && ctx.Err() != nil:
		// Those who wait take the plain one for the end of their own time.
		err = &contact.Failure{Reason: v1alpha1.ReasonUnreachable, Cause: err}
	case err == nil && l.protocol != "h2":
		_ = conn.Close()
		conn, err = nil, errNoHTTP2
	}
	attempt.conn, attempt.err = conn, err

	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempt, l.current, l.onlyHTTP1 = nil, conn, errors.Is(err, errNoHTTP2)
	close(attempt.done)
}

// isGoingAway tells of a connection on which a request failed whether it takes no more: it is closed, or the API server has
// announced that (GOAWAY). One that has as many requests as the API server allows is not spent.
func isGoingAway(conn *http.ClientConn, err error) bool {
	return conn.Err() != nil || conn.Available() == 0 && !contact.IsTimeout(err) && !contact.IsStreamError(err)
}

// drain has further requests go over another connection.
func (l *http2Transport) drain(conn *http.ClientConn) {
	if conn.InFlight() == 0 {
		_ = conn.Close()
	}
	l.mu.Lock()
	var before *http.ClientConn
	if l.current == conn {
		l.current = nil
		if conn.Err() == nil {
			before, l.draining = l.draining, conn
		}
	}
	l.mu.Unlock()
	if before != nil {
		_ = before.Close()
	}
}

// closeIfIdle ends a connection on which nothing goes on.
func (l *http2Transport) closeIfIdle() {
	l.mu.Lock()
	conn := l.current
	if conn == nil || conn.InFlight() > 0 {
		l.mu.Unlock()
		return
	}
	l.current = nil
	l.mu.Unlock()
	_ = conn.Close()
}
