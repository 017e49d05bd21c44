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
	// the operator, then looks up the name of the API server: where it leads is up to the proxy.
	AllowProxy bool
	// AllowLoopback lets connections lead to the operator's own machine, for tests and the demo.
	AllowLoopback bool
	// UserAgent is how the operator presents itself; "support-policy-operator" by default.
	UserAgent string
	// Resolver looks up names; the machine's by default.
	Resolver *net.Resolver

	// DialTimeout is for one connection to come up, name and all addresses together; 10 seconds by default.
	DialTimeout time.Duration
	// HandshakeTimeout is for TLS to be agreed on; 10 seconds by default.
	HandshakeTimeout time.Duration
	// AnswerTimeout is from a request to the header of its answer, which is also the time that a watch has to begin, and
	// that a proxy has to make a connection; 1 minute by default. How long the rest may take is up to who asks.
	AnswerTimeout time.Duration
	// PingInterval is how long an HTTP/2 connection may be silent until it is asked for a sign of life, for which it has
	// half of that time; 30 seconds by default. A watch on a connection that is dead ends so.
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
