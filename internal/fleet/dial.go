// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
)

// dialer makes the connections to one cluster, or to the proxy before it, and knows which are open.
type dialer struct {
	net net.Dialer
	// lifetime ends with close.
	lifetime context.Context
	cancel   context.CancelFunc

	mu     sync.Mutex
	closed bool
	open   map[*trackedConn]struct{}
}

func newDialer(options Options) *dialer {
	lifetime, cancel := context.WithCancel(context.Background())
	return &dialer{
		lifetime: lifetime, cancel: cancel,
		net: net.Dialer{
			Timeout:  options.DialTimeout,
			Resolver: options.Resolver,
			// A watch over HTTP/1 sends nothing by itself, and has to notice that the API server is gone.
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 15 * time.Second, Count: 4},
			ControlContext:  checkSocket(options.AllowLoopback),
		},
		open: map[*trackedConn]struct{}{},
	}
}

// checkSocket checks the very address to which a socket is about to be connected. The name of the host, and what it has
// resolved to before, does not count.
func checkSocket(loopback bool) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		socket, err := netip.ParseAddrPort(address)
		if err != nil || (network != "tcp4" && network != "tcp6") || !isAllowed(socket.Addr(), loopback) {
			return &contact.Failure{Reason: v1alpha1.ReasonAddressNotAllowed}
		}
		return nil
	}
}

// DialContext connects. Of several addresses of a name it takes one that may be dialled.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	//nolint:contextcheck // net/http goes on to dial when the request is not wanted any more: this ends the context.
	defer context.AfterFunc(d.lifetime, cancel)()
	conn, err := d.net.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	opened := &trackedConn{Conn: conn, dialer: d}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	d.open[opened] = struct{}{}
	return opened, nil
}

// close closes all connections, and allows no more.
func (d *dialer) close() {
	d.cancel()
	d.mu.Lock()
	open := d.open
	d.closed, d.open = true, nil
	d.mu.Unlock()
	for conn := range open {
		_ = conn.Conn.Close()
	}
}

// trackedConn is a connection that its dialer can close.
type trackedConn struct {
	net.Conn

	dialer *dialer
}

// Close closes the connection.
func (c *trackedConn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
