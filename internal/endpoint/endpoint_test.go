// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// enough is more than anything here takes.
const enough = 20 * time.Second

// served is an endpoint that runs.
type served struct {
	t       *testing.T
	address string
	oracle  *oracle
	// gathered counts the scrapes that have begun; hold, if any, is what they wait for.
	gathered chan struct{}
	hold     chan struct{}
	stop     func() error
}

// serve runs an endpoint with its own certificate.
func serve(t *testing.T, change func(*limits)) *served {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{
		t: t, address: listener.Addr().String(), oracle: &oracle{}, gathered: make(chan struct{}, 1000), hold: make(chan struct{}),
	}
	close(s.hold)
	options := asking(t, s.oracle)
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "example", Help: "An example."}, func() float64 { return 1 }))
	options.Gatherer = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		s.gathered <- struct{}{}
		<-s.hold
		return registry.Gather()
	})
	limits := standard
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
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *served) eventually(what string, wrong func() error) {
	s.t.Helper()
	var err error
	for deadline := time.Now().Add(enough); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if err = wrong(); err == nil {
			return
		}
	}
	s.t.Fatalf("waited %s for %s: %v", enough, what, err)
}

// client is one with connections of its own, which it keeps.
type client struct {
	*http.Client

	ctx     context.Context
	address string
}

func (s *served) newClient() *client {
	transport := &http.Transport{TLSClientConfig: unverified(), ForceAttemptHTTP2: true}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &client{&http.Client{Transport: transport, Timeout: enough}, s.t.Context(), s.address}
}

func unverified() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}
}

func (c *client) get(path, token string) (*http.Response, string, error) {
	request, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "https://"+c.address+path, nil)
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

func TestEndpoint(t *testing.T) {
	s := serve(t, nil)
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
		before := s.oracle.questions()
		if err := client.expect(path, token, http.StatusNotFound); err != nil {
			t.Error(err)
		}
		if s.oracle.questions() != before {
			t.Errorf("the API server is asked about %s, where nothing is", path)
		}
	}
	old := unverified()
	old.MaxVersion = tls.VersionTLS11
	if conn, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", s.address); err == nil {
		conn.Close()
		t.Error("it speaks TLS 1.1")
	}
	if err := client.expect(Path, strings.Repeat("x", maxHeader+8<<10), http.StatusRequestHeaderFieldsTooLarge); err != nil {
		t.Error(err)
	}
}

