// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/d2iq-labs/support-policy-operator/internal/observe"
)

// Reason tells why a cluster is not observed. There are these and no others, so that it can be part of a status, a
// metric or a log, to which nothing may get that a cluster says.
type Reason string

// The reasons.
const (
	// SecretNotAllowed: the operator was not told to read Secrets in that namespace.
	SecretNotAllowed Reason = "SecretNotAllowed"
	// SecretMissing: there is no such Secret (any more).
	SecretMissing Reason = "SecretMissing"
	// SecretUnreadable: the operator's own cluster does not hand it out.
	SecretUnreadable Reason = "SecretUnreadable"
	// KubeconfigMissing: the Secret has none of the keys under which a kubeconfig may be.
	KubeconfigMissing Reason = "KubeconfigMissing"
	// InsecureKubeconfig: the kubeconfig would have the operator do what it does not; the Refusal says which field.
	InsecureKubeconfig Reason = "InsecureKubeconfig"
	// InvalidKubeconfig: the kubeconfig cannot be used by anybody; the Refusal says which field.
	InvalidKubeconfig Reason = "InvalidKubeconfig"
	// Unresolvable: there is no address for the name of the API server, or of the proxy.
	Unresolvable Reason = "Unresolvable"
	// AddressNotAllowed: it has only such addresses as a kubeconfig may not name.
	AddressNotAllowed Reason = "AddressNotAllowed"
	// ConnectionRefused: nobody listens there.
	ConnectionRefused Reason = "ConnectionRefused"
	// ProxyFailed: the proxy makes no connection to the API server.
	ProxyFailed Reason = "ProxyFailed"
	// HandshakeFailed: it is not agreed on how to encrypt, or the API server wants another client certificate.
	HandshakeFailed Reason = "HandshakeFailed"
	// CertificateInvalid: the certificate of the API server cannot be verified.
	CertificateInvalid Reason = "CertificateInvalid"
	// Unanswered: there is no connection or no answer in time, or it broke off.
	Unanswered Reason = "Unanswered"
	// Redirected: the API server, or what is in its place, sends the client elsewhere.
	Redirected Reason = "Redirected"
	// Unauthorized: the API server refuses the credentials (401).
	Unauthorized Reason = "Unauthorized"
	// Failing: the API server answers with errors.
	Failing Reason = "Failing"
	// Garbage: the answers are not those of an API server.
	Garbage Reason = "Garbage"
)

// Sentence says what is wrong and what to do. It is the same for the same reason.
func (r Reason) Sentence() string {
	switch r {
	case SecretNotAllowed:
		return "kubeconfigs are not read from that namespace: add it to --kubeconfig-namespaces of the operator"
	case SecretMissing:
		return "there is no Secret with a kubeconfig: create it, or refer to another one"
	case SecretUnreadable:
		return "the Secret with the kubeconfig cannot be read: grant the operator get on it"
	case KubeconfigMissing:
		return "the Secret has no kubeconfig under the keys where one may be: add it there"
	case InsecureKubeconfig:
		return "the kubeconfig has what is not accepted from others: make one with a token or a client certificate"
	case InvalidKubeconfig:
		return "the kubeconfig cannot be used: make a new one"
	case Unresolvable:
		return "there is no address for the host in the kubeconfig: check its name, and the name service"
	case AddressNotAllowed:
		return "the host in the kubeconfig has an address that is not accepted, such as a link-local one: use another"
	case ConnectionRefused:
		return "nobody accepts connections at the address of the API server: check that it runs, and the port"
	case ProxyFailed:
		return "the proxy makes no connection to the API server: check the proxy, and the tunnel if there is one"
	case HandshakeFailed:
		return "no encrypted connection to the API server comes about: check that it accepts TLS 1.2 or newer and the " +
			"client certificate"
	case CertificateInvalid:
		return "the certificate of the API server cannot be verified: check the certificate authority and the host name " +
			"in the kubeconfig"
	case Redirected:
		return "the API server redirects to another address, which is not followed: put the final address into the " +
			"kubeconfig"
	case Unauthorized:
		return "the API server refuses the operator's credentials: renew them"
	case Failing:
		return "the API server answers with errors: check its health"
	case Garbage:
		return "what answers is not an API server: check the address in the kubeconfig"
	case Unanswered:
	}
	return "the API server does not answer: check that it runs and that the network lets the operator reach it"
}

