// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net"
	"net/netip"
	"sync"
)

// bounded is a listener with so many connections at a time, of everybody and of each address. Who connects beyond that is
// gone at once, before he has cost more than a moment: a TLS connection that waits takes some 35 kB, of a memory that has
// a limit.
//
// Who has as many addresses as fill the whole, 16, keeps others out for as long as he goes on, and who shares an address
// with somebody who fills its part is kept out, too. The connection of a Prometheus that was let in stays meanwhile: it
// scrapes more often than idle connections are closed.
type bounded struct {
	net.Listener

	limits limits

	mu   sync.Mutex
	all  int
	each map[netip.Addr]int
}

func bound(listener net.Listener, limits limits) *bounded {
	return &bounded{Listener: listener, limits: limits, each: map[netip.Addr]int{}}
}

// Accept waits for a connection for which there is a place.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addressOf(conn.RemoteAddr().String())
		if b.enter(from) {
			return &connection{conn, sync.OnceFunc(func() { b.leave(from) })}, nil
		}
		_ = conn.Close()
	}
}

// enter takes a place, if there is one.
func (b *bounded) enter(from netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.limits.connections || b.each[from] >= b.limits.perAddress {
		return false
	}
	b.all++
	b.each[from]++
	return true
}

// leave gives a place back.
func (b *bounded) leave(from netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.each[from]--; b.each[from] == 0 {
		delete(b.each, from)
	}
}

// connection is one that has a place.
type connection struct {
	net.Conn

	leave func()
}

// Close ends the connection.
func (c *connection) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// addressOf is the address of somebody without his port. All who have none that can be read are the same.
func addressOf(remote string) netip.Addr {
	address, _ := netip.ParseAddrPort(remote)
	return address.Addr()
}