// dial opens a connection, sends what there is to send, and leaves it open.
func (s *served) dial(overTLS bool, text string) net.Conn {
	s.t.Helper()
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if overTLS {
		dialer = &tls.Dialer{Config: unverified()}
	}
	conn, err := dialer.DialContext(s.t.Context(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// untilClosed is how long the other side keeps a connection open.
func untilClosed(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	started := time.Now()
	_ = conn.SetReadDeadline(started.Add(enough))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is open after %s", enough)
	}
	return time.Since(started)
}

// Who connects and says nothing has his place for some seconds.
func TestSlowVisitors(t *testing.T) {
	for name, test := range map[string]struct {
		overTLS bool
		text    string
		reason  string
	}{
		"nothing":                 {false, "", "the handshake has a limit"},
		"half a handshake":        {false, "\x16\x03\x01", "the handshake has a limit"},
		"a handshake":             {true, "", "the request has a limit"},
		"half a header":           {true, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bea", "the request has a limit"},
		"a header without a body": {true, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "the request has a limit"},
		"all of it, and no token": {true, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "who is refused goes"},
		"a path beside":           {true, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "who is refused goes"},
		"options of all":          {true, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "who is refused goes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(l *limits) { l.request, l.perAddress = 500*time.Millisecond, 2 })
			first, second := s.dial(test.overTLS, test.text), s.dial(test.overTLS, test.text)
			for _, conn := range []net.Conn{first, second} {
				if took := untilClosed(t, conn); took > 5*time.Second {
					t.Errorf("it is closed after %s, but %s", took, test.reason)
				}
			}
			s.eventually("a place", func() error { return s.newClient().expect(Path, secret, http.StatusOK) })
		})
	}
}

// Of one address there are so many connections, and who was let in keeps his.
func TestConnectionsOfAnAddress(t *testing.T) {
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
		if took := untilClosed(t, s.dial(false, "")); took > time.Second {
			t.Errorf("one beyond them is closed after %s", took)
		}
	}
	for range 3 {
		if err := client.expect(Path, secret, http.StatusOK); err != nil {
			t.Errorf("who was there before: %v", err)
		}
	}
	if err := open[0].Close(); err != nil {
		t.Error(err)
	}
	s.eventually("the place that is free", func() error { return s.newClient().expect(Path, secret, http.StatusOK) })
}

// Somebody sends guessed tokens as fast as he can, from the same address. A scrape takes longer, and succeeds.
func TestFlood(t *testing.T) {
	perSecond := pace{100, 10}
	s := serve(t, func(l *limits) { l.address = perSecond })
	client := s.newClient()
	if err := client.expect(Path, secret, http.StatusOK); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var (
		flood  sync.WaitGroup
		before = s.oracle.questions()
		began  = time.Now()
	)
	for i := range standard.perAddress - 1 {
		junk := s.newClient()
		flood.Go(func() {
			for ctx.Err() == nil {
				// Some of them have no place, as the one before has not gone yet.
				_, _, _ = junk.get(Path, fmt.Sprintf("guessed-%d", i))
			}
		})
	}
	for range 10 {
		started := time.Now()
		if err := client.expect(Path, secret, http.StatusOK); err != nil {
			t.Error(err)
		}
		if took := time.Since(started); took > 3*time.Second {
			t.Errorf("a scrape takes %s", took)
		}
	}
	cancel()
	flood.Wait()
	// Those who are let in cost two questions.
	asked, took := s.oracle.questions()-before, time.Since(began)
	if most := perSecond.atOnce + int(took.Seconds()*float64(perSecond.perSecond)) + 10 + 1; asked > most {
		t.Errorf("the API server was asked %d times in %s, want at most %d", asked, took, most)
	}
	if asked < 50 {
		t.Errorf("the flood was %d questions in %s", asked, took)
	}
}

// A scrape takes memory, so that only some are answered at a time.
func TestScrapesAtOnce(t *testing.T) {
	s := serve(t, func(l *limits) { l.scrapes = 2 })
	s.hold = make(chan struct{})
	var answered sync.WaitGroup
	for range 2 {
		client := s.newClient()
		answered.Go(func() {
			if err := client.expect(Path, secret, http.StatusOK); err != nil {
				t.Error(err)
			}
		})
	}
	<-s.gathered
	<-s.gathered
	if err := s.newClient().expect(Path, secret, http.StatusServiceUnavailable); err != nil {
		t.Error(err)
	}
	close(s.hold)
	answered.Wait()
	if err := s.newClient().expect(Path, secret, http.StatusOK); err != nil {
		t.Error(err)
	}
}

// The limits for who sends are none for what is sent to him.
func TestSlowScrape(t *testing.T) {
	s := serve(t, func(l *limits) { l.request = 200 * time.Millisecond })
	s.hold = make(chan struct{})
	time.AfterFunc(600*time.Millisecond, func() { close(s.hold) })
	client := s.newClient()
	for range 2 {
		if _, body, err := client.get(Path, secret); err != nil || !strings.Contains(body, "example 1") {
			t.Errorf("a scrape that takes longer than a request may: %v, %s", err, body)
		}
	}
}

// The end comes soon, whoever is connected, and a scrape that has begun ends well.
func TestEnd(t *testing.T) {
	s := serve(t, nil)
	s.dial(true, "GET /metrics HTTP/1.1\r\n")
	s.dial(false, "")
	s.hold = make(chan struct{})
	conn := s.dial(true, "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+secret+"\r\n\r\n")
	<-s.gathered
	time.AfterFunc(200*time.Millisecond, func() { close(s.hold) })
	started := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took > standard.shutdown+3*time.Second {
		t.Errorf("the end takes %s", took)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), "example 1") {
		t.Errorf("the last scrape: %v, %s", err, body)
	}
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
		"no certificate":            {"127.0.0.1:0", t.TempDir(), []string{"certificate", "tls.crt"}, "whoever verifies it would see nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			options := asking(t, &oracle{})
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
