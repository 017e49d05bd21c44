// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/contact"
	"github.com/d2iq-labs/support-policy-operator/test/controlplane"
)

// trapped counts the connections to the proxy that the environment of all tests names.
var trapped atomic.Int32

// shared is a real API server, for the tests that need one.
var shared controlplane.Shared

// spoken is what client-go has logged by itself.
var spoken journal

func TestMain(m *testing.M) {
	klog.SetLogger(spoken.logger())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go accept(listener, func(net.Conn) { trapped.Add(1) })
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"} {
		if err := os.Setenv(name, "http://"+listener.Addr().String()); err != nil {
			panic(err)
		}
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	os.Exit(shared.Run(m))
}

// accept hands out connections until the listener ends. They are closed after use.
func accept(listener net.Listener, use func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			use(conn)
		}()
	}
}

// listen starts what is no API server, and returns its address.
func listen(t testing.TB, use func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go accept(listener, use)
	return listener.Addr().String()
}

// untouched fails the test when somebody connects.
func untouched(t testing.TB) string {
	return listen(t, func(net.Conn) { t.Error("there was a connection to where none may lead") })
}

func port(address string) string { return address[strings.LastIndex(address, ":"):] }

// wantFailure checks an error: its reason, and that it says nothing but what the reason says.
func wantFailure(t testing.TB, err error, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", reason)
	}
	if got := contact.ReasonOf(err); got != reason {
		cause := err
		for errors.Unwrap(cause) != nil {
			cause = errors.Unwrap(cause)
		}
		t.Errorf("the reason is %s, want %s: %v: %T %v", got, reason, err, cause, cause)
	}
	for _, foreign := range []string{"SECRET", "REMOTE"} {
		if strings.Contains(err.Error(), foreign) {
			t.Errorf("the error has foreign text: %v", err)
		}
	}
}

func ok(http.ResponseWriter, *http.Request) {}

func TestRequestsGetThrough(t *testing.T) {
	for _, row := range []struct {
		name  string
		http2 bool
		major int
	}{{"HTTP/2", true, 2}, {"HTTP/1", false, 1}} {
		t.Run(row.name, func(t *testing.T) {
			server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.ProtoMajor != row.major || r.Header.Get("Authorization") != "Bearer "+secretToken ||
					r.UserAgent() != "support-policy-operator" {
					t.Errorf("the request is %s with %v", r.Proto, r.Header)
				}
			}, func(s *httptest.Server) { s.EnableHTTP2 = row.http2 })
			config := screen(t, trusted(t, server, server.URL), permissive())
			must(t, get(t.Context(), t, config))
		})
	}
}

func TestClientCertificateIsShown(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) != 1 {
			t.Error("there is no client certificate")
		}
	}, func(s *httptest.Server) { s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} })
	certificate, key := keyPair(t)
	config := screen(t, kubeconfig(t, server.URL, func(c *api.Cluster, u *api.AuthInfo) {
		c.CertificateAuthorityData = certificatePEM(server.Certificate().Raw)
		u.Token, u.ClientCertificateData, u.ClientKeyData = "", certificate, key
	}), permissive())
	must(t, get(t.Context(), t, config))
}

