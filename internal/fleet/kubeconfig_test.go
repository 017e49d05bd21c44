// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Nothing that goes out may have them.
const (
	secretToken    = "SECRET-token-5d1f"
	secretPassword = "SECRET-password-77aa"
)

// kubeconfig writes one for the server, with a token and as changed.
func kubeconfig(t testing.TB, server string, change func(*api.Cluster, *api.AuthInfo)) []byte {
	t.Helper()
	config := api.NewConfig()
	cluster, user := api.NewCluster(), api.NewAuthInfo()
	cluster.Server, user.Token = server, secretToken
	if change != nil {
		change(cluster, user)
	}
	config.Clusters["c"], config.AuthInfos["u"] = cluster, user
	config.Contexts["x"] = &api.Context{Cluster: "c", AuthInfo: "u"}
	config.CurrentContext = "x"
	content, err := clientcmd.Write(*config)
	must(t, err)
	return content
}

// screen is for kubeconfigs that are accepted. The connections end with the test.
func screen(t testing.TB, content []byte, options Options) *rest.Config {
	t.Helper()
	config, refusal := Screen(content, options)
	if refusal != nil {
		t.Fatalf("refused: %v", refusal)
	}
	t.Cleanup(func() { Disconnect(config) })
	return config
}

// permissive are the options of most tests, whose API servers are on this machine. Nothing times out, however busy that is.
func permissive() Options {
	return Options{
		AllowLoopback: true, DialTimeout: patience, HandshakeTimeout: patience, AnswerTimeout: patience, PingInterval: patience,
	}
}

// hasty are those of tests that are about what does not come.
func hasty() Options {
	const moment = 300 * time.Millisecond
	options := permissive()
	options.DialTimeout, options.HandshakeTimeout, options.AnswerTimeout = moment, moment, moment
	return options
}

// serve starts an API server.
func serve(t testing.TB, answer http.HandlerFunc, change ...func(*httptest.Server)) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, change := range change {
		change(server)
	}
	server.StartTLS()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server
}

// trusted is a kubeconfig for the server at the address, which may be written otherwise than the server's own.
func trusted(t testing.TB, server *httptest.Server, address string) []byte {
	t.Helper()
	return kubeconfig(t, address, func(c *api.Cluster, _ *api.AuthInfo) {
		c.CertificateAuthorityData = certificatePEM(server.Certificate().Raw)
	})
}

// own is the transport that Screen put into the configuration.
func own(t testing.TB, config *rest.Config) *transport {
	t.Helper()
	made, ok := config.Transport.(*transport)
	if !ok {
		t.Fatalf("the transport is a %T", config.Transport)
	}
	return made
}

// get makes a request as a client of client-go does.
func get(ctx context.Context, t testing.TB, config *rest.Config) error {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	must(t, err)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/version", nil)
	must(t, err)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// must ends the test with an error, if there is one.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustParse(t testing.TB, text string) *url.URL {
	t.Helper()
	address, err := url.Parse(text)
	must(t, err)
	return address
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// keyPair makes a client certificate and its key.
func keyPair(t testing.TB) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	encoded, err := x509.MarshalECPrivateKey(private)
	must(t, err)
	return certificatePEM(der), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}

// resolver answers each question for IPv4 with what next returns, and has no IPv6.
func resolver(next func() []netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer ours.Close()
			for {
				var length [2]byte
				if _, err := io.ReadFull(ours, length[:]); err != nil {
					return
				}
				question := make([]byte, binary.BigEndian.Uint16(length[:]))
				if _, err := io.ReadFull(ours, question); err != nil {
					return
				}
				answer := dnsAnswer(question, next)
				_, _ = ours.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		}()
		return theirs, nil
	}}
}

func dnsAnswer(question []byte, next func() []netip.Addr) []byte {
	end := 12 + bytes.IndexByte(question[12:], 0) + 5
	var addresses []netip.Addr
	if question[end-3] == 1 { // type A
		addresses = next()
	}
	answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, byte(len(addresses)), 0, 0, 0, 0},
		question[12:end]...)
	for _, address := range addresses {
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, address.AsSlice()...)
	}
	return answer
}

// always is for resolver.
func always(addresses ...string) func() []netip.Addr {
	var parsed []netip.Addr
	for _, address := range addresses {
		parsed = append(parsed, netip.MustParseAddr(address))
	}
	return func() []netip.Addr { return parsed }
}
