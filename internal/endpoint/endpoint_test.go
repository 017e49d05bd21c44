// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// enough bounds how long a test hangs that would never end. No outcome depends on it.
const enough = 2 * time.Minute

// served is an endpoint that runs.
type served struct {
	t        *testing.T
	dialer   dialer
	reviewer *fakeReviewer
	// gathered has an entry for each scrape that has begun; scrapes end once hold is closed.
	gathered chan struct{}
	hold     chan struct{}
	stop     func() error
}

type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// serve runs an endpoint with its own certificate, in a network within the process.
func serve(t *testing.T, change func(*limits)) *served {
	t.Helper()
	network := newPipes()
	return serveOn(t, network, network, change)
}

func serveOn(t *testing.T, listener net.Listener, dialer dialer, change func(*limits)) *served {
	t.Helper()
	s := &served{t: t, dialer: dialer, reviewer: &fakeReviewer{}, gathered: make(chan struct{}, 1000), hold: make(chan struct{})}
	close(s.hold)
	options := asking(s.reviewer)
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "example", Help: "An example."}, func() float64 { return 1 }))
	options.Gatherer = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		s.gathered <- struct{}{}
		<-s.hold
		return registry.Gather()
	})
	limits := defaultLimits
	if change != nil {
		change(&limits)
	}
	endpoint, err := newEndpoint(options, limits)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- endpoint.serve(ctx, listener) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() {
		check(t, s.stop())
	})
	return s
}

// check fails the test with an error, if there is one.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// client is an HTTP client that keeps connections of its own.
type client struct {
	*http.Client

	ctx context.Context
}

func (s *served) newClient() *client {
	transport := &http.Transport{DialContext: s.dialer.DialContext, TLSClientConfig: unverified(), ForceAttemptHTTP2: true}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &client{&http.Client{Transport: transport, Timeout: enough}, s.t.Context()}
}

func unverified() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
}

func (c *client) get(path, token string) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "https://endpoint.example"+path, nil)
	if err != nil {
		return nil, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

func (c *client) expect(path, token string, want int) error {
	response, body, err := c.get(path, token)
	if err == nil && response.StatusCode != want {
		err = fmt.Errorf("%s is %d, want %d: %s", path, response.StatusCode, want, body)
	}
	return err
}

// toward connects to an address of this machine, whatever the one that is asked for.
type toward string

func (t toward) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, string(t))
}

func TestEndpoint(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	network := toward(listener.Addr().String())
	s := serveOn(t, listener, network, nil)
	client := s.newClient()
	response, body, err := client.get(Path, secret)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "example 1") {
		t.Errorf("%d: %s", response.StatusCode, body)
	}
	// The client would have taken HTTP/2. With it one connection would be any number of requests.
	if response.Proto != "HTTP/1.1" || response.TLS.NegotiatedProtocol != "http/1.1" {
		t.Errorf("it speaks %s, and has negotiated %q", response.Proto, response.TLS.NegotiatedProtocol)
	}
	for path, token := range map[string]string{"/": secret, "/metrics/": "", "//metrics": "", "/debug/pprof/": secret} {
		before := s.reviewer.reviews()
		check(t, client.expect(path, token, http.StatusNotFound))
		if s.reviewer.reviews() != before {
			t.Errorf("the API server is asked about %s, where nothing is", path)
		}
	}
	old := unverified()
	old.MaxVersion = tls.VersionTLS11
	if conn, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", string(network)); err == nil {
		conn.Close()
		t.Error("it speaks TLS 1.1")
	}
	check(t, client.expect(Path, strings.Repeat("x", maxHeader+8<<10), http.StatusRequestHeaderFieldsTooLarge))
}

// rawConn is a connection on which the test sends a text, and which reads until the endpoint closes it.
type rawConn struct {
	net.Conn

	// closed has for how long the connection was open, once it is closed.
	closed chan time.Duration
	answer bytes.Buffer
}