// Failure is a request that failed. Its text is the sentence of its reason, whatever the API server said.
type Failure struct {
	Reason Reason

	cause error
}

// Error says what is wrong and what to do.
func (f *Failure) Error() string { return f.Reason.Sentence() }

// Unwrap returns what happened. Its text may come from the cluster: it is to be asked what it is, and not to be shown.
func (f *Failure) Unwrap() error { return f.cause }

// ReasonOf classifies what went wrong with a cluster: a Refusal, the Err of an observe.Snapshot, or what a client returns
// that was made of a configuration of Screen. It is empty for nil.
func ReasonOf(err error) Reason {
	var (
		refusal   *Refusal
		failure   *Failure
		contact   *observe.ContactError
		status    apierrors.APIStatus
		transport *url.Error
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.reason
	case errors.As(err, &failure):
		return failure.Reason
	case errors.As(err, &contact) && contact.Object != "" && contact.Reason != observe.Unauthorized && !apierrors.IsUnauthorized(err):
		// The API server as a whole answers; credentials that are refused for one resource are refused for all.
		return Failing
	case errors.As(err, &contact) && errors.Unwrap(contact) == nil:
		return reasonOfContact(contact.Reason)
	case apierrors.IsUnauthorized(err):
		return Unauthorized
	case errors.As(err, &status):
		return Failing
	case errors.As(err, &transport):
		return reasonOfTransport(transport.Err)
	case isTimeout(err), errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Unanswered
	}
	// It was answered, and the answer cannot be read.
	return Garbage
}

func reasonOfContact(reason observe.ContactReason) Reason {
	switch reason {
	case observe.Untrusted:
		return CertificateInvalid
	case observe.Unauthorized:
		return Unauthorized
	case observe.Failing:
		return Failing
	case observe.Unanswered:
	}
	return Unanswered
}

// plainErrors are those that client-go compares with what it gets. They say nothing that is not known here.
var plainErrors = []error{
	io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, http.ErrBodyReadAfterClose,
}

// failureOf takes the words from an error of net/http.
func failureOf(err error) error {
	var failure *Failure
	switch {
	case slices.Contains(plainErrors, err):
		return err
	case errors.As(err, &failure):
		return failure
	}
	return &Failure{Reason: reasonOfTransport(err), cause: err}
}

// garbled are parts of the texts of net/http for what is no HTTP, or too much of it. They have no types.
var garbled = []string{
	"malformed", "response headers exceeded", "response header list larger", "read limit of", "bad Content-Length",
	"invalid Content-Length", "too many", "unsupported transfer encoding", "invalid byte in chunk length",
	"PROTOCOL_ERROR", "FRAME_SIZE_ERROR", "COMPRESSION_ERROR", "FLOW_CONTROL_ERROR", "frame too large",
	"unexpected message", "gzip: invalid header",
}

// reasonOfTransport reads errors of net/http, none of which is an answer of an API server.
func reasonOfTransport(err error) Reason {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		name        *net.DNSError
		network     *net.OpError
	)
	switch {
	case errors.As(err, &certificate):
		return CertificateInvalid
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return Garbage
	case errors.As(err, &name):
		return Unresolvable
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionRefused
	case isTimeout(err):
		return Unanswered
	case errors.As(err, &network) && isHandshake(network), strings.HasPrefix(err.Error(), "tls: "):
		return HandshakeFailed
	case slices.ContainsFunc(garbled, func(text string) bool { return strings.Contains(err.Error(), text) }):
		return Garbage
	}
	return Unanswered
}

// isHandshake tells an alert of TLS, sent or received, from what happens to the network.
func isHandshake(err *net.OpError) bool { return err.Op == "remote error" || err.Op == "local error" }

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
