// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"net"
	"time"
)

// Options say what a foreign kubeconfig may do, and how long a cluster may take. Their zero value allows the least.
type Options struct {
	// AllowProxy lets a kubeconfig name a proxy (proxy-url), as those of Kommander 1.4's tunnels do. The proxy, and not
	// the operator, then resolves the name of the API server.
	AllowProxy bool
	// AllowLoopback lets connections lead to the operator's own machine, for tests and the demo.
	AllowLoopback bool
	// UserAgent is that of all requests; "support-policy-operator" by default.
	UserAgent string
	// Resolver resolves names; the machine's by default.
	Resolver *net.Resolver

	// DialTimeout is for one connection to come up, all addresses of a name together; 10 seconds by default.
	DialTimeout time.Duration
	// HandshakeTimeout is for the handshake of TLS; 10 seconds by default.
	HandshakeTimeout time.Duration
	// AnswerTimeout is from a request to the header of its answer, which is also the time that a watch has to begin, and
	// that a proxy has to make a connection; 1 minute by default. The caller bounds how long the body may take.
	AnswerTimeout time.Duration
	// PingInterval is how long an HTTP/2 connection may be silent until it is pinged, and half of it how long the answer may
	// take; 30 seconds by default. So a watch on a dead connection ends.
	PingInterval time.Duration
}

func (o Options) withDefaults() Options {
	if o.UserAgent == "" {
		o.UserAgent = "support-policy-operator"
	}
	for _, duration := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.DialTimeout, 10 * time.Second},
		{&o.HandshakeTimeout, 10 * time.Second},
		{&o.AnswerTimeout, time.Minute},
		{&o.PingInterval, 30 * time.Second},
	} {
		if *duration.value <= 0 {
			*duration.value = duration.standard
		}
	}
	return o
}