func TestProxyEnvironmentIsIgnored(t *testing.T) {
	server := serve(t, ok)
	// Not by an address of this machine: such ones are exempt from proxies by themselves.
	address := "https://api.example.com" + port(server.URL)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if proxy, err := http.ProxyFromEnvironment(request); proxy == nil || err != nil {
		t.Fatalf("the environment names no proxy, so that this tests nothing: %v", err)
	}
	options := permissive()
	options.Resolver = resolver(always("127.0.0.1"))
	must(t, get(t.Context(), t, screen(t, trusted(t, server, address), options)))
	if trapped.Load() > 0 {
		t.Error("the proxy of the environment was contacted")
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, row := range []struct {
		name     string
		status   int
		location func(own, other string) string
	}{
		{"elsewhere", 302, func(_, other string) string { return other }},
		{"for good", 301, func(_, other string) string { return other }},
		{"with the method", 307, func(_, other string) string { return other }},
		{"with the method, for good", 308, func(_, other string) string { return other }},
		{"see other", 303, func(_, other string) string { return other }},
		{"a choice", 300, func(_, other string) string { return other }},
		{"within", 302, func(own, _ string) string { return own + "/REMOTE" }},
		{"relative", 302, func(string, string) string { return "/REMOTE" }},
		{"to plain HTTP", 302, func(_, other string) string { return strings.Replace(other, "https", "http", 1) }},
		{"nowhere", 302, func(string, string) string { return ":REMOTE" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			other := serve(t, func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("the redirect was followed, with %q", r.Header.Get("Authorization"))
			})
			var requests atomic.Int32
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				w.Header().Set("Location", row.location("https://"+r.Host, other.URL))
				w.WriteHeader(row.status)
			})
			config := screen(t, trusted(t, server, server.URL), permissive())
			wantFailure(t, get(t.Context(), t, config), v1alpha1.ReasonRedirected)
			if requests.Load() != 1 {
				t.Errorf("there were %d requests", requests.Load())
			}
		})
	}
}

func TestNotEvery3xxIsARedirect(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	must(t, get(t.Context(), t, screen(t, trusted(t, server, server.URL), permissive())))
}

// The credentials are in a request before it comes to the transport.
func TestRequestsElsewhereAreNotMade(t *testing.T) {
	server := serve(t, ok)
	config := screen(t, trusted(t, server, server.URL), permissive())
	client, err := rest.HTTPClientFor(config)
	must(t, err)
	for _, address := range []string{"https://" + untouched(t), "http" + server.URL[len("https"):]} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		must(t, err)
		response, err := client.Do(request)
		if err == nil {
			response.Body.Close()
		}
		wantFailure(t, err, v1alpha1.ReasonRedirected)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	target := untouched(t)
	for _, row := range []struct {
		name, host string
		addresses  []string
		reason     string
	}{
		{"loopback", "127.0.0.1", nil, "written as it is"},
		{"IPv6 loopback", "[::1]", nil, "written as it is"},
		{"mapped loopback", "[::ffff:127.0.0.1]", nil, "the kernel takes it for IPv4"},
		{"localhost", "localhost", nil, "the name leads there"},
		{"unspecified", "0.0.0.0", nil, "Linux connects it to itself"},
		{"unspecified IPv6", "[::]", nil, "Linux connects it to itself"},
		{"a name of loopback", "api.example.com", []string{"127.0.0.1"}, "anybody may have such a name"},
		{"a name of metadata", "api.example.com", []string{"169.254.169.254"}, "anybody may have such a name"},
		{"several", "api.example.com", []string{"169.254.169.254", "127.0.0.1", "0.0.0.0"}, "each is tried"},
		{"metadata", "169.254.169.254", nil, "written as it is"},
		{"metadata, mapped", "[::ffff:a9fe:a9fe]", nil, "the kernel takes it for IPv4"},
	} {
		t.Run(row.name, func(t *testing.T) {
			options := Options{DialTimeout: patience}
			if row.addresses != nil {
				options.Resolver = resolver(always(row.addresses...))
			}
			config := screen(t, kubeconfig(t, "https://"+row.host+port(target), nil), options)
			wantFailure(t, get(t.Context(), t, config), v1alpha1.ReasonAddressNotAllowed)
		})
	}
}

