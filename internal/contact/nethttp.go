// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package contact

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
)

// garbageTexts are parts of errors of net/http about an answer that is no HTTP, or more than a client accepts. They have no
// types. The rest of such a text is not used.
var garbageTexts = []string{
	"malformed", "response headers exceeded", "response header list larger", "bad Content-Length", "too many",
	"unsupported transfer encoding", "invalid byte in chunk length", "PROTOCOL_ERROR", "FRAME_SIZE_ERROR",
	"COMPRESSION_ERROR", "FLOW_CONTROL_ERROR", "frame too large",
}

// reasonOfTransport classifies errors of net/http, none of which is an answer of an API server.
func reasonOfTransport(err error) string {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		name        *net.DNSError
		network     *net.OpError
	)
	switch {
	case errors.As(err, &certificate):
		return v1alpha1.ReasonCertificateInvalid
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return v1alpha1.ReasonGarbage
	case errors.As(err, &name):
		return v1alpha1.ReasonUnresolvable
	case errors.Is(err, syscall.ECONNREFUSED):
		return v1alpha1.ReasonConnectionRefused
	case IsTimeout(err):
		return v1alpha1.ReasonUnreachable
	case errors.As(err, &network) && isAlert(network), strings.HasPrefix(err.Error(), "tls: "):
		return v1alpha1.ReasonHandshakeFailed
	case errors.Is(err, gzip.ErrHeader), isGarbage(err):
		return v1alpha1.ReasonGarbage
	}
	return v1alpha1.ReasonUnreachable
}

func isGarbage(err error) bool {
	return slices.ContainsFunc(garbageTexts, func(text string) bool { return strings.Contains(err.Error(), text) })
}

// isAlert tells an alert of TLS, sent or received, from what happens to the network.
func isAlert(err *net.OpError) bool { return err.Op == "remote error" || err.Op == "local error" }

// IsTimeout tells whether an error is that something took too long.
func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// streamError has the fields of the error that net/http has for one stream of an HTTP/2 connection. That type is not
// exported, and errors.As converts it to any struct with these fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error says no more than what it is.
func (streamError) Error() string { return "one stream of the connection has failed" }

// IsStreamError tells whether an error of HTTP/2 is about one request, and not about the connection.
func IsStreamError(err error) bool {
	var stream streamError
	return errors.As(err, &stream)
}
