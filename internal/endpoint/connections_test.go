// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net"
	"net/netip"
	"testing"
)

// visitor is a connection from an address.
type visitor struct {
	net.Conn

	from   string
	closed bool
}

func (v *visitor) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(v.from))
}

func (v *visitor) Close() error {
	v.closed = true
	return nil
}

// arrivals is a listener to which visitors come one after the other, and then no more.
type arrivals struct {
	net.Listener

	coming []*visitor
}

func (a *arrivals) Accept() (net.Conn, error) {
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
		// leaving are those who go, twice, before the last one comes.
		leaving []int
		refused []bool
		reason  string
	}{
		"two of one":            {[]string{"10.0.0.1:1", "10.0.0.1:2"}, nil, []bool{false, false}, "that is what it may have"},
		"three of one":          {[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"}, nil, []bool{false, false, true}, "the port is of no account"},
		"one as IPv6":           {[]string{"10.0.0.1:1", "10.0.0.1:2", "[::ffff:10.0.0.1]:3"}, nil, []bool{false, false, true}, "it is the same address"},
		"another one beside it": {[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1"}, nil, []bool{false, false, false}, "each has its own part"},
		"five of five": {
			[]string{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "[2001:db8::1]:1", "10.0.0.5:1"}, nil,
			[]bool{false, false, false, false, true}, "there is no memory for more"},
		"one that takes the place of another": {
			[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3"}, []int{0}, []bool{false, false, false}, "who goes leaves his place"},
		"two that take the place of one": {
			[]string{"10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.2:2", "10.0.0.3:1", "10.0.0.4:1"}, []int{0},
			[]bool{false, false, false, false, true, false}, "who is closed twice leaves one place"},
	} {
		t.Run(name, func(t *testing.T) {
			var arriving arrivals
			for _, from := range test.from {
				arriving.coming = append(arriving.coming, &visitor{from: from})
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
			for i, visitor := range all {
				if visitor.closed != test.refused[i] {
					t.Errorf("visitor %d from %s is refused: %t, as %s", i, visitor.from, visitor.closed, test.reason)
				}
			}
			for _, conn := range open {
				_ = conn.Close()
			}
			if listener.all != 0 || len(listener.each) != 0 {
				t.Errorf("when all have gone %d places of %v are taken", listener.all, listener.each)
			}
		})
	}
}
