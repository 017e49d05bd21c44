// Copyright The support-policy-operator authors.
// SPDX-License-Identifier: Apache-2.0

// Package contact says why a cluster is not observed, in a fixed set of reasons, which are those of the condition Reachable
// (package v1alpha1), each with one sentence. Nothing that a cluster or a proxy says gets into either, so both are fit for a
// status, a metric or a log.
package contact

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

	"github.com/d2iq-labs/support-policy-operator/api/v1alpha1"
	"github.com/d2iq-labs/support-policy-operator/internal/facts"
)

// Message says what is wrong and what to do.
func Message(reason string) string {
	switch reason {
	case v1alpha1.ReasonSecretNotAllowed:
		return "kubeconfigs are not read from that namespace: add it to --kubeconfig-namespaces of the operator"
	case v1alpha1.ReasonSecretMissing:
		return "there is no Secret with a kubeconfig: create it, or refer to another one"
	case v1alpha1.ReasonSecretUnreadable:
		return "the Secret with the kubeconfig cannot be read: grant the operator get on it"
	case v1alpha1.ReasonKubeconfigMissing:
		return "the Secret has no kubeconfig under the keys where one may be: add it there"
	case v1alpha1.ReasonInsecureKubeconfig:
		return "the kubeconfig has what is not accepted from others: make one with a token or a client certificate"
	case v1alpha1.ReasonInvalidKubeconfig:
		return "the kubeconfig cannot be used: make a new one"
	case v1alpha1.ReasonUnresolvable:
		return "there is no address for the host in the kubeconfig: check its name, and the name service"
	case v1alpha1.ReasonAddressNotAllowed:
		return "the host in the kubeconfig has an address that is not accepted, such as a link-local one: use another"
	case v1alpha1.ReasonConnectionRefused:
		return "nobody accepts connections at the address of the API server: check that it runs, and the port"
	case v1alpha1.ReasonProxyFailed:
		return "the proxy makes no connection to the API server: check the proxy, and the tunnel if there is one"
	case v1alpha1.ReasonHandshakeFailed:
		return "no encrypted connection to the API server comes about: check that it accepts TLS 1.2 or newer and the " +
			"client certificate"
	case v1alpha1.ReasonCertificateInvalid:
		return "the certificate of the API server cannot be verified: check the certificate authority and the host name " +
			"in the kubeconfig"
	case v1alpha1.ReasonRedirected:
		return "the API server redirects to another address, which is not followed: put the final address into the " +
			"kubeconfig"
	case v1alpha1.ReasonUnauthorized:
		return "the API server refuses the operator's credentials: renew them"
	case v1alpha1.ReasonFailing:
		return "the API server answers with errors: check its health"
	case v1alpha1.ReasonGarbage:
		return "what answers is not an API server: check the address in the kubeconfig"
	}
	return "the API server does not answer: check that it runs and that the network lets the operator reach it"
}

// Failure is a request that failed. Its text is the sentence of its reason, whatever the API server said.
type Failure struct {
	// Reason is one of the reasons of the condition Reachable.
	Reason string
	// Cause is what happened; nil where the reason says all. Its text may come from the cluster: it is to be asked what it
	// is, and not to be shown.
	Cause error
}

// Error says what is wrong and what to do.
func (f *Failure) Error() string { return Message(f.Reason) }

// Unwrap returns what happened.
func (f *Failure) Unwrap() error { return f.Cause }

// ContactReason is the reason that the failure has.
func (f *Failure) ContactReason() string { return f.Reason }

// ProblemOf is the problem that an error stands for; nil for nil. An error with a reason and words of its own, such as that
// of a refused kubeconfig, keeps both.
func ProblemOf(err error) *facts.Problem {
	if err == nil {
		return nil
	}
	reason := ReasonOf(err)
	var own interface {
		ContactReason() string
		error
	}
	if errors.As(err, &own) {
		return &facts.Problem{Reason: reason, Message: own.Error()}
	}
	return &facts.Problem{Reason: reason, Message: Message(reason)}
}

// CannotList is the problem of an API server that answers, but not to a list or watch of one resource.
func CannotList(resource string) *facts.Problem {
	return &facts.Problem{Reason: v1alpha1.ReasonFailing, Message: "the API server cannot list or watch " + resource +
		": check its health, and the conversion webhook of the CustomResourceDefinition if it has one"}
}

// ReasonOf is the reason of an error: its own where it has one (ContactReason), else what a client returns is classified.
// It is empty for nil.
func ReasonOf(err error) string {
	var (
		own       interface{ ContactReason() string }
		status    apierrors.APIStatus
		transport *url.Error
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &own):
		return own.ContactReason()
	case apierrors.IsUnauthorized(err):
		return v1alpha1.ReasonUnauthorized
	case errors.As(err, &status):
		return v1alpha1.ReasonFailing
	case errors.As(err, &transport):
		return reasonOfTransport(transport.Err)
	case IsTimeout(err), errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return v1alpha1.ReasonUnreachable
	}
	// It was answered, and the answer cannot be read.
	return v1alpha1.ReasonGarbage
}

// comparedErrors are those that client-go compares with what it gets. They say nothing that is not known here.
var comparedErrors = []error{
	io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, http.ErrBodyReadAfterClose,
}

// FailureOf takes the words from an error of net/http. Errors that client-go compares with stay as they are.
func FailureOf(err error) error {
	var failure *Failure
	switch {
	case slices.Contains(comparedErrors, err):
		return err
	case errors.As(err, &failure):
		return failure
	}
	return &Failure{Reason: reasonOfTransport(err), Cause: err}
}

// garbageTexts are parts of the texts of net/http for what is no HTTP, or too much of it. They have no types.
var garbageTexts = []string{
	"malformed", "response headers exceeded", "response header list larger", "read limit of", "bad Content-Length",
	"invalid Content-Length", "too many", "unsupported transfer encoding", "invalid byte in chunk length",
	"PROTOCOL_ERROR", "FRAME_SIZE_ERROR", "COMPRESSION_ERROR", "FLOW_CONTROL_ERROR", "frame too large",
	"unexpected message", "gzip: invalid header",
}

// reasonOfTransport reads errors of net/http, none of which is an answer of an API server.
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
	case errors.As(err, &network) && isHandshake(network), strings.HasPrefix(err.Error(), "tls: "):
		return v1alpha1.ReasonHandshakeFailed
	case slices.ContainsFunc(garbageTexts, func(text string) bool { return strings.Contains(err.Error(), text) }):
		return v1alpha1.ReasonGarbage
	}
	return v1alpha1.ReasonUnreachable
}

// isHandshake tells an alert of TLS, sent or received, from what happens to the network.
func isHandshake(err *net.OpError) bool { return err.Op == "remote error" || err.Op == "local error" }

// IsTimeout tells whether an error is that something took too long.
func IsTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
