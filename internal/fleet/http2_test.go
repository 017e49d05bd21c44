// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
)

// counter is a listener that counts what it accepts.
type counter struct {
	net.Listener

	accepted, open, most atomic.Int32
}

func (c *counter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return c.count(conn), nil
}

func (c *counter) count(conn net.Conn) net.Conn {
	c.accepted.Add(1)
	open := c.open.Add(1)
	for most := c.most.Load(); open > most && !c.most.CompareAndSwap(most, open); most = c.most.Load() {
	}
	return &counted{Conn: conn, counter: c}
}

// dialling has a client count its connections: a server sees the end of one whenever it gets to that.
func (c *counter) dialling(t *testing.T, config *rest.Config) {
	dial := own(t, config).http2.transport
	connect := dial.DialContext
	dial.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := connect(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c.count(conn), nil
	}
}

type counted struct {
	net.Conn

	counter *counter
	closed  sync.Once
}

func (c *counted) Close() error {
	c.closed.Do(func() { c.counter.open.Add(-1) })
	return c.Conn.Close()
}

func (c *counter) want(t *testing.T, what string, accepted, most int32) {
	t.Helper()
	if c.accepted.Load() != accepted || c.most.Load() > most {
		t.Errorf("%s: there were %d connections, want %d, and %d at a time, want %d at most",
			what, c.accepted.Load(), accepted, c.most.Load(), most)
	}
}

// counting has a server count its connections.
func counting(c *counter) func(*httptest.Server) {
	return func(s *httptest.Server) {
		c.Listener = s.Listener
		s.Listener = c
	}
}

func withoutHTTP2(s *httptest.Server) { s.EnableHTTP2 = false }

// watching answers requests for /watch with a header and nothing more.
func watching(watches *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/watch":
			_ = http.NewResponseController(w).Flush()
			watches.Add(1)
			defer watches.Add(-1)
			<-r.Context().Done()
		case "/goaway":
			w.Header().Set("Connection", "close") // the server of Go makes a GOAWAY of it
		}
	}
}

// ask makes a request and reads the answer to its end.
func ask(ctx context.Context, config *rest.Config, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+path, nil)
	if err != nil {
		return err
	}
	response, err := config.Transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

const manyRequests = 20

// askAll makes many requests at once. All have to succeed.
func askAll(t *testing.T, config *rest.Config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var asking sync.WaitGroup
	for range manyRequests {
		asking.Go(func() {
			if err := ask(ctx, config, "/"); err != nil {
				t.Errorf("%v, because of %v", err, errors.Unwrap(err))
			}
		})
	}
	asking.Wait()
}

// watchAll begins many watches, which begin again when they break off.
func watchAll(t *testing.T, config *rest.Config) {
	t.Helper()
	for range manyRequests {
		watchOne(t, config)
	}
}

func watchOne(t *testing.T, config *rest.Config) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var going sync.WaitGroup
	going.Go(func() {
		for ctx.Err() == nil {
			if ask(ctx, config, "/watch") != nil {
				time.Sleep(time.Millisecond)
			}
		}
	})
	t.Cleanup(func() { cancel(); going.Wait() })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

func TestRequestsShareOneConnection(t *testing.T) {
	var (
		connections counter
		watches     atomic.Int32
	)
	server := serve(t, watching(&watches), counting(&connections))
	config := screen(t, trusted(t, server, server.URL), permissive())
	all := func() bool { return watches.Load() == manyRequests }
	watchAll(t, config)
	askAll(t, config)
	eventually(t, "all watches go on", all)
	connections.want(t, "at the start", 1, 1)
	for round := range int32(5) {
		server.CloseClientConnections()
		eventually(t, "all watches have ended", func() bool { return connections.accepted.Load() == round+2 })
		askAll(t, config)
		eventually(t, "all watches go on again", all)
		connections.want(t, "after all was cut", round+2, 1)
	}
}

func TestServerComesBack(t *testing.T) {
	var watches atomic.Int32
	first := serve(t, watching(&watches))
	address := first.Listener.Addr().String()
	config := screen(t, trusted(t, first, first.URL), permissive())
	watchAll(t, config)
	askAll(t, config)
	first.CloseClientConnections()
	first.Close()
	wantFailure(t, ask(t.Context(), config, "/"), v1alpha1.ReasonConnectionRefused)

	var connections counter
	again, err := net.Listen("tcp", address)
	must(t, err)
	serve(t, watching(&watches), func(s *httptest.Server) {
		s.Listener.Close()
		s.Listener, s.TLS = again, first.TLS
	}, counting(&connections))
	eventually(t, "all watches go on again", func() bool { return watches.Load() == manyRequests })
	askAll(t, config)
	connections.want(t, "after the server has come back", 1, 1)
}