func (s *served) dial(overTLS bool, text string) *rawConn {
	s.t.Helper()
	began := time.Now()
	conn, err := s.dialer.DialContext(s.t.Context(), "tcp", "")
	if err != nil {
		s.t.Fatal(err)
	}
	if overTLS {
		conn = tls.Client(conn, unverified())
	}
	s.t.Cleanup(func() { conn.Close() })
	c := &rawConn{Conn: conn, closed: make(chan time.Duration, 1)}
	if _, err := io.WriteString(conn, text); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(&c.answer, conn)
		c.closed <- time.Since(began)
	}()
	return c
}

// untilClosed is for how long the endpoint keeps the connection open.
func (c *rawConn) untilClosed(t *testing.T) time.Duration {
	t.Helper()
	select {
	case took := <-c.closed:
		return took
	case <-time.After(time.Hour):
		t.Fatal("the connection is open after an hour")
		return 0
	}
}

// A client that connects and sends no whole request is disconnected after some seconds.
func TestSlowClients(t *testing.T) {
	for name, test := range map[string]struct {
		overTLS bool
		text    string
		want    time.Duration
		reason  string
	}{
		"nothing":                 {false, "", defaultLimits.request, "the handshake has a limit"},
		"half a handshake":        {false, "\x16\x03\x01", defaultLimits.request, "the handshake has a limit"},
		"a handshake":             {true, "", defaultLimits.request, "the request has a limit"},
		"half a header":           {true, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bea", defaultLimits.request, "the request has a limit"},
		"a header without a body": {true, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", defaultLimits.request, "the request has a limit"},
		"all of it, and no token": {true, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 0, "a refused request ends its connection"},
		"a path beside":           {true, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, "a refused request ends its connection"},
		"options of all":          {true, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0, "a refused request ends its connection"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, func(l *limits) { l.perAddress = 2 })
				first, second := s.dial(test.overTLS, test.text), s.dial(test.overTLS, test.text)
				for _, one := range []*rawConn{first, second} {
					if took := one.untilClosed(t); took != test.want {
						t.Errorf("it is closed after %s, want %s: %s", took, test.want, test.reason)
					}
				}
				synctest.Wait()
				if err := s.newClient().expect(Path, secret, http.StatusOK); err != nil {
					t.Errorf("no other client gets through afterwards: %v", err)
				}
			})
		})
	}
}

// Each address has a limit of connections, and those beyond it do not end the others.
func TestConnectionsOfAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, func(l *limits) { l.perAddress = 3 })
		client := s.newClient()
		if err := client.expect(Path, secret, http.StatusOK); err != nil {
			t.Fatal(err)
		}
		var open []net.Conn
		for range 2 {
			open = append(open, s.dial(false, ""))
		}
		for range 3 {
			if took := s.dial(false, "").untilClosed(t); took != 0 {
				t.Errorf("one beyond them is closed after %s", took)
			}
		}
		for range 3 {
			if err := client.expect(Path, secret, http.StatusOK); err != nil {
				t.Errorf("a client that was connected before: %v", err)
			}
		}
		check(t, open[0].Close())
		synctest.Wait()
		if err := s.newClient().expect(Path, secret, http.StatusOK); err != nil {
			t.Errorf("a client that connects after another one has gone: %v", err)
		}
	})
}