// What a name stands for is looked at when the connection is made, not before. The first answer is harmless.
func TestRebindingDoesNotHelp(t *testing.T) {
	target := untouched(t)
	var asked atomic.Int32
	options := Options{DialTimeout: 300 * time.Millisecond, Resolver: resolver(func() []netip.Addr {
		if asked.Add(1) == 1 {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")} // nobody has it
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	})}
	config := screen(t, kubeconfig(t, "https://api.example.com"+port(target), nil), options)
	for asked.Load() == 0 {
		if reason := contact.ReasonOf(get(t.Context(), t, config)); reason == v1alpha1.ReasonAddressNotAllowed {
			t.Fatal("the first address is refused, so that this tests nothing")
		}
	}
	// What is refused is so at once. Nobody is refused for being slow.
	own(t, config).dialer.net.Timeout, own(t, config).http2.connectTimeout = patience, patience
	for range 3 {
		wantFailure(t, get(t.Context(), t, config), v1alpha1.ReasonAddressNotAllowed)
	}
}

func TestOneAllowedAddressIsEnough(t *testing.T) {
	server := serve(t, ok)
	options := permissive()
	options.Resolver = resolver(always("169.254.169.254", "127.0.0.1"))
	config := screen(t, trusted(t, server, "https://api.example.com"+port(server.URL)), options)
	must(t, get(t.Context(), t, config))
}

// tunnel is a proxy that connects to the target, whatever it is asked for.
func tunnel(t testing.TB, target string, asked func(*http.Request)) string {
	return listen(t, func(conn net.Conn) {
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked(request)
		onward, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer onward.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(onward, conn) }()
		_, _ = io.Copy(conn, onward)
	})
}

// behind is a kubeconfig that names a proxy.
func behind(t testing.TB, proxy, address string, server *httptest.Server) []byte {
	t.Helper()
	return kubeconfig(t, address, func(c *api.Cluster, _ *api.AuthInfo) {
		c.ProxyURL = proxy
		if server != nil {
			c.CertificateAuthorityData = certificatePEM(server.Certificate().Raw)
		}
	})
}

func TestAllowedProxyIsUsed(t *testing.T) {
	server := serve(t, ok)
	var asked atomic.Pointer[http.Request]
	proxy := tunnel(t, server.Listener.Addr().String(), func(r *http.Request) { asked.Store(r) })
	options := permissive()
	options.AllowProxy = true
	config := screen(t, behind(t, "http://"+proxy, "https://api.example.com:6443", server), options)
	must(t, get(t.Context(), t, config))
	request := asked.Load()
	if request.Method != http.MethodConnect || request.Host != "api.example.com:6443" {
		t.Errorf("the proxy is asked for %s %s", request.Method, request.Host)
	}
	if request.Header.Get("Authorization") != "" {
		t.Error("the proxy gets the token")
	}
}

func TestProxyIsChecked(t *testing.T) {
	server := untouched(t)
	refusing := listen(t, func(conn net.Conn) {
		_, _ = bufio.NewReader(conn).ReadString('\n')
		_, _ = io.WriteString(conn, "HTTP/1.1 403 REMOTE says no\r\nContent-Length: 6\r\n\r\nREMOTE")
	})
	talking := listen(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(conn, "X-REMOTE: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
				return
			}
		}
	})
	for _, row := range []struct {
		name, proxy, target string
		loopback            bool
		reason              string
	}{
		{"on loopback", "http://" + server, "c.example", false, v1alpha1.ReasonAddressNotAllowed},
		{"on loopback by SOCKS", "socks5://" + server, "c.example", false, v1alpha1.ReasonAddressNotAllowed},
		{"on loopback by name", "http://localhost" + port(server), "c.example", false, v1alpha1.ReasonAddressNotAllowed},
		{"at the metadata", "http://169.254.169.254", "c.example", true, v1alpha1.ReasonAddressNotAllowed},
		{"to the metadata", "http://" + server, "169.254.169.254", true, v1alpha1.ReasonAddressNotAllowed},
		{"to mapped metadata", "http://" + server, "[::ffff:169.254.169.254]", true, v1alpha1.ReasonAddressNotAllowed},
		{"that refuses", "http://" + refusing, "c.example", true, v1alpha1.ReasonProxyFailed},
		{"that never stops talking", "http://" + talking, "c.example", true, v1alpha1.ReasonUnreachable},
	} {
		t.Run(row.name, func(t *testing.T) {
			options := permissive()
			options.AllowProxy, options.AllowLoopback = true, row.loopback
			config := screen(t, behind(t, row.proxy, "https://"+row.target, nil), options)
			wantFailure(t, get(t.Context(), t, config), row.reason)
		})
	}
}