// An API server can have its clients go to another one behind the same address. It still serves what goes on.
func TestGoAway(t *testing.T) {
	var (
		connections counter
		watches     atomic.Int32
	)
	server := serve(t, watching(&watches))
	config := screen(t, trusted(t, server, server.URL), permissive())
	connections.dialling(t, config)
	watchAll(t, config)
	all := func() bool { return watches.Load() == manyRequests && connections.open.Load() <= 2 }
	for range 5 {
		eventually(t, "all watches go on", all)
		if err := ask(t.Context(), config, "/goaway"); err != nil {
			t.Error(err)
		}
		askAll(t, config)
	}
	eventually(t, "all watches go on", all)
	// The one that is made, the one before, on which watches go on, and the one before that, which is about to end.
	connections.want(t, "after they were told to go", 6, 3)
}

// One who sends everybody away at once gets what it deserves, but no more than that.
func TestGoAwayEachTime(t *testing.T) {
	var (
		connections counter
		watches     atomic.Int32
	)
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		watching(&watches)(w, r)
	})
	config := screen(t, trusted(t, server, server.URL), permissive())
	connections.dialling(t, config)
	// Each watch has a connection of its own, or nearly so, and would keep it.
	for range manyRequests {
		watchOne(t, config)
		before := connections.accepted.Load()
		eventually(t, "there was another connection", func() bool {
			_ = ask(t.Context(), config, "/")
			return connections.accepted.Load() > before
		})
	}
	// One is made, two are there, and who is about to close one may have to wait for the processor.
	if most := connections.most.Load(); most > manyRequests/2 {
		t.Errorf("there were %d connections at a time", most)
	}
}

func TestFewStreams(t *testing.T) {
	var connections counter
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond)
		if r.URL.Path == "/broken" {
			panic(http.ErrAbortHandler)
		}
	}, counting(&connections),
		func(s *httptest.Server) { s.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 1} })
	config := screen(t, trusted(t, server, server.URL), permissive())
	// The first one brings the limit. Many at once would be refused, and be no reason for another connection either.
	must(t, ask(t.Context(), config, "/"))
	askAll(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	var impatient sync.WaitGroup
	for i := range 4 * manyRequests {
		impatient.Go(func() {
			path := []string{"/", "/broken"}[i%2]
			if err := ask(ctx, config, path); err == nil && path == "/broken" {
				t.Error("a broken answer was whole")
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	cancel()
	impatient.Wait()
	askAll(t, config)
	connections.want(t, "with one request at a time", 1, 1)
}

func TestNoHTTP2(t *testing.T) {
	var (
		connections counter
		watches     atomic.Int32
	)
	server := serve(t, watching(&watches), counting(&connections), withoutHTTP2)
	config := screen(t, trusted(t, server, server.URL), permissive())
	watchAll(t, config)
	askAll(t, config)
	eventually(t, "all watches go on", func() bool { return watches.Load() == manyRequests })
	before := connections.accepted.Load()
	for range 10 {
		if err := ask(t.Context(), config, "/"); err != nil {
			t.Error(err)
		}
	}
	if more := connections.accepted.Load() - before; more > 1 {
		t.Errorf("one request after the other took %d connections", more)
	}
	server.CloseClientConnections()
	eventually(t, "all watches go on again", func() bool {
		return watches.Load() == manyRequests && connections.accepted.Load() > 2*manyRequests
	})
	askAll(t, config)
	if most := connections.most.Load(); most > maxConnections {
		t.Errorf("there were %d connections at a time", most)
	}
}

func TestOneTunnelThroughProxy(t *testing.T) {
	var (
		connections counter
		watches     atomic.Int32
		tunnels     atomic.Int32
	)
	server := serve(t, watching(&watches), counting(&connections))
	proxy := tunnel(t, server.Listener.Addr().String(), func(*http.Request) { tunnels.Add(1) })
	options := permissive()
	options.AllowProxy = true
	config := screen(t, behind(t, "http://"+proxy, "https://api.example.com", server), options)
	watchAll(t, config)
	askAll(t, config)
	eventually(t, "all watches go on", func() bool { return watches.Load() == manyRequests })
	connections.want(t, "through a proxy", 1, 1)
	if tunnels.Load() != 1 {
		t.Errorf("there were %d tunnels", tunnels.Load())
	}
}

// plainly tells an error which looks as if the one who asks had no more time.
func plainly(err error) bool {
	return slices.Contains([]error{io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, http.ErrBodyReadAfterClose}, err)
}

// Who waits for a connection that does not come about does not wait for one after the other.
func TestFailureIsShared(t *testing.T) {
	for _, row := range []struct {
		name       string
		kubeconfig []byte
	}{
		{"API server", kubeconfig(t, "https://127.0.0.1", nil)},
		{"proxy", behind(t, "http://127.0.0.1", "https://api.example.com", nil)},
		{"proxy for all protocols", behind(t, "socks5://127.0.0.1", "https://api.example.com", nil)},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := &pipes{dialled: make(chan net.Conn)}
				go accept(network, swallow)
				defer network.Close()
				// All three together are less than the minute that net/http itself gives a proxy.
				const each = 15 * time.Second
				config := screen(t, row.kubeconfig, Options{
					AllowLoopback: true, AllowProxy: true, DialTimeout: each, HandshakeTimeout: each, AnswerTimeout: each,
				})
				own(t, config).http2.transport.DialContext = network.DialContext
				begin := time.Now()
				var asking sync.WaitGroup
				for range manyRequests {
					asking.Go(func() {
						if err := ask(t.Context(), config, "/"); contact.ReasonOf(err) != v1alpha1.ReasonUnreachable || plainly(err) {
							t.Errorf("the error is %v", err)
						}
					})
				}
				asking.Wait()
				if took := time.Since(begin); took > 3*each || network.made.Load() != 1 {
					t.Errorf("it took %s and %d connections, want at most %s, and one", took, network.made.Load(), 3*each)
				}
			})
		})
	}
}

