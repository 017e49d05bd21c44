// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
)

const (
	// maxHeaderBytes bounds the header of an answer, also of a proxy's.
	maxHeaderBytes = 64 << 10
	// maxFrameBytes is the least that HTTP/2 allows. A connection keeps a buffer for the largest frame it ever got.
	maxFrameBytes = 16 << 10
	// maxStreamBytes bounds what is buffered of an answer, maxConnectionBytes of all answers on a connection.
	maxStreamBytes     = 512 << 10
	maxConnectionBytes = 3 << 20
	// maxConnections is for API servers that do not speak HTTP/2, where each watch has a connection of its own.
	maxConnections = 64
	// maxRetryAfter bounds the wait before client-go repeats a request on behalf of the API server.
	maxRetryAfter = 30 * time.Second
)

// transport makes requests to one API server over connections of its own: one if the API server speaks HTTP/2, and as many
// as there are requests at a time otherwise.
type transport struct {
	server *url.URL
	dialer *dialer
	http2  *http2Transport
	// http1 is for API servers that do not speak HTTP/2.
	http1 *http.Transport
}

func newTransport(server, proxy *url.URL, tlsSettings *tls.Config, compression bool, options Options) *transport {
	dialer := newDialer(options)
	standard := func() *http.Transport {
		return &http.Transport{
			Proxy:                  proxyFunc(server, proxy),
			OnProxyConnectResponse: checkProxy,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        tlsSettings.Clone(),
			TLSHandshakeTimeout:    options.HandshakeTimeout,
			ResponseHeaderTimeout:  options.AnswerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			IdleConnTimeout:        90 * time.Second,
			DisableCompression:     !compression,
			Protocols:              &http.Protocols{},
		}
	}
	http1 := standard()
	http1.Protocols.SetHTTP1(true)
	http1.MaxConnsPerHost, http1.MaxIdleConnsPerHost = maxConnections, 1

	http2 := standard()
	http2.Protocols.SetHTTP1(true)
	http2.Protocols.SetHTTP2(true)
	http2.HTTP2 = &http.HTTP2Config{
		SendPingTimeout:  options.PingInterval,
		PingTimeout:      options.PingInterval / 2,
		WriteByteTimeout: options.PingInterval,
		MaxReadFrameSize: maxFrameBytes,
		// A table of headers is memory for the life of a connection, and a watch has few of them.
		MaxDecoderHeaderTableSize:     1,
		MaxEncoderHeaderTableSize:     1,
		MaxReceiveBufferPerStream:     maxStreamBytes,
		MaxReceiveBufferPerConnection: maxConnectionBytes,
	}
	connectTimeout := options.DialTimeout + options.HandshakeTimeout
	if proxy != nil {
		connectTimeout += options.AnswerTimeout
	}
	return &transport{server: server, dialer: dialer, http1: http1, http2: newHTTP2Transport(server, http2, dialer.lifetime, connectTimeout)}
}

// Disconnect closes the connections of a configuration that Screen made, with all requests on them, and allows no new ones.
// It does nothing to other configurations.
func Disconnect(config *rest.Config) {
	if transport, ok := config.Transport.(*transport); ok {
		transport.dialer.close()
		transport.CloseIdleConnections()
	}
}

// RoundTrip makes the request. Its errors are Failures, which may hold what the API server has sent, and do not show it.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	// The request has the credentials already.
	if request.URL.Scheme != t.server.Scheme || request.URL.Host != t.server.Host {
		return nil, &contact.Failure{Reason: v1alpha1.ReasonRedirected}
	}
	response, err := t.http2.RoundTrip(request)
	if errors.Is(err, errNoHTTP2) {
		response, err = t.http1.RoundTrip(request)
	}
	if err != nil {
		return nil, contact.FailureOf(err)
	}
	if isRedirect(response) {
		_ = response.Body.Close()
		return nil, &contact.Failure{Reason: v1alpha1.ReasonRedirected}
	}
	boundRetryAfter(response.Header)
	response.Body = responseBody{response.Body}
	return response, nil
}

// CloseIdleConnections closes connections without requests. client-go calls it.
func (t *transport) CloseIdleConnections() {
	t.http2.closeIfIdle()
	t.http1.CloseIdleConnections()
}

// checkProxy replaces the text of the proxy by a reason.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &contact.Failure{Reason: v1alpha1.ReasonProxyFailed}
	}
	return nil
}

// boundRetryAfter bounds the wait that the API server asks for.
func boundRetryAfter(header http.Header) {
	asked := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(asked); asked != "" && (err != nil || seconds < 0 || seconds > int(maxRetryAfter.Seconds())) {
		header.Set("Retry-After", strconv.Itoa(int(maxRetryAfter.Seconds())))
	}
}

// responseBody is that of an answer.
type responseBody struct{ io.ReadCloser }

// Read reads. An error is a Failure, too.
func (b responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = contact.FailureOf(err)
	}
	return n, err
}