// A cluster can be wrong in many ways. Each ends in time, with its reason, and with nothing of what it says.
func TestHostileServers(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	closed.Close()
	// says speaks HTTP/1 over TLS, after the request, and as it likes.
	says := func(text string) func(testing.TB) []byte {
		return encrypted(func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
	}
	hugeHeader := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-REMOTE", strings.Repeat("x", 2*maxHeaderBytes))
	}

	for _, row := range []struct {
		name       string
		kubeconfig func(testing.TB) []byte
		reason     string
	}{
		{"nobody listens", func(t testing.TB) []byte {
			return kubeconfig(t, "https://"+closed.Addr().String(), nil)
		}, v1alpha1.ReasonConnectionRefused},
		{"a black hole", raw(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }), v1alpha1.ReasonUnreachable},
		{"hangs up", raw(func(net.Conn) {}), v1alpha1.ReasonUnreachable},
		{"speaks something else", raw(func(conn net.Conn) { _, _ = io.WriteString(conn, "220 REMOTE ESMTP\r\n") }), v1alpha1.ReasonGarbage},
		{"speaks plain HTTP", raw(func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 400 REMOTE\r\n\r\n")
		}), v1alpha1.ReasonGarbage},
		{"wrong authority", func(t testing.TB) []byte {
			certificate, _ := keyPair(t)
			return kubeconfig(t, serve(t, ok).URL, func(c *api.Cluster, _ *api.AuthInfo) {
				c.CertificateAuthorityData = certificate
			})
		}, v1alpha1.ReasonCertificateInvalid},
		{"no authority", func(t testing.TB) []byte { return kubeconfig(t, serve(t, ok).URL, nil) }, v1alpha1.ReasonCertificateInvalid},
		{"wrong name", func(t testing.TB) []byte {
			server := serve(t, ok)
			return kubeconfig(t, server.URL, func(c *api.Cluster, _ *api.AuthInfo) {
				c.CertificateAuthorityData = certificatePEM(server.Certificate().Raw)
				c.TLSServerName = "REMOTE.example"
			})
		}, v1alpha1.ReasonCertificateInvalid},
		{"old TLS", serving(ok, func(s *httptest.Server) {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		}), v1alpha1.ReasonHandshakeFailed},
		{"wants a client certificate", serving(ok, func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
		}), v1alpha1.ReasonHandshakeFailed},
		{"never answers", serving(hang), v1alpha1.ReasonUnreachable},
		{"never answers over HTTP/1", serving(hang, withoutHTTP2), v1alpha1.ReasonUnreachable},
		{"huge header", serving(hugeHeader), v1alpha1.ReasonGarbage},
		{"huge header over HTTP/1", serving(hugeHeader, withoutHTTP2), v1alpha1.ReasonGarbage},
		{"no HTTP", says("REMOTE REMOTE REMOTE\r\n\r\n"), v1alpha1.ReasonGarbage},
		{"a status that is none", says("HTTP/1.1 REMOTE\r\n\r\n"), v1alpha1.ReasonGarbage},
		{"hangs up in the header", says("HTTP/1.1 200 OK\r\nX-REMOTE: x\r\n"), v1alpha1.ReasonUnreachable},
		{"hangs up in the body", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nREMOTE"), v1alpha1.ReasonUnreachable},
		{"chunks that are none", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nREMOTE\r\n"), v1alpha1.ReasonGarbage},
		{"a length that is none", says("HTTP/1.1 200 OK\r\nContent-Length: REMOTE\r\n\r\n"), v1alpha1.ReasonGarbage},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			options := permissive()
			if row.reason == v1alpha1.ReasonUnreachable {
				options = hasty()
			}
			config := screen(t, row.kubeconfig(t), options)
			ctx, cancel := context.WithTimeout(t.Context(), patience/2)
			defer cancel()
			wantFailure(t, get(ctx, t, config), row.reason)
			if ctx.Err() != nil {
				t.Error("it ended only with the test's patience")
			}
		})
	}
}

func TestNameWithoutAddress(t *testing.T) {
	options := permissive()
	options.Resolver = resolver(always())
	config := screen(t, kubeconfig(t, "https://api.example.com", nil), options)
	wantFailure(t, get(t.Context(), t, config), v1alpha1.ReasonUnresolvable)
}