func TestDisconnectEndsDials(t *testing.T) {
	asked := make(chan struct{}, 1)
	options := Options{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	config := screen(t, kubeconfig(t, "https://api.example.com", nil), options)
	ended := make(chan error, 1)
	go func() { ended <- ask(t.Context(), config, "/") }()
	<-asked
	Disconnect(config)
	select {
	case err := <-ended:
		wantFailure(t, err, v1alpha1.ReasonUnreachable)
	case <-time.After(patience):
		t.Error("the request still waits for the name service")
	}
}

// pipes is a network within the process, for tests whose time is not the machine's.
type pipes struct {
	dialled chan net.Conn
	closed  sync.Once
	made    atomic.Int32
	// dead has what is sent get lost, and nobody is told.
	dead atomic.Bool
}

func (p *pipes) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.dialled <- &piped{theirs, p}:
		p.made.Add(1)
		return &piped{ours, p}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	conn, open := <-p.dialled
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p *pipes) Close() error {
	p.closed.Do(func() { close(p.dialled) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// piped is one end of a pipe.
type piped struct {
	net.Conn

	network *pipes
}

func (p *piped) Write(text []byte) (int, error) {
	if p.network.dead.Load() {
		return len(text), nil
	}
	return p.Conn.Write(text)
}

// inNoTime runs an API server and what uses it, by the options of production, in a network and a time of their own.
func inNoTime(
	t *testing.T, protocol string, answer http.HandlerFunc, use func(*testing.T, *rest.Config, *pipes),
) {
	t.Helper()
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	content := kubeconfig(t, "https://127.0.0.1", nil)
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{dialled: make(chan net.Conn)}
		server := &http.Server{TLSConfig: certificates.TLS.Clone(), Handler: answer, Protocols: &http.Protocols{}}
		server.Protocols.SetHTTP1(protocol != "h2")
		server.Protocols.SetHTTP2(protocol == "h2")
		server.TLSConfig.NextProtos = []string{protocol}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.ServeTLS(network, "", "") })

		config, refusal := Screen(content, Options{AllowLoopback: true})
		if refusal != nil {
			t.Fatal(refusal)
		}
		made := own(t, config)
		for _, dial := range []*http.Transport{made.http2.transport, made.http1} {
			dial.DialContext = network.DialContext
			dial.TLSClientConfig.InsecureSkipVerify = true // it has no authority, and is in this process
		}
		use(t, config, network)
		Disconnect(config)
		made.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
}

// A day of an observer: watches that end after some minutes each, and a request a minute. The connection stays.
func TestConnectionLastsForADay(t *testing.T) {
	var requests atomic.Int32
	inNoTime(t, "h2", func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.URL.Path == "/watch" {
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(7 * time.Minute):
			case <-r.Context().Done():
			}
		}
	}, func(t *testing.T, config *rest.Config, network *pipes) {
		day, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		var asking sync.WaitGroup
		for i := range 5 {
			asking.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				for day.Err() == nil {
					if err := ask(day, config, "/watch"); err != nil && day.Err() == nil {
						t.Error(err)
					}
				}
			})
		}
		for day.Err() == nil {
			if err := ask(day, config, "/"); err != nil && day.Err() == nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}
		asking.Wait()
		if made, asked := network.made.Load(), requests.Load(); made != 1 || asked < 24*60 {
			t.Errorf("there were %d connections, want one, for %d requests", made, asked)
		}
	})
}

func TestHTTP2AddressHasAPort(t *testing.T) {
	for _, row := range []struct{ server, want, reason string }{
		{"https://api.example.com", "api.example.com:443", "the port of HTTPS"},
		{"https://api.example.com:6443/prefix", "api.example.com:6443", "its own"},
		{"https://[2001:db8::1]", "[2001:db8::1]:443", "an address with colons"},
		{"https://[2001:db8::1]:6443", "[2001:db8::1]:6443", "and a port"},
	} {
		config := screen(t, kubeconfig(t, row.server, nil), Options{})
		if got := own(t, config).http2.address; got != row.want {
			t.Errorf("%s is connected to at %s, want %s: %s", row.server, got, row.want, row.reason)
		}
	}
}
