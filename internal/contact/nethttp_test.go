// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package contact

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// serve answers each connection with answer, and returns the address.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// http1 reads a request, and answers with the text.
func http1(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4<<10))
		_, _ = io.WriteString(conn, text)
	}
}

// frame is one of HTTP/2.
func frame(kind, flags byte, stream uint32, payload string) string {
	header := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return string(binary.BigEndian.AppendUint32(append(header, flags), stream)) + payload
}

const (
	headersFrame, settingsFrame, pingFrame, windowUpdateFrame = 1, 4, 6, 8

	endHeaders = 4
)

// http2 reads the preface of a connection up to the first request, and answers with the frames.
func http2(frames ...string) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
			return
		}
		for header := make([]byte, 9); header[3] != headersFrame; {
			if _, err := io.ReadFull(conn, header); err != nil {
				return
			}
			length := int64(header[0])<<16 | int64(binary.BigEndian.Uint16(header[1:]))
			if _, err := io.CopyN(io.Discard, conn, length); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, strings.Join(frames, ""))
		// The client ends the connection when it has read the frames.
		_, _ = io.Copy(io.Discard, conn)
	}
}

// TestGarbageTexts has net/http say each of the texts by which its errors are told apart. It fails when a release of Go says
// something else.
func TestGarbageTexts(t *testing.T) {
	settings := frame(settingsFrame, 0, 0, "")
	said := map[string]bool{}
	for _, row := range []struct {
		name, text string
		answer     func(net.Conn)
		isHTTP2    bool
	}{
		{"no HTTP", "malformed", http1("220 ESMTP\r\n\r\n"), false},
		{"no field of a header", "malformed", http1("HTTP/1.1 200 OK\r\nx\r\n\r\n"), false},
		{"a large header", "response headers exceeded", http1("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), false},
		{"no length", "bad Content-Length", http1("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), false},
		{"two encodings", "too many", http1("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), false},
		{"another encoding", "unsupported transfer encoding", http1("HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\n"), false},
		{"no chunk", "invalid byte in chunk length", http1("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), false},
		{"no gzip", "gzip: invalid header", http1("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789"), false},
		{"no settings", "PROTOCOL_ERROR", http2(frame(pingFrame, 0, 0, "01234567")), true},
		{"a ping of another length", "FRAME_SIZE_ERROR", http2(settings, frame(pingFrame, 0, 0, "0123")), true},
		{"no compressed header", "COMPRESSION_ERROR", http2(settings, frame(headersFrame, endHeaders, 1, "\xff\xff\xff\x00")), true},
		{"a window without bound", "FLOW_CONTROL_ERROR", http2(settings, frame(windowUpdateFrame, 0, 0, "\x7f\xff\xff\xff")), true},
		{"a large frame", "frame too large", http2(settings, "\xff\xff\xff"+frame(pingFrame, 0, 0, "")[3:]), true},
		{"a large list of headers", "response header list larger",
			http2(settings, frame(headersFrame, endHeaders, 1, "\x88"+strings.Repeat("\x00\x01x\x64"+strings.Repeat("x", 100), 40))), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			transport := &http.Transport{MaxResponseHeaderBytes: 4 << 10, Protocols: &http.Protocols{}}
			transport.Protocols.SetHTTP1(!row.isHTTP2)
			transport.Protocols.SetUnencryptedHTTP2(row.isHTTP2)
			defer transport.CloseIdleConnections()
			err := fetch(t, transport, serve(t, row.answer))
			if err == nil || !strings.Contains(err.Error(), row.text) {
				t.Fatalf("net/http says %v, want something with %q", err, row.text)
			}
			if got := reasonOfTransport(err); got != v1alpha1.ReasonGarbage {
				t.Errorf("the reason of %q is %s, want %s", err, got, v1alpha1.ReasonGarbage)
			}
			said[row.text] = true
		})
	}
	for _, text := range garbageTexts {
		if !said[text] {
			t.Errorf("no answer has net/http say %q", text)
		}
	}
}

// fetch makes a request, reads the body, and returns the error of either.
func fetch(t *testing.T, transport http.RoundTripper, address string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// TestIsStreamError fails when a release of Go does not convert the errors of a stream any more.
func TestIsStreamError(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	if err := fetch(t, server.Client().Transport, server.URL); !IsStreamError(err) {
		t.Errorf("%v is no error of a stream", err)
	}
	unencrypted := &http.Transport{Protocols: &http.Protocols{}}
	unencrypted.Protocols.SetUnencryptedHTTP2(true)
	defer unencrypted.CloseIdleConnections()
	err := fetch(t, unencrypted, serve(t, http2(frame(pingFrame, 0, 0, "01234567"))))
	if slices.ContainsFunc([]error{err, io.EOF, errors.New("stream error: x")}, IsStreamError) {
		t.Errorf("%v, or another error, is one of a stream", err)
	}
}
