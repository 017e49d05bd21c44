package fleet

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// maxHeaderBytes bounds the header of an answer, also of a proxy's.
	maxHeaderBytes = 64 << 10
	// maxStreamBytes bounds what is kept of an answer that nobody reads, maxConnectionBytes that of all of a connection.
	maxStreamBytes     = 512 << 10
	maxConnectionBytes = 3 << 20
	// maxConnections is for API servers that do not speak HTTP/2, where each watch has a connection of its own.
	maxConnections = 64
	// maxRetryAfter bounds for how long an API server can have client-go wait before it repeats a request.
	maxRetryAfter = 30 * time.Second
)

// transport makes requests to one API server. It has its own connections.
type transport struct {
	server *url.URL
	http   *http.Transport
	dialer *dialer
}

func newTransport(server, proxy *url.URL, trust *tls.Config, options Options) *transport {
	dialer := newDialer(options)
	return &transport{
		server: server,
		dialer: dialer,
		http: &http.Transport{
			Proxy:                  through(proxy),
			OnProxyConnectResponse: checkProxy,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        trust,
			TLSHandshakeTimeout:    options.HandshakeTimeout,
			ResponseHeaderTimeout:  options.AnswerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			MaxConnsPerHost:        maxConnections,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        90 * time.Second,
			ForceAttemptHTTP2:      true,
			HTTP2: &http.HTTP2Config{
				SendPingTimeout:               options.PingInterval,
				PingTimeout:                   options.PingInterval / 2,
				WriteByteTimeout:              options.PingInterval,
				MaxReceiveBufferPerStream:     maxStreamBytes,
				MaxReceiveBufferPerConnection: maxConnectionBytes,
			},
		},
	}
}

// Disconnect ends the connections of a configuration that Screen made, and all that goes on over them, at once. New ones
// are refused. It does nothing to other configurations.
func Disconnect(config *rest.Config) {
	if transport, ok := config.Transport.(*transport); ok {
		transport.dialer.close()
		transport.http.CloseIdleConnections()
	}
}

// RoundTrip makes the request. What fails is a Failure, which may hold what the API server had to say, but does not say
// it.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	// The credentials are in the request already.
	if request.URL.Scheme != t.server.Scheme || request.URL.Host != t.server.Host {
		return nil, &Failure{Reason: Redirected}
	}
	response, err := t.http.RoundTrip(request)
	if err != nil {
		return nil, failureOf(err)
	}
	if isRedirect(response) {
		_ = response.Body.Close()
		return nil, &Failure{Reason: Redirected}
	}
	boundRetryAfter(response.Header)
	response.Body = body{response.Body}
	return response, nil
}

// CloseIdleConnections lets go of connections that nobody uses any more. client-go looks for it.
func (t *transport) CloseIdleConnections() { t.http.CloseIdleConnections() }

// checkProxy replaces the proxy's words by a reason.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &Failure{Reason: ProxyFailed}
	}
	return nil
}

// boundRetryAfter shortens a wait that the API server asks for.
func boundRetryAfter(header http.Header) {
	asked := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(asked); asked != "" && (err != nil || seconds < 0 || seconds > int(maxRetryAfter.Seconds())) {
		header.Set("Retry-After", strconv.Itoa(int(maxRetryAfter.Seconds())))
	}
}

// body is that of an answer.
type body struct{ io.ReadCloser }

// Read reads. What breaks off is a Failure, too.
func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = failureOf(err)
	}
	return n, err
}