func TestDeadline(t *testing.T) {
	server := serve(t, hang)
	config := screen(t, trusted(t, server, server.URL), permissive())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantFailure(t, get(ctx, t, config), v1alpha1.ReasonUnreachable)
}

// A watch is silent for as long as nothing happens, and that may be longer than any timeout.
func TestWatchesAreNotEnded(t *testing.T) {
	for name, protocol := range map[string]string{"HTTP/2": "h2", "HTTP/1": "http/1.1"} {
		t.Run(name, func(t *testing.T) {
			inNoTime(t, protocol, func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(24 * time.Hour):
				case <-r.Context().Done():
				}
				_, _ = io.WriteString(w, "event")
			}, func(t *testing.T, config *rest.Config, _ *pipes) {
				must(t, get(t.Context(), t, config))
			})
		})
	}
}

func TestDeadConnectionsAreNoticed(t *testing.T) {
	inNoTime(t, "h2", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, config *rest.Config, network *pipes) {
		ended := make(chan error, 1)
		go func() { ended <- get(t.Context(), t, config) }()
		synctest.Wait()
		network.dead.Store(true)
		most := Options{}.withDefaults().PingInterval * 3 / 2
		select {
		case err := <-ended:
			wantFailure(t, err, v1alpha1.ReasonUnreachable)
		case <-time.After(most + 1):
			t.Errorf("the watch goes on over a dead connection after %s", most)
		}
	})
}

func TestDisconnect(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/2": true, "HTTP/1": false} {
		t.Run(name, func(t *testing.T) {
			begun := make(chan struct{}, 1)
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_ = http.NewResponseController(w).Flush()
				begun <- struct{}{}
				<-r.Context().Done()
			}, func(s *httptest.Server) { s.EnableHTTP2 = http2 })
			config := screen(t, trusted(t, server, server.URL), permissive())
			ended := make(chan error, 1)
			go func() { ended <- get(t.Context(), t, config) }()
			<-begun
			dialer := own(t, config).dialer
			if open := connections(dialer); open != 1 {
				t.Errorf("%d connections are open, want 1", open)
			}
			Disconnect(rest.CopyConfig(config)) // as clients have it
			select {
			case err := <-ended:
				wantFailure(t, err, v1alpha1.ReasonUnreachable)
			case <-time.After(patience):
				t.Fatal("the watch goes on")
			}
			if open := connections(dialer); open != 0 {
				t.Errorf("%d connections are open, want none", open)
			}
			wantFailure(t, get(t.Context(), t, config), v1alpha1.ReasonUnreachable)
			Disconnect(config)
		})
	}
	Disconnect(&rest.Config{})
}

func TestClosedConnectionsAreForgotten(t *testing.T) {
	server := serve(t, ok)
	config := screen(t, trusted(t, server, server.URL), permissive())
	dialer := own(t, config).dialer
	for range 3 {
		must(t, get(t.Context(), t, config))
		client, err := rest.HTTPClientFor(config)
		must(t, err)
		if open := connections(dialer); open != 1 {
			t.Errorf("%d connections are open, want 1", open)
		}
		utilnet.CloseIdleConnectionsFor(client.Transport) // as an observer does at its end
		eventually(t, "a connection that nobody uses is closed", func() bool { return connections(dialer) == 0 })
	}
}

func connections(d *dialer) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}

func TestRetryAfterIsBounded(t *testing.T) {
	for _, row := range []struct{ asked, got, reason string }{
		{"", "", "nothing is asked for"},
		{"1", "1", "as it is"},
		{"30", "30", "as it is"},
		{"31", "30", "longer than the bound"},
		{"99999999999999999999", "30", "longer than a number"},
		{"-1", "30", "no time at all"},
		{"Fri, 31 Dec 2999 23:59:59 GMT", "30", "a date, which client-go does not read"},
	} {
		header := http.Header{}
		if row.asked != "" {
			header.Set("Retry-After", row.asked)
		}
		boundRetryAfter(header)
		if got := header.Get("Retry-After"); got != row.got {
			t.Errorf("%q becomes %q, want %q: %s", row.asked, got, row.got, row.reason)
		}
	}
}