// Clients send guessed tokens as fast as they can, from the address of the scraper. Its scrapes take longer, and succeed.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, nil)
		client := s.newClient()
		if err := client.expect(Path, secret, http.StatusOK); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var flood sync.WaitGroup
		for i := range defaultLimits.perAddress - 1 {
			junk := s.newClient()
			flood.Go(func() {
				for ctx.Err() == nil {
					// Some are refused, since the connection before is not closed yet.
					_, _, _ = junk.get(Path, fmt.Sprintf("guessed-%d", i))
					time.Sleep(20 * time.Millisecond)
				}
			})
		}
		// By then they have used up the burst.
		time.Sleep(3 * time.Second)
		const scrapes = 10
		before, began := s.reviewer.reviews(), time.Now()
		// Each request before it waits for a tenth of a second.
		longest := time.Duration(defaultLimits.perAddress) * time.Second / time.Duration(defaultLimits.addressRequests.perSecond)
		for range scrapes {
			started := time.Now()
			check(t, client.expect(Path, secret, http.StatusOK))
			if took := time.Since(started); took > longest {
				t.Errorf("a scrape takes %s, want at most %s", took, longest)
			}
		}
		asked, took := s.reviewer.reviews()-before, time.Since(began)
		cancel()
		flood.Wait()
		// A scrape takes two reviews.
		most := int(took.Seconds()*float64(defaultLimits.addressRequests.perSecond)) + scrapes + 1
		if asked > most || asked < most*9/10 {
			t.Errorf("the API server was asked %d times in %s, want %d: no more, and not much less in a flood", asked, took, most)
		}
	})
}

// A scrape takes memory, so that only some are answered at a time.
func TestScrapesAtOnce(t *testing.T) {
	s := serve(t, func(l *limits) { l.scrapes = 2 })
	s.hold = make(chan struct{})
	var answered sync.WaitGroup
	for range 2 {
		client := s.newClient()
		answered.Go(func() {
			check(t, client.expect(Path, secret, http.StatusOK))
		})
	}
	<-s.gathered
	<-s.gathered
	check(t, s.newClient().expect(Path, secret, http.StatusServiceUnavailable))
	close(s.hold)
	answered.Wait()
	check(t, s.newClient().expect(Path, secret, http.StatusOK))
}

// The timeouts of a request do not limit its answer.
func TestSlowScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, nil)
		s.hold = make(chan struct{})
		time.AfterFunc(3*defaultLimits.request, func() { close(s.hold) })
		client := s.newClient()
		for range 2 {
			if _, body, err := client.get(Path, secret); err != nil || !strings.Contains(body, "example 1") {
				t.Errorf("a scrape that takes longer than a request may: %v, %s", err, body)
			}
		}
	})
}

// The endpoint ends soon, whatever its clients do, and completes a scrape that has begun.
func TestEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, nil)
		s.dial(true, "GET /metrics HTTP/1.1\r\n")
		s.dial(false, "")
		s.hold = make(chan struct{})
		last := s.dial(true, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+secret+"\r\n\r\n")
		<-s.gathered
		time.AfterFunc(defaultLimits.shutdown/2, func() { close(s.hold) })
		started := time.Now()
		check(t, s.stop())
		if took := time.Since(started); took > defaultLimits.shutdown {
			t.Errorf("the end takes %s, want at most %s", took, defaultLimits.shutdown)
		}
		<-s.hold
		last.untilClosed(t)
		response, err := http.ReadResponse(bufio.NewReader(&last.answer), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), "example 1") {
			t.Errorf("the last scrape: %v, %s", err, body)
		}
	})
}

// An error at the start says what to change.
func TestStartFails(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, test := range map[string]struct {
		address, folder string
		texts           []string
		reason          string
	}{
		"a port that is taken":      {taken.Addr().String(), "", []string{taken.Addr().String(), "--metrics-bind-address", "in use"}, "another program has it"},
		"an address without a port": {"localhost", "", []string{"localhost", "--metrics-bind-address", "missing port"}, "it has to have one"},
		"no certificate":            {"127.0.0.1:0", t.TempDir(), []string{"certificate", "tls.crt"}, "no client could verify the endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			options := asking(&fakeReviewer{})
			options.Address, options.CertDir = test.address, test.folder
			options.Gatherer = prometheus.NewRegistry()
			ctx, cancel := context.WithTimeout(t.Context(), enough)
			defer cancel()
			endpoint, err := New(options)
			if err == nil {
				err = endpoint.Start(ctx)
			}
			for _, text := range test.texts {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("the error is %v and lacks %q: %s", err, text, test.reason)
				}
			}
		})
	}
}
