// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net"
	"net/netip"
	"testing"
)

// fakeConn is a connection from an address.
type fakeConn struct {
	net.Conn

	from   string
	closed bool
}

func (v *fakeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(v.from))
}

func (v *fakeConn) Close() error {
	v.closed = true
	return nil
}

// fakeListener accepts the connections one after the other, and then no more.
type fakeListener struct {
	net.Listener

	coming []*fakeConn
}

func (a *fakeListener) Accept() (net.Conn, error) {
	if len(a.coming) == 0 {
		return nil, net.ErrClosed
	}
	next := a.coming[0]
	a.coming = a.coming[1:]
	return next, nil
}

func TestConnectionsAreBounded(t *testing.T) {
	limits := limits{connections: 4, perAddress: 2}
	for name, test := range map[string]struct {
		from []string
		// leaving are the connections that are closed, twice, before the last one comes.
		leaving []int
		refused []bool
		reason  string
	}{
		"two of one":            {[]string{"10.0.0.1:1", "10.0.0.1:2"}, nil, []bool{false, false}, "an address may have two"},
		"three of one":          {[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"}, nil, []bool{false, false, true}, "the port does not matter"},
		"one as IPv6":           {[]string{"10.0.0.1:1", "10.0.0.1:2", "[::ffff:10.0.0.1]:3"}, nil, []bool{false, false, true}, "it is the same address"},
		"another one beside it": {[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1"}, nil, []bool{false, false, false}, "each address may have two"},
		"five of five": {
			[]string{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "[2001:db8::1]:1", "10.0.0.5:1"}, nil,
			[]bool{false, false, false, false, true}, "there is no memory for more"},
		"one that takes the place of another": {
			[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"}, []int{0}, []bool{false, false, false}, "a closed connection does not count"},
		"two that take the place of one": {
			[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.2:2", "10.0.0.3:1", "10.0.0.4:1"}, []int{0},
			[]bool{false, false, false, false, true, false}, "a connection that is closed twice counts once"},
	} {
		t.Run(name, func(t *testing.T) {
			var arriving fakeListener
			for _, from := range test.from {
				arriving.coming = append(arriving.coming, &fakeConn{from: from})
			}
			all := arriving.coming
			listener := limitConnections(&arriving, limits)
			open := map[string]net.Conn{}
			accept := func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					open[conn.RemoteAddr().String()] = conn
				}
			}
			last := len(all) - 1
			arriving.coming = all[:last]
			accept()
			for _, i := range test.leaving {
				for range 2 {
					_ = open[all[i].RemoteAddr().String()].Close()
				}
				all[i].closed = false
			}
			arriving.coming = all[last:]
			accept()
			for i, conn := range all {
				if conn.closed != test.refused[i] {
					t.Errorf("connection %d from %s is refused: %t, as %s", i, conn.from, conn.closed, test.reason)
				}
			}
			for _, conn := range open {
				_ = conn.Close()
			}
			if listener.all != 0 || len(listener.each) != 0 {
				t.Errorf("after all are closed %d connections are counted, of %v", listener.all, listener.each)
			}
		})
	}
}
