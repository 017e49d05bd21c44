// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net"
	"net/netip"
	"sync"
)

// limitedListener accepts a limited number of connections at a time, in all and from each address. A connection beyond the
// limit is closed at once, before it costs anything: a TLS connection that waits takes some 35 kB of a limited memory.
//
// A client with 16 addresses can fill all places and keep others out, and a client that shares its address with such a one
// is kept out, too. The connection of a Prometheus that was let in stays: it scrapes more often than idle connections are
// closed.
type limitedListener struct {
	net.Listener

	limits limits

	mu   sync.Mutex
	all  int
	each map[netip.Addr]int
}

func limitConnections(listener net.Listener, limits limits) *limitedListener {
	return &limitedListener{Listener: listener, limits: limits, each: map[netip.Addr]int{}}
}

// Accept waits for a connection within the limits.
func (b *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addressOf(conn.RemoteAddr().String())
		if b.acquire(from) {
			return &connection{conn, sync.OnceFunc(func() { b.release(from) })}, nil
		}
		_ = conn.Close()
	}
}

// acquire takes a place, and tells whether there was one.
func (b *limitedListener) acquire(from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.limits.connections || b.each[from] >= b.limits.perAddress {
		return false
	}
	b.all++
	b.each[from]++
	return true
}

// release gives a place back.
func (b *limitedListener) release(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.each[from]--; b.each[from] == 0 {
		delete(b.each, from)
	}
}

// connection gives its place back when it is closed.
type connection struct {
	net.Conn

	release func()
}

// Close ends the connection.
func (c *connection) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// addressOf is a remote address without its port. Addresses that cannot be read count as one.
func addressOf(remote string) netip.Addr {
	address, _ := netip.ParseAddrPort(remote)
	return address.Addr()
}
